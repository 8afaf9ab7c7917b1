"""Shows a plan, asks, carries it out and says where every group ended: what apply and deploy have in common."""

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.output import is_terminal, print_document, print_lines
from reconciler.cli.progress import progress_for
from reconciler.cli.stopping import INTERRUPTED, stoppable
from reconciler.execution.apply import ApplyOptions, ApplyResult, refuse
from reconciler.execution.executor import Carried, carried_out_before, execute
from reconciler.execution.run_status import status_of_run
from reconciler.execution.session import Session
from reconciler.model.errors import PartlyAppliedError, UsageError
from reconciler.model.group import Group
from reconciler.model.plan import Plan
from reconciler.reporting.json_text import json_text
from reconciler.reporting.markdown_apply import apply_markdown
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.plan_text import count, plan_lines, summary_line
from reconciler.reporting.standing_text import nothing_left_line, standing_lines
from reconciler.reporting.status import status_document
from reconciler.reporting.style import Style
from reconciler.runtimes.base import Standing

DECLINED = 1
"""Nothing went wrong, but nothing was done either: whoever waits for it has to know."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a plan is carried out, and in which words: ``verb`` is what the question and hints call it, ``done`` its
    past. ``report`` makes what is said at the end of what was left to do, the stable summary line last. ``seen`` tells
    ``execute`` whether somebody else may have written since the plan was made.
    """

    verb: str
    done: str
    report: Callable[[Carried, ApplyResult], list[str]]
    style: Style
    output_format: str
    yes: bool
    options: ApplyOptions
    seen: int | None = None

    @property
    def as_text(self) -> bool:
        """Whether stdout is for people, and holds all of it."""
        return self.output_format == "text"


def carrying_out_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--yes``, ``--wait/--no-wait``, ``--timeout`` and ``--lock-timeout``."""
    command = options.time_options(command)
    command = click.option(
        "--wait/--no-wait",
        default=True,
        show_default=True,
        envvar="RECONCILE_WAIT",
        help="Wait for what the cores report.",
    )(command)
    return click.option("--yes", "-y", is_flag=True, envvar="RECONCILE_YES", help="Go on without asking.")(command)


detach_option = click.option(
    "--detach",
    is_flag=True,
    envvar="RECONCILE_DETACH",
    help="Return once the run is recorded and queued; `reconcile status` follows it. Only with execution mode queue.",
)


def detached_lines(verb: str, result: ApplyResult, directory: str) -> list[str]:
    """What is said of a run that others carry out: how to follow it, and the stable last line, which begins with
    ``verb``.
    """
    follow = shlex.join(["reconcile", "status", directory, "--run", result.run.id])
    waiting = count(result.count("waiting", "running"), "group")
    return [f"Follow it with `{follow}`.", f"{verb} queued: run {result.run.id}, {waiting}."]


def carry_out(session: Session, plan: Plan, groups: Sequence[Group], manner: Manner) -> int:
    """Show ``plan``, ask, carry it out, and print where ``groups`` stand; the exit code.

    Raises RefusedError if a guard refuses the plan, UsageError where nobody can be asked.
    """
    as_text = manner.as_text
    print_lines(plan_lines(plan, style=manner.style), to_stderr=not as_text)
    if plan.errors and manner.seen is None and (before := carried_out_before(session, plan)) is not None:
        _print_standings(before.standings, manner)
        _print_end(before, groups, manner)
        return 0
    refuse(plan)
    if not plan.changed:
        _print_status(plan, groups, None, summary_line(plan), manner)
        return 0
    if not (manner.yes or _confirmed(plan, manner, shown=as_text and is_terminal(sys.stdout))):
        print_lines([f"Nothing was {manner.done}."], to_stderr=True)
        return DECLINED
    seen = manner.seen if manner.yes else None  # who was asked may have thought for long
    with progress_for(len(plan.changed)) as progress, stoppable(session.patience):
        carried = execute(
            session,
            plan,
            manner.options,
            progress,
            seen=seen,
            show=lambda standings: _print_standings(standings, manner),
        )
    result = carried.result
    _print_end(carried, groups, manner)
    if session.patience.is_over and result is not None and result.run.state in {"stopped", "running"}:
        print_lines(["Stopped. What is done stays; run the command again to go on."], to_stderr=True)
        return INTERRUPTED
    is_partial = carried.stale or (result is not None and result.count("failed", "unfinished"))
    return PartlyAppliedError.exit_code if is_partial else 0


def _print_standings(standings: Sequence[Standing], manner: Manner) -> None:
    print_lines(standing_lines(standings, manner.style), to_stderr=not manner.as_text)


def _print_end(carried: Carried, groups: Sequence[Group], manner: Manner) -> None:
    """Where the groups stand, and what became of the plan."""
    result, standings = carried.result, carried.standings
    lines = manner.report(carried, result) if result is not None else [nothing_left_line(standings)]
    _print_status(carried.plan, groups, result, lines[-1], manner)
    print_lines(["", *lines], to_stderr=not manner.as_text)


def _confirmed(plan: Plan, manner: Manner, *, shown: bool) -> bool:
    """Ask whether to go on, and about what, unless that was ``shown`` just before."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise UsageError("there is no terminal to ask on", hint=f"give --yes to {manner.verb} without asking")
    print_lines([""] if shown else ["", summary_line(plan)], to_stderr=True)
    question = f"{manner.verb.capitalize()} this? Only `yes` goes on"
    answer = click.prompt(question, err=True, default="no", show_default=False)
    return str(answer).strip() == "yes"


def _print_status(
    plan: Plan, groups: Sequence[Group], result: ApplyResult | None, summary: str, manner: Manner
) -> None:
    status = status_of_run(plan, groups, result)
    match manner.output_format:
        case "json":
            print_document(json_text(status_document(status)))
        case "markdown":
            print_document(apply_markdown(plan, status, summary, Page()))
