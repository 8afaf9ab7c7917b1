"""What a plan and what was observed for it say of drift. Pure."""

from reconciler.model.drift import Drift, DriftKind, Moved
from reconciler.model.plan import GroupPlan, Plan
from reconciler.planning.guards.facts import Facts


def drift_of(plan: Plan, facts: Facts) -> Drift:
    """The groups of ``plan`` that are not what the files say."""
    moved, clean = [], 0
    for group in plan.groups:
        kind = _kind(group, facts)
        if kind is None:
            clean += 1
            continue
        reasons = group.reasons
        if kind == "not-converged" and group.name in facts.waiting:
            reasons = (f"its devices are yet to report: {facts.waiting[group.name]}", *reasons)
        elif kind == "not-converged" and not reasons:
            reasons = (": ".join(filter(None, ("its devices report a failure", facts.failing[group.name]))),)
        moved.append(Moved(group.name, group.runtime, kind, reasons, group.changes))
    return Drift(plan.fleet, plan.account, plan.region, plan.created_at, tuple(moved), clean)


def _kind(group: GroupPlan, facts: Facts) -> DriftKind | None:
    if group.blocked and group.operation == "none":
        return "foreign"
    if group.drift:
        return "deleted" if group.operation == "create" else "changed"
    if group.operation in {"none", "deploy"} and (group.name in facts.failing or group.name in facts.waiting):
        return "not-converged"
    return "pending" if group.operation != "none" or group.actions or group.blocked else None
