"""Turns an order of ``reconcile deploy`` into a plan, which is then carried out like any other."""

from collections.abc import Sequence
from dataclasses import replace

from reconciler.execution.guarding import guarded
from reconciler.execution.session import Session, memory_of, plan_with
from reconciler.model.group import DeploymentSpec, Group
from reconciler.model.order import DeploymentOrder
from reconciler.model.plan import GroupPlan, Plan


def plan_order(session: Session, groups: Sequence[Group], order: DeploymentOrder) -> Plan:
    """The plan that carries ``order`` out on ``groups``: at most one action a group. Reads AWS and never writes.

    Of the guards those count that the fleet sets itself: whoever gives an order has named the groups.
    """
    memory = memory_of(session)
    plan, facts = plan_with(
        session, groups, lambda runtime, members: runtime.plan_order(session.desired, members, order, memory)
    )
    return guarded(session.desired, plan, facts, defaults=False)


def as_ordered(groups: Sequence[Group], plan: Plan, order: DeploymentOrder) -> list[Group]:
    """``groups`` as they would be declared if the files meant what was ordered."""
    plans = {group.name: group for group in plan.groups}
    return [replace(group, deployment=_spec(plans[group.name], order)) for group in groups]


def _spec(plan: GroupPlan, order: DeploymentOrder) -> DeploymentSpec:
    if order.is_reset:
        return DeploymentSpec("reset", force=order.type == "ForceResetDeployment")
    inputs = plan.actions[0].inputs if plan.actions else {}
    return DeploymentSpec(group_version_id=str(inputs["groupVersionId"]) if inputs.get("pinned") else None)
