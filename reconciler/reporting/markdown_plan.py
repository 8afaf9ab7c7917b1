"""A plan as Markdown: the verdict, what is dangerous, a table, folded details, and all of it within a budget.

Where there is no room for everything, details go first: all in full, then all with their changed fields alone, then
those of the most dangerous groups. If not even the table has room, what happens is counted over all groups, and rows
and details of the most dangerous share what is left. A line or block is there whole or not at all, and what is left out
is counted.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from reconciler.model.plan import GroupPlan, GuardFinding, Plan
from reconciler.model.words import counted
from reconciler.reporting.alike import alike_groups
from reconciler.reporting.danger import by_danger, what_happens, why, word_of
from reconciler.reporting.group_text import BlockOptions, block, field_lines
from reconciler.reporting.group_text_v1 import deployed_together
from reconciler.reporting.markdown import (
    NAME_WIDTH,
    TEXT_WIDTH,
    Room,
    alert,
    code,
    escaped,
    fence,
    folded,
    names,
    row,
    table_head,
)
from reconciler.reporting.markdown_kinds import kinds_lines
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.plan_text import (
    findings,
    has_changes,
    has_something_to_say,
    remarks,
    summary_line,
    touched,
)
from reconciler.reporting.style import Style
from reconciler.reporting.values import short_value

NAMED = 20
"""Groups that a line of the dangers names."""
FINDINGS = 30
"""Findings of guards that are told one by one."""
REASON_WIDTH = 120

_HEADINGS = ("what", "group", "target", "changes", "things", "because")
# For the lines that say how much is left out, which are written last.
_NOTICES = 1_500
_STYLE = Style(colour=False)
_COMPONENT = re.compile(r"components\[([^\]]*)\]")


def plan_markdown(plan: Plan, page: Page) -> str:
    """``plan`` as one Markdown document that fits the budget of ``page``."""
    room = Room(page.budget)
    summary = summary_line(plan)
    head = [*page.marker(summary, digest=plan.digest), *_verdict(plan, summary)]
    foot = [*(line for remark in remarks(plan) for line in (code(remark, TEXT_WIDTH), "")), *page.foot(plan.digest)]
    room.take(["x" * _NOTICES, *head, *foot])
    lines = [*head, *_fitting_dangers(plan, room)]
    shown = sorted(filter(has_something_to_say, plan.groups), key=by_danger)
    if shown:
        options = BlockOptions(_STYLE, deployments=deployed_together(plan))
        classes = sorted(alike_groups(shown, options), key=lambda alike: by_danger(alike[0]))
        rows = [_row(alike) for alike in classes]
        if not room.copy().take([*table_head(_HEADINGS), *rows, ""]):
            lines += kinds_lines(shown, room, "The groups, the most dangerous first:")
        lines += _table(classes, rows, room, page)
        lines += _details(classes, options, room, page)
    return "\n".join([*lines, *foot]).rstrip("\n") + "\n"


def verdict_word(plan: Plan) -> str:
    """What a plan comes to: ``refused``, ``needs approval``, ``changes`` or ``no changes``."""
    if plan.summary.blocked or any(finding.severity != "needs-approval" for finding in plan.errors):
        return "refused"
    if plan.errors:
        return "needs approval"
    return "changes" if has_changes(plan) else "no changes"


def _verdict(plan: Plan, summary: str) -> list[str]:
    lines = [f"### Fleet {code(plan.fleet)}: {verdict_word(plan)}", "", f"**{summary}**", ""]
    where = f"Account {code(plan.account)}, region {code(plan.region)}; {touched(plan)}."
    return [*lines, where, ""]


def _fitting_dangers(plan: Plan, room: Room) -> list[str]:
    """What a reader has to look at first; findings and names beyond the room for them are counted."""
    lines: list[str] = []
    refusing = [_finding(finding) for finding in findings(plan) if finding.refuses]
    others = [_finding(finding) for finding in findings(plan) if not finding.refuses]
    if refusing:
        number = counted(len(refusing), "finding")
        if verdict_word(plan) == "refused":
            lines += alert("CAUTION", [f"{number} {_verb('refuse', refusing)} this plan: nothing of it is applied."])
        else:
            lines += alert("WARNING", [f"{number} {_verb('want', refusing)} this plan approved before it is applied."])
    for named in (NAMED, 1):
        dangers = list(_dangers(plan, named)) or ["- Nothing is deleted, blocked or drifted."]
        if room.take([*lines, *dangers, ""]):
            break
    half = room.half()  # never more than half of a page for findings
    found = [*refusing, *others]
    told = half.taking([finding] for finding in found[:FINDINGS])
    room.take([line for part in told for line in part])
    lines += [line for part in told for line in part]
    if len(told) < len(found):
        lines.append(f"- … and {len(found) - len(told):,} more findings")
    return [*lines, *dangers, ""]


def _verb(verb: str, subjects: Sequence[str]) -> str:
    return verb if len(subjects) > 1 else f"{verb}s"


def _finding(finding: GuardFinding) -> str:
    facts = [
        f"{name} {code(short_value(value, _STYLE))}"
        for name, value in (("limit", finding.limit), ("actual", finding.actual))
        if value is not None
    ]
    facts += [f"set at {code(finding.source)}"] if finding.source else []
    word = "**refused**" if finding.refuses else "warning"
    if finding.waived:
        word, facts = "waived", [code(finding.waived, TEXT_WIDTH), *facts]
    elif finding.severity == "needs-approval":
        word = "**needs approval**"
    text = f"- {word} by {code(finding.guard)}: {code(finding.message, TEXT_WIDTH)}"
    return text + (f" ({', '.join(facts)})" if facts else "")


def _dangers(plan: Plan, named: int) -> Iterator[str]:
    """What is lost, or may be, a line a kind, each with so many names at most."""
    groups = [group for group in plan.groups if not group.blocked]
    for members, words in (
        ([group.name for group in plan.groups if group.blocked], "blocked and left alone"),
        ([group.name for group in groups if group.operation == "delete"], "deleted"),
        ([group.name for group in groups if group.drift], "drifted: changed outside the files"),
    ):
        if members:
            yield f"- **{counted(len(members), 'group')} {words}**: {names(members, named)}"
    removed = (change.path for group in groups for change in group.changes if change.kind == "remove")
    components = sorted({found[1] for path in removed if (found := _COMPONENT.fullmatch(path))})
    if components:
        yield f"- **{counted(len(components), 'component')} taken off cores**: {names(components, named)}"
    things = [action.subject for group in groups for action in group.actions if action.kind == "deprovision-thing"]
    if things:
        yield f"- **{counted(len(things), 'thing')} deleted** with certificate and policy: {names(things, named)}"


def _table(classes: Sequence[Sequence[GroupPlan]], rows: Sequence[str], room: Room, page: Page) -> list[str]:
    """A row for each group, or for groups that are alike. If there is no room for all, rows get half of it, and groups
    that are left out are counted.
    """
    head = [*table_head(_HEADINGS), ""]
    if not room.take(head):
        return [f"There is no room for the {counted(sum(map(len, classes)), 'group')}: {page.whole}.", ""]
    if room.take(rows):
        return [*head[:-1], *rows, ""]
    shown = room.half().taking([row] for row in rows)
    room.take([line for part in shown for line in part])
    left = sum(len(alike) for alike in classes[len(shown) :])
    lines = [*head[:-1], *(line for part in shown for line in part), ""]
    return [*lines, f"… and {counted(left, 'more group')}; {page.whole}.", ""]


def _row(alike: Sequence[GroupPlan]) -> str:
    group = alike[0]
    others = f" and {len(alike) - 1:,} alike" if len(alike) > 1 else ""
    return row(
        (
            what_happens(group),
            f"{code(group.name)}{others}",
            code(group.target.name if not group.target.version else str(group.target)),
            f"{len(group.changes):,}",
            f"{sum(len(member.things) for member in alike):,}",
            code(reason, REASON_WIDTH) if (reason := why(group)) else "",
        )
    )


def _details(classes: Sequence[Sequence[GroupPlan]], options: BlockOptions, room: Room, page: Page) -> list[str]:
    """A folded block for each group or groups that are alike, in the fullest form that there is room for."""
    tried = room.copy()
    parts = tried.taking(_folded(alike, block, options) for alike in classes)
    if len(parts) == len(classes):
        return [line for part in parts for line in part]
    lines, left = [], 0
    for alike in classes:
        part = _folded(alike, field_lines, options)
        if room.take(part):
            lines += part
        else:
            left += len(alike)
    if left:
        return [*lines, f"The details of {counted(left, 'group')} are left out, there is no room; {page.whole}.", ""]
    return [*lines, f"Changed fields alone, there is no room for more; {page.whole}.", ""]


def _folded(
    alike: Sequence[GroupPlan], form: Callable[[GroupPlan, BlockOptions], list[str]], options: BlockOptions
) -> list[str]:
    group, others = alike[0], [member.name for member in alike[1:]]
    lines = fence([_coloured(line) for line in form(group, options)], "diff")
    if others:
        lines += ["", f"Alike: {names(others, NAMED)}"]
    more = f" and {len(others):,} alike" if others else ""
    return folded(f"{word_of(group)} {escaped(group.name, NAME_WIDTH)}{more}", lines)


def _coloured(line: str) -> str:
    """``line`` with a plus or minus moved to its start, where GitHub colours it."""
    text = line.lstrip(" ")
    if text.startswith(("+ ", "- ")):
        return text[0] + " " * (len(line) - len(text)) + text[1:]
    return line
