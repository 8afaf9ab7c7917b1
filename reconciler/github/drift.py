"""The drift of a fleet in one issue: what moved, since when, how often it was seen; closed once it is gone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.github.client import GitHub
from reconciler.github.issues import Issue, close_issue, find_issue, open_issue
from reconciler.github.job import Job
from reconciler.github.pages import identity, page
from reconciler.model.drift import Drift
from reconciler.reporting.drift import Seen, drift_markdown, drift_summary, in_order
from reconciler.reporting.markdown import COMMENT, Budget
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.style import clean

KIND = "drift"
LABEL, COLOUR = "drift", "d1242f"
MOST_REMEMBERED = 200
"""Groups of which an issue remembers since when they have drifted: its marker has to fit with the rest."""

_NEXT_STEP = (
    "To take it back, run the apply workflow: it brings the account to what the files say. To keep it, write it into "
    "the files. This issue closes itself once nothing differs."
)


def report_drift(job: Job, drift: Drift) -> None:
    """Open, edit or close the issue of the fleet, and add the page to the job summary."""
    job.summarise(lambda budget: drift_markdown(drift, _page(job, drift, {}, budget)))
    job.gently("writing the issue", lambda api: _put_issue(api, job, drift))


def _put_issue(api: GitHub, job: Job, drift: Drift) -> None:
    there = find_issue(api, identity(KIND, drift.fleet), LABEL)
    if not drift.groups:
        if there is not None and there.is_open:
            body = drift_markdown(drift, _page(job, drift, there.marker, COMMENT))
            close_issue(api, there, body, f"No drift any more: {drift_summary(drift)}")
        return
    seen = seen_now(drift, there)
    made = _page(job, drift, there.marker if there else {}, COMMENT)
    body = drift_markdown(drift, replace(made, facts={**made.facts, "seen": _facts(seen, drift)}), seen)
    title = f"Drift in fleet {clean(drift.fleet)[:100]}"
    open_issue(api, there, title, body, LABEL, COLOUR)


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


def _page(job: Job, drift: Drift, marker: Mapping[str, Any], budget: Budget) -> Page:
    context = job.context
    return page(context, KIND, drift.fleet, budget=budget, commit=context.sha, next_step=_NEXT_STEP, marker=marker)
