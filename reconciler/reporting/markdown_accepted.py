"""What is live, written into the files, as the page of a pull request: which groups, which not and why."""

from reconciler.model.accepted import Accepted
from reconciler.model.drift import Drift
from reconciler.model.words import counted
from reconciler.reporting.drift import WORDS, in_order
from reconciler.reporting.markdown import TEXT_WIDTH, Room, code, names, row, table_head
from reconciler.reporting.markdown_page import Page

_HEADINGS = ("group", "was", "because")
_NEXT_STEP = (
    "Merging this makes the files say what is live. The account stays as it is then, but for marks on its groups, and "
    "for deployments that failed before. To bring the account back to the files instead, close this, and run the apply "
    "workflow. It closes itself once nothing is left to accept."
)
_NOTICES = 500
_FILES_NAMED = 20
_REASON_WIDTH = 200


def accepted_summary(accepted: Accepted) -> str:
    """How many groups are taken over as they are live, and how many are not, in one line."""
    taken = counted(len(accepted.groups), "group")
    left = len({left.group for left in accepted.left})
    return f"Accepts {taken} as live" + (f"; {counted(left, 'group')} not, or not all." if left else ".")


def accepted_markdown(drift: Drift, accepted: Accepted, page: Page, issue: int | None = None) -> str:
    """One Markdown document within the budget of ``page``; ``issue`` is the number of the one about ``drift``."""
    room = Room(page.budget)
    summary = accepted_summary(accepted)
    head = [
        *page.marker(summary),
        f"### Fleet {code(drift.fleet)}: accept what is live",
        "",
        f"**{summary}**",
        "",
        f"Account {code(drift.account)}, region {code(drift.region)}, looked at {code(drift.checked_at)}.",
        *([f"The drift is told in #{issue}."] if issue is not None else []),
        "",
        _NEXT_STEP,
        "",
    ]
    files = [f"{counted(len(accepted.files), 'file')}: {names(sorted(accepted.files), _FILES_NAMED)}", ""]
    foot = [*files, *page.foot(None)] if accepted.files else page.foot(None)
    room.take(["x" * _NOTICES, *head, *foot])
    lines = [*head, *_left(accepted, room, page), *_groups(drift, accepted, room, page), *foot]
    return "\n".join(lines).rstrip("\n") + "\n"


def _left(accepted: Accepted, room: Room, page: Page) -> list[str]:
    """What no file says then, in at most half of the room."""
    if not accepted.left:
        return []
    half = room.copy()
    half.characters = None if half.characters is None else half.characters // 2
    half.size = None if half.size is None else half.size // 2
    head = ["Not accepted, or not all of it:", ""]
    told = half.taking([f"- {code(left.group)}: {code(left.reason, TEXT_WIDTH)}"] for left in accepted.left)
    lines = [*head, *(line for part in told for line in part)]
    if len(told) < len(accepted.left):
        lines.append(f"- … and {len(accepted.left) - len(told):,} more; {page.whole}")
    lines.append("")
    room.take(lines)
    return lines


def _groups(drift: Drift, accepted: Accepted, room: Room, page: Page) -> list[str]:
    """A row for each group that is accepted."""
    taken = set(accepted.groups)
    moved = [group for group in in_order(drift) if group.name in taken]
    head = table_head(_HEADINGS)
    if not moved or not room.take([*head, ""]):
        return []
    rows = room.taking(
        [
            row(
                (
                    code(group.name),
                    f"**{group.kind}**",
                    code("; ".join(group.reasons), _REASON_WIDTH) if group.reasons else WORDS[group.kind][1],
                )
            )
        ]
        for group in moved
    )
    lines = [*head, *(line for part in rows for line in part), ""]
    if len(rows) < len(moved):
        lines += [f"… and {counted(len(moved) - len(rows), 'more group')}; {page.whole}.", ""]
    return lines
