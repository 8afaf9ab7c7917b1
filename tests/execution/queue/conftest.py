"""Fixtures for the queues: a fleet on a stack of its own, quick cores, and a worker in this process."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.execution import holding
from reconciler.execution.queue import asking, handlers, queueing, sweep, worker
from reconciler.runtimes.v1 import bulk, deploy
from reconciler.sandbox.testing import Sandbox
from tests.execution.queue.working import Fleet, Place, queue_fleet
from tests.infra import templates
from tests.quick import quick_cores


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_cores(monkeypatch)
    monkeypatch.setattr(bulk, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(deploy, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(handlers, "PATIENCE", 2.0)
    monkeypatch.setattr(handlers, "CLAIM_SECONDS", 3.0)
    monkeypatch.setattr(queueing, "CLAIM_SECONDS", 1.0)
    monkeypatch.setattr(holding, "EVERY", 60.0)  # the dead renew nothing
    monkeypatch.setattr(sweep, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(asking, "EARLIEST", 0.0)
    monkeypatch.setattr(worker, "LISTEN_SECONDS", 0.1)
    monkeypatch.setattr(sweep, "SWEEP_SECONDS", 0.4)
    monkeypatch.setattr(worker, "POLL", 1)
    monkeypatch.setattr(worker, "POLL_ONCE", 0)


@pytest.fixture
def outputs(aws: Sandbox) -> dict[str, str]:
    """The outputs of the stack ``fleet``."""
    with warnings.catch_warnings():
        # moto says once a process what it leaves out: alarms, policies of queues and the like.
        warnings.filterwarnings("ignore", "Tried to parse AWS::", UserWarning)
        return templates.deploy(aws, "fleet")


@pytest.fixture
def fleet(aws: Sandbox, outputs: dict[str, str], tmp_path: Path) -> Iterator[Fleet]:
    """A fleet of the groups ``a`` and ``b`` with two devices each, worked off through the queues of the stack."""
    files = queue_fleet(tmp_path / "fleet").group("a").group("b").write()
    with Place.open(aws, files, outputs) as place:
        yield place
