"""``reconcile apply``: plan, ask, carry out, and say where every group ended."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from click.core import ParameterSource

from reconciler.cli import options
from reconciler.cli.carrying_out import Manner, carry_out, carrying_out_options, detach_option, detached_lines
from reconciler.cli.fleet import opened
from reconciler.cli.saved import check_fits, read_plan_file
from reconciler.execution.apply import ApplyOptions, ApplyResult
from reconciler.execution.executor import Carried
from reconciler.execution.guarding import guarded
from reconciler.execution.ledger import lease_seen, left_open
from reconciler.execution.session import make_plan
from reconciler.model.errors import UsageError
from reconciler.model.guards import GuardSetting
from reconciler.planning.guards.waivers import Waiver, lift
from reconciler.reporting.apply_text import apply_summary_line, open_group_lines
from reconciler.reporting.style import Style


@click.command()
@click.argument("target", metavar="[DIR | PLAN.json]", default=".", envvar=options.DIRECTORY_VARIABLE)
@click.option(
    "--dir",
    "directory",
    metavar="DIR",
    help="The fleet's directory, for a saved plan. [default: RECONCILE_DIR, else the one that PLAN.json lies in]",
)
@click.option(
    "--allow-partial",
    is_flag=True,
    envvar="RECONCILE_ALLOW_PARTIAL",
    help="Leave out groups that moved since the plan was made, and apply the others.",
)
@click.option(
    "--resume", "run_id", metavar="RUN", envvar="RECONCILE_RESUME", help="Finish the groups that this run left open."
)
@options.selection_options
@options.format_option("text", "json", "markdown")
@carrying_out_options
@detach_option
@options.allow_empty_option
@options.refresh_option
@options.guard_option
@options.waiver_options
@options.color_option
@options.stats_option
@click.pass_context
def apply(
    context: click.Context,
    target: str,
    directory: str | None,
    run_id: str | None,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    guard: dict[str, GuardSetting],
    waivers: list[Waiver],
    output_format: str,
    timeout: float,
    lock_timeout: float,
    style: Style,
    stats: Path | None,
    *,
    yes: bool,
    wait: bool,
    detach: bool,
    allow_partial: bool,
    allow_empty: bool,
    refresh: bool,
) -> int:
    """Plan the fleet in DIR, ask, and bring it to what its files say; or carry out the plan saved in PLAN.json.

    A saved plan is carried out as it is, if its groups are as they were when it was made.
    """
    saved = Path(target).is_file() or (target.endswith(".json") and not Path(target).exists())
    if saved and directory is None and context.get_parameter_source("target") is ParameterSource.COMMANDLINE:
        directory = os.environ.get(options.DIRECTORY_VARIABLE)  # which the plan file took the place of
    _check_usage(saved=saved, directory=directory, narrowed=bool(select or exclude or run_id))
    directory = directory or (str(Path(target).parent) if saved else target)
    resume = ["--resume", run_id] if run_id is not None else []
    of_plan = ["--dir", directory] if saved else []
    command = ["apply", target, *of_plan, *resume, *options.selection_words(select, exclude)]
    manner = Manner(
        verb="apply",
        done="applied",
        report=lambda carried, result: _report(carried, result, _Given(command, directory), style),
        style=style,
        output_format=output_format,
        yes=yes,
        options=ApplyOptions(wait, timeout, detach, lock_timeout, allow_partial),
    )
    plan = read_plan_file(Path(target)) if saved else None
    with opened(directory, select, exclude, stats, guards=guard, waivers=waivers, refresh=refresh) as fleet:
        session, groups = fleet.session, fleet.groups
        if plan is not None:
            check_fits(plan, session.desired.fleet, directory)
            return carry_out(session, lift(guarded(session.desired, plan), waivers), groups, manner)
        manner = replace(manner, seen=lease_seen(session.ledger))
        if run_id is not None:
            groups = left_open(session.ledger, run_id, groups)
        plan = make_plan(session, groups, expect_some=not allow_empty)
        return carry_out(session, lift(plan, waivers), groups, manner)


def _check_usage(*, saved: bool, directory: str | None, narrowed: bool) -> None:
    if directory is not None and not saved:
        raise UsageError("--dir goes with a saved plan", hint="give the fleet's directory as `apply DIR`")
    if saved and narrowed:
        raise UsageError(
            "a saved plan is carried out as it is", hint="leave --select, --exclude and --resume out, or plan anew"
        )


@dataclass(frozen=True, slots=True)
class _Given:
    """What the command was called with, as hints repeat it."""

    command: Sequence[str]
    directory: str


def _report(carried: Carried, result: ApplyResult, given: _Given, style: Style) -> list[str]:
    """What an apply says at its end: the groups that are not done and what to do, the summary."""
    if result.count("waiting", "running"):
        return detached_lines("Apply", result, given.directory)
    open_lines = open_group_lines(
        result.tasks,
        style=style,
        command=shlex.join(["reconcile", *given.command]),
        status_command=shlex.join(["reconcile", "status", given.directory]),
    )
    return [*open_lines, summary_of(carried, result)]


def summary_of(carried: Carried, result: ApplyResult) -> str:
    """The stable last line of an apply."""
    plan = carried.plan
    by_name = {group.name: group for group in plan.changed}
    done = [by_name[task.group] for task in result.tasks if task.state not in {"failed", "unfinished"}]
    operations = [group.operation for group in done]
    return apply_summary_line(
        created=operations.count("create"),
        updated=operations.count("update"),
        deleted=operations.count("delete"),
        provisioned=sum(len(group.of_kind("provision-thing")) for group in done),
        deployments=sum(
            by_name[task.group].deployments
            for task in result.tasks
            if task.deployment_id is not None and task.state == "succeeded"
        ),
        unchanged=plan.summary.unchanged,
        still_open=result.count("deploying"),
        done=len(done),
        failed=result.count("failed"),
        unfinished=result.count("unfinished"),
        blocked=plan.summary.blocked,
        stale=len(carried.stale),
    )
