"""Where a group stands against a plan that was made of it before: what moved since, and what is left to do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.plan import DEPLOYMENT_KINDS, KNOWN_AFTER_APPLY, Action, Change, GroupPlan, Plan
from reconciler.model.secrets import NO_SECRETS, Secrets
from reconciler.planning.differences import differences
from reconciler.planning.masking import masked
from reconciler.provisioning.iot import Existing
from reconciler.runtimes.base import Standing
from reconciler.runtimes.marks import FLEET_TAG, TAG_PREFIX
from reconciler.runtimes.things import THING_KINDS
from reconciler.runtimes.v1.families import comparable
from reconciler.runtimes.v1.live import LiveDefinition, LiveDeployment, LiveGroup
from reconciler.runtimes.v1.snapshot import snapshot

VERSION_KINDS = ("create-group", *THING_KINDS, "publish-definition", "create-group-version")
"""What is done once the group has the version that was planned."""
RENAME_KINDS = ("rename-definition", "rename-group")
FIELDS_NAMED = 5
"""Differences that are named when a version moved."""


@dataclass(frozen=True, slots=True)
class Look:
    """A group as it is now. ``things`` are those that the plan brings in, ``ours`` those of them that an earlier apply
    of the plan has brought in; ``before`` are the definitions of the version that the plan was made from, by family;
    ``finished`` are the ids of the deletions after which nothing is left. ``secrets`` mask what moved.
    """

    live: LiveGroup | None
    things: Mapping[str, Existing | None] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()
    before: Mapping[str, LiveDefinition] = field(default_factory=dict)
    finished: frozenset[str] = frozenset()
    secrets: Secrets = NO_SECRETS


def judge(plan: Plan, group: GroupPlan, look: Look) -> Standing:
    """Where ``group`` of ``plan`` stands.

    Each of its aspects has to be as it was when the plan was made, or as the plan makes it: then an earlier apply was
    cut off, or done, and what is left is carried out. Anything else was somebody else's doing.
    """
    if snapshot(look.live, look.things) == group.live:
        return Standing(group.name, "fresh", left=group)
    if group.operation == "delete" and look.live is None:
        return _gone(group, look.finished)
    moved = _identity(group, look.live)
    if not moved:
        moved = [*_version(plan, group, look), *_things(group, look), *_tags(group, look.live)]
        moved += _deployment(plan, group, look.live)
    if moved:
        return Standing(group.name, "stale", tuple(moved))
    if look.live is None:
        return Standing(group.name, "fresh", left=group)
    left = _left(plan, group, look.live, look.finished)
    return Standing(group.name, "begun", left=left) if left.actions else Standing(group.name, "converged")


def _gone(group: GroupPlan, finished: frozenset[str]) -> Standing:
    """Where a group to be deleted stands that is gone: what was its own may be left."""
    left = tuple(action for action in group.finishing if action.id not in finished)
    if all(action.kind == "delete-group" for action in left):
        return Standing(group.name, "converged")
    return Standing(group.name, "begun", left=replace(group, actions=left))


def holds_version(plan: Plan, group: GroupPlan, live: LiveGroup) -> bool:
    """Whether the newest version of a live group holds what the plan's new version was to hold."""
    version = next(iter(group.of_kind("create-group-version")), None)
    if version is None:
        return False
    published = {action.id: action for action in group.of_kind("publish-definition")}
    planned = version.inputs["definitions"]
    if planned.keys() != live.definitions.keys():
        return False
    for family, definition in live.definitions.items():
        reference = planned[family]
        if isinstance(reference, str):
            if reference != definition.arn:
                return False
        else:
            content = plan.contents[published[reference["action"]].inputs["content"]]
            if comparable(family, content) != comparable(family, definition.content):
                return False
    return True


def _identity(group: GroupPlan, live: LiveGroup | None) -> list[str]:
    before = group.live.get("groupId")
    if live is None:
        return [f"the group {before} was deleted"] if before is not None else []
    if before is None:
        creates = group.of_kind("create-group")
        if creates and live.tags.get(FLEET_TAG) == creates[0].inputs["tags"][FLEET_TAG]:
            return []
        return [f"a group of this name was made by somebody else: {live.id}"]
    return [f"the group {before} was deleted, and another one made: {live.id}"] if live.id != before else []


def _version(plan: Plan, group: GroupPlan, look: Look) -> list[str]:
    live, before = look.live, group.live.get("groupVersionId")
    if live is None or live.version_id == before or holds_version(plan, group, live):
        return []
    moved = [f"group version {live.version_id} was made at {live.version_created_at}, after {before or 'none'}"]
    found: list[Change] = []
    for family in sorted(look.before.keys() | live.definitions.keys()):
        then, now = look.before.get(family), live.definitions.get(family)
        found += differences(
            family,
            comparable(family, then.content) if then is not None else {},
            comparable(family, now.content) if now is not None else {},
        )
    for change in masked(found[:FIELDS_NAMED], look.secrets):
        values = f": {change.before!r} → {change.after!r}" if change.kind == "change" else ""
        moved.append(f"{change.path} {_PAST[change.kind]}{values}")
    if len(found) > FIELDS_NAMED:
        moved.append(f"and {len(found) - FIELDS_NAMED} more fields")
    return moved


_PAST = {"add": "was added", "remove": "was taken away", "change": "was changed"}


def _things(group: GroupPlan, look: Look) -> list[str]:
    before, now = group.live.get("things", {}), snapshot(None, look.things).get("things", {})
    moved = []
    for name in sorted(now):
        if now[name] == before.get(name) or name in look.ours:
            continue
        if now[name] is None:
            moved.append(f"thing {name} was deleted")
        elif before.get(name) is None:
            moved.append(f"thing {name} was made by somebody else")
        else:
            moved.append(f"thing {name} has another type or certificate: {now[name]}, it was {before[name]}")
    return moved


def _tags(group: GroupPlan, live: LiveGroup | None) -> list[str]:
    if live is None:
        return []
    before, planned = group.live.get("tags", {}), _planned_tags(group, live)
    now = {key: value for key, value in live.tags.items() if key.startswith(TAG_PREFIX)}
    return [
        f"tag {key} is {_value(now.get(key))}, it was {_value(before.get(key))}"
        for key in sorted(before.keys() | now.keys())
        if now.get(key) not in (before.get(key), planned.get(key))
    ]


def _value(text: str | None) -> str:
    return repr(text) if text is not None else "gone"


def _planned_tags(group: GroupPlan, live: LiveGroup) -> dict[str, str]:
    planned: dict[str, str] = {}
    for action in group.of_kind("create-group", "tag-group"):
        planned |= action.inputs["tags"]
    return {key: (live.version_id or "") if value == KNOWN_AFTER_APPLY else value for key, value in planned.items()}


def _deployment(plan: Plan, group: GroupPlan, live: LiveGroup | None) -> list[str]:
    before = (group.live.get("deployment") or {}).get("id")
    last = live.deployment if live is not None else None
    if live is None or last is None or last.id == before or _is_planned(plan, group, live, last):
        return []
    what = f"of group version {last.group_version_id}" if last.group_version_id else ""
    return [f"deployment {last.id} ({last.type}) {what} was asked for at {last.created_at}".replace("  ", " ")]


def _is_planned(plan: Plan, group: GroupPlan, live: LiveGroup, last: LiveDeployment) -> bool:
    """Whether a deployment that was made since is the one that the plan asks for."""
    action = next(iter(group.of_kind(*DEPLOYMENT_KINDS)), None)
    if action is None:
        return False
    if action.kind == "reset-deployments":
        return last.is_reset
    if action.kind == "redeploy":
        return last.type == "Redeployment" and last.status != "Failure"
    target = action.inputs["groupVersionId"]
    if target == KNOWN_AFTER_APPLY:
        return last.group_version_id == live.version_id and holds_version(plan, group, live)
    return bool(last.group_version_id == target)


def _left(plan: Plan, group: GroupPlan, live: LiveGroup, finished: frozenset[str]) -> GroupPlan:
    """What is left of a group's plan, on the group as it is now."""
    open_actions = [action for action in group.actions if action.id not in finished]
    done = {"create-group"}
    if not live.live_name:
        done |= set(RENAME_KINDS)
    version_id = KNOWN_AFTER_APPLY
    if not group.of_kind("create-group-version") or holds_version(plan, group, live):
        done |= set(VERSION_KINDS)
        version_id = live.version_id or ""
    actions = [_left_of(action, group, live, version_id) for action in open_actions if action.kind not in done]
    kept = {action.id for action in actions if action is not None}
    return replace(
        group,
        live={**group.live, **snapshot(live, {})},
        actions=tuple(
            replace(action, needs=tuple(need for need in action.needs if need in kept))
            for action in actions
            if action is not None
        ),
    )


def _left_of(action: Action, group: GroupPlan, live: LiveGroup, version_id: str) -> Action | None:
    if action.kind == "tag-group":
        planned = action.inputs["tags"].items()
        tags = {key: version_id if value == KNOWN_AFTER_APPLY else value for key, value in planned}
        tags = {key: value for key, value in tags.items() if live.tags.get(key) != value}
        return replace(action, inputs={**action.inputs, "tags": tags}) if tags else None
    if action.kind in DEPLOYMENT_KINDS:
        return _deployment_left(action, group, live, version_id)
    return action


def _deployment_left(action: Action, group: GroupPlan, live: LiveGroup, version_id: str) -> Action | None:
    """The deployment that is still to be asked for, or that was asked for and is to be waited for; asked for anew, if
    the one that was made failed.
    """
    inputs: dict[str, Any] = dict(action.inputs)
    if inputs.get("groupVersionId") == KNOWN_AFTER_APPLY:
        inputs["groupVersionId"] = version_id
    last, before = live.deployment, (group.live.get("deployment") or {}).get("id")
    if last is not None and last.id != before:
        if last.status == "Success":
            return None
        inputs |= {"previous": last.id} if last.status == "Failure" else {"asked": True}
    return replace(action, inputs=inputs)
