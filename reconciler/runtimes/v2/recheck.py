"""Where a group stands against a plan that was made of it before: what moved since, and what is left to do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.plan import DELETION_KINDS, DEPLOYMENT_KINDS, Action, GroupPlan
from reconciler.provisioning.iot import Existing
from reconciler.runtimes.base import Standing
from reconciler.runtimes.marks import FLEET_TAG
from reconciler.runtimes.things import THING_KINDS
from reconciler.runtimes.v2.live import LiveDeployment, LiveGroup
from reconciler.runtimes.v2.members import has_thing
from reconciler.runtimes.v2.snapshot import snapshot, thing_snapshot


@dataclass(frozen=True, slots=True)
class Look:
    """A group as it is now. ``things`` are those that the plan brings in, ``ours`` those of them that an earlier apply
    of the plan has brought in; ``published`` are the ids of publications that are there; ``finished`` those of
    deletions after which nothing is left.
    """

    live: LiveGroup
    things: Mapping[str, Existing | None] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()
    published: frozenset[str] = frozenset()
    finished: frozenset[str] = frozenset()


def judge(group: GroupPlan, look: Look) -> Standing:
    """Where ``group`` stands.

    Each of its aspects has to be as it was when the plan was made, or as the plan makes it: then an earlier apply was
    cut off, or done, and what is left is carried out. Anything else was somebody else's doing.
    """
    now = snapshot(look.live, look.things, group.actions)
    if now == group.live and not look.published and not look.finished:
        return Standing(group.name, "fresh", left=group)
    moved = [
        *_identity(group, look.live),
        *_things(group, look),
        *_members(group, look.live),
        *_tags(group, look.live),
        *_deployments(group, look.live),
    ]
    if moved:
        return Standing(group.name, "stale", tuple(moved))
    left = _left(group, look)
    if not left:
        return Standing(group.name, "converged")
    kept = {action.id for action in left}
    actions = tuple(replace(act, needs=tuple(need for need in act.needs if need in kept)) for act in left)
    return Standing(group.name, "begun", left=replace(group, live=now, actions=actions))


def _identity(group: GroupPlan, live: LiveGroup) -> list[str]:
    if live.exists == group.live.get("exists"):
        return []
    if not live.exists:
        return [] if group.operation == "delete" else [f"the thing group {live.name} was deleted"]
    created = group.of_kind("create-group")
    if created and live.tags.get(FLEET_TAG) == created[0].inputs["tags"][FLEET_TAG]:
        return []
    return [f"the thing group {live.name} was made by somebody else"]


def _things(group: GroupPlan, look: Look) -> list[str]:
    moved = []
    for name in sorted(look.things):
        before, now = group.live.get("things", {}).get(name), thing_snapshot(look.things[name])
        if now == before or name in look.ours:
            continue
        if now is None:
            moved.append(f"thing {name} was deleted")
        elif before is None:
            moved.append(f"thing {name} was made by somebody else")
        else:
            moved.append(f"thing {name} has another type or certificate: {now}, it was {before}")
    return moved


def _members(group: GroupPlan, live: LiveGroup) -> list[str]:
    before = set(group.live.get("members", ()))
    planned: Mapping[str, Any] = next(
        (action.inputs for action in group.of_kind("update-members")), {"join": [], "leave": []}
    )
    moved = [f"{name} joined the group" for name in sorted(live.members - before - set(planned["join"]))]
    if group.operation == "delete" and not live.exists:
        return moved
    return moved + [f"{name} left the group" for name in sorted(before - live.members - set(planned["leave"]))]


def _tags(group: GroupPlan, live: LiveGroup) -> list[str]:
    planned: dict[str, str] = {}
    for action in group.of_kind("create-group", "tag-group"):
        planned |= action.inputs["tags"]
    before = group.live.get("tags", {})
    now = snapshot(live, {})["tags"]
    if group.operation == "delete" and not live.exists:
        return []
    return [
        f"tag {key} is {now.get(key)!r}, it was {before.get(key)!r}"
        for key in sorted(before.keys() | now.keys())
        if now.get(key) not in (before.get(key), planned.get(key))
    ]


def _deployments(group: GroupPlan, live: LiveGroup) -> list[str]:
    inputs = _deployment_inputs(group)
    moved = []
    last = live.deployment
    if last is not None and last.id != group.live.get("deployment") and not _is_planned(inputs, last):
        moved.append(f"deployment {last.id} ({last.name or 'without a name'}) was made at {last.created_at}")
    before = group.live.get("coreDeployments", {})
    planned = [*inputs.get("release", ()), *inputs.get("cores", ())]
    planned += [core for action in group.of_kind("deploy-cores") for core in action.inputs["cores"]]
    for name, found in sorted(live.core_deployments.items()):
        is_ours = any(core["thingName"] == name and _is_planned(core, found) for core in planned)
        if found.id != before.get(name) and not is_ours:
            moved.append(f"deployment {found.id} to {name} was made at {found.created_at}")
    return moved


def _deployment_inputs(group: GroupPlan) -> Mapping[str, Any]:
    return next((action.inputs for action in group.of_kind(*DEPLOYMENT_KINDS)), {})


def _is_planned(inputs: Mapping[str, Any], found: LiveDeployment) -> bool:
    """Whether a deployment is the one that ``inputs`` ask for: its name has the digest of the document."""
    return bool(inputs) and inputs.get("name") == found.name and inputs.get("previous") != found.id


def _left(group: GroupPlan, look: Look) -> list[Action]:
    """The actions that are left, on the group as it is now."""
    if group.operation == "delete" and not look.live.exists and look.live.deployment is None:
        # Its cores have given up what it brought: nobody deletes the deployment to a group before that.
        return [act for act in group.actions if act.kind in DELETION_KINDS and act.id not in look.finished]
    return [left for action in group.actions if (left := _left_of(action, look)) is not None]


def _left_of(action: Action, look: Look) -> Action | None:
    live, inputs = look.live, action.inputs
    if action.kind in DEPLOYMENT_KINDS:
        return _deployment_left(action, live)
    if action.kind == "update-members":
        rest = {
            "join": [name for name in inputs["join"] if name not in live.members],
            "leave": [name for name in inputs["leave"] if name in live.members],
        }
        return replace(action, inputs=rest) if rest["join"] or rest["leave"] else None
    if action.kind == "associate-devices":
        associated = live.client_devices.get(action.subject)
        has = associated.devices if associated is not None else frozenset()
        rest = {
            "associate": [name for name in inputs["associate"] if name not in has],
            "disassociate": [name for name in inputs["disassociate"] if name in has],
        }
        return replace(action, inputs=rest) if rest["associate"] or rest["disassociate"] else None
    if action.kind == "deploy-cores":
        cores = [core for core in inputs["cores"] if not _is_there(core, live)]
        return replace(action, inputs={"cores": cores}) if cores else None
    if action.kind == "tag-group":
        tags = {key: value for key, value in inputs["tags"].items() if live.tags.get(key) != value}
        return replace(action, inputs={"tags": tags}) if tags else None
    done = (
        (action.kind == "create-group" and live.exists)
        or (action.kind in THING_KINDS and has_thing(live, action.subject))
        or action.id in look.published | look.finished
    )
    return None if done else action


def _deployment_left(action: Action, live: LiveGroup) -> Action | None:
    """What is still to be asked for, or was asked for and is to be waited for; None once every core has it."""
    inputs = dict(action.inputs)
    last = live.deployment
    asked = last is not None and "document" in inputs and _is_planned(inputs, last)
    cores = [core for core in inputs["cores"] if not _is_there(core, live)]
    release = [] if asked else [core for core in inputs["release"] if not _is_there(core, live)]
    inputs |= {"release": release}
    if asked and last is not None and last.has_failed:
        return replace(action, inputs={**inputs, "previous": last.id, "cores": cores})
    well = last is not None and (last.counts is None or not last.counts.open)
    if (asked or "document" not in inputs) and not cores and not release and well:
        return None
    return replace(action, inputs={**inputs, "asked": True})


def _is_there(core: Mapping[str, Any], live: LiveGroup) -> bool:
    found = live.core_deployments.get(core["thingName"])
    return found is not None and _is_planned(core, found) and (found.counts is None or not found.counts.open)
