"""Puts together what the account says of each group and what the ledger says of the run that last touched it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.model.run import FleetStatus, GroupStatus, Run, RunState, Task, outcome_of


def combine_status(
    fleet: str, run: Run | None, tasks: Mapping[str, Task], groups: Sequence[GroupStatus]
) -> FleetStatus:
    """The status of a fleet: ``groups`` as the account has them, with what went wrong in ``run``."""
    open_run = run is not None and run.ended_at is None
    rows = tuple(
        _with_task(group, tasks.get(group.name), open_run=open_run)
        for group in sorted(groups, key=lambda row: row.name)
    )
    return FleetStatus(fleet, run.id if run is not None else None, _run_state(run, tasks, rows), rows)


def _with_task(group: GroupStatus, task: Task | None, *, open_run: bool) -> GroupStatus:
    """What AWS reports goes before what the ledger remembers, but for a group that failed before its deployment, and
    one of a run that goes on which waits for somebody else's deployment.
    """
    if task is None:
        return group
    if task.state == "failed" and task.deployment_id is None:
        return replace(group, state="failed", error=task.error, since=task.since)
    if open_run and task.state == "running" and task.error is not None:
        return replace(group, error=task.error, since=task.since)
    if task.state == "unfinished" and group.state == "deploying":
        return replace(group, state="unfinished", error=group.error or task.error)
    return group


def _run_state(run: Run | None, tasks: Mapping[str, Task], rows: Sequence[GroupStatus]) -> RunState | None:
    """The state of the run; where it left cores that had not reported, what they have reported since."""
    if run is None or run.ended_at is None:
        return run.state if run is not None else None
    by_name = {row.name: row for row in rows}
    states = [_since(task, by_name.get(name)) for name, task in tasks.items()]
    if run.state == "stopped" or not states or any(state in {"deploying", "unfinished"} for state in states):
        return run.state
    return outcome_of(states)


def _since(task: Task, row: GroupStatus | None) -> str:
    if task.state not in {"deploying", "unfinished"} or row is None:
        return task.state
    return row.state if row.details.get("deploymentId") == task.deployment_id else task.state
