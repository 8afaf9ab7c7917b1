"""What became of a plan, as Markdown: the verdict, the groups that are not done and why, then all others."""

from collections import Counter
from collections.abc import Mapping

from reconciler.model.plan import Plan
from reconciler.model.run import FleetStatus, GroupStatus, is_kept
from reconciler.model.words import counted
from reconciler.reporting.apply_text import SEND_TO_ALL
from reconciler.reporting.markdown import TEXT_WIDTH, Room, alert, code, row, table_head
from reconciler.reporting.markdown_page import Page

_HEADINGS = ("state", "group", "target", "deployment", "error")
_NOTICES = 500
_VERDICTS: Mapping[str | None, str] = {
    None: "nothing to do",
    "running": "under way",
    "succeeded": "applied",
    "partial": "applied in part",
    "failed": "failed",
    "stopped": "stopped",
}
_RANKS = ("failed", "unfinished", "blocked", "deploying", "running", "waiting", "succeeded")
_OPEN = _RANKS[:3]


def apply_markdown(plan: Plan, status: FleetStatus, summary: str, page: Page) -> str:
    """One Markdown document within the budget of ``page``: ``status`` after ``plan`` was carried out.

    ``summary`` is the stable last line of the apply. Groups that were left as they are show in it alone.
    """
    room = Room(page.budget)
    groups = sorted((group for group in status.groups if group.state != "unchanged"), key=_rank)
    verdict = _VERDICTS.get(status.state, str(status.state))
    head = [*page.marker(summary, digest=plan.digest), f"### Fleet {code(plan.fleet)}: {verdict}", ""]
    counts = Counter(group.state for group in groups)
    if stuck := ", ".join(f"{counts[state]:,} {state}" for state in _OPEN if counts[state]):
        told = [f"Not all is done: {stuck}. What is done stays, and applying again is safe."]
        told += [SEND_TO_ALL] if any(is_kept(group.error) for group in groups if group.state in _OPEN) else []
        head += alert("CAUTION", told)
    head += [f"**{summary}**", ""]
    head += [f"Run {code(status.run)}.", ""] if status.run else []
    foot = page.foot(plan.digest)
    table = table_head(_HEADINGS)
    room.take(["x" * _NOTICES, *head, *foot, *table])
    rows = room.taking([_row(group)] for group in groups)
    lines = [*head]
    if groups:
        lines += [*table, *(line for part in rows for line in part), ""]
    if len(rows) < len(groups):
        lines += [f"… and {counted(len(groups) - len(rows), 'more group')}; {page.whole}.", ""]
    return "\n".join([*lines, *foot]).rstrip("\n") + "\n"


def _rank(group: GroupStatus) -> tuple[int, str]:
    return _RANKS.index(group.state) if group.state in _RANKS else len(_RANKS), group.name


def _row(group: GroupStatus) -> str:
    deployment = group.details.get("deploymentId")
    return row(
        (
            f"**{group.state}**" if group.state in _OPEN else group.state,
            code(group.name),
            code(f"{group.template} {group.target}"),
            code(str(deployment)) if deployment else "",
            code(group.error, TEXT_WIDTH) if group.error else "",
        )
    )
