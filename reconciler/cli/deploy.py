"""``reconcile deploy``: new deployments, redeployments and resets at a word, in place of a change to the files."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.carrying_out import Manner, carry_out, carrying_out_options, detach_option, detached_lines
from reconciler.cli.fleet import opened
from reconciler.desired.load import load
from reconciler.execution.apply import ApplyOptions, ApplyResult
from reconciler.execution.ledger import lease_seen
from reconciler.execution.orders import as_ordered, plan_order
from reconciler.model.errors import ConfigurationError, UsageError
from reconciler.model.guards import GuardSetting
from reconciler.model.order import DEPLOYMENT_TYPES, DeploymentOrder
from reconciler.model.plan import Plan
from reconciler.planning.guards.waivers import Waiver, lift
from reconciler.planning.selection import matches
from reconciler.reporting.apply_text import NAMED, deploy_summary_line, open_group_lines
from reconciler.reporting.style import Style


@dataclass(frozen=True, slots=True)
class _Given:
    """What the command was called with, as far as a hint to call it again repeats it."""

    directory: str
    patterns: Sequence[str]
    exclude: Sequence[str]
    order: DeploymentOrder


@click.command()
@click.argument("groups", metavar="[DIR] GROUP...", nargs=-1, required=True)
@click.option(
    "--type",
    "kind",
    type=options.AnyCase(DEPLOYMENT_TYPES),
    metavar=f"[{'|'.join(DEPLOYMENT_TYPES)}]",
    required=True,
    envvar="RECONCILE_TYPE",
    help="What to ask Greengrass for.",
)
@click.option(
    "--group-version-id",
    envvar="RECONCILE_GROUP_VERSION_ID",
    metavar="ID",
    help="The group version of a NewDeployment, of one group. [default: the newest]",
)
@click.option(
    "--deployment-id",
    envvar="RECONCILE_DEPLOYMENT_ID",
    metavar="ID",
    help="The deployment that a Redeployment repeats, of one group. [default: the newest]",
)
@click.option("--dir", "directory", envvar="RECONCILE_DIR", metavar="DIR", help="The fleet's directory. [default: .]")
@options.exclude_option
@options.format_option("text", "json", "markdown")
@carrying_out_options
@detach_option
@options.guard_option
@options.waiver_options
@options.color_option
@options.stats_option
def deploy(
    groups: tuple[str, ...],
    kind: str,
    group_version_id: str | None,
    deployment_id: str | None,
    directory: str | None,
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
) -> int:
    """Deploy, redeploy or reset each GROUP (a name, a glob, or label=value) as it is live, whatever the files say.

    The files stay as they are: the next apply restores what they mean. DIR is the fleet's directory where it is told
    from a group by a slash or dot: `.`, `fleets/demo`.
    """
    if directory is None:
        _check_told_apart(groups[0])
    directory, patterns = _split(groups, directory)
    given = _Given(directory, patterns, exclude, _order(kind, group_version_id, deployment_id))
    manner = Manner(
        verb="deploy",
        done="deployed",
        report=lambda carried, result: _report(carried.plan, result, given, style),
        style=style,
        output_format=output_format,
        yes=yes,
        options=ApplyOptions(wait, timeout, detach, lock_timeout),
    )
    with opened(directory, patterns, exclude, stats, guards=guard, waivers=waivers) as fleet:
        _check_one(given.order, [group.name for group in fleet.groups])
        manner = replace(manner, seen=lease_seen(fleet.session.ledger))
        plan = plan_order(fleet.session, fleet.groups, given.order)
        return carry_out(fleet.session, lift(plan, waivers), as_ordered(fleet.groups, plan, given.order), manner)


def _check_told_apart(first: str) -> None:
    """Raise UsageError for a directory that would be taken for a group, though no fleet here has one so called."""
    if _is_directory(first) or not Path(first).is_dir():
        return
    try:
        known = any(matches(group, first) for group in load(Path()).groups)
    except ConfigurationError:
        known = False
    if not known:
        raise UsageError(f"{first!r} is taken for a group", hint=f"write ./{first} for the fleet's directory")


def _is_directory(word: str) -> bool:
    """Whether a first argument is the fleet's directory: no group's name could be so."""
    return "=" not in word and (word in {os.curdir, os.pardir} or "/" in word)


def _split(groups: Sequence[str], directory: str | None) -> tuple[str, list[str]]:
    """The fleet's directory and the patterns."""
    first, *others = groups
    if _is_directory(first):
        directory, groups = first, others
    if not groups:
        raise UsageError("no group is named", hint="name groups, or deploy all of them with '*'")
    return directory or os.curdir, list(groups)


def _order(kind: str, group_version_id: str | None, deployment_id: str | None) -> DeploymentOrder:
    deployment_type = next(known for known in DEPLOYMENT_TYPES if known.lower() == kind.lower())
    for option, value, of in (
        ("--group-version-id", group_version_id, "NewDeployment"),
        ("--deployment-id", deployment_id, "Redeployment"),
    ):
        if value is not None and deployment_type != of:
            raise UsageError(
                f"{option} has no meaning with --type {deployment_type}", hint=f"leave it out, or give --type {of}"
            )
        if value is not None and not value.strip():
            raise UsageError(f"{option} is empty", hint="give an id, or leave it out for the newest")
    return DeploymentOrder(deployment_type, group_version_id, deployment_id)


def _check_one(order: DeploymentOrder, names: Sequence[str]) -> None:
    """Raise UsageError if an id, which is one group's, is given for several."""
    option = "--group-version-id" if order.group_version_id else "--deployment-id" if order.deployment_id else ""
    if option and len(names) != 1:
        raise UsageError(
            f"{option} is of one group, and {len(names)} are chosen", hint="choose one group, or leave the id out"
        )


def _report(plan: Plan, result: ApplyResult, given: _Given, style: Style) -> list[str]:
    """What is said at the end: the groups that are not done and what to do, the summary."""
    if result.count("waiting", "running"):
        return detached_lines("Deploy", result, given.directory)
    failed = [task.group for task in result.tasks if task.state == "failed"]
    unfinished, still_open = result.count("unfinished"), result.count("deploying")
    return [
        *open_group_lines(
            result.tasks,
            style=style,
            command=_again(given, failed),
            status_command=shlex.join(["reconcile", "status", given.directory]),
            sends_anew=True,
        ),
        deploy_summary_line(
            succeeded=result.count("succeeded"),
            still_open=still_open,
            failed=len(failed),
            unfinished=unfinished,
            unchanged=plan.summary.unchanged,
        ),
    ]


def _again(given: _Given, failed: Sequence[str]) -> str:
    """The command that tries again what failed, and nothing that is done."""
    chosen: Sequence[str] = failed
    if len(failed) > NAMED:
        chosen = [*given.patterns, *options.selection_words((), given.exclude)]
    words = ["reconcile", "deploy", *chosen, "--dir", given.directory, "--type", given.order.type]
    for option, value in (
        ("--group-version-id", given.order.group_version_id),
        ("--deployment-id", given.order.deployment_id),
    ):
        words += [option, value] if value else []
    return shlex.join(words)
