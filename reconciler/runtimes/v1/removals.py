"""Plans what is deleted: groups that are gone from the files, and things that are gone from their groups. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.canonical import digest
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import DEPLOYMENT_KINDS, KNOWN_AFTER_APPLY, Action, Change, GroupPlan
from reconciler.model.pruning import PRUNE_TAG, Pruning
from reconciler.model.template import GREENGRASS_V1, TemplateRef
from reconciler.model.words import counted
from reconciler.runtimes.marks import marked_template
from reconciler.runtimes.prunes import pruning_of
from reconciler.runtimes.reasons import DELETION_BEGUN, who_says
from reconciler.runtimes.v1.families import definition_ids
from reconciler.runtimes.v1.live import RUNNING, LiveGroup
from reconciler.runtimes.v1.snapshot import snapshot
from reconciler.runtimes.v1.wanted import live_entries


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to be deleted with a group, or after it, as the ledger keeps it while that is under way.

    ``definitions`` are families and ids; ``mark`` is the group's own word on deleting, by which it goes on.
    """

    name: str
    target: TemplateRef
    mark: str
    definitions: tuple[tuple[str, str, str], ...] = ()
    things: tuple[str, ...] = ()

    def text(self) -> str:
        """As JSON."""
        target = {"template": self.target.name, "version": self.target.version}
        document = {"name": self.name, "target": target, "mark": self.mark, "things": list(self.things)}
        return json.dumps(document | {"definitions": [list(item) for item in self.definitions]})

    @classmethod
    def read(cls, text: str) -> "Removal":
        """The way back."""
        document = json.loads(text)
        return cls(
            document["name"],
            TemplateRef(document["target"]["template"], document["target"]["version"]),
            document["mark"],
            tuple((family, identifier, name) for family, identifier, name in document["definitions"]),
            tuple(document["things"]),
        )


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What decides what may go: the declared things with their groups, definitions that others use, who made which, and
    of which things the artifact bucket has something, by group id.
    """

    declared: Mapping[str, str]
    used: frozenset[str]
    owners: Mapping[str, str | None]
    stored: Mapping[str, frozenset[str]]


def plan_deletion(fleet: Fleet, live: LiveGroup, known: Whereabouts) -> GroupPlan:
    """The plan that deletes a live group of ours which no file declares."""
    mark = live.tags.get(PRUNE_TAG, "")
    pruning = pruning_of(fleet, mark)
    members = {family: sorted(live_entries(live, family)) for family in ("cores", "devices")}
    things = tuple(sorted(members["cores"] + members["devices"]))
    definitions, left = _definitions(live, known)
    going, staying = _things(live.id, things, pruning, known)
    reset = _reset(live, pruning)
    needs = tuple(action.id for action in reset)
    inputs = {"groupId": live.id, "groupVersionId": live.version_id or "", "mark": mark}
    observed = snapshot(live, {})
    group = Action(f"{live.name}/delete-group", "delete-group", live.name, needs, inputs)
    removed = [Change(f"{family}[{name}]", "remove", name, None) for family in members for name in members[family]]
    return GroupPlan(
        name=live.name,
        runtime=GREENGRASS_V1,
        operation="delete",
        target=marked_template(live.tags),
        fingerprint=digest(observed),
        reasons=(f"it is gone from the files, and {who_says(pruning)} says prune: true",),
        changes=tuple(sorted([Change("group", "remove", live.name, None), *removed])),
        actions=(*reset, group, *_deletions(live.name, live.id, definitions, going, (group.id,))),
        things=things,
        live=observed,
        notes=(*left, *staying),
    )


def go_on(fleet: Fleet, group_id: str, removal: Removal, known: Whereabouts) -> GroupPlan | None:
    """The plan that finishes deleting a group that is not live any more; None where nothing is left that may go."""
    pruning = pruning_of(fleet, removal.mark)
    if not pruning.prune:
        return None
    definitions = tuple(item for item in removal.definitions if item[1] not in known.used)
    things = removal.things if pruning.deprovisions else ()
    going = tuple(name for name in things if name not in known.declared)
    return GroupPlan(
        name=removal.name,
        runtime=GREENGRASS_V1,
        operation="delete",
        target=removal.target,
        fingerprint=digest([group_id, [list(item) for item in definitions], list(going)]),
        reasons=(DELETION_BEGUN,),
        actions=(
            Action(
                f"{removal.name}/delete-group",
                "delete-group",
                removal.name,
                (),
                {"groupId": group_id, "groupVersionId": "", "mark": removal.mark},
            ),
            *_deletions(removal.name, group_id, definitions, going, (f"{removal.name}/delete-group",)),
        ),
        things=going,
        live={"groupId": group_id, "groupArn": ""},
    )


def departed(live: LiveGroup, removal: Removal | None, declared: Mapping[str, str]) -> list[str]:
    """The things that the live group has, or an earlier run took out of it, and that no file declares any more."""
    names = set(removal.things if removal is not None else ())
    for family in ("cores", "devices"):
        names |= live_entries(live, family).keys()
    return sorted(names - declared.keys())


def with_departures(
    plan: GroupPlan, group: Group, live: LiveGroup, names: Iterable[str], known: Whereabouts
) -> GroupPlan:
    """``plan`` with what takes back the things ``names``, once the core runs a version without them."""
    going, staying = _things(live.id, tuple(names), Pruning(prune=True, deprovision=True), known)
    if plan.blocked or not going:
        return replace(plan, notes=(*plan.notes, *staying)) if plan.operation != "none" else plan
    if why := _still_in_use(plan, group, live):
        words = f"{', '.join(going)}: thing and certificate stay for now, since {why}"
        return replace(plan, notes=(*plan.notes, *staying, words))
    deployment = plan.of_kind(*DEPLOYMENT_KINDS) or plan.actions[-1:]
    needs = tuple(action.id for action in deployment)
    count = f"{counted(len(going), 'thing')} gone from the files"
    return replace(
        plan,
        operation="update" if plan.operation in {"none", "deploy"} else plan.operation,
        reasons=(*plan.reasons, f"{count}, and {who_says(group.pruning)} says deprovision: true"),
        actions=(*plan.actions, *_deletions(plan.name, live.id, (), going, needs)),
        things=tuple(sorted({*plan.things, *going})),
        notes=(*plan.notes, *staying),
    )


def removal_of(plan: GroupPlan, group_id: str) -> Removal:
    """What ``plan`` deletes of a group, for the ledger."""
    own = [action for action in plan.finishing if action.inputs["groupId"] == group_id]
    marks = [action.inputs["mark"] for action in own if action.kind == "delete-group"]
    return Removal(
        plan.name,
        plan.target,
        marks[0] if marks else "",
        tuple(
            (action.inputs["family"], action.inputs["definitionId"], action.subject)
            for action in own
            if action.kind == "delete-definition"
        ),
        tuple(action.subject for action in own if action.kind == "deprovision-thing"),
    )


def _definitions(live: LiveGroup, known: Whereabouts) -> tuple[tuple[tuple[str, str, str], ...], list[str]]:
    """The definitions that go with a group: family, id, name; and what is to be said of those that stay."""
    found: dict[str, str] = {}
    for arns in (live.deployed_arns or {}, live.definition_arns()):
        found |= {definition_ids(arn)[0]: family for family, arn in arns.items()}
    going, left = [], []
    for identifier, family in sorted(found.items(), key=lambda item: (item[1], item[0])):
        owner = known.owners.get(identifier)
        if owner is None:
            left.append(f"stays: {family} definition {identifier}, which this fleet did not make")
        elif identifier in known.used:
            left.append(f"stays: definition {owner}, which other groups use")
        else:
            going.append((family, identifier, owner))
    return tuple(going), left


def _things(
    group_id: str, names: tuple[str, ...], pruning: Pruning, known: Whereabouts
) -> tuple[tuple[str, ...], list[str]]:
    """The things whose certificates go, and what is to be said of those that stay."""
    if not names:
        return (), []
    if not pruning.deprovisions:
        count = counted(len(names), "thing")
        return (), [f"stays: {count} with certificates and keys, as deprovision is not true"]
    stored = known.stored.get(group_id, frozenset())
    left = [f"stays: thing {name}, which group {known.declared[name]} has" for name in names if name in known.declared]
    undeclared = [name for name in names if name not in known.declared]
    left += [f"stays: thing {name}, which this fleet did not make" for name in undeclared if name not in stored]
    return tuple(name for name in undeclared if name in stored), left


def _reset(live: LiveGroup, pruning: Pruning) -> tuple[Action, ...]:
    """The reset without which AWS deletes no group that was deployed; one that is under way is waited for."""
    last = live.deployment
    if last is None or (last.is_reset and last.status == "Success"):
        return ()
    force = bool(pruning.force_reset)
    inputs: dict[str, Any] = {"force": force, "previous": last.id}
    if last.is_reset and last.status in RUNNING and not force:
        inputs |= {"previous": "", "asked": True, "deploymentId": last.id}
    return (Action(f"{live.name}/reset-deployments", "reset-deployments", live.name, (), inputs),)


def _deletions(
    name: str,
    group_id: str,
    definitions: Iterable[tuple[str, str, str]],
    things: Iterable[str],
    needs: tuple[str, ...],
) -> Iterator[Action]:
    """Definitions, then things with their certificates and policies, then keys: what they are for is gone by then."""
    for family, identifier, owner in definitions:
        inputs = {"groupId": group_id, "family": family, "definitionId": identifier}
        yield Action(f"delete-definition/{family}/{identifier}", "delete-definition", owner, needs, inputs)
    things = tuple(things)
    for thing in things:
        yield Action(f"{name}/deprovision-thing/{thing}", "deprovision-thing", thing, needs, {"groupId": group_id})
    if things:
        before = tuple(f"{name}/deprovision-thing/{thing}" for thing in things)
        keys = {"groupId": group_id, "things": list(things)}
        yield Action(f"{name}/delete-artifacts", "delete-artifacts", name, before, keys)


def _still_in_use(plan: GroupPlan, group: Group, live: LiveGroup) -> str:
    """Why the core may run a version that has the departed things when the plan is done; empty if it does not."""
    last, asked = live.deployment, next(iter(plan.of_kind(*DEPLOYMENT_KINDS)), None)
    if group.deployment.group_version_id is not None:
        return "a pinned version is deployed, which may have them"
    if asked is not None:
        is_newest = asked.kind != "deploy" or asked.inputs["groupVersionId"] in {KNOWN_AFTER_APPLY, live.version_id}
        return "" if is_newest else "another version is deployed"
    if last is None or (last.is_reset and last.status == "Success"):
        return ""
    if last.status in RUNNING:
        return f"deployment {last.id} is on its way"
    same = live.deployed_arns == live.definition_arns() and not plan.of_kind("create-group-version")
    return "" if same and last.status == "Success" else "nothing is deployed, so its core runs a version that has them"
