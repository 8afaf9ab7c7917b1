"""Fixtures for the tests of the command line: a fleet that can be applied, and cores in a hurry."""

from pathlib import Path

import pytest

from reconciler.runtimes.v1 import bulk, deploy, outcomes
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, make_buckets
from tests.quick import plain_environment, quick_cores


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_environment(monkeypatch)
    hurry(monkeypatch)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let simulated cores, and who waits for them, be quick."""
    quick_cores(monkeypatch)
    monkeypatch.setattr(outcomes, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(bulk, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(deploy, "POLL_SECONDS", 0.2)


@pytest.fixture
def fleet(aws: Sandbox, tmp_path: Path) -> FleetFiles:
    """A fleet of two groups, ``berlin`` and ``munich``, written down, with its buckets; nothing of it is live."""
    make_buckets(aws.client)
    return usual_groups(FleetFiles(tmp_path / "fleet")).write()


def usual_groups(files: FleetFiles) -> FleetFiles:
    """Declare the two groups and their template in ``files``."""
    files.template().group("berlin", devices=1, labels={"ring": "canary"})
    return files.group("munich", devices=1, labels={"ring": "broad"})
