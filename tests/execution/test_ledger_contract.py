"""What every ledger promises, whatever it is kept in: SQLite, or DynamoDB over HTTP."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from reconciler.aws.client import Aws
from reconciler.execution.journal import RunJournal
from reconciler.execution.ledger import LONGEST_ERROR, MOST_MEMBERS, Ledger
from reconciler.execution.precedence import now_text
from reconciler.model.errors import ReconcileError
from reconciler.model.run import BroughtIn, Claim, DeploymentRecord, Failures, GroupState, Lease, Run, RunState, Task
from reconciler.runtimes.base import Begun
from reconciler.sandbox.testing import Sandbox
from tests.execution.ledgers import PROVIDERS, Open, make_table, store

pytestmark = pytest.mark.sampled

T = TypeVar("T")
NOON = "2026-11-20T12:00:00.000Z"
LATER = "2026-11-20T12:00:01.000Z"
ODD = "'); DROP TABLE runs; -- # :x ä"


@pytest.fixture(scope="session")
def table_client(sandbox: Sandbox) -> Aws:
    """One client for all tests, since making one takes longer than most of them; nothing holds it up."""
    return Aws(sandbox.region, sleep=lambda _: None)


@pytest.fixture(params=PROVIDERS)
def opening(request: pytest.FixtureRequest, aws: Sandbox, table_client: Aws, tmp_path: Path) -> Iterator[Open]:
    if request.param == "dynamodb":
        make_table(aws.client)
    with store(request.param, table_client, tmp_path) as open_one:
        yield open_one


@pytest.fixture
def ledger(opening: Open) -> Ledger:
    return opening()


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """What so many threads make of ``work`` that all begin at the same moment."""
    barrier = threading.Barrier(count)

    def go(number: int) -> T:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(go, range(count)))


def a_run(identifier: str, *, started_at: str | None = None, fleet: str = "demo") -> Run:
    return Run(identifier, fleet, "digest", "running", started_at or now_text())


def a_task(state: GroupState = "running", since: str = NOON, **fields: object) -> Task:
    return replace(Task("r1", "berlin", state, since), **fields)  # type: ignore[arg-type]  # a test's own


def test_an_empty_one_knows_nothing(ledger: Ledger) -> None:
    assert ledger.run() is None
    assert ledger.run("r1") is None
    assert ledger.runs(10) == []
    assert ledger.tasks("r1") == {}
    assert ledger.task("r1", "berlin") is None
    assert ledger.brought_in("r1", "berlin") == {}
    assert ledger.known_groups() == {}
    assert ledger.group_of_id("g1") is None
    assert ledger.template_version_of("v1") is None
    assert ledger.deployment("d1") is None
    assert ledger.deployments(["d1"]) == ledger.deployments([]) == {}
    assert ledger.sharing.batches("r1") == {}
    assert ledger.sharing.leave_batch("r1", "b1", "berlin") is None
    assert ledger.sharing.failures("message") is None
    assert ledger.sharing.release("sweep", "me") is False
    assert ledger.settle_run("r1", "succeeded") is False
    ledger.end_run("r1", "succeeded")
    ledger.finish("action", "arn")
    assert ledger.run("r1") is None
    assert ledger.begin("r1", "action") is None


def test_a_run_begins_ends_and_is_settled(ledger: Ledger) -> None:
    run = a_run("r1")
    ledger.start_run(run)
    assert ledger.run("r1") == ledger.run() == run
    ledger.end_run("r1", "running")
    ended = ledger.run("r1")
    assert ended is not None
    assert ended == replace(run, ended_at=ended.ended_at)
    assert ended.ended_at is not None
    assert ledger.settle_run("r1", "partial") is True
    assert ledger.run("r1") == replace(ended, state="partial")


@pytest.mark.parametrize(("was", "settled"), [("partial", "succeeded"), ("running", "partial")])
def test_a_run_is_settled_from_the_state_that_was_looked_at(ledger: Ledger, was: RunState, settled: str) -> None:
    ledger.start_run(a_run("r1"))
    ledger.end_run("r1", "partial")
    assert ledger.settle_run("r1", "succeeded", was=was) is (settled == "succeeded")
    run = ledger.run("r1")
    assert run is not None
    assert run.state == settled


def test_a_run_starts_once(ledger: Ledger) -> None:
    ledger.start_run(a_run("r1"))
    ledger.end_run("r1", "succeeded")
    with pytest.raises(ReconcileError, match="starting the run r1"):
        ledger.start_run(a_run("r1"))
    run = ledger.run("r1")
    assert run is not None
    assert run.state == "succeeded"


def test_a_run_that_was_killed_is_stopped_when_the_next_begins(ledger: Ledger, opening: Open) -> None:
    killed, ended, newest = a_run("r1"), a_run("r2"), a_run("r3", started_at=now_text(5))
    ledger.start_run(killed)
    ledger.start_run(ended, stop_others=False)
    ledger.end_run("r2", "succeeded")
    assert ledger.run("r1") == killed
    opening().start_run(newest)
    assert ledger.run("r1") == replace(killed, state="stopped", ended_at=newest.started_at)
    found = ledger.run("r2")
    assert found is not None
    assert found.state == "succeeded"
    assert ledger.run() == newest


def test_runs_are_listed_newest_first_and_no_more_than_asked_for(ledger: Ledger) -> None:
    for minute in (2, 1, 3):
        ledger.start_run(a_run(f"r{minute}", started_at=now_text(60 * minute)))
    assert [run.id for run in ledger.runs(10)] == ["r3", "r2", "r1"]
    assert [run.id for run in ledger.runs(2)] == ["r3", "r2"]


def test_runs_are_open_until_they_end(ledger: Ledger) -> None:
    for number in range(3):
        ledger.start_run(a_run(f"r{number}", started_at=now_text(number)), stop_others=False)
    ledger.end_run("r1", "succeeded")
    assert [run.id for run in ledger.open_runs()] == ["r2", "r0"]


def test_each_fleet_has_its_own(opening: Open) -> None:
    one, two = opening(fleet="one"), opening(fleet="two")
    one.start_run(a_run("r1", fleet="one"))
    one.remember_group("berlin", "id-1")
    one.begin("r1", "action")
    one.record_status("d1", "id-1", "Building", NOON)
    one.sharing.note_failure("message", "1", "no")
    one.sharing.claim("sweep", "me", 60)
    assert (two.run(), two.run("r1"), two.runs(10)) == (None, None, [])
    assert two.known_groups() == {}
    assert (two.group_of_id("id-1"), two.deployment("d1"), two.sharing.failures("message")) == (None, None, None)
    assert two.begin("r2", "action") is None
    assert two.sharing.claim("sweep", "you", 60).holder == "you"
    two.end_run("r1", "failed")
    assert two.settle_run("r1", "failed") is False
    found = one.run("r1")
    assert found is not None
    assert found.state == "running"


def test_everything_is_there_again_for_another(ledger: Ledger, opening: Open) -> None:
    run, task = a_run(ODD), Task(ODD, ODD, "failed", NOON, ODD, ODD, 3, ODD)
    ledger.start_run(run)
    ledger.save_task(task)
    ledger.remember_group(ODD, ODD)
    brought = BroughtIn(ODD, ODD, ODD, "provisioned", NOON, ODD)
    ledger.bring_in(brought)
    ledger.begin(ODD, ODD)
    ledger.finish(ODD, ODD)
    other = opening()
    assert other.run(ODD) == run
    assert other.tasks(ODD) == {ODD: task}
    assert other.task(ODD, ODD) == task
    assert other.task(ODD, "berlin") is None
    assert other.task("r1", ODD) is None
    assert other.known_groups().keys() == {ODD}
    assert (other.group_of_id(ODD), other.template_version_of(ODD)) == (ODD, 3)
    assert other.brought_in(ODD, ODD) == {ODD: brought}
    journal = RunJournal(other, "r2")
    assert journal.begin(ODD) == Begun(ODD)
    assert journal.begin("new") is None
    assert journal.begin("new") == Begun(None)
    journal.finish("new", "arn:new")
    journal.finish("new", "arn:newer")
    assert journal.begin("new") == Begun("arn:newer")


def test_a_task_only_moves_forward(ledger: Ledger) -> None:
    assert ledger.save_task(a_task("waiting")) is True
    assert ledger.save_task(a_task("deploying", LATER, deployment_id="d1")) is True
    assert ledger.save_task(a_task("failed", NOON)) is False
    assert ledger.save_task(a_task("running", LATER)) is False
    assert ledger.tasks("r1") == {"berlin": a_task("deploying", LATER, deployment_id="d1")}
    assert ledger.save_task(a_task("succeeded", LATER)) is True
    assert ledger.tasks("r1")["berlin"].state == "succeeded"


def test_what_is_learnt_of_a_task_in_the_same_state_is_added(ledger: Ledger) -> None:
    ledger.save_task(a_task("running"))
    known = a_task("running", group_version_id="v1", template_version=3)
    assert ledger.save_task(known) is True
    assert ledger.tasks("r1") == {"berlin": known}


STATES: list[GroupState] = ["waiting", "running", "deploying", "unfinished", "failed", "succeeded"]
TASKS = st.builds(a_task, st.sampled_from(STATES), st.sampled_from([NOON, LATER]))
FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = iter(range(1_000_000))


@FEW
@given(tasks=st.lists(TASKS, min_size=1, max_size=5), data=st.data())
def test_tasks_in_any_order_end_alike(ledger: Ledger, tasks: list[Task], data: st.DataObject) -> None:
    again = data.draw(st.permutations(tasks + data.draw(st.lists(st.sampled_from(tasks), max_size=2))))
    one, other = f"r{next(numbers)}", f"r{next(numbers)}"
    for task in tasks:
        ledger.save_task(replace(task, run=one))
    for task in again:
        ledger.save_task(replace(task, run=other))
    (first,), (second,) = ledger.tasks(one).values(), ledger.tasks(other).values()
    assert replace(first, run=other) == second


def test_many_tasks_at_once_move_forward_too(ledger: Ledger) -> None:
    ledger.save_task(a_task("succeeded", LATER, group="group-7"))
    ledger.save_tasks([])
    ledger.save_tasks(a_task("waiting", group=f"group-{number}", error="x" * 100) for number in range(250))
    tasks = ledger.tasks("r1")
    assert len(tasks) == 250
    assert tasks["group-7"] == a_task("succeeded", LATER, group="group-7")
    assert {task.state for name, task in tasks.items() if name != "group-7"} == {"waiting"}
    assert ledger.tasks("r2") == {}


def test_tasks_of_more_than_a_page(ledger: Ledger) -> None:
    error = "ä" * LONGEST_ERROR
    ledger.save_tasks(a_task("failed", group=f"group-{number}", error=error) for number in range(200))
    tasks = ledger.tasks("r1")
    assert len(tasks) == 200
    assert {task.error for task in tasks.values()} == {error}


def test_an_error_without_end_is_cut(ledger: Ledger) -> None:
    ledger.save_task(a_task("failed", error="x" * 1_000_000))
    error = ledger.tasks("r1")["berlin"].error
    assert error is not None
    assert (len(error), error[-2:]) == (LONGEST_ERROR, "x…")


def test_the_template_version_behind_a_group_version(ledger: Ledger) -> None:
    ledger.save_task(a_task(group_version_id="v1", template_version=3))
    ledger.save_tasks([a_task(group="munich", group_version_id="v2"), a_task(group="bonn", template_version=4)])
    ledger.save_tasks([a_task(group="ulm", group_version_id="v3", template_version=5)])
    assert [ledger.template_version_of(version) for version in ("v1", "v2", "v3")] == [3, None, 5]


def test_what_a_run_brought_into_a_group(ledger: Ledger) -> None:
    press, lamp = (BroughtIn("r1", "berlin", thing, "associated", NOON, f"arn:{thing}") for thing in ("press", "lamp"))
    made = BroughtIn("r1", "berlin", "press", "provisioned", LATER, "arn:made")
    for brought in (press, lamp, replace(lamp, group="munich"), replace(lamp, run="r2"), made):
        ledger.bring_in(brought)
    assert ledger.brought_in("r1", "berlin") == {"press": made, "lamp": lamp}
    assert ledger.brought_in("r2", "berlin") == {"lamp": replace(lamp, run="r2")}
    assert ledger.brought_in("r2", "munich") == {}


def test_a_group_is_found_by_its_newest_id(ledger: Ledger) -> None:
    ledger.remember_group("berlin", "g1")
    ledger.remember_group("munich", "g2")
    ledger.remember_group("berlin", "g3")
    ledger.remember_group("berlin", "g3")
    assert ledger.known_groups().keys() == {"berlin", "munich"}
    assert [ledger.group_of_id(each) for each in ("g1", "g2", "g3")] == [None, "munich", "berlin"]


def test_whose_deployment_it_is_and_what_became_of_it(ledger: Ledger) -> None:
    known = ledger.remember_deployment("d1", group="berlin", group_id="g1", group_version_id="v1", run_id="r1")
    assert known == ledger.deployment("d1") == DeploymentRecord("d1", "g1", "berlin", "v1", "r1")
    assert ledger.record_status("d1", "g1", "InProgress", "2026-11-20T12:00:00Z") is True
    assert ledger.record_status("d1", "g1", "Failure", "2026-11-20T13:00:01+01:00", "no space") is True
    after = replace(known, status="Failure", since=LATER, error="no space")
    assert ledger.deployment("d1") == after
    assert ledger.deployments(["d1", "d2"]) == {"d1": after}


def test_a_status_that_comes_before_its_deployment_is_found_again(ledger: Ledger) -> None:
    assert ledger.record_status("d1", "g1", "Failure", NOON, "no space") is True
    assert ledger.deployment("d1") == DeploymentRecord("d1", "g1", status="Failure", since=NOON, error="no space")
    known = ledger.remember_deployment("d1", group="berlin", group_id="g1", group_version_id=None, run_id="r1")
    assert known == DeploymentRecord("d1", "g1", "berlin", None, "r1", "Failure", NOON, "no space")
    assert ledger.deployment("d1") == known


def test_of_two_runs_the_newer_has_the_deployment(ledger: Ledger) -> None:
    for run in ("r2", "r1", "r2"):
        known = ledger.remember_deployment("d1", group="berlin", group_id="g1", group_version_id="v1", run_id=run)
        assert known.run == "r2"


def test_late_and_repeated_statuses_change_nothing(ledger: Ledger) -> None:
    ledger.record_status("d1", "g1", "Success", LATER)
    before = ledger.deployment("d1")
    for status, time in (("Success", LATER), ("InProgress", LATER), ("Failure", NOON), ("Building", NOON)):
        assert ledger.record_status("d1", "g1", status, time) is False
        assert ledger.deployment("d1") == before


def test_an_error_that_comes_late_is_added_to_its_status(ledger: Ledger) -> None:
    ledger.record_status("d1", "g1", "Failure", LATER)
    assert ledger.record_status("d1", "g1", "Failure", NOON, "no space") is True
    record = ledger.deployment("d1")
    assert record is not None
    assert (record.since, record.error) == (LATER, "no space")
    assert ledger.record_status("d1", "g1", "Failure", NOON, "no space") is False


@pytest.mark.parametrize("time", ["", "noon", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:00"])
def test_a_time_that_is_none(time: str, ledger: Ledger) -> None:
    with pytest.raises(ReconcileError, match="reading the time"):
        ledger.record_status("d1", "g1", "Success", time)
    assert ledger.deployment("d1") is None


EVENTS = st.tuples(
    st.sampled_from(["Building", "InProgress", "Success", "Failure"]),
    st.sampled_from(["2026-11-20T12:00:00Z", "2026-11-20T12:00:00.500Z", LATER]),
    st.sampled_from([None, "no space", "no power"]),
)


@FEW
@given(events=st.lists(EVENTS, min_size=1, max_size=5), data=st.data())
def test_statuses_in_any_order_and_number_end_alike(
    ledger: Ledger, events: list[tuple[str, str, str | None]], data: st.DataObject
) -> None:
    again = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=3))))
    place = data.draw(st.integers(0, len(again)))
    number = next(numbers)
    one, other = f"d{number}", f"e{number}"

    def remember(deployment: str) -> None:
        ledger.remember_deployment(deployment, group="berlin", group_id="g1", group_version_id="v1", run_id="r1")

    remember(one)
    for status, time, error in events:
        ledger.record_status(one, "g1", status, time, error)
    for index, (status, time, error) in enumerate(again):
        if index == place:
            remember(other)
        ledger.record_status(other, "g1", status, time, error)
    remember(other)
    first, second = ledger.deployment(one), ledger.deployment(other)
    assert first is not None
    assert second == replace(first, id=other)


def test_many_deployments_at_once(ledger: Ledger) -> None:
    names = [f"d{number}" for number in range(120)]
    for name in names:
        ledger.record_status(name, f"g-{name}", "Success", NOON)
    found = ledger.deployments([*names, *names, "unknown"])
    assert sorted(found) == sorted(names)
    assert all(record.group_id == f"g-{name}" for name, record in found.items())


def test_of_many_that_begin_an_action_one_is_first(opening: Open) -> None:
    ledgers = [opening() for _ in range(8)]
    for action in range(5):
        found = at_once(8, lambda number, action=action: ledgers[number].begin("r1", f"a{action}"))  # type: ignore[misc]  # mypy knows no defaults of a lambda
        assert sorted(begun is None for begun in found) == [False] * 7 + [True]


def test_of_many_that_claim_one_holds(opening: Open) -> None:
    ledgers = [opening() for _ in range(8)]
    claims = at_once(8, lambda number: ledgers[number].sharing.claim("sweep", f"worker-{number}", 60))
    (holder,) = {claim.holder for claim in claims}
    prolonged = ledgers[0].sharing.claim("sweep", holder, 600)
    assert prolonged.until > claims[0].until
    assert ledgers[0].sharing.claim("sweep", "another", 60) == prolonged
    assert ledgers[0].sharing.release("sweep", "another") is False
    assert ledgers[0].sharing.release("sweep", holder) is True
    assert ledgers[0].sharing.claim("sweep", "another", 60).holder == "another"


def test_a_claim_that_ran_out_is_free(ledger: Ledger) -> None:
    first = ledger.sharing.claim("sweep", "killed", -1)
    assert first == Claim("sweep", "killed", first.until)
    assert ledger.sharing.claim("sweep", "alive", 60).holder == "alive"
    assert ledger.sharing.claim("sweep", "killed", 60).holder == "alive"


def test_the_last_to_leave_a_batch_knows_it(ledger: Ledger, opening: Open) -> None:
    ledger.sharing.start_batch("r1", "b1", ["berlin", "munich"])
    ledger.sharing.start_batch("r1", "b2", ["bonn"])
    assert ledger.sharing.leave_batch("r1", "b1", "berlin") == frozenset({"munich"})
    assert ledger.sharing.leave_batch("r1", "b1", "berlin") == frozenset({"munich"})
    opening().sharing.start_batch("r1", "b1", ["berlin", "munich"])
    assert ledger.sharing.batches("r1") == {"b1": {"munich"}, "b2": {"bonn"}}
    assert ledger.sharing.leave_batch("r1", "b1", "munich") == frozenset()
    assert ledger.sharing.leave_batch("r1", "b1", "munich") == frozenset()
    assert ledger.sharing.batches("r1") == {"b1": frozenset(), "b2": {"bonn"}}
    assert ledger.sharing.batches("r2") == {}


def test_of_many_that_leave_somebody_is_last(opening: Open) -> None:
    ledgers = [opening() for _ in range(8)]
    ledgers[0].sharing.start_batch("r1", "b1", [f"group-{number}" for number in range(8)])
    left = at_once(8, lambda number: ledgers[number].sharing.leave_batch("r1", "b1", f"group-{number}"))
    assert left.count(frozenset()) == 1


@pytest.mark.parametrize("count", [0, MOST_MEMBERS + 1])
def test_a_batch_of_none_or_too_many(count: int, ledger: Ledger) -> None:
    with pytest.raises(ReconcileError, match=f"a batch of {count} members"):
        ledger.sharing.start_batch("r1", "b1", map(str, range(count)))


def test_the_largest_batch(ledger: Ledger) -> None:
    members = {f"{number:0128}" for number in range(MOST_MEMBERS)}
    ledger.sharing.start_batch("r1", "b1", members)
    assert ledger.sharing.leave_batch("r1", "b1", f"{0:0128}") == frozenset(members - {f"{0:0128}"})


def test_each_attempt_that_failed_counts_once(ledger: Ledger) -> None:
    assert ledger.sharing.note_failure("message", "1", "no") == Failures(1, "no")
    assert ledger.sharing.note_failure("message", "2", "never") == Failures(2, "never")
    assert ledger.sharing.note_failure("message", "2", "never") == Failures(2, "never")
    assert ledger.sharing.failures("message") == Failures(2, "never")
    assert ledger.sharing.failures("other") is None


def test_threads_share_it(ledger: Ledger) -> None:
    def work(number: int) -> None:
        ledger.save_task(a_task(group=f"group-{number}"))
        ledger.remember_group(f"group-{number}", str(number))
        ledger.bring_in(BroughtIn("r1", "berlin", f"thing-{number}", "associated", NOON, "arn"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert len(ledger.tasks("r1")) == len(ledger.known_groups()) == len(ledger.brought_in("r1", "berlin")) == 40


def test_late_moves_of_two_workers_do_not_undo_each_other(opening: Open) -> None:
    ledgers = [opening() for _ in range(8)]
    states: list[GroupState] = [*STATES, "running", "waiting"]
    at_once(8, lambda number: ledgers[number].save_task(a_task(states[number])))
    assert ledgers[0].tasks("r1")["berlin"].state == "succeeded"


def test_keeping_less_is_no_harm_to_what_is_new(opening: Open) -> None:
    ledger = opening(kept=timedelta(days=1))
    ledger.start_run(a_run("r1"))
    ledger.save_task(a_task())
    ledger.record_status("d1", "g1", "Success", NOON)
    ledger.start_run(a_run("r2"))
    assert [run.id for run in ledger.runs(10)][-1] == "r1"
    assert ledger.tasks("r1")
    assert ledger.deployment("d1") is not None


def wanted(run: str) -> Lease:
    return Lease(0, run, f"somebody for {run}", "process", "https://ci.example.org/1", "", "")


def test_of_many_that_take_the_lease_one_has_it(opening: Open) -> None:
    ledgers = [opening() for _ in range(8)]
    leases = at_once(8, lambda number: ledgers[number].leases.take(wanted(f"r{number}"), 60))
    (run,) = {lease.run for lease in leases}
    assert leases[0] == replace(wanted(run), number=1, since=leases[0].since, until=leases[0].until)
    assert ledgers[0].leases.current() == leases[0]


def test_a_lease_is_renewed_and_given_back_by_its_run_alone(ledger: Ledger) -> None:
    assert ledger.leases.current() is None
    first = ledger.leases.take(wanted("r1"), 60)
    assert not ledger.leases.renew("r2", 600)
    assert not ledger.leases.end("r2")
    assert ledger.leases.renew("r1", 600)
    renewed = ledger.leases.current()
    assert renewed is not None
    assert renewed.until > first.until
    assert ledger.leases.end("r1")
    assert not ledger.leases.end("r1")
    assert not ledger.leases.renew("r1", 60)
    assert ledger.leases.take(wanted("r2"), 60).number == 2


def test_a_lease_that_ran_out_is_free_and_can_be_renewed_until_it_is_taken(ledger: Ledger) -> None:
    ledger.leases.take(wanted("paused"), -1)
    assert ledger.leases.renew("paused", -1)
    taken = ledger.leases.take(wanted("alive"), 60)
    assert (taken.run, taken.number) == ("alive", 2)
    assert not ledger.leases.renew("paused", 60)


def test_fleets_have_leases_of_their_own(opening: Open) -> None:
    opening().leases.take(wanted("r1"), 60)
    assert opening(fleet="other").leases.take(wanted("r2"), 60).run == "r2"


def test_a_group_that_is_forgotten_is_known_no_more(ledger: Ledger) -> None:
    ledger.remember_group("berlin", "g1")
    ledger.remember_group("munich", "g2")
    ledger.forget_group("berlin")
    ledger.forget_group("berlin")
    assert ledger.known_groups().keys() == {"munich"}
    assert [ledger.group_of_id(each) for each in ("g1", "g2")] == [None, "munich"]


def test_an_old_name_that_is_forgotten_leaves_the_new_one(ledger: Ledger) -> None:
    ledger.remember_group("berlin", "g1")
    ledger.forget_group("berlin")
    ledger.remember_group("munich", "g1")
    assert ledger.known_groups().keys() == {"munich"}
    assert ledger.group_of_id("g1") == "munich"


def test_what_is_to_be_deleted_is_kept_until_it_is(ledger: Ledger, opening: Open) -> None:
    assert ledger.removals() == {}
    journal = RunJournal(ledger, "r1")
    journal.to_remove("g1", "first")
    journal.to_remove("g1", ODD)
    journal.to_remove("g2", "{}")
    assert opening().removals() == {"g1": ODD, "g2": "{}"}
    journal.removed("g2")
    journal.removed("g2")
    assert ledger.removals() == {"g1": ODD}
