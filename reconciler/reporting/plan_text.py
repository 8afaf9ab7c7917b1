"""A plan as text for people: what happens to which group and why, what the guards say, and one stable last line."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.model.guards import REMARKS
from reconciler.model.plan import DIGEST_SHOWN, GroupPlan, GuardFinding, Plan
from reconciler.model.words import counted
from reconciler.reporting.alike import alike_groups
from reconciler.reporting.group_text import BlockOptions, block, headline
from reconciler.reporting.group_text_v1 import deployed_together
from reconciler.reporting.style import Style
from reconciler.reporting.values import short_value

FULL_BLOCKS = 60
"""Blocks that are shown in full; of later ones only the headline, unless something is lost, blocked or drifted."""

_NAMES_SHOWN = 12

_LEGEND = "+ create   ~ update   > deploy   - delete   ! blocked"


def plan_lines(plan: Plan, *, style: Style, verbose: bool = False) -> list[str]:
    """All of ``plan`` as lines; the last is ``summary_line``.

    Without ``verbose`` unchanged groups are only counted, groups that are alike but for their names are shown once,
    and long values and lists are cut; ``verbose`` shows everything, and what is carried forward untouched.
    """
    lines = [_header(plan, style)]
    shown = [group for group in plan.groups if verbose or has_something_to_say(group)]
    if shown:
        unchanged = any(group.operation == "none" and not group.blocked for group in shown)
        lines.append(style.dim(_LEGEND + ("   = unchanged" if unchanged else "")))
        lines += _group_lines(plan, shown, style=style, verbose=verbose)
    if found := findings(plan):
        lines += ["", "Guards:", *(guard_line(finding, style) for finding in found)]
    return [*lines, "", *(style.dim(style.text(remark)) for remark in remarks(plan)), style.bold(summary_line(plan))]


def summary_line(plan: Plan) -> str:
    """The stable last line, e.g. ``Plan: 2 groups to create, 1 to update, …; 4 unchanged.`` or ``No changes. …``."""
    summary = plan.summary
    if not has_changes(plan):
        return (
            f"No changes. {count(summary.unchanged, 'group')} match{'es' if summary.unchanged == 1 else ''} the files."
        )
    blocked = f", {summary.blocked} blocked" if summary.blocked else ""
    return (
        f"Plan: {count(summary.create, 'group')} to create, {summary.update} to update, {summary.delete} to delete, "
        f"{count(summary.provision, 'thing')} to provision, {count(summary.deploy, 'deployment')}; "
        f"{summary.unchanged} unchanged{blocked}."
    )


def has_changes(plan: Plan) -> bool:
    """Whether anything would change, or is wanted and blocked."""
    return any(group.operation != "none" or group.actions or group.blocked for group in plan.groups)


def count(number: int, noun: str) -> str:
    """``1 group``, ``10000 groups``, for last lines: the number plain, so that it can be read by programs."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def touched(plan: Plan) -> str:
    """How many cores and devices feel something of the plan, in words."""
    number = plan.summary.devices
    return f"{number:,} {'core or device' if number == 1 else 'cores and devices'} touched"


def has_something_to_say(group: GroupPlan) -> bool:
    """Whether a reader of a plan needs to hear of a group."""
    return bool(group.operation != "none" or group.actions or group.blocked or group.drift or group.notes)


def _header(plan: Plan, style: Style) -> str:
    fleet = style.bold(f"Fleet {style.text(plan.fleet)}")
    where = f"account {style.text(plan.account)}, region {style.text(plan.region)}"
    return f"{fleet}: {where} {style.dim(f'(plan {plan.digest[:DIGEST_SHOWN]})')}"


def findings(plan: Plan) -> list[GuardFinding]:
    """What guards say that a reader has to look at."""
    return [finding for finding in plan.guards if not _is_remark(finding)]


def remarks(plan: Plan) -> list[str]:
    """What the plan takes for granted, a sentence each: told last, and of no colour."""
    return [finding.message[:1].upper() + finding.message[1:] for finding in plan.guards if _is_remark(finding)]


def _is_remark(finding: GuardFinding) -> bool:
    """Whether it need not be looked at, which is never so of what refuses a plan."""
    return finding.guard in REMARKS and not finding.refuses


def guard_line(finding: GuardFinding, style: Style) -> str:
    """What a guard says, in one line."""
    sign = "!" if finding.refuses else "?"
    facts = [
        f"{name} {short_value(value, style)}"
        for name, value in (("limit", finding.limit), ("actual", finding.actual))
        if value is not None
    ]
    if finding.source:
        facts.append(f"at {style.text(finding.source)}")
    if finding.waived:
        facts.insert(0, f"waived: {style.text(finding.waived)}")
    elif finding.severity == "needs-approval":
        facts.insert(0, "needs approval")
    text = f"  {style.sign(sign)} {style.text(finding.guard)}: {style.text(finding.message)}"
    return text + (f" ({', '.join(facts)})" if facts else "")


def _group_lines(plan: Plan, shown: Sequence[GroupPlan], *, style: Style, verbose: bool) -> Iterator[str]:
    options = BlockOptions(style, verbose, deployments=deployed_together(plan))
    if verbose:
        options = replace(options, width=None, limit=None)
    classes = [[group] for group in shown] if verbose else alike_groups(shown, options)
    full, shortened = 0, 0
    for alike in classes:
        group = alike[0]
        if verbose or full < FULL_BLOCKS or group.operation == "delete" or group.blocked or group.drift:
            full += 1
            yield ""
            yield from block(group, options)
        else:
            if not shortened:
                yield ""
            shortened += 1
            yield headline(group, style)
        if len(alike) > 1:
            yield f"  {_others_alike(alike[1:], style)}"
    if shortened:
        yield style.dim(f"  {style.ellipsis} the last {shortened:,} without their details (--verbose shows them)")


def _others_alike(others: Sequence[GroupPlan], style: Style) -> str:
    names = ", ".join(style.text(group.name) for group in others[:_NAMES_SHOWN])
    left = len(others) - _NAMES_SHOWN
    more = f"{style.ellipsis} and {left:,} more" if left > 0 else ""
    text = f"and {counted(len(others), 'more group')} alike: {names}"
    return f"{style.bold(text)} {more}".rstrip()
