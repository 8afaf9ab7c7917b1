"""The status of an apply that has just ended, from what it knows itself: nothing is asked twice. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from reconciler.execution.apply import ApplyResult
from reconciler.model.group import DeploymentSpec, Group
from reconciler.model.plan import GroupPlan, Plan
from reconciler.model.run import FleetStatus, GroupStatus, Task


def status_of_run(plan: Plan, groups: Sequence[Group], result: ApplyResult | None) -> FleetStatus:
    """Every group of ``plan``, declared in ``groups``, after an apply; with None, one that had nothing to do."""
    tasks = {task.group: task for task in result.tasks} if result is not None else {}
    reported = result.reported if result is not None else {}
    deployments = {group.name: group.deployment for group in groups}
    rows = tuple(
        replace(
            _row(group, deployments.get(group.name, DeploymentSpec()), tasks.get(group.name)),
            deployment_status=reported.get(group.name),
        )
        for group in plan.groups
    )
    if result is None:
        return FleetStatus(plan.fleet, None, None, rows)
    return FleetStatus(plan.fleet, result.run.id, result.run.state, rows)


def _row(group: GroupPlan, deployment: DeploymentSpec, task: Task | None) -> GroupStatus:
    version = group.target.version
    # What a pinned group version was made for is not known here, and a reset group runs nothing.
    deployable = version if deployment.state == "deployed" and deployment.group_version_id is None else None
    row = GroupStatus(group.name, group.runtime, group.target.name, version, None, None, "unchanged")
    if task is None:
        is_as_wanted = group.operation == "none" and not group.blocked
        return replace(row, live=version, deployed=deployable) if is_as_wanted else replace(row, state="blocked")
    if group.operation == "delete":
        return replace(row, state=task.state, since=task.since, error=task.error)
    return replace(
        row,
        live=version if task.state != "failed" or task.deployment_id is not None else None,
        deployed=deployable if task.state == "succeeded" and task.deployment_id is not None else None,
        state=task.state,
        since=task.since,
        error=task.error,
        details={"groupVersionId": task.group_version_id, "deploymentId": task.deployment_id},
    )
