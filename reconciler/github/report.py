"""Tells GitHub what came of a plan, of files with problems, and of an apply."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reconciler.github.checks import Check, Conclusion
from reconciler.github.client import GitHub
from reconciler.github.commands import annotations, write_output
from reconciler.github.group_facts import plan_facts
from reconciler.github.job import Job, in_workspace
from reconciler.github.labels import LONGEST, put_label
from reconciler.github.pages import after_plan, identity, page
from reconciler.github.reviewed import check_name
from reconciler.model.desired import DesiredState
from reconciler.model.errors import Problem, ReconcileError
from reconciler.model.plan import Plan
from reconciler.model.run import FleetStatus
from reconciler.planning.plan_document import plan_document
from reconciler.reporting.html_page import plan_html
from reconciler.reporting.json_text import json_text
from reconciler.reporting.markdown import Budget, code, fence
from reconciler.reporting.markdown_apply import apply_markdown
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.markdown_plan import plan_markdown, verdict_word
from reconciler.reporting.plan_text import plan_lines, summary_line
from reconciler.reporting.problems import problem_lines, problems_summary
from reconciler.reporting.style import Style

KIND = "plan"
_COLOURS = {"changes": "0969da", "no changes": "1a7f37", "needs approval": "9a6700", "refused": "cf222e"}
_PROBLEMS_SHOWN = 500


def report_problems(job: Job, fleet: str, problems: Sequence[Problem]) -> None:
    """Annotations on the lines, a failed check with all of them, the summary; and nothing else."""
    found = in_workspace(problems, job.context.workspace)
    title = problems_summary(found)
    shown = annotations(found, "the check and the log have them" if job.api is not None else "the log has them")
    job.print_lines(shown)
    lines = problem_lines(found)
    summary = "\n".join([f"### {code(fleet)}: {title}", "", *fence(lines[:_PROBLEMS_SHOWN]), ""])
    job.summarise(lambda budget: summary if len(summary.encode()) <= (budget.size or 0) else title)
    # What is annotated already shows once; the check has the rest.
    rest = found[len(shown) - 1 :] if len(found) > len(shown) else []
    words = "Nothing is planned before the files are right."
    job.check(Check(check_name(fleet), "failure", title, words, problems=rest))


def report_failure(job: Job, fleet: str, error: ReconcileError) -> None:
    """A failed check where no plan could be made."""
    lines = fence([line for line in (error.message, error.hint and f"hint: {error.hint}") if line])
    job.check(Check(check_name(fleet), "failure", "No plan could be made", "\n".join(lines)))


def write_artifact(directory: Path | None, plan: Plan, markdown: str) -> None:
    """The plan as JSON, HTML and text, and the page, for an artifact. Raises OSError."""
    if directory is None:
        return
    directory.mkdir(parents=True, exist_ok=True)
    text = "\n".join(plan_lines(plan, style=Style(), verbose=True))
    for name, content in (
        ("plan.json", json_text(plan_document(plan))),
        ("plan.html", plan_html(plan)),
        ("plan.txt", f"{text}\n"),
        ("plan.md", markdown),
    ):
        (directory / name).write_text(content, encoding="utf-8")


def report_plan(job: Job, plan: Plan, desired: DesiredState, *, labels: bool) -> None:
    """The comment, the summary, the check with the plan's facts, and a label if asked for."""
    context, word, line = job.context, verdict_word(plan), summary_line(plan)
    pull_request = context.pull_request
    number = pull_request.number if pull_request is not None else context.queued_pull_request
    create = word != "no changes" and pull_request is not None
    _publish(
        job,
        plan.fleet,
        number,
        context.reviewed_commit,
        after_plan(plan, merging=number is not None),
        lambda made: plan_markdown(plan, made),
        create=create,
    )
    if labels and number is not None:
        job.gently("putting the label", lambda api: _label(api, number, plan.fleet, word))
    facts = plan_facts(plan, desired)
    conclusion: Conclusion = "failure" if word == "refused" else "success"
    job.check(Check(check_name(plan.fleet), conclusion, f"{word}: {line}", f"**{line}**", facts))
    write_output(context.output, verdict=word, digest=plan.digest, summary=line)


def report_unapplied(job: Job, plan: Plan, number: int | None, next_step: str) -> None:
    """A plan of the merged commit that is not applied, or not yet; ``next_step`` says why."""
    _publish(job, plan.fleet, number, job.context.sha, next_step, lambda made: plan_markdown(plan, made))


def report_apply(job: Job, plan: Plan, status: FleetStatus, summary: str, number: int | None, next_step: str) -> None:
    """What became of a plan, in the summary and in the comment of the pull request that was merged."""
    _publish(
        job,
        plan.fleet,
        number,
        job.context.sha,
        next_step,
        lambda made: apply_markdown(plan, status, summary, made),
        create=status.run is not None,
    )


def _publish(
    job: Job,
    fleet: str,
    number: int | None,
    commit: str,
    next_step: str,
    write: Callable[[Page], str],
    *,
    create: bool = True,
) -> None:
    """Put a page into the summary, and into our comment on pull request ``number`` if there is one."""

    def render(marker: Mapping[str, Any], budget: Budget) -> str:
        made = page(job.context, KIND, fleet, budget=budget, commit=commit, next_step=next_step, marker=marker)
        return write(made)

    job.summarise(lambda budget: render({}, budget))
    if number is not None:
        job.comment(number, identity(KIND, fleet), render, create=create)


def _label(api: GitHub, number: int, fleet: str, word: str) -> None:
    colours = {_label_name(name, fleet): colour for name, colour in _COLOURS.items()}
    put_label(api, number, _label_name(word, fleet), colours)


def _label_name(word: str, fleet: str) -> str:
    return f"{word}: {fleet}"[:LONGEST]
