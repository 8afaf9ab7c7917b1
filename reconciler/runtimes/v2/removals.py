"""Plans what is deleted: groups that are gone from the files, and things that are gone from their groups. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.canonical import digest, plain
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import DEPLOYMENT_KINDS, Action, Change, GroupPlan
from reconciler.model.pruning import PRUNE_TAG, Pruning
from reconciler.model.template import GREENGRASS_V2, TemplateRef
from reconciler.model.words import counted
from reconciler.runtimes.marks import marked_template
from reconciler.runtimes.prunes import pruning_of
from reconciler.runtimes.reasons import DELETION_BEGUN, who_says
from reconciler.runtimes.v2.choice import changes_of_documents
from reconciler.runtimes.v2.documents import NOTHING, document_digest
from reconciler.runtimes.v2.live import LiveGroup
from reconciler.runtimes.v2.members import take_devices
from reconciler.runtimes.v2.names import mark, target_name
from reconciler.runtimes.v2.snapshot import snapshot


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to be deleted with a group, or after it, as the ledger keeps it while that is under way.

    ``mark`` is the group's own word on deleting, by which it goes on; ``whole``: the group itself goes. ``homes`` are
    the groups below whose names keys of ``things`` lie, where that is another one.
    """

    name: str
    target: TemplateRef
    mark: str
    things: tuple[str, ...] = ()
    whole: bool = False
    homes: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """As JSON."""
        target = {"template": self.target.name, "version": self.target.version}
        fields = {"name": self.name, "target": target, "mark": self.mark, "things": list(self.things)}
        return json.dumps(fields | {"whole": self.whole, "homes": dict(self.homes)})

    @classmethod
    def read(cls, text: str) -> "Removal":
        """The way back."""
        fields = json.loads(text)
        target = TemplateRef(fields["target"]["template"], fields["target"]["version"])
        things, homes = tuple(fields["things"]), fields.get("homes", {})
        return cls(fields["name"], target, fields["mark"], things, fields["whole"], homes)


@dataclass(frozen=True, slots=True)
class Going:
    """A group of ours which no file declares, and what has to be known to delete it.

    ``begun`` is what an earlier run noted of it, ``declared`` are the things of the files with their groups, ``stored``
    those that the artifact bucket has something of for this group. A core of several groups is deprovisioned when it is
    off all of them: ``handed`` are those that a group which stays gives up (that group by core), ``also`` names groups
    that go, by core.
    """

    live: LiveGroup
    begun: Removal | None
    declared: Mapping[str, str]
    stored: frozenset[str]
    handed: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def plan_deletion(fleet: Fleet, group: Going) -> tuple[GroupPlan, Mapping[str, Mapping[str, object]]]:
    """The plan that deletes a group, with the contents that it names."""
    live, begun = group.live, group.begun
    word = live.tags.get(PRUNE_TAG, "") if live.exists or begun is None else begun.mark
    pruning = pruning_of(fleet, word)
    target = begun.target if begun is not None and not live.exists else marked_template(live.tags)
    devices = tuple(filter(None, (take_devices(live, core) for core in sorted(live.client_devices))))
    reset, changes = _reset(fleet, live, target)
    needs = tuple(action.id for action in reset)
    deletions = list(_delete_deployments(live, needs))
    if live.exists:
        before = (*needs, *(action.id for action in deletions))
        inputs = {"groupId": live.name, "mark": word}
        deletions.append(Action(f"{live.name}/delete-group", "delete-group", live.name, before, inputs))
    going, notes = _things(pruning, group.declared, group.stored)
    after = tuple(action.id for action in deletions)
    taking_back = [
        *_deprovisionings(live.name, going, after, also=group.also),
        *_handed(live.name, group.handed, after, group.also),
    ]
    observed = snapshot(live, {}, devices)
    contents = {document_digest(NOTHING): plain(NOTHING)} if reset else {}
    members = [Change(f"cores[{name}]", "remove", {}, None) for name in sorted(live.members)]
    taken = {name for action in devices for name in action.inputs["disassociate"]}
    members += [Change(f"devices[{name}]", "remove", {}, None) for name in sorted(taken)]
    itself = [Change("group", "remove", live.name, None)] if live.exists else []
    reason = f"it is gone from the files, and {who_says(pruning)} says prune: true" if live.exists else DELETION_BEGUN
    plan = GroupPlan(
        name=live.name,
        runtime=GREENGRASS_V2,
        operation="delete",
        target=target,
        fingerprint=digest(observed),
        reasons=(reason,),
        changes=tuple(sorted([*itself, *members, *changes])),
        actions=(*devices, *reset, *deletions, *taking_back),
        things=tuple(sorted(live.members | taken | {*going, *group.handed})),
        live=observed,
        notes=notes,
    )
    return plan, contents


def with_departures(
    plan: GroupPlan, group: Group, names: frozenset[str], declared: Mapping[str, str], handed: Mapping[str, str]
) -> GroupPlan:
    """``plan`` with what takes back the things ``names``, which are gone from the files, once it is carried out; and
    those ``handed`` on by other groups (those by thing), which are off all groups then.
    """
    going, _ = _things(Pruning(prune=True, deprovision=True), declared, names)
    if plan.blocked or not (going or handed):
        return plan
    needs = tuple(action.id for action in (plan.of_kind(*DEPLOYMENT_KINDS) or plan.actions[-1:]))
    taking_back = [*_deprovisionings(plan.name, going, needs), *_handed(plan.name, handed, needs)]
    every = sorted({*going, *handed})
    count = f"{counted(len(every), 'thing')} gone from the files"
    cores = [name for name in going if name in plan.live.get("members", ()) and name not in released(plan)]
    note = f"{', '.join(cores)}: no deployment comes there without a certificate, so that what runs there stays"
    return replace(
        plan,
        operation="update" if plan.operation in {"none", "deploy"} else plan.operation,
        reasons=(*plan.reasons, f"{count}, and {who_says(group.pruning)} says deprovision: true"),
        actions=(*plan.actions, *taking_back),
        notes=(*plan.notes, note) if cores else plan.notes,
        things=tuple(sorted({*plan.things, *every})),
    )


def released(plan: GroupPlan) -> frozenset[str]:
    """The cores from which ``plan`` takes what they have alone."""
    entries = (core for action in plan.of_kind(*DEPLOYMENT_KINDS) for core in action.inputs.get("release", ()))
    return frozenset(core["thingName"] for core in entries)


def removal_of(plan: GroupPlan) -> Removal:
    """What ``plan`` deletes of its group, for the ledger."""
    marks = [action.inputs["mark"] for action in plan.of_kind("delete-group")]
    actions = plan.of_kind("deprovision-thing")
    things = tuple(action.subject for action in actions)
    homes = {act.subject: str(act.inputs["groupId"]) for act in actions if act.inputs["groupId"] != plan.name}
    return Removal(plan.name, plan.target, marks[0] if marks else "", things, plan.operation == "delete", homes)


def _reset(fleet: Fleet, live: LiveGroup, target: TemplateRef) -> tuple[tuple[Action, ...], list[Change]]:
    """The empty deployments that come before a target is given up, so that nothing is left on devices by accident."""
    key, last = document_digest(NOTHING), live.deployment
    inputs: dict[str, object] = {"targetArn": live.arn}
    changes: list[Change] = []
    if last is not None and not last.empties:
        name = mark(fleet, target, key).text
        inputs |= {"document": key, "name": name, "previous": last.id}
        changes.extend(changes_of_documents(last.document, NOTHING))
    elif last is not None:
        inputs["deploymentId"] = last.id
    cores = [
        {
            "thingName": thing,
            "targetArn": found.target_arn,
            "document": key,
            "name": mark(fleet, target, key, live.name).text,
            "previous": found.id,
        }
        for thing, found in sorted(live.core_deployments.items())
        if not found.empties
    ]
    under_way = last is not None and last.counts is not None and last.counts.open
    if "document" not in inputs and not cores and not under_way:
        return (), changes
    action = Action(
        f"{live.name}/reset-deployments", "reset-deployments", live.name, (), {**inputs, "release": cores, "cores": []}
    )
    return (action,), changes


def _delete_deployments(live: LiveGroup, needs: tuple[str, ...]) -> Iterator[Action]:
    arns = [found.target_arn for _, found in sorted(live.core_deployments.items())]
    if live.deployment is not None:
        arns.append(live.arn)
    for arn in arns:
        yield delete_deployments(live.name, arn, needs)


def delete_deployments(group: str, arn: str, needs: tuple[str, ...]) -> Action:
    """The action that cancels and deletes all deployments to a target."""
    name = target_name(arn)
    return Action(
        f"{group}/delete-deployments/{arn.rpartition(':')[2]}", "delete-deployments", name, needs, {"targetArn": arn}
    )


def _things(
    pruning: Pruning, declared: Mapping[str, str], stored: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The things whose certificates go, and what is to be said of those that stay."""
    if not stored:
        return (), ()
    if not pruning.deprovisions:
        count = counted(len(stored), "thing")
        return (), (f"stays: {count} with certificates and keys, as deprovision is not true",)
    staying = sorted(stored & declared.keys())
    return tuple(sorted(stored - declared.keys())), tuple(
        f"stays: thing {name}, which group {declared[name]} has" for name in staying
    )


def _handed(
    name: str, handed: Mapping[str, str], needs: tuple[str, ...], also: Mapping[str, tuple[str, ...]] | None = None
) -> Iterator[Action]:
    for home in sorted(set(handed.values())):
        things = tuple(sorted(thing for thing, of in handed.items() if of == home))
        yield from _deprovisionings(name, things, needs, home, also)


def _deprovisionings(
    name: str,
    things: tuple[str, ...],
    needs: tuple[str, ...],
    home: str = "",
    also: Mapping[str, tuple[str, ...]] | None = None,
) -> Iterator[Action]:
    """Things with their certificates and policies, then keys: what they are for is gone by then.

    ``home`` is the group below whose name the keys lie, where that is another one; ``also`` names by thing the groups
    that have to be gone before.
    """
    keys = {"groupId": home or name}
    for thing in things:
        others = [other for other in (also or {}).get(thing, ()) if other != name]
        inputs = {**keys, "after": others} if others else keys
        yield Action(f"{name}/deprovision-thing/{thing}", "deprovision-thing", thing, needs, inputs)
    if things:
        before = tuple(f"{name}/deprovision-thing/{thing}" for thing in things)
        identifier = f"{name}/delete-artifacts{f'/{home}' if home else ''}"
        yield Action(identifier, "delete-artifacts", home or name, before, {**keys, "things": list(things)})
