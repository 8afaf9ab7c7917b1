"""``reconcile plan``: what an apply would change."""

import shlex
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.fleet import opened
from reconciler.cli.output import print_lines
from reconciler.cli.printing import print_plan
from reconciler.cli.saved import write_plan
from reconciler.execution.session import make_plan
from reconciler.model.guards import GuardSetting
from reconciler.reporting.plan_text import has_changes
from reconciler.reporting.style import Style

CHANGES = 2


@click.command()
@options.directory_argument
@options.selection_options
@options.format_option(*options.FORMATS)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="RECONCILE_OUT",
    metavar="PLAN.json",
    help="Save the plan: `apply PLAN.json` carries out just that.",
)
@options.verbose_option
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    envvar="RECONCILE_DETAILED_EXITCODE",
    help="Exit 2 if there are changes, 0 if there are none.",
)
@options.allow_empty_option
@options.refresh_option
@options.guard_option
@options.color_option
@options.stats_option
def plan(
    directory: str,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    guard: dict[str, GuardSetting],
    output_format: str,
    style: Style,
    stats: Path | None,
    out: Path | None,
    *,
    verbose: bool,
    detailed_exitcode: bool,
    allow_empty: bool,
    refresh: bool,
) -> int:
    """Say what an apply would change in the fleet in DIR, and change nothing."""
    with opened(directory, select, exclude, stats, guards=guard, refresh=refresh) as fleet:
        found = make_plan(fleet.session, fleet.groups, expect_some=not allow_empty)
    if out is not None:
        write_plan(out, found)
        # Before the plan, so that the summary is the last line also where stdout and stderr are one.
        print_lines([f"Saved in {out}. Apply it with `{_apply_command(out, directory)}`."], to_stderr=True)
    print_plan(found, output_format, style, verbose=verbose)
    return CHANGES if detailed_exitcode and has_changes(found) else 0


def _apply_command(out: Path, directory: str) -> str:
    words = ["reconcile", "apply", str(out)]
    if out.parent.resolve() != Path(directory).resolve():
        words += ["--dir", directory]
    return shlex.join(words)
