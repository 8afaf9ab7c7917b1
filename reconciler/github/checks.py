"""Check runs: what a plan came to, on the commit that people review, and which plan that was.

Only an app may write one, and only its own: what a check of the workflow's app says cannot be edited by hand, as a
comment can.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reconciler.github.client import GitHub
from reconciler.model.errors import Problem
from reconciler.reporting.markdown import marker_line, read_marker
from reconciler.reporting.style import clean

Conclusion = Literal["success", "failure", "neutral"]

APP = "github-actions"
"""The app that a workflow's own token belongs to."""

_PER_REQUEST = 50  # the most annotations that GitHub takes in one request
_MOST_ANNOTATIONS = 500
LONGEST_TEXT = 60_000
"""Characters of a text of a check; GitHub takes 65,535."""
_LONGEST_MESSAGE = 2_000


@dataclass(frozen=True, slots=True)
class Check:
    """A check that is done: its ``name``, what it came to, and what it shows.

    ``facts`` are for ``reviewed_facts``: one or two mappings, each no longer than ``LONGEST_TEXT`` as a marker.
    """

    name: str
    conclusion: Conclusion
    title: str
    summary: str
    facts: Sequence[Mapping[str, Any]] = ()
    problems: Sequence[Problem] = ()


def put_check(api: GitHub, commit: str, check: Check, details_url: str, external_id: str) -> None:
    """Make ``check`` on ``commit``. Raises GitHubError."""
    # GitHub shows both texts, in which a marker is not seen.
    texts = [marker_line(facts) for facts in check.facts]
    output: dict[str, Any] = {"title": check.title[:200], "summary": "\n".join([*texts[1:], check.summary])}
    if texts:
        output["text"] = texts[0]
    annotations = [_annotation(problem) for problem in check.problems[:_MOST_ANNOTATIONS]]
    body: dict[str, Any] = {
        "name": check.name,
        "head_sha": commit,
        "status": "completed",
        "conclusion": check.conclusion,
        "external_id": external_id,
        "output": {**output, "annotations": annotations[:_PER_REQUEST]},
    }
    if details_url:
        body["details_url"] = details_url
    made = api.post("/check-runs", body)
    for start in range(_PER_REQUEST, len(annotations), _PER_REQUEST):
        more = {**output, "annotations": annotations[start : start + _PER_REQUEST]}
        api.patch(f"/check-runs/{made['id']}", {"output": more})


def reviewed_facts(api: GitHub, commit: str, name: str, app: str) -> Mapping[str, Any] | None:
    """The facts of the newest check called ``name`` that ``app`` made on ``commit``, None if there is none.

    Also None if that check did not succeed, or is not of a run for a pull request or merge queue on that commit: a
    run that somebody starts by hand reviews nothing.
    """
    checks = [
        check
        for check in api.pages(f"/commits/{commit}/check-runs", "check_runs", check_name=name)
        if (check.get("app") or {}).get("slug") == app and check["head_sha"] == commit
    ]
    if not checks:
        return None
    newest = max(checks, key=lambda check: int(check["id"]))
    run = str(newest.get("external_id") or "")
    if newest["conclusion"] != "success" or not run.isdecimal():
        return None
    of_run = api.get(f"/actions/runs/{run}")
    if of_run["event"] not in {"pull_request", "merge_group"} or of_run["head_sha"] != commit:
        return None
    output = newest.get("output") or {}
    facts = read_marker(output.get("text") or "")
    return {**facts, **(read_marker(output.get("summary") or "") or {})} if facts is not None else None


def _annotation(problem: Problem) -> dict[str, Any]:
    position = problem.position
    return {
        "path": position.file,
        "start_line": position.line,
        "end_line": position.line,
        "start_column": position.column,
        "end_column": position.column,
        "annotation_level": "failure",
        "title": problem.rule,
        "message": clean(f"{problem.message}; {problem.hint}")[:_LONGEST_MESSAGE],
    }
