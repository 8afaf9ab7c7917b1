"""Carrying a plan out: what is recorded, who fails, and who is left to finish."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.execution import apply
from reconciler.execution.apply import WORKERS, ApplyOptions, ApplyResult, apply_plan, new_run, refuse
from reconciler.execution.executor import execute
from reconciler.execution.ledger import Ledger
from reconciler.execution.session import Session, make_plan, open_session
from reconciler.execution.sqlite_ledger import SqliteLedger
from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError, ReconcileError, RefusedError
from reconciler.model.group import Group
from reconciler.model.order import DeploymentOrder
from reconciler.model.plan import Action, GroupPlan, GuardFinding, Plan
from reconciler.model.run import GroupStatus, Task
from reconciler.model.template import TemplateRef
from reconciler.planning.accepting.saying import Said, Saying
from reconciler.runtimes.base import Journal, Memory, Outcome, Planned, Ready, Runtime, Say, Standing, Started
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, make_buckets

LOST = AwsError("greengrass:GetDeploymentStatus: expired", operation="greengrass:X", code="Expired")


class Heard:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.finished: list[str] = []

    def say(self, group: str, what: str) -> None:
        self.said.append((group, what))

    def done(self, group: str) -> None:
        self.finished.append(group)


@dataclass
class Scripted:
    """A runtime that does as it is told: groups whose name is in ``broken`` raise, others are ready at once."""

    broken: Mapping[str, BaseException] = field(default_factory=dict)
    no_deployment: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    deploy_breaks_after: int | None = None
    outcomes_break_after: int | None = None
    results: Mapping[str, Outcome] = field(default_factory=dict)
    on_carry_out: Callable[[str], None] = lambda _name: None
    carried: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    unfinishable: Mapping[str, BaseException] = field(default_factory=dict)

    def plan(self, desired: DesiredState, groups: Sequence[Group], memory: Memory, *, expect_some: bool) -> Planned:
        raise NotImplementedError

    def plan_gone(self, desired: DesiredState, memory: Memory) -> Planned:
        raise AssertionError("no plan is made here")

    def plan_order(
        self, desired: DesiredState, groups: Sequence[Group], order: DeploymentOrder, memory: Memory
    ) -> Planned:
        raise NotImplementedError

    def say_live(self, said: Said, names: Collection[str]) -> Mapping[str, Saying | str]:
        raise NotImplementedError

    def undeclared(self, desired: DesiredState) -> frozenset[str]:
        raise NotImplementedError

    def status(
        self, desired: DesiredState, groups: Sequence[Group], version_of: Callable[[str], int | None]
    ) -> list[GroupStatus]:
        raise NotImplementedError

    def prepare(self, plan: Plan) -> None:
        raise NotImplementedError

    def carry_out(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> Ready:
        self.on_carry_out(group.name)
        self.carried.append(group.name)
        if group.name in self.broken:
            raise self.broken[group.name]
        deployment = None if group.name in self.no_deployment else group.actions[0]
        return Ready(group.name, f"id-{group.name}", f"arn-{group.name}", f"v-{group.name}", deployment)

    def finish(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> None:
        self.finished.append(group.name)
        if group.name in self.unfinishable:
            raise self.unfinishable[group.name]

    def deploy(
        self, ready: Sequence[Ready], deadline: float, say: Say, *, again: bool = False, queued: bool = False
    ) -> Iterator[Started]:
        for number, group in enumerate(ready):
            if number == self.deploy_breaks_after:
                raise LOST
            error = self.refused.get(group.name)
            yield Started(group.name, None if error else f"d-{group.name}", error)

    def recheck(self, plan: Plan, groups: Sequence[GroupPlan]) -> list[Standing]:
        return [Standing(group.name, "fresh", left=group) for group in groups]

    def outcomes(self, started: Mapping[str, tuple[str, str]], deadline: float, say: Say) -> Iterable[Outcome]:
        for number, name in enumerate(started):
            if number == self.outcomes_break_after:
                raise LOST
            yield self.results.get(name, Outcome(name, True, True, "Success", "2026-11-20T10:00:00.000Z"))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(SqliteLedger(tmp_path / "ledger.db", "demo")) as opened:
        yield opened


def plan_of(*names: str, guards: tuple[GuardFinding, ...] = ()) -> Plan:
    groups = tuple(
        GroupPlan(
            name, "scripted", "update", TemplateRef("line", 2), "f", actions=(Action(f"deploy/{name}", "deploy", name),)
        )
        for name in names
    )
    return Plan("demo", "123456789012", "eu-central-1", "2026-11-20T10:00:00.000Z", groups, guards)


def carry_out(
    ledger: Ledger, runtime: Scripted, plan: Plan, *, wait: bool = True, heard: Heard | None = None
) -> ApplyResult:
    session = session_of(ledger, runtime)
    return apply_plan(session, plan, new_run(plan), ApplyOptions(wait=wait), heard or Heard())


def session_of(ledger: Ledger, runtime: Runtime) -> Session:
    desired: Any = None  # an apply needs nothing but the plan
    return Session(desired, Aws("eu-central-1"), ledger, {"scripted": runtime})


def states(result: ApplyResult) -> dict[str, str]:
    return {task.group: task.state for task in result.tasks}


def test_all_groups_succeed(ledger: Ledger) -> None:
    heard = Heard()
    result = carry_out(ledger, Scripted(), plan_of("munich", "berlin"), heard=heard)
    assert states(result) == {"berlin": "succeeded", "munich": "succeeded"}
    assert [task.group for task in result.tasks] == ["berlin", "munich"]
    assert result.reported == {"berlin": "Success", "munich": "Success"}
    assert sorted(heard.finished) == ["berlin", "munich"]
    assert ("berlin", "its core reports success") in heard.said
    run = ledger.run()
    assert run is not None
    assert (run.id, run.state, result.run.state) == (result.run.id, "succeeded", "succeeded")
    assert ledger.tasks(run.id) == {task.group: task for task in result.tasks}
    assert ledger.known_groups().keys() == {"berlin", "munich"}


def test_a_task_holds_what_was_made(ledger: Ledger) -> None:
    (task,) = carry_out(ledger, Scripted(), plan_of("berlin")).tasks
    assert task == Task(task.run, "berlin", "succeeded", task.since, None, "v-berlin", 2, "d-berlin")
    assert ledger.template_version_of("v-berlin") == 2


def test_a_group_that_fails_leaves_the_others_to_finish(ledger: Ledger) -> None:
    runtime = Scripted(broken={"b": ReconcileError("no bucket", hint="make one")})
    heard = Heard()
    result = carry_out(ledger, runtime, plan_of("a", "b", "c"), heard=heard)
    assert states(result) == {"a": "succeeded", "b": "failed", "c": "succeeded"}
    assert result.tasks[1].error == "no bucket; make one"
    assert ("b", "failed: no bucket") in heard.said
    assert result.run.state == "partial"
    assert ledger.known_groups().keys() == {"a", "c"}


def test_all_groups_fail(ledger: Ledger) -> None:
    result = carry_out(ledger, Scripted(broken={"a": ReconcileError("no")}), plan_of("a"))
    assert (result.run.state, result.count("failed"), result.count("succeeded")) == ("failed", 1, 0)


def test_a_group_without_a_deployment_is_done_when_it_is_carried_out(ledger: Ledger) -> None:
    result = carry_out(ledger, Scripted(no_deployment=frozenset({"a"})), plan_of("a"))
    assert states(result) == {"a": "succeeded"}
    assert result.tasks[0].deployment_id is None


def test_a_deployment_that_is_refused(ledger: Ledger) -> None:
    result = carry_out(ledger, Scripted(refused={"a": "the core is not in the group"}), plan_of("a", "b"))
    assert states(result) == {"a": "failed", "b": "succeeded"}
    assert result.tasks[0].error == "the core is not in the group"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome("a", True, False, "Failure", "2026-11-20T10:00:00.000Z", "disk full"), "failed"),
        (Outcome("a", False, False, "InProgress", "2026-11-20T10:00:00.000Z", "is it online?"), "unfinished"),
    ],
)
def test_what_a_core_reports(outcome: Outcome, state: str, ledger: Ledger) -> None:
    result = carry_out(ledger, Scripted(results={"a": outcome}), plan_of("a", "b"))
    assert states(result) == {"a": state, "b": "succeeded"}
    assert result.tasks[0].error == outcome.error
    assert result.reported["a"] == outcome.status
    assert result.run.state == "partial"


def test_nobody_waits(ledger: Ledger) -> None:
    heard = Heard()
    result = carry_out(ledger, Scripted(outcomes_break_after=0), plan_of("a"), wait=False, heard=heard)
    assert states(result) == {"a": "deploying"}
    assert (result.run.state, heard.finished, result.reported) == ("running", [], {})


def test_asking_for_deployments_breaks_off(ledger: Ledger) -> None:
    result = carry_out(ledger, Scripted(deploy_breaks_after=1), plan_of("a", "b", "c"))
    assert states(result) == {"a": "succeeded", "b": "failed", "c": "failed"}
    assert result.tasks[1].error == "greengrass:GetDeploymentStatus: expired"
    assert result.run.state == "partial"


def test_asking_the_cores_breaks_off(ledger: Ledger) -> None:
    heard = Heard()
    result = carry_out(ledger, Scripted(outcomes_break_after=1), plan_of("a", "b", "c"), heard=heard)
    assert states(result) == {"a": "succeeded", "b": "unfinished", "c": "unfinished"}
    assert result.tasks[2].error == "asking what became of its deployment: greengrass:GetDeploymentStatus: expired"
    assert ("b", "no longer followed: greengrass:GetDeploymentStatus: expired") in heard.said


def test_a_defect_stops_the_run_and_is_not_hidden(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError):
        carry_out(ledger, Scripted(broken={"a": ZeroDivisionError()}), plan_of("a"))
    run = ledger.run()
    assert run is not None
    assert (run.state, run.ended_at is not None) == ("stopped", True)


def test_an_interrupt_lets_what_has_begun_end_and_begins_nothing_more(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"group-{number:03}" for number in range(WORKERS * 20)]
    shutting_down = threading.Event()

    class Noticed(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            shutting_down.set()
            super().shutdown(wait=wait)

    def wait_for_the_interrupt(name: str) -> None:
        if name == names[0]:
            raise KeyboardInterrupt
        assert shutting_down.wait(30)

    monkeypatch.setattr(apply, "ThreadPoolExecutor", Noticed)
    runtime = Scripted(on_carry_out=wait_for_the_interrupt)
    with pytest.raises(KeyboardInterrupt):
        carry_out(ledger, runtime, plan_of(*names))
    assert len(runtime.carried) <= WORKERS
    run = ledger.run()
    assert run is not None
    assert run.state == "stopped"
    tasks = ledger.tasks(run.id)
    assert len(tasks) == len(names)
    assert {name for name, task in tasks.items() if task.state == "waiting"}.isdisjoint(runtime.carried)


def test_told_to_stop_it_finishes_what_is_in_hand_and_says_where_it_stands(ledger: Ledger) -> None:
    session = session_of(ledger, Scripted())
    names = [f"g{number:02}" for number in range(3 * WORKERS)]
    runtime = Scripted(on_carry_out=lambda _: session.patience.stop())
    session = replace(session, runtimes={"scripted": runtime})
    plan = plan_of(*names)
    result = apply_plan(session, plan, new_run(plan), ApplyOptions(), Heard())
    assert result.run.state == "stopped"
    assert 0 < len(runtime.carried) <= WORKERS
    errors = {task.group: task.error for task in result.tasks}
    for name in names:
        what = "its deployment was asked for" if name in runtime.carried else "this group was begun"
        assert errors[name] == f"the apply was stopped before {what}"
    assert {task.state for task in ledger.tasks(result.run.id).values()} == {"unfinished"}


def test_a_guard_refuses_before_anything_is_recorded(ledger: Ledger) -> None:
    finding = GuardFinding("thing-type", "error", "AWS IoT has no thing type x")
    runtime, plan = Scripted(), plan_of("a", guards=(finding,))
    session = session_of(ledger, runtime)
    with pytest.raises(RefusedError, match="nothing was applied: 1 finding refuses the plan"):
        execute(session, plan, ApplyOptions(), Heard(), seen=0, show=lambda _: None)
    assert runtime.carried == []
    assert ledger.run() is None


def test_findings_are_counted_and_warnings_pass() -> None:
    refuse(plan_of("a", guards=(GuardFinding("g", "warning", "hm"),)))
    errors = (GuardFinding("g", "error", "no"), GuardFinding("h", "error", "never"))
    with pytest.raises(RefusedError, match="2 findings refuse the plan"):
        refuse(plan_of("a", guards=errors))


def test_runs_have_names_of_their_own(ledger: Ledger) -> None:
    runs = {carry_out(ledger, Scripted(), plan_of("a")).run.id for _ in range(5)}
    assert len(runs) == 5
    assert {run.id for run in ledger.runs(9)} == runs


def test_a_real_fleet(aws: Sandbox, tmp_path: Path) -> None:
    make_buckets(aws.client)
    desired = FleetFiles(tmp_path / "fleet").group("berlin", devices=1).group("munich", devices=0).load()
    with open_session(desired) as session:
        heard = Heard()
        plan = make_plan(session, desired.groups)
        result = apply_plan(session, plan, new_run(plan), ApplyOptions(timeout=60), heard)
        assert states(result) == {"berlin": "succeeded", "munich": "succeeded"}
        rows = {row["Name"]: row for row in aws.client("greengrass").list_groups()["Groups"]}
        for task in result.tasks:
            assert task.group_version_id == rows[task.group]["LatestVersion"]
            deployments = aws.client("greengrass").list_deployments(GroupId=rows[task.group]["Id"])["Deployments"]
            assert [row["DeploymentId"] for row in deployments] == [task.deployment_id]
        assert session.ledger.known_groups().keys() == set(rows)
        assert ("berlin", "berlin-device-1 provisioned") in heard.said
        assert make_plan(session, desired.groups).changed == ()
