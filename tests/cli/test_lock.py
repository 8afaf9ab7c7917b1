"""Two applies of one fleet, a holder that is dead, and ``reconcile unlock``."""

import subprocess

import pytest

from reconciler.aws.client import Aws
from reconciler.execution.sqlite_ledger import SqliteLedger
from reconciler.model.run import Lease
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.cli.processes import PROGRAM, run_on_terminal
from tests.fleets import FleetFiles, run_cli

pytestmark = pytest.mark.sampled


def hold(fleet: FleetFiles, run: str = "r1", seconds: float = 60) -> Lease:
    """Have somebody on another machine hold the fleet's lock."""
    state = fleet.directory / ".reconcile"
    state.mkdir(exist_ok=True)
    ledger = SqliteLedger(state / "ledger.db", "demo")
    lease = ledger.leases.take(Lease(0, run, "bob@elsewhere (process 3)", "", "", "", ""), seconds)
    ledger.close()
    return lease


def test_of_two_applies_at_once_each_call_is_made_once(fleet: FleetFiles, aws: Sandbox) -> None:
    words = [*PROGRAM, "apply", str(fleet.directory), "--yes"]
    waiting = [*words, "--lock-timeout", "60"]
    processes = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        for words in (waiting, waiting)
    ]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert [code for *_, code in ended] == [0, 0], ended
    assert len(live.groups(aws.client)) == 2
    assert all(len(live.deployments(aws.client, name)) == 1 for name in ("berlin", "munich"))
    counts = aws.counts()
    assert (counts["greengrass:CreateGroup"], counts["iot:RegisterThing"]) == (2, 4)
    assert counts["greengrass:StartBulkDeployment"] == 1
    assert run_cli("runs", fleet.directory).last_line == "1 run."


def test_the_second_is_turned_away_before_it_writes(fleet: FleetFiles, aws: Sandbox) -> None:
    hold(fleet)
    aws.clear_calls()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 4
    assert ran.err.startswith("error: the fleet is locked: bob@elsewhere (process 3) holds it for run r1 since ")
    assert aws.writes() == []
    assert run_cli("runs", fleet.directory).last_line == "0 runs."


def test_what_changes_nothing_needs_no_lock(fleet: FleetFiles) -> None:
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    hold(fleet)
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    assert run_cli("plan", fleet.directory).code == 0


def test_who_waited_looks_again_at_what_the_other_did(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = hold(fleet)

    def meanwhile(_self: object, _seconds: float) -> None:
        monkeypatch.undo()  # what the other one does, it does with the lock
        aws.client("greengrass").create_group(Name="berlin")
        ledger = SqliteLedger(fleet.directory / ".reconcile" / "ledger.db", "demo")
        ledger.leases.end(lease.run)
        ledger.close()

    monkeypatch.setattr("reconciler.runtimes.patience.Patience.sleep", meanwhile)
    ran = run_cli("apply", fleet.directory, "--yes", "--lock-timeout", "60")
    assert ran.code == 4, ran.err
    assert "a group of this name was made by somebody else" in ran.out


def test_a_run_that_lost_the_lock_writes_no_more(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Aws.call

    def call(self: Aws, service: str, operation: str, **parameters: object) -> dict[str, object]:
        answer = real(self, service, operation, **parameters)
        if operation == "CreateGroup":
            assert run_cli("unlock", fleet.directory, "--yes").code == 0
            hold(fleet, "r2")
            self.before_write.__self__.renew()  # type: ignore[attr-defined]  # what the keeper does every 10 seconds
        return answer

    monkeypatch.setattr(Aws, "call", call)
    ran = run_cli("apply", fleet.directory, "--yes", "--select", "berlin")
    assert ran.code == 5
    assert "lost the fleet's lock (bob@elsewhere (process 3) has it for run r2), and writes no more" in ran.out
    assert [call for call in aws.writes() if not call.startswith("s3:CreateBucket")] == ["greengrass:CreateGroup"]


def test_unlock_shows_the_holder_and_frees_the_fleet(fleet: FleetFiles) -> None:
    assert run_cli("unlock", fleet.directory).out == "Fleet demo is not locked.\n"
    hold(fleet)
    asked = run_cli("unlock", fleet.directory)
    assert (asked.code, asked.out[:53]) == (64, "Fleet demo is locked: bob@elsewhere (process 3) holds")
    declined = run_on_terminal("unlock", fleet.directory, answer="no\n")
    assert (declined.code, "Nothing was changed." in declined.shown) == (1, True)
    freed = run_cli("unlock", fleet.directory, "--yes")
    assert (freed.code, freed.last_line) == (0, "Unlocked.")
    assert run_cli("unlock", fleet.directory).out == "Fleet demo is not locked.\n"


def test_a_lock_that_ran_out_is_none(fleet: FleetFiles) -> None:
    hold(fleet, seconds=-1)
    assert run_cli("unlock", fleet.directory).out == "Fleet demo is not locked.\n"
    assert run_cli("apply", fleet.directory, "--yes").code == 0
