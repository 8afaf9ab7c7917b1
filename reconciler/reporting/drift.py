"""Drift as lines for people, as a document for programs (``schemas/drift.schema.json``), and as Markdown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.canonical import plain
from reconciler.model.drift import DRIFT_KINDS, Drift, DriftKind, Moved
from reconciler.model.words import counted
from reconciler.reporting.group_text import change_lines
from reconciler.reporting.markdown import Room, code, escaped, fence, folded, row, table_head
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.plan_text import count
from reconciler.reporting.style import Style

FORMAT_VERSION = 1
SHOWN_IN_FULL = 20
"""Groups that are all shown with every field, also those that are pending."""

WORDS: Mapping[DriftKind, tuple[str, str]] = {
    "deleted": ("-", "deleted outside the files"),
    "changed": ("~", "changed outside the files"),
    "foreign": ("!", "a group of this name is somebody else's"),
    "not-converged": ("?", "devices have not converged"),
    "pending": (">", "not applied yet"),
}
"""Sign and words of each kind, the worst first."""

_REASON_WIDTH = 200
_NOTICES = 500
_HEADINGS = ("kind", "group", "because", "first seen", "seen")


@dataclass(frozen=True, slots=True)
class Seen:
    """When a group was first found in its present kind of drift (ISO 8601, UTC), and how often since."""

    first: str
    times: int


def drift_summary(drift: Drift) -> str:
    """The stable last line: ``Drift: …`` or ``No drift. …``."""
    if not drift.groups:
        return f"No drift. {count(drift.clean, 'group')} match{'es' if drift.clean == 1 else ''} the files."
    counts = ", ".join(f"{number} {kind}" for kind, number in drift.counts.items() if number)
    return f"Drift: {count(len(drift.groups), 'group')} ({counts}); {drift.clean} clean."


def drift_lines(drift: Drift, style: Style) -> list[str]:
    """What moved, the worst first, with every field; then the summary line. Of very many groups those that only wait to
    be applied are a line each: a plan shows what becomes of them.
    """
    lines = [f"{style.bold(f'Fleet {style.text(drift.fleet)}')}: account {drift.account}, region {drift.region}", ""]
    briefly = len(drift.groups) > SHOWN_IN_FULL
    for group in in_order(drift):
        if not (briefly and group.kind == "pending"):
            lines += [*_lines(group, style), ""]
    if briefly and (pending := [group for group in in_order(drift) if group.kind == "pending"]):
        lines += [_headline(group, style) for group in pending]
        lines += [
            style.dim(f"  {style.ellipsis} pending groups without their changes, which `reconcile plan` shows"),
            "",
        ]
    return [*lines, style.bold(drift_summary(drift))]


def in_order(drift: Drift) -> list[Moved]:
    """The groups, the worst kind first."""
    return sorted(drift.groups, key=lambda group: (DRIFT_KINDS.index(group.kind), group.name))


def _lines(group: Moved, style: Style) -> list[str]:
    reasons = [f"    because {style.text(reason)}" for reason in group.reasons]
    return [_headline(group, style), *reasons, *change_lines(group.changes, style)]


def _headline(group: Moved, style: Style) -> str:
    sign, words = WORDS[group.kind]
    return f"{style.sign(sign)} group {style.bold(style.text(group.name))}: {words}"


def drift_document(drift: Drift) -> dict[str, Any]:
    """``drift`` as plain dicts and lists."""
    return {
        "formatVersion": FORMAT_VERSION,
        "fleet": drift.fleet,
        "account": drift.account,
        "region": drift.region,
        "checkedAt": drift.checked_at,
        "summary": {**drift.counts, "clean": drift.clean},
        "groups": [
            {
                "name": group.name,
                "runtime": group.runtime,
                "kind": group.kind,
                "reasons": list(group.reasons),
                "changes": [
                    {
                        "path": change.path,
                        "kind": change.kind,
                        **plain({"before": change.before, "after": change.after}),
                    }
                    for change in group.changes
                ],
            }
            for group in in_order(drift)
        ],
    }


def drift_markdown(drift: Drift, page: Page, seen: Mapping[str, Seen] | None = None) -> str:
    """One Markdown document within the budget of ``page``; ``seen`` is by group."""
    room = Room(page.budget)
    summary, seen = drift_summary(drift), seen or {}
    head = [
        *page.marker(summary),
        f"### Fleet {code(drift.fleet)}: {'drift' if drift.groups else 'no drift'}",
        "",
        f"**{summary}**",
        "",
        f"Account {code(drift.account)}, region {code(drift.region)}, looked at {code(drift.checked_at)}.",
        "",
    ]
    foot = page.foot(None)
    room.take(["x" * _NOTICES, *head, *foot, *table_head(_HEADINGS)])
    groups = in_order(drift)
    rows = room.taking([_row(group, seen.get(group.name))] for group in groups)
    lines = [*head, *(table_head(_HEADINGS) if groups else ()), *(line for part in rows for line in part), ""]
    if len(rows) < len(groups):
        lines += [f"… and {counted(len(groups) - len(rows), 'more group')}; {page.whole}.", ""]
    left = 0
    for group in groups:
        part = folded(f"{group.kind} {escaped(group.name)}", fence(_lines(group, Style()), "diff"))
        if room.take(part):
            lines += part
        else:
            left += 1
    if left:
        lines += [f"The details of {counted(left, 'group')} are left out, there is no room; {page.whole}.", ""]
    return "\n".join([*lines, *foot]).rstrip("\n") + "\n"


def _row(group: Moved, seen: Seen | None) -> str:
    because = code("; ".join(group.reasons), _REASON_WIDTH) if group.reasons else WORDS[group.kind][1]
    when = (code(seen.first), f"{seen.times:,} times" if seen.times > 1 else "once") if seen else ("", "")
    return row((f"**{group.kind}**", code(group.name), because, *when))
