"""An environment of their own for tests of commands, and simulated cores that are quick."""

import os
from datetime import timedelta

import pytest

from reconciler.runtimes.v1 import outcomes
from reconciler.sandbox.greengrass_v1 import cores

COLOURS = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE")


def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that whoever runs the tests has set changes what a command does."""
    for name in os.environ:
        if name.startswith("RECONCILE_") or name in COLOURS:
            monkeypatch.delenv(name)


def quick_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let simulated cores of V1 be quick, and look at them early."""
    monkeypatch.setattr(cores, "BUILDING", timedelta(seconds=0.02))
    monkeypatch.setattr(cores, "AT_WORK", timedelta(seconds=0.05))
    monkeypatch.setattr(outcomes, "FIRST_PAUSE", 0.05)
