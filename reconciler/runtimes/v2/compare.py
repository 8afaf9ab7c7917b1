"""Compares a desired group with its live state and says what would be done about each difference. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.canonical import digest
from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import Action, GroupPlan, GuardFinding
from reconciler.model.secrets import NO_SECRETS, Secrets
from reconciler.model.template import TemplateRef
from reconciler.planning.masking import masked
from reconciler.runtimes.marks import BIRTH_TAGS
from reconciler.runtimes.prunes import wanted_mark
from reconciler.runtimes.things import Provisioning, bring_in, missing_type_findings
from reconciler.runtimes.v2.checks import NUCLEUS, block, crowded
from reconciler.runtimes.v2.choice import Wanted, choose
from reconciler.runtimes.v2.difference import (
    Difference,
    changes_of,
    drift_of,
    marked,
    operation_of,
    reasons_of,
    tag_changes,
)
from reconciler.runtimes.v2.live import Answers, LiveFleet, LiveGroup
from reconciler.runtimes.v2.members import Cores, compare_members, present
from reconciler.runtimes.v2.ownership import not_ours, owner_of
from reconciler.runtimes.v2.publications import Publications
from reconciler.runtimes.v2.removals import delete_deployments
from reconciler.runtimes.v2.snapshot import snapshot
from reconciler.runtimes.v2.tags import wanted_tags
from reconciler.runtimes.v2.turns import not_its_turn


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that comparing needs. ``known_groups`` are those that the ledger remembers as made before."""

    desired: DesiredState
    live: LiveFleet
    answers: Answers
    publications: Publications
    provisioning: Provisioning
    cores: Cores
    known_groups: frozenset[str] = frozenset()
    template_digests: Mapping[TemplateRef, str] = field(default_factory=dict)
    secrets: Secrets = NO_SECRETS
    wanted: Wanted = field(default_factory=Wanted)


@dataclass(frozen=True, slots=True)
class Compared:
    """The plan of one group, what guards say of it, and the documents that its actions name by digest."""

    plan: GroupPlan
    findings: tuple[GuardFinding, ...] = ()
    contents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def compare_group(comparison: Comparison, group: Group) -> Compared:
    """The plan of one group. A group with an error among its findings is blocked."""
    desired, live = comparison.desired, comparison.live.groups[group.name]
    if not group.adopt and (whose := owner_of(desired.fleet.name, live)):
        plan, finding = not_ours(group, live, whose)
        return Compared(plan, (finding,))
    needs: tuple[str, ...] = () if live.exists else (f"{group.name}/create-group",)
    to_add = _things_to_add(comparison, group, live, needs)
    brought = tuple(action.id for action in to_add) or needs
    members = compare_members(group, live, comparison.cores, brought)
    choice = choose(desired.fleet, group, live, comparison.wanted)
    choice = replace(choice, changes=masked(choice.changes, comparison.secrets))
    documents = [document for document in (comparison.wanted.of(group)[0],) if document is not None and choice.action]
    published = tuple(action for document in documents for action in comparison.publications.needed_by(document))
    tags = {**wanted_tags(desired.fleet, group, comparison.template_digests[group.template]), **choice.marks}
    tags |= wanted_mark(group, live.tags)
    tags = marked(live, tags, is_done=bool(to_add or members.actions or choice.action))
    difference = Difference(group, live, tags, to_add, members, published, choice, comparison.wanted.of(group))
    actions = _actions(difference)
    drift = drift_of(difference, comparison.known_groups)
    sends = choice.action is not None and "document" in choice.action.inputs
    findings = (
        *missing_type_findings(group, to_add, comparison.answers.missing_types),
        *block(desired, group, comparison.cores, comparison.live.cores, comparison.wanted),
        *crowded(group, comparison.live, comparison.cores, comparison.answers.groups),
        *(not_its_turn(group, comparison.cores, comparison.live, comparison.wanted) if sends else ()),
        *comparison.publications.refusals(group, documents),
    )
    things = {action.subject: comparison.answers.things.get(action.subject) for action in to_add}
    observed = snapshot(live, things, members.actions)
    plan = GroupPlan(
        name=group.name,
        runtime=group.runtime,
        operation=operation_of(difference, actions),
        target=group.template,
        fingerprint=digest(observed),
        reasons=tuple(filter(None, (drift, *reasons_of(difference), *choice.reasons))),
        drift=bool(drift),
        changes=changes_of(difference),
        actions=actions,
        things=things_of(group, live),
        live=observed,
        notes=(*members.notes, *choice.notes),
        blocked=any(finding.severity == "error" for finding in findings),
    )
    return Compared(plan, findings, choice.contents)


def _things_to_add(comparison: Comparison, group: Group, live: LiveGroup, needs: tuple[str, ...]) -> tuple[Action, ...]:
    """What brings in the cores and devices that the group lacks, but for cores that another group brings in.

    A device that exists, of a group without a core, is in nothing that could tell that it was brought in.
    """
    there, actions = present(group, live), []
    for thing in sorted(group.things, key=lambda member: (member.role, member.thing_name)):
        existing = comparison.answers.things.get(thing.thing_name)
        is_whole = existing is not None and existing.certificate_arn is not None
        is_elsewhere = thing.role == "core" and comparison.cores.homes[thing.thing_name] != group.name
        if thing.thing_name in there or is_elsewhere or (thing.role == "device" and not group.cores and is_whole):
            continue
        arn = comparison.desired.fleet.thing_arn(thing.thing_name)
        more = {"nucleus": _nucleus(comparison.desired.fleet, group)} if thing.role == "core" else {}
        actions.append(bring_in(group, thing, arn, existing, needs, comparison.provisioning, more))
    return tuple(actions)


def _nucleus(fleet: Fleet, group: Group) -> dict[str, str]:
    """What the ``config.yaml`` of a new core says besides its endpoints, as far as the files tell it."""
    pinned = group.document.get("components", {}).get(NUCLEUS, {}).get("componentVersion", "")
    version = (fleet.nucleus.version if fleet.nucleus is not None else None) or pinned
    alias = fleet.nucleus.role_alias if fleet.nucleus is not None else ""
    return {name: str(value) for name, value in (("iotRoleAlias", alias), ("version", version)) if value}


def _actions(difference: Difference) -> tuple[Action, ...]:
    """The group (if new), its things, members and client devices, components, tags, deployment."""
    group, live = difference.group, difference.live
    actions: list[Action] = []
    if not live.exists:
        birth = {key: difference.tags[key] for key in BIRTH_TAGS}
        actions.append(Action(f"{group.name}/create-group", "create-group", group.name, (), {"tags": birth}))
    actions += [*difference.to_add, *difference.members.actions, *difference.components]
    if changed := tag_changes(difference):
        tags = {key: difference.tags[key] for key in sorted(changed)}
        made = () if live.exists else (f"{group.name}/create-group",)
        actions.append(Action(f"{group.name}/tag-group", "tag-group", group.name, made, {"tags": tags}))
    if (chosen := difference.choice.action) is not None:
        needs = tuple(action.id for action in actions)
        actions += [Action(chosen.id, chosen.kind, chosen.subject, needs, chosen.inputs), *difference.choice.late]
    wanted, of_cores = difference.wanted
    if wanted is not None:
        needs = (chosen.id,) if chosen is not None else ()
        actions += [
            delete_deployments(group.name, found.target_arn, needs)
            for thing, found in sorted(live.core_deployments.items())
            if thing not in of_cores
        ]
    return tuple(actions)


def things_of(group: Group, live: LiveGroup) -> tuple[str, ...]:
    """The cores and devices of a group, also those that leave it."""
    return tuple(sorted({thing.thing_name for thing in group.things} | present(group, live)))
