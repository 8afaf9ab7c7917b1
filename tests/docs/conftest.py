"""Documents are tried in an environment of their own, with cores that are quick."""

import pytest

from tests.quick import plain_environment, quick_cores


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_environment(monkeypatch)
    quick_cores(monkeypatch)
