"""Whose a thing group is, and the plan of one that is not ours. Pure."""

from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan, GuardFinding
from reconciler.runtimes.foreign import blocked_as_foreign
from reconciler.runtimes.reasons import whose_it_is
from reconciler.runtimes.v2.live import LiveGroup
from reconciler.runtimes.v2.snapshot import snapshot


def owner_of(fleet: str, live: LiveGroup) -> str:
    """Whose a group is that is not ``fleet``'s, empty if it is, or nobody's. A deployment outlives its thing group."""
    if live.exists:
        return "" if live.fleet == fleet else whose_it_is(live.fleet, fleet)
    last = live.deployment
    if last is None or last.is_reset or (last.mark is not None and last.mark.fleet == fleet):
        return ""
    whose = f"of fleet {last.mark.fleet}" if last.mark is not None else f"which bears no mark of fleet {fleet}"
    return f"has a deployment, {last.id}, {whose}"


def not_ours(group: Group, live: LiveGroup, whose: str) -> tuple[GroupPlan, GuardFinding]:
    """The plan of a group whose name a thing group bears that is not ours (``whose``), and what guards say of it."""
    things = {*live.members, *(thing.thing_name for thing in group.things)}
    return blocked_as_foreign(group, "thing group", ("thing group", live.arn), whose, things, snapshot(live, {}))
