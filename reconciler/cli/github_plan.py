"""``reconcile github plan``: what a pull request would change, told where people look at it."""

import os
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.fleet import opened
from reconciler.cli.output import print_lines
from reconciler.desired.load import load
from reconciler.execution.session import make_plan
from reconciler.github.base_rules import base_rules
from reconciler.github.commands import commands_stopped
from reconciler.github.committed_state import refuse_committed_state
from reconciler.github.job import Job, open_job
from reconciler.github.report import report_failure, report_plan, report_problems, write_artifact
from reconciler.model.desired import DesiredState
from reconciler.model.errors import ConfigurationError, ReconcileError, RefusedError
from reconciler.model.guards import GuardSetting
from reconciler.model.plan import Plan
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.markdown_plan import plan_markdown, verdict_word
from reconciler.reporting.plan_text import plan_lines
from reconciler.reporting.problems import clean_summary
from reconciler.reporting.style import Style


@click.command()
@options.directory_argument
@options.output_directory_option
@click.option(
    "--labels",
    is_flag=True,
    envvar="RECONCILE_LABELS",
    help="Label the pull request: `changes: FLEET`, `no changes: …`, `needs approval: …`, `refused: …`.",
)
@options.allow_empty_option
@options.guard_option
@options.stats_option
def plan(
    directory: str,
    guard: dict[str, GuardSetting],
    output_directory: Path | None,
    stats: Path | None,
    *,
    labels: bool,
    allow_empty: bool,
) -> int:
    """Plan the fleet in DIR for the pull request, or merge queue, that this step runs for. Never writes to AWS.

    Files with problems: annotations on their lines and a failed check. Else one comment that is edited from push to
    push, a check that keeps what was reviewed, and the job summary. Guards and policies are those of the branch that
    the change goes onto. For a fork the files are checked, and no more. Exit code 3 if a guard refuses the plan.
    """
    job = open_job(os.environ, print_lines)
    name = Path(directory).name
    try:
        desired = load(Path(directory), shown_as=directory)
        name = desired.fleet.name
        pull_request = job.context.pull_request
        if pull_request is not None and pull_request.from_fork:
            job.summarise(lambda _budget: f"{clean_summary(desired)} A pull request from a fork is not planned.")
            print_lines([clean_summary(desired)])
            return 0
        refuse_committed_state(directory)
        rules = base_rules(job, directory)
        with opened(directory, (), (), stats, guards=guard, rules=rules) as fleet:
            found = make_plan(fleet.session, fleet.groups, expect_some=not allow_empty)
    except ConfigurationError as error:
        report_problems(job, name, error.problems)
        return ConfigurationError.exit_code
    except ReconcileError as error:
        report_failure(job, name, error)
        raise
    _tell(job, found, desired, output_directory, labels=labels)
    return RefusedError.exit_code if verdict_word(found) == "refused" else 0


def _tell(job: Job, found: Plan, desired: DesiredState, output_directory: Path | None, *, labels: bool) -> None:
    with commands_stopped(print_lines):
        print_lines(plan_lines(found, style=Style()))
    write_artifact(output_directory, found, plan_markdown(found, Page()))
    report_plan(job, found, desired, labels=labels)
