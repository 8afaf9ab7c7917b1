"""The fleet's lock: who waits, who is turned away, who is dead, and who slept through its end."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.execution.ledger import Ledger
from reconciler.execution.lock import LEASE_SECONDS, Held, is_held, locked, run_link
from reconciler.execution.processes import is_dead, process_identity
from reconciler.execution.sqlite_ledger import SqliteLedger
from reconciler.model.errors import ReconcileError, StaleError
from reconciler.model.run import Lease
from reconciler.runtimes.patience import Patience

SLEEPER = [sys.executable, "-c", "print('up', flush=True); input()"]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    made = SqliteLedger(tmp_path / "ledger.db", "demo")
    yield made
    made.close()


def silent(_group: str, _what: str) -> None:
    """Nobody listens."""


def lease_of(run: str, process: str = "") -> Lease:
    return Lease(0, run, "alice@plant (process 17)", process, "https://ci.example.org/1", "", "")


def test_it_is_held_within_and_given_back(ledger: Ledger) -> None:
    with locked(ledger.leases, "r1", 0, silent) as held:
        held.check()
        lease = ledger.leases.current()
        assert is_held(lease)
        assert lease is not None
        assert (lease.run, lease.number, lease.process) == ("r1", 1, process_identity())
    assert not is_held(ledger.leases.current())


def test_it_is_given_back_also_when_something_goes_wrong(ledger: Ledger) -> None:
    for queued in (False, True):
        with pytest.raises(ReconcileError, match="no"), locked(ledger.leases, f"r{queued}", 0, silent, queued=queued):
            raise ReconcileError("no")
        assert not is_held(ledger.leases.current())


def test_a_queued_run_keeps_it_beyond_the_command(ledger: Ledger) -> None:
    with locked(ledger.leases, "r1", 0, silent, queued=True):
        pass
    lease = ledger.leases.current()
    assert is_held(lease)
    assert lease is not None
    assert lease.process == ""


def test_who_comes_second_is_turned_away_and_told_by_whom(ledger: Ledger) -> None:
    ledger.leases.take(lease_of("r1"), 60)
    with pytest.raises(StaleError) as caught, locked(ledger.leases, "r2", 0, silent):
        pytest.fail("two hold the lock")
    message = caught.value.message
    assert message.startswith("the fleet is locked: alice@plant (process 17) holds it for run r1 since 20")
    assert message.endswith("(https://ci.example.org/1)")
    assert "reconcile unlock" in caught.value.hint
    assert "--lock-timeout" in caught.value.hint


def test_who_waits_has_it_once_it_is_free(ledger: Ledger) -> None:
    ledger.leases.take(lease_of("r1"), 60)
    said: list[str] = []
    slept: list[float] = []

    class Quick(Patience):
        def sleep(self, seconds: float) -> None:
            slept.append(seconds)
            if len(slept) == 3:
                ledger.leases.end("r1")

    with locked(ledger.leases, "r2", 60, lambda _, what: said.append(what), patience=Quick()) as held:
        assert held.lease.number == 2
    assert len(slept) == 3
    (line,) = said
    assert line.startswith("waiting for the lock: alice@plant (process 17) holds it for run r1")


def test_who_is_told_to_stop_waits_no_longer(ledger: Ledger) -> None:
    ledger.leases.take(lease_of("r1"), 60)
    patience = Patience()
    with pytest.raises(StaleError), locked(ledger.leases, "r2", 1e9, lambda *_: patience.stop(), patience=patience):
        pytest.fail("two hold the lock")


def test_a_dead_process_of_this_machine_holds_nothing(ledger: Ledger) -> None:
    with subprocess.Popen(SLEEPER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        ledger.leases.take(lease_of("r1", process_identity(process.pid)), 60)
        with pytest.raises(StaleError), locked(ledger.leases, "r2", 0, silent):
            pytest.fail("its holder is alive")
        process.send_signal(signal.SIGKILL)
    with locked(ledger.leases, "r2", 0, silent) as held:
        assert held.lease.run == "r2"


@pytest.mark.parametrize(
    "identity",
    [
        "",
        "another/machine",
        lambda own: own.replace(own.split("/")[0], "another-boot"),
        lambda own: own.replace(own.split("/")[1], "pid:[1]"),
    ],
)
def test_of_a_process_elsewhere_nobody_knows_that_it_is_dead(identity: object) -> None:
    text = identity(process_identity()) if callable(identity) else identity
    assert not is_dead(str(text))


def test_a_later_process_with_the_same_id_is_another_one() -> None:
    own = process_identity()
    assert not is_dead(own)
    assert is_dead(own.rpartition("/")[0] + "/1")


def test_who_slept_through_its_end_writes_no_more_if_it_was_taken(ledger: Ledger) -> None:
    now = [0.0]
    lease = ledger.leases.take(lease_of("sleeper"), -1)
    held = Held(ledger.leases, lease, LEASE_SECONDS, clock=lambda: now[0])
    held.check()
    now[0] = 3600.0
    ledger.leases.take(lease_of("alive"), 60)
    for _ in range(2):
        with pytest.raises(StaleError, match=r"run sleeper lost the fleet's lock .* has it for run alive"):
            held.check()


def test_who_slept_and_was_not_missed_goes_on(ledger: Ledger) -> None:
    now = [0.0]
    held = Held(ledger.leases, ledger.leases.take(lease_of("sleeper"), -1), LEASE_SECONDS, clock=lambda: now[0])
    now[0] = 3600.0
    held.check()
    lease = ledger.leases.current()
    assert lease is not None
    assert (lease.run, lease.number) == ("sleeper", 1)
    assert is_held(lease)


def test_a_lock_that_was_taken_away_is_noticed_at_the_next_renewal(ledger: Ledger) -> None:
    with locked(ledger.leases, "r1", 0, silent) as held:
        ledger.leases.end("r1")
        held.renew()
        with pytest.raises(StaleError, match="it was taken away"):
            held.check()


def test_the_link_to_a_run_of_github() -> None:
    environment = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}
    assert run_link(environment) == "https://github.com/o/r/actions/runs/7"
    assert run_link({}) == ""
