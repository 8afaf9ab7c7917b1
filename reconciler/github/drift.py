"""The drift of a fleet in one issue: what moved, since when, how often it was seen; closed once it is gone."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.github.client import GitHub
from reconciler.github.issues import Issue, close_issue, find_issue, open_issue
from reconciler.github.job import Job
from reconciler.github.pages import Proposed, after_drift, identity, page
from reconciler.model.drift import Drift
from reconciler.reporting.drift import Seen, drift_markdown, drift_summary, in_order
from reconciler.reporting.markdown import COMMENT, Budget
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.style import clean

KIND = "drift"
LABEL, COLOUR = "drift", "d1242f"
MOST_REMEMBERED = 200
"""Groups of which an issue remembers since when they have drifted: its marker has to fit with the rest."""


Propose = Callable[[int | None], Proposed | None]
"""Proposes to accept the drift into the files, with a reference to the issue of that number (None: not yet made)."""


def report_drift(job: Job, drift: Drift, directory: str, propose: Propose | None = None) -> None:
    """Open, edit or close the issue of the fleet in ``directory``, and add the page to the job summary."""
    command = shlex.join(["reconcile", "export", directory, "--write"])
    proposed = job.gently("writing the issue", lambda api: _put_issue(api, job, drift, command, propose))
    next_step = after_drift(proposed, command) if drift.groups else ""
    job.summarise(lambda budget: drift_markdown(drift, _page(job, drift, next_step, {}, budget)))


def _put_issue(api: GitHub, job: Job, drift: Drift, command: str, propose: Propose | None) -> Proposed | None:
    """Bring the issue to what is known now; what is proposed, which it names."""
    ours = identity(KIND, drift.fleet)
    there = find_issue(api, ours, LABEL)
    proposed = propose(there.number if there is not None else None) if propose is not None else None
    if not drift.groups:
        if there is not None and there.is_open:
            body = drift_markdown(drift, _page(job, drift, "", there.marker, COMMENT))
            close_issue(api, there, body, f"No drift any more: {drift_summary(drift)}")
        return proposed
    seen = seen_now(drift, there)
    made = _page(job, drift, after_drift(proposed, command), there.marker if there else {}, COMMENT)
    body = drift_markdown(drift, replace(made, facts={**made.facts, "seen": _facts(seen, drift)}), seen)
    title = f"Drift in fleet {clean(drift.fleet)[:100]}"
    number = open_issue(api, there, ours, title, body, LABEL, COLOUR)
    if propose is not None and proposed is not None and there is None:
        return propose(number)
    return proposed


def seen_now(drift: Drift, there: Issue | None) -> dict[str, Seen]:
    """Since when each group is in its kind of drift, and how often it was seen: from the issue, as far as it is open.

    Only so many are remembered, the worst first.
    """
    before = there.marker.get("seen") if there is not None and there.is_open else None
    remembered = before if isinstance(before, Mapping) else {}
    seen = {}
    for group in in_order(drift)[:MOST_REMEMBERED]:
        kind, first, times = _entry(remembered.get(group.name))
        same = kind == group.kind
        seen[group.name] = Seen(first, times + 1) if same else Seen(drift.checked_at, 1)
    return seen


def _facts(seen: Mapping[str, Seen], drift: Drift) -> dict[str, Any]:
    kinds = {group.name: group.kind for group in drift.groups}
    return {name: [kinds[name], entry.first, entry.times] for name, entry in seen.items()}


def _entry(value: Any) -> tuple[str, str, int]:
    """What an issue remembers of a group; nothing where somebody edited it."""
    match value:
        case [str(kind), str(first), int(times)]:
            return kind, first[:40], times
        case _:
            return "", "", 0


def _page(job: Job, drift: Drift, next_step: str, marker: Mapping[str, Any], budget: Budget) -> Page:
    context = job.context
    return page(context, KIND, drift.fleet, budget=budget, commit=context.sha, next_step=next_step, marker=marker)
