"""Status: what AWS reports goes before what the ledger remembers. And the status of an apply that has just ended."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.execution.apply import ApplyResult
from reconciler.execution.run_status import status_of_run
from reconciler.execution.status import combine_status
from reconciler.model.group import DeploymentSpec, Group
from reconciler.model.plan import Action, GroupPlan, Plan
from reconciler.model.run import GroupState, GroupStatus, Run, RunState, Task, outcome_of
from reconciler.model.template import TemplateRef

LATER, NOW = "2026-11-20T10:00:09.000Z", "2026-11-20T10:00:00.000Z"


def live(name: str, state: str, deployment: str | None = "d1", error: str | None = None) -> GroupStatus:
    return GroupStatus(name, "greengrass/v1", "line", 2, 2, 2, state, error=error, details={"deploymentId": deployment})


def a_run(state: RunState, ended_at: str | None = LATER) -> Run:
    return Run("r1", "demo", "digest", state, NOW, ended_at)


def a_task(group: str, state: Any, deployment: str | None = "d1", error: str | None = None) -> Task:
    return Task("r1", group, state, LATER, error, "v1", 2, deployment)


def state_of(run: Run, task: Task, row: GroupStatus) -> tuple[str | None, str, str | None]:
    """The run's state, the group's, and the group's error."""
    status = combine_status("demo", run, {task.group: task}, [row])
    (group,) = status.groups
    return status.state, group.state, group.error


def test_without_a_run() -> None:
    rows = [live("munich", "succeeded"), live("berlin", "absent")]
    status = combine_status("demo", None, {}, rows)
    assert (status.run, status.state) == (None, None)
    assert [group.name for group in status.groups] == ["berlin", "munich"]


@pytest.mark.parametrize(
    ("run", "task", "row", "expected"),
    [
        # Nobody waited, and the core has reported since.
        ("running", a_task("a", "deploying"), live("a", "succeeded"), ("succeeded", "succeeded", None)),
        ("running", a_task("a", "deploying"), live("a", "failed", error="no"), ("failed", "failed", "no")),
        ("running", a_task("a", "deploying"), live("a", "deploying"), ("running", "deploying", None)),
        # The deadline passed.
        (
            "failed",
            a_task("a", "unfinished", error="is it online?"),
            live("a", "deploying"),
            ("failed", "unfinished", "is it online?"),
        ),
        ("failed", a_task("a", "unfinished", error="old"), live("a", "succeeded"), ("succeeded", "succeeded", None)),
        # It never came to a deployment, whatever an older one says.
        ("failed", a_task("a", "failed", None, "no"), live("a", "succeeded", "d0"), ("failed", "failed", "no")),
        ("failed", a_task("a", "failed", None, "no"), live("a", "absent", None), ("failed", "failed", "no")),
        # Somebody else deployed since.
        ("running", a_task("a", "deploying"), live("a", "succeeded", "d2"), ("running", "succeeded", None)),
        ("failed", a_task("a", "failed", error="no"), live("a", "succeeded", "d2"), ("failed", "succeeded", None)),
        # It was interrupted: nobody can say that it succeeded.
        ("stopped", a_task("a", "succeeded"), live("a", "succeeded"), ("stopped", "succeeded", None)),
    ],
)
def test_a_group_and_its_run(
    run: RunState, task: Task, row: GroupStatus, expected: tuple[str, str, str | None]
) -> None:
    assert state_of(a_run(run), task, row) == expected


def test_a_run_that_has_not_ended_is_running() -> None:
    assert state_of(a_run("running", None), a_task("a", "succeeded"), live("a", "succeeded"))[0] == "running"


def test_one_of_two_fails_after_nobody_waited() -> None:
    tasks = {"a": a_task("a", "deploying"), "b": a_task("b", "deploying")}
    status = combine_status("demo", a_run("running"), tasks, [live("a", "succeeded"), live("b", "failed")])
    assert status.state == "partial"


def test_a_group_that_left_the_files_keeps_its_say_in_the_run() -> None:
    tasks = {"a": a_task("a", "succeeded"), "gone": a_task("gone", "failed", None)}
    assert combine_status("demo", a_run("partial"), tasks, [live("a", "succeeded")]).state == "partial"


def planned(name: str, operation: Any = "update", **fields: Any) -> GroupPlan:
    actions = (Action(f"deploy/{name}", "deploy", name),) if operation != "none" else ()
    return GroupPlan(name, "greengrass/v1", operation, TemplateRef("line", 2), "f", actions=actions, **fields)


def declared(name: str, deployment: DeploymentSpec | None = None) -> Group:
    return Group(name, TemplateRef("line", 2), "greengrass/v1", deployment=deployment or DeploymentSpec())


def row_of(group: GroupPlan, task: Task | None, deployment: DeploymentSpec | None = None) -> GroupStatus:
    plan = Plan("demo", "123456789012", "eu-central-1", NOW, (group,))
    result = None if task is None else ApplyResult(a_run("partial"), (task,), {"a": "Success"})
    (row,) = status_of_run(plan, [declared("a", deployment)], result).groups
    return row


@pytest.mark.parametrize(
    ("group", "task", "deployment", "expected"),
    [
        (planned("a", "none"), None, None, ("unchanged", 2, 2, None)),
        (planned("a", "none"), None, DeploymentSpec("none"), ("unchanged", 2, None, None)),
        (planned("a", "none"), None, DeploymentSpec("reset"), ("unchanged", 2, None, None)),
        (planned("a", "none"), None, DeploymentSpec(group_version_id="v0"), ("unchanged", 2, None, None)),
        (planned("a", blocked=True), None, None, ("blocked", None, None, None)),
        (planned("a"), a_task("a", "succeeded"), None, ("succeeded", 2, 2, "Success")),
        (planned("a"), a_task("a", "succeeded"), DeploymentSpec("reset"), ("succeeded", 2, None, "Success")),
        (planned("a"), a_task("a", "succeeded", None), None, ("succeeded", 2, None, "Success")),
        (planned("a"), a_task("a", "failed"), None, ("failed", 2, None, "Success")),
        (planned("a"), a_task("a", "failed", None), None, ("failed", None, None, "Success")),
        (planned("a"), a_task("a", "deploying"), None, ("deploying", 2, None, "Success")),
    ],
)
def test_the_status_of_an_apply(
    group: GroupPlan, task: Task | None, deployment: DeploymentSpec | None, expected: tuple[Any, ...]
) -> None:
    row = row_of(group, task, deployment)
    assert (row.state, row.live, row.deployed, row.deployment_status) == expected


def test_who_waits_for_somebody_elses_deployment_says_for_whom() -> None:
    row = GroupStatus("a", "greengrass/v1", "line", 1, 1, None, "not deployed")
    run = Run("r", "demo", "digest", "running", "2026-11-20T10:00:00.000Z")
    task = Task("r", "a", "running", "2026-11-20T10:00:01.000Z", "Conflict: bulk deployment b1 was still running")
    (shown,) = combine_status("demo", run, {"a": task}, [row]).groups
    assert (shown.error, shown.since) == (task.error, task.since)
    ended = replace(run, state="stopped", ended_at="2026-11-20T10:00:02.000Z")
    assert combine_status("demo", ended, {"a": task}, [row]).groups == (row,)


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["succeeded", "succeeded"], "succeeded"),
        (["succeeded", "failed"], "partial"),
        (["succeeded", "unfinished"], "partial"),
        (["failed", "failed"], "failed"),
        (["failed", "unfinished"], "failed"),
        (["failed", "deploying"], "running"),
    ],
)
def test_what_a_run_has_come_to(states: list[GroupState], state: RunState) -> None:
    assert outcome_of(states) == state
