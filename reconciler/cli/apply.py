"""``reconcile apply``: plan, ask, carry out, and say where every group ended."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.carrying_out import Manner, carry_out, carrying_out_options
from reconciler.cli.fleet import opened
from reconciler.execution.apply import ApplyOptions, ApplyResult
from reconciler.execution.session import make_plan
from reconciler.model.errors import UsageError
from reconciler.model.plan import Plan
from reconciler.reporting.apply_text import apply_summary_line, open_group_lines
from reconciler.reporting.plan_text import count
from reconciler.reporting.style import Style


@click.command()
@options.directory_argument
@options.selection_options
@options.format_option
@carrying_out_options
@click.option(
    "--detach",
    is_flag=True,
    envvar="RECONCILE_DETACH",
    help="Return once the run is recorded and queued; `reconcile status` follows it. Only with execution mode queue.",
)
@options.allow_empty_option
@options.color_option
@options.stats_option
def apply(
    directory: str,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    output_format: str,
    timeout: float,
    style: Style,
    stats: Path | None,
    *,
    yes: bool,
    wait: bool,
    detach: bool,
    allow_empty: bool,
) -> int:
    """Plan the fleet in DIR, ask, and bring it to what its files say."""
    if Path(directory).is_file():
        raise UsageError(
            "applying a saved plan is not part of this version", hint="give the fleet's directory: it is planned anew"
        )
    command = ["apply", directory, *_selection(select, exclude)]
    manner = Manner(
        verb="apply",
        done="applied",
        report=lambda plan, result: _report(plan, result, command, style),
        style=style,
        as_text=output_format == "text",
        yes=yes,
        options=ApplyOptions(wait, timeout, detach),
    )
    with opened(directory, select, exclude, stats) as fleet:
        plan = make_plan(fleet.session, fleet.groups, expect_some=not allow_empty)
        return carry_out(fleet.session, plan, fleet.groups, manner)


def _selection(select: Sequence[str], exclude: Sequence[str]) -> list[str]:
    return [
        word for name, values in (("--select", select), ("--exclude", exclude)) for v in values for word in (name, v)
    ]


def _report(plan: Plan, result: ApplyResult, command: Sequence[str], style: Style) -> list[str]:
    """What an apply says at its end: the groups that are not done and what to do, the summary."""
    waiting = result.count("waiting", "running")
    if waiting:  # detached
        follow = shlex.join(["reconcile", "status", command[1], "--run", result.run.id])
        return [f"Follow it with `{follow}`.", f"Apply queued: run {result.run.id}, {count(waiting, 'group')}."]
    open_lines = open_group_lines(
        result.tasks,
        style=style,
        command=shlex.join(["reconcile", *command]),
        status_command=shlex.join(["reconcile", "status", command[1]]),
    )
    return [*open_lines, _summary(plan, result)]


def _summary(plan: Plan, result: ApplyResult) -> str:
    by_name = {group.name: group for group in plan.changed}
    done = [by_name[task.group] for task in result.tasks if task.state not in {"failed", "unfinished"}]
    operations = [group.operation for group in done]
    return apply_summary_line(
        created=operations.count("create"),
        updated=operations.count("update"),
        provisioned=sum(len(group.of_kind("provision-thing")) for group in done),
        deployments=sum(task.deployment_id is not None and task.state == "succeeded" for task in result.tasks),
        unchanged=plan.summary.unchanged,
        still_open=result.count("deploying"),
        done=len(done),
        failed=result.count("failed"),
        unfinished=result.count("unfinished"),
        blocked=plan.summary.blocked,
    )
