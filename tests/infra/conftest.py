"""Stacks are made in a sandbox whose cores are quick, and whose CloudFormation says what it does not know."""

import warnings
from collections.abc import Iterator
from datetime import timedelta

import pytest

from reconciler.runtimes.v1 import outcomes
from reconciler.sandbox.greengrass_v1 import cores


@pytest.fixture(autouse=True)
def _quick_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "BUILDING", timedelta(seconds=0.02))
    monkeypatch.setattr(cores, "AT_WORK", timedelta(seconds=0.05))
    monkeypatch.setattr(outcomes, "FIRST_PAUSE", 0.05)


@pytest.fixture(autouse=True)
def _types_that_moto_leaves_out() -> Iterator[None]:
    """moto warns of policies of queues, alarms and the like, once a process and in its own threads."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tried to parse AWS::", UserWarning)
        yield
