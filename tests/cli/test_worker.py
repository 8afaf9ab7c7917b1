"""``reconcile worker``: who may be one, and how it ends."""

import json
import os
import signal
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.execution.queue import opening
from reconciler.sandbox.testing import Sandbox
from tests.cli.processes import DEADLINE, PROGRAM, run_process
from tests.execution.queue.working import queue_fleet
from tests.fleets import FleetFiles, run_cli
from tests.infra.templates import deploy

pytestmark = pytest.mark.sampled


@pytest.fixture
def queued(aws: Sandbox, tmp_path: Path) -> FleetFiles:
    """A fleet of one group on a stack."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tried to parse AWS::", UserWarning)
        deploy(aws, "fleet")
    return queue_fleet(tmp_path / "queued").group("a", devices=1).write()


def test_a_local_fleet_has_no_work_for_it(fleet: FleetFiles) -> None:
    ran = run_cli("worker", fleet.directory)
    assert ran.code == 64
    assert "does its work in the command itself" in ran.err


def test_a_local_fleet_cannot_be_detached_from(fleet: FleetFiles) -> None:
    ran = run_cli("apply", fleet.directory, "--yes", "--detach")
    assert ran.code == 64
    assert "nobody would carry the run out" in ran.err


def test_a_missing_stack_is_named(aws: Sandbox, tmp_path: Path) -> None:
    files = queue_fleet(tmp_path / "nowhere").group("a").write()
    ran = run_cli("apply", files.directory, "--yes")
    assert ran.code == 1
    assert "there is no stack fleet" in ran.err
    assert aws.writes() == []


def test_once_it_ends_when_the_cores_have_reported(queued: FleetFiles) -> None:
    detached = run_cli("apply", queued.directory, "--yes", "--detach")
    run = detached.last_line.split()[3].rstrip(",")
    stats = queued.directory.parent / "stats.json"
    ran = run_process("worker", queued.directory, "--once", "--stats", stats)
    assert ran.code == 0, ran.err
    assert f"run {run} ended" in ran.err
    assert json.loads(stats.read_text())["calls"]["sqs:DeleteMessage"] >= 1
    assert run_cli("runs", queued.directory).out.count("succeeded") == 1


@pytest.fixture
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals")
def test_sigterm_while_it_starts_ends_it_before_it_receives(
    queued: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = opening.open_work

    def told_to_stop(*arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*arguments)

    monkeypatch.setattr(opening, "open_work", told_to_stop)
    ran = run_cli("worker", queued.directory)
    assert (ran.code, "worker stopped; nothing is in hand" in ran.err) == (0, True)
    assert "sqs:ReceiveMessage" not in aws.counts()


def test_sigterm_ends_it_with_nothing_in_hand(queued: FleetFiles) -> None:
    detached = run_cli("apply", queued.directory, "--yes", "--detach")
    assert detached.code == 0
    assert detached.last_line.startswith("Apply queued: run ")
    run = detached.last_line.split()[3].rstrip(",")
    process = subprocess.Popen([*PROGRAM, "worker", str(queued.directory)], stderr=subprocess.PIPE, encoding="utf-8")
    said = ""
    try:
        assert process.stderr is not None
        for line in process.stderr:
            said += line
            if f"run {run} ended" in line:
                break
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=DEADLINE)[1]
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, "worker stopped; nothing is in hand" in rest) == (0, True), said
    status = run_cli("status", queued.directory, "--run", run, "--format", "json")
    assert '"state": "succeeded"' in status.out
