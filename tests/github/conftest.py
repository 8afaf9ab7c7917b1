"""GitHub on this machine, and a client of it that never really waits."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.github.client import GitHub
from reconciler.sandbox.testing import Sandbox
from tests.cli.conftest import hurry
from tests.fleets import FleetFiles, make_buckets
from tests.github.repositories import Repository
from tests.github.stand_in import StandIn
from tests.github.workflow import Workflow


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


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that whoever runs the tests has set changes what a step does, and cores are in a hurry."""
    for name in os.environ:
        if name.startswith(("GITHUB_", "RECONCILE_")):
            monkeypatch.delenv(name)
    hurry(monkeypatch)


@pytest.fixture
def workflow(aws: Sandbox, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    """A repository with the fleet ``demo`` of two groups in ``fleets/demo``, of which nothing is live."""
    make_buckets(aws.client)
    repository = Repository(tmp_path / "repository")
    fleet_of(repository)
    repository.write(".gitignore", ".reconcile/\n")
    repository.commit()
    return Workflow(repository, stand_in, tmp_path, monkeypatch)


def fleet_of(repository: Repository) -> FleetFiles:
    """The fleet's files, written."""
    directory = repository.path / "fleets" / "demo"
    directory.mkdir(parents=True, exist_ok=True)
    return FleetFiles(directory).template().group("berlin", devices=1).group("munich", devices=1).write()
