"""``reconcile github apply``: carries out what was reviewed, once it is merged, and nothing else."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.apply import summary_of
from reconciler.cli.fleet import OpenFleet, opened
from reconciler.cli.output import print_lines
from reconciler.cli.progress import PlainProgress
from reconciler.cli.stopping import INTERRUPTED, stoppable
from reconciler.execution.apply import ApplyOptions, refuse
from reconciler.execution.executor import Carried, execute
from reconciler.execution.ledger import lease_seen, left_open
from reconciler.execution.run_status import status_of_run
from reconciler.execution.session import make_plan
from reconciler.github.checks import APP
from reconciler.github.commands import commands_stopped, write_output
from reconciler.github.committed_state import refuse_committed_state
from reconciler.github.job import Job, open_job
from reconciler.github.pages import after_apply, after_error, after_plan, before_approval
from reconciler.github.report import report_apply, report_problems, report_unapplied, write_artifact
from reconciler.github.reviewed import Comparison, Review, compare, find_review, unapproved
from reconciler.model.desired import DesiredState
from reconciler.model.errors import ConfigurationError, PartlyAppliedError, ReconcileError, StaleError
from reconciler.model.group import Group
from reconciler.model.guards import GuardSetting
from reconciler.model.plan import DIGEST_SHOWN, Plan
from reconciler.planning.guards.waivers import Waiver, lift
from reconciler.reporting.markdown import code
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.markdown_plan import plan_markdown, verdict_word
from reconciler.reporting.plan_text import plan_lines, summary_line
from reconciler.reporting.standing_text import nothing_left_line, standing_lines
from reconciler.reporting.style import Style


@dataclass(frozen=True, slots=True)
class _Wish:
    """How the apply was asked for. ``approved`` is the digest that somebody approved; ``command`` does it by
    hand, ``app`` is whose check counts.
    """

    approved: str
    app: str
    by_hand: bool
    dry_run: bool
    options: ApplyOptions
    command: str


@click.command()
@options.directory_argument
@options.selection_options
@options.output_directory_option
@click.option(
    "--approved",
    metavar="DIGEST",
    default="",
    envvar="RECONCILE_APPROVED",
    help="Apply the plan of this digest, which somebody has approved, though it was not reviewed.",
)
@click.option(
    "--by-hand",
    is_flag=True,
    envvar="RECONCILE_BY_HAND",
    help="Apply whatever the plan is, unless it is to be of a digest: for a workflow that somebody starts.",
)
@click.option("--dry-run", is_flag=True, envvar="RECONCILE_DRY_RUN", help="Say what would be done, and do nothing.")
@click.option(
    "--resume", "run_id", metavar="RUN", envvar="RECONCILE_RESUME", help="Finish the groups that this run left open."
)
@click.option(
    "--app",
    default=APP,
    show_default=True,
    envvar="RECONCILE_APP",
    metavar="SLUG",
    help="The app whose check says what was reviewed: the one that the token of the plan's step belongs to.",
)
@options.time_options
@options.allow_empty_option
@options.guard_option
@options.waiver_options
@options.stats_option
def apply(
    directory: str,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    output_directory: Path | None,
    approved: str,
    run_id: str | None,
    app: str,
    guard: dict[str, GuardSetting],
    waivers: list[Waiver],
    timeout: float,
    lock_timeout: float,
    stats: Path | None,
    *,
    by_hand: bool,
    dry_run: bool,
    allow_empty: bool,
) -> int:
    """Plan the fleet in DIR at the merged commit, and apply it if the pull request's plan was the same.

    What is done already is left out. Anything that was not reviewed stops it: the difference is shown, the output
    `state` is `approval`, and `digest` is what --approved takes in a job that waits for an environment. Other states:
    `nothing`, `planned` (--dry-run), `applied`, `incomplete`.
    """
    job = open_job(os.environ, print_lines)
    resume = ["--resume", run_id] if run_id else []
    command = shlex.join(["reconcile", "apply", directory, *options.selection_words(select, exclude), *resume])
    wish = _Wish(approved, app, by_hand, dry_run, ApplyOptions(timeout=timeout, lock_timeout=lock_timeout), command)
    try:
        refuse_committed_state(directory)
        with opened(directory, select, exclude, stats, guards=guard, waivers=waivers) as fleet:
            session, groups = fleet.session, fleet.groups
            if session.desired.fleet.ledger.provider == "sqlite" and session.stack is None:
                job.warn("the ledger is a file of this machine, which is gone after the job: use DynamoDB's")
            seen = lease_seen(session.ledger)
            if run_id:
                groups = left_open(session.ledger, run_id, groups)
            plan = lift(make_plan(session, groups, expect_some=not allow_empty), waivers)
            if approved == plan.digest:
                plan = lift(plan, [Waiver("approve", finding.guard, plan.digest) for finding in unapproved(plan)])
            with commands_stopped(print_lines):
                print_lines(plan_lines(plan, style=Style()))
            write_artifact(output_directory, plan, plan_markdown(plan, Page()))
            return _carry_on(job, OpenFleet(session, groups), plan, wish, seen)
    except ConfigurationError as error:
        report_problems(job, Path(directory).name, error.problems)
        return ConfigurationError.exit_code


def _carry_on(job: Job, fleet: OpenFleet, plan: Plan, wish: _Wish, seen: int | None) -> int:
    """Apply ``plan`` if it may be; the exit code."""
    review = _review(job, plan, wish.app)
    if verdict_word(plan) == "refused":
        report_unapplied(job, plan, review.pull_request, after_plan(plan))
        refuse(plan)
    write_output(job.context.output, digest=plan.digest)
    if not plan.changed:
        _finish(job, fleet.groups, Carried(plan, None), wish, review)
        write_output(job.context.output, state="nothing")
        return 0
    if wish.dry_run:
        report_unapplied(job, plan, None, "Nothing was applied: this was asked for to be shown.")
        write_output(job.context.output, state="planned")
        return 0
    if not _may_apply(job, fleet.session.desired, plan, wish, review):
        write_output(job.context.output, state="approval")
        return 0
    try:
        following = PlainProgress(len(plan.changed))
        with commands_stopped(print_lines), following as progress, stoppable(fleet.session.patience):
            carried = execute(
                fleet.session,
                plan,
                wish.options,
                progress,
                seen=seen,
                show=lambda standings: print_lines(standing_lines(standings, Style())),
            )
    except ReconcileError as error:
        report_unapplied(job, plan, review.pull_request, after_error(error, wish.command))
        raise
    return _finish(job, fleet.groups, carried, wish, review, stopped=fleet.session.patience.is_over)


def _review(job: Job, plan: Plan, app: str) -> Review:
    """What was reviewed. If GitHub does not answer nothing is known, and somebody has to approve."""
    found = job.gently("looking for the reviewed plan", lambda api: find_review(api, job.context.sha, plan.fleet, app))
    return found or Review(None, None)


def _may_apply(job: Job, desired: DesiredState, plan: Plan, wish: _Wish, review: Review) -> bool:
    """Whether ``plan`` was reviewed, or approved; if not, the difference is shown. Raises StaleError."""
    if wish.approved:
        if wish.approved != plan.digest:
            report_unapplied(job, plan, review.pull_request, "**Nothing was applied**: this is not what was approved.")
            raise StaleError(
                f"nothing was applied: plan {wish.approved[:DIGEST_SHOWN]} was approved, and now it is "
                f"{plan.digest[:DIGEST_SHOWN]}",
                hint="run the workflow again, and approve the plan that it shows",
            )
        return True
    comparison = Comparison() if wish.by_hand else compare(plan, desired, review.facts)
    differences = [] if comparison.is_covered else list(comparison.lines())
    differences += [f"- {code(finding.guard)} wants it approved" for finding in unapproved(plan)]
    if not differences:
        return True
    with commands_stopped(print_lines):
        print_lines(["", "This plan has to be approved:", *differences])
    job.warn("nothing was applied: the plan is not just what was reviewed, and somebody has to approve it")
    report_unapplied(job, plan, review.pull_request, before_approval(differences))
    return False


def _finish(
    job: Job, groups: Sequence[Group], carried: Carried, wish: _Wish, review: Review, *, stopped: bool = False
) -> int:
    """Say what became of the plan; the exit code."""
    result = carried.result
    if result is None:
        summary = nothing_left_line(carried.standings) if carried.standings else summary_line(carried.plan)
    else:
        summary = summary_of(carried, result)
    incomplete = bool(carried.stale or (result is not None and result.count("failed", "unfinished")))
    status = status_of_run(carried.plan, groups, result)
    errors = [group.error for group in status.groups if group.state in {"failed", "unfinished"}]
    next_step = after_apply(wish.command, complete=not incomplete, errors=() if carried.stale else errors)
    report_apply(job, carried.plan, status, summary, review.pull_request, next_step)
    write_output(job.context.output, state="incomplete" if incomplete else "applied", summary=summary)
    print_lines([summary])
    if stopped and result is not None and result.run.state in {"stopped", "running"}:
        return INTERRUPTED
    return PartlyAppliedError.exit_code if incomplete else 0
