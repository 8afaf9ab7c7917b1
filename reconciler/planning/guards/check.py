"""All guards together: a plan in, the plan with what they say of it out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.guards import GUARDS, Guards, GuardSetting
from reconciler.model.plan import GuardFinding, Plan
from reconciler.model.pruning import PRUNE_TAG
from reconciler.planning.guards.facts import Facts
from reconciler.planning.guards.freeze import check_freeze
from reconciler.planning.guards.limits import check_limits
from reconciler.planning.guards.policies import PythonPolicy, check_policies
from reconciler.planning.guards.settings import Checked
from reconciler.planning.guards.states import (
    check_clashing,
    check_edited,
    check_empty,
    check_failing,
    check_others,
)

OF_FACTS = frozenset({"others", "failing", "clashing"})
"""Guards whose findings come of facts, and stay as they were where a plan is checked again without any."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a plan is checked with, besides the fleet. ``now`` has a time zone.

    ``facts`` is None where nothing was observed: for a plan that was made before. ``installed`` are policies in Python
    by name. With ``defaults`` false only what the fleet sets itself counts.
    """

    now: datetime
    facts: Facts | None = None
    installed: Mapping[str, PythonPolicy] = field(default_factory=dict)
    defaults: bool = True


def check_guards(plan: Plan, desired: DesiredState, around: Around, *, digest: str = "") -> Plan:
    """``plan`` with the findings of all guards and policies; those that its runtimes made stay.

    The plan may be one that was saved: what can be told from it and the clock is told anew, waivers that it came with
    are dropped. ``digest`` is the one that waivers name, if it is not the plan's own: of what is left of a plan, that
    of the whole.
    """
    fleet = desired.fleet
    digest = digest or plan.digest
    checked = Checked(
        plan=plan,
        digest=digest,
        settings=_settings(fleet.guards, defaults=around.defaults),
        place=fleet.guards.position,
        size=_size(plan, desired),
        prunes=_prunes(plan, fleet),
    )
    kept = [replace(finding, waived="") for finding in plan.guards if _is_kept(finding, around, desired)]
    if around.facts is None:
        kept = [after for finding in kept if (after := _reset(finding, checked)) is not None]
    found = [*kept, *_found(checked, desired, around)]
    so_far = replace(plan, guards=_in_order(found))
    policies = check_policies(so_far, digest, fleet.policies, around.installed, around.now)
    return replace(plan, guards=_in_order([*found, *policies]))


def _prunes(plan: Plan, fleet: Fleet) -> bool:
    """Whether the Fleet, or the mark that each group to be deleted bears, says that what is gone is deleted."""
    deleted = [group for group in plan.groups if group.operation == "delete"]
    marks = [str(group.live.get("tags", {}).get(PRUNE_TAG, "")).split() for group in deleted]
    return bool(fleet.pruning.prune) or all("prune" in words for words in marks)


def _found(checked: Checked, desired: DesiredState, around: Around) -> Iterator[GuardFinding]:
    yield from check_limits(checked)
    yield from check_empty(checked, len(desired.groups))
    yield from check_edited(checked, {ref: template.position for ref, template in desired.templates.items()})
    yield from check_freeze(checked, desired.fleet.guards.freeze, around.now)
    if around.facts is not None:
        yield from check_others(checked, around.facts)
        yield from check_failing(checked, around.facts)
        yield from check_clashing(checked, around.facts)


def _settings(guards: Guards, *, defaults: bool) -> Mapping[str, GuardSetting]:
    """What is set; without ``defaults``, with everything off that is not, but for freeze windows, which always are."""
    if defaults:
        return guards.settings
    off = GuardSetting(severity="off")
    return dict.fromkeys((name for name in GUARDS if name != "freeze"), off) | dict(guards.settings)


def _size(plan: Plan, desired: DesiredState) -> int:
    """The groups that the fleet has before the plan, also those that the plan does not look at."""
    names = {group.name for group in desired.groups} | {group.name for group in plan.groups}
    return len(names) - sum(group.operation == "create" for group in plan.groups)


def _is_kept(finding: GuardFinding, around: Around, desired: DesiredState) -> bool:
    """Whether a finding that the plan came with stays: nothing here finds it anew."""
    if finding.guard in OF_FACTS:
        return around.facts is None
    policies = {policy.name for policy in desired.fleet.policies} | around.installed.keys()
    return finding.guard not in GUARDS and finding.guard not in policies


def _reset(finding: GuardFinding, checked: Checked) -> GuardFinding | None:
    """A finding of earlier facts, with the severity that its guard has now; None if it is off now."""
    if finding.guard not in OF_FACTS:
        return finding
    setting = checked.setting(finding.guard)
    if setting is None:
        return None
    return replace(finding, severity="warning" if setting.severity == "warning" else "error")


def _in_order(findings: Iterable[GuardFinding]) -> tuple[GuardFinding, ...]:
    return tuple(sorted(findings, key=lambda finding: (finding.severity, finding.guard, finding.message)))
