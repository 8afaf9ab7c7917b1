"""Fixtures for the tests of the command line: a fleet that can be applied, and cores in a hurry."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.runtimes.v1 import bulk, deploy, outcomes
from reconciler.sandbox.greengrass_v1 import cores
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, make_buckets

COLOURS = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that whoever runs the tests has set changes what a command does."""
    for name in os.environ:
        if name.startswith("RECONCILE_") or name in COLOURS:
            monkeypatch.delenv(name)
    hurry(monkeypatch)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let simulated cores, and who waits for them, be quick."""
    monkeypatch.setattr(cores, "BUILDING", timedelta(seconds=0.02))
    monkeypatch.setattr(cores, "AT_WORK", timedelta(seconds=0.05))
    monkeypatch.setattr(outcomes, "FIRST_PAUSE", 0.05)
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
