"""GitHub on this machine, and a client of it that never really waits."""

from collections.abc import Iterator

import pytest

from reconciler.github.client import GitHub
from tests.github.stand_in import StandIn


class Waits(list[float]):
    """The seconds that somebody would have waited."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A GitHub; at the end nothing was asked or answered that GitHub's description does not know."""
    with StandIn() as running:
        yield running
        assert running.mismatches == []


@pytest.fixture
def api(stand_in: StandIn, waits: Waits, monkeypatch: pytest.MonkeyPatch) -> GitHub:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return GitHub(stand_in.url, stand_in.state.repository, "token", sleep=waits, clock=lambda: 1_000.0)
