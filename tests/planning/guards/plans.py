"""Plans and fleets for tests of the guards."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.guards import Guards, GuardSetting, Policy
from reconciler.model.plan import Action, Change, GroupPlan, GuardFinding, Operation, Plan
from reconciler.model.position import Position
from reconciler.model.template import Template, TemplateRef
from reconciler.planning.guards.check import Around, check_guards

LINE = TemplateRef("line", 1)
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
PLACE = Position("fleet/fleet.yaml", 7, 3)


def group(name: str, operation: Operation = "update", *kinds: str, things: int = 2, **more: Any) -> GroupPlan:
    """A group's plan with one action of each of ``kinds`` (by default: what its operation usually has)."""
    usual: dict[Operation, tuple[str, ...]] = {
        "create": ("create-group", "create-group-version", "tag-group", "deploy"),
        "update": ("create-group-version", "tag-group", "deploy"),
        "deploy": ("redeploy",),
        "delete": ("reset-deployments", "delete-group"),
        "none": (),
    }
    actions = tuple(Action(f"{name}/{kind}/{at}", kind, name) for at, kind in enumerate(kinds or usual[operation]))
    names = tuple(f"{name}-{number}" for number in range(things))
    return GroupPlan(name, "greengrass/v1", operation, LINE, "f", actions=actions, things=names, **more)


def many(updated: int, unchanged: int = 0, created: int = 0) -> list[GroupPlan]:
    """So many groups of each sort."""
    sorts: tuple[tuple[int, Operation], ...] = ((updated, "update"), (unchanged, "none"), (created, "create"))
    return [group(f"{operation}-{number}", operation) for count, operation in sorts for number in range(count)]


def plan_of(groups: Iterable[GroupPlan], guards: tuple[GuardFinding, ...] = ()) -> Plan:
    return Plan("demo", "123456789012", "eu-central-1", "2026-11-27T12:00:00Z", tuple(groups), guards)


def fleet_of(
    plan: Plan, guards: Guards | None = None, policies: tuple[Policy, ...] = (), declared: int | None = None
) -> DesiredState:
    """A desired state that declares the plan's groups (all but those that it deletes), or so many of them."""
    names = [group.name for group in plan.groups if group.operation != "delete"][:declared]
    fleet = Fleet("demo", plan.account, plan.region, guards=guards or Guards(position=PLACE), policies=policies)
    template = Template("line", 1, "greengrass/v1", position=Position("fleet/line.yaml", 2, 1))
    groups = tuple(Group(name, LINE, "greengrass/v1") for name in sorted(names))
    return DesiredState(Path(), fleet, {LINE: template}, groups=groups)


def settings(**given: GuardSetting) -> Guards:
    return Guards(given, position=PLACE)


def findings(plan: Plan, guards: Guards | None = None, **around: Any) -> list[GuardFinding]:
    """What the guards say of ``plan``, in a fleet that declares its groups."""
    return list(check_guards(plan, fleet_of(plan, guards), Around(NOW, **around)).guards)


def one(plan: Plan, guards: Guards | None = None, **around: Any) -> GuardFinding:
    """The only thing that the guards say."""
    found = findings(plan, guards, **around)
    assert len(found) == 1, [finding.message for finding in found]
    return found[0]


def names_of(found: Iterable[GuardFinding]) -> list[str]:
    return [finding.guard for finding in found]


def tag_change(tag: str, before: str, after: str) -> Change:
    return Change(f"tags.reconciler:{tag}", "change", before, after)
