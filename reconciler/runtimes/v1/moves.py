"""Cores that go from one group to another, which Greengrass wants to be reset in between. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan, GuardFinding
from reconciler.model.words import some_of
from reconciler.runtimes.v1.live import RESETS


def moved_cores(plans: Iterable[GroupPlan], groups: Sequence[Group]) -> Iterator[GuardFinding]:
    """What is to be said of cores of ``groups`` that leave other ones by ``plans``.

    The group that a core leaves is to be reset before (V1 developer guide, "Reset deployments"). Where the same plan
    resets it, that is an error: what is new is sent first, and the reset would take it off the core.
    """
    homes = {core.thing_name: group.name for group in groups for core in group.cores}
    spoilt: list[str] = []
    unready: list[str] = []
    for plan in plans:
        if _is_on_cores(plan):
            found = spoilt if plan.of_kind("reset-deployments") else unready
            cores = [core for core in _leaving(plan) if homes.get(core, plan.name) != plan.name]
            found += [f"{core} from {plan.name} to {homes[core]}" for core in cores]
    if spoilt:
        yield _finding("error", spoilt, "this plan resets the group that it leaves, after what is new was sent to it")
    if unready:
        yield _finding("warning", unready, "the group that it leaves was not reset, and Greengrass wants that")


def _finding(severity: Literal["error", "warning"], moves: list[str], why: str) -> GuardFinding:
    message = (
        f"a core goes to another group: {some_of(moves)}; {why}. Apply `deployment: {{state: reset}}` in that group "
        "first, with the core still in it"
    )
    return GuardFinding("moved-cores", severity, message, actual=len(moves))


def _leaving(plan: GroupPlan) -> Iterator[str]:
    for change in plan.changes:
        if change.kind == "remove" and change.path.startswith("cores[") and change.path.endswith("]"):
            yield change.path.removeprefix("cores[").removesuffix("]")


def _is_on_cores(plan: GroupPlan) -> bool:
    """Whether the newest deployment of the live group is another than a reset."""
    last = plan.live.get("deployment")
    return last is not None and last["type"] not in RESETS
