"""Compares a desired group with its live state and says what would be done about each difference. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.canonical import digest
from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import DEPLOYMENT_KINDS, SENT_AGAIN, Action, Change, GroupPlan, GuardFinding, Operation
from reconciler.model.secrets import NO_SECRETS, Secrets
from reconciler.model.template import TemplateRef
from reconciler.planning.masking import masked
from reconciler.runtimes.marks import (
    BIRTH_TAGS,
    FLEET_TAG,
    REDEPLOY_OF_TAG,
    REDEPLOY_TAG,
    TEMPLATE_DIGEST_TAG,
    TEMPLATE_TAG,
    TEMPLATE_VERSION_TAG,
    template_version,
)
from reconciler.runtimes.prunes import wanted_mark
from reconciler.runtimes.things import Provisioning, bring_in, missing_type_findings
from reconciler.runtimes.v2.checks import NUCLEUS, block
from reconciler.runtimes.v2.choice import Choice, Wanted, choose
from reconciler.runtimes.v2.documents import Document
from reconciler.runtimes.v2.live import Answers, LiveDeployment, LiveFleet, LiveGroup, is_outside
from reconciler.runtimes.v2.members import Cores, Membership, compare_members, present
from reconciler.runtimes.v2.names import is_group, target_name
from reconciler.runtimes.v2.publications import Publications
from reconciler.runtimes.v2.removals import delete_deployments
from reconciler.runtimes.v2.snapshot import snapshot
from reconciler.runtimes.v2.tags import wanted_tags
from reconciler.runtimes.v2.turns import not_its_turn

TEMPLATE_MARKS = frozenset({TEMPLATE_TAG, TEMPLATE_VERSION_TAG, TEMPLATE_DIGEST_TAG})
"""The tags that say which template version it was brought to."""
DEPLOYMENT_MARKS = frozenset({REDEPLOY_OF_TAG, REDEPLOY_TAG})
"""The tags that say what was deployed, and nothing of what the group is."""


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


@dataclass(frozen=True, slots=True)
class _Difference:
    group: Group
    live: LiveGroup
    tags: Mapping[str, str]
    to_add: tuple[Action, ...]
    members: Membership
    components: tuple[Action, ...]
    choice: Choice
    wanted: tuple[Document | None, Mapping[str, Document]]


def compare_group(comparison: Comparison, group: Group) -> Compared:
    """The plan of one group. A group with an error among its findings is blocked."""
    desired, live = comparison.desired, comparison.live.groups[group.name]
    if not group.adopt and (whose := _foreign(desired.fleet.name, live)):
        return _blocked_as_foreign(group, live, whose)
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
    tags = _marked(live, tags, is_done=bool(to_add or members.actions or choice.action))
    difference = _Difference(group, live, tags, to_add, members, published, choice, comparison.wanted.of(group))
    actions = _actions(difference)
    drift = _drift(comparison, difference)
    sends = choice.action is not None and "document" in choice.action.inputs
    findings = (
        *missing_type_findings(group, to_add, comparison.answers.missing_types),
        *block(desired, group, comparison.cores, comparison.live.cores, comparison.wanted),
        *(not_its_turn(group, comparison.cores, comparison.live, comparison.wanted) if sends else ()),
        *comparison.publications.refusals(group, documents),
    )
    things = {action.subject: comparison.answers.things.get(action.subject) for action in to_add}
    observed = snapshot(live, things, members.actions)
    plan = GroupPlan(
        name=group.name,
        runtime=group.runtime,
        operation=_operation(difference, actions),
        target=group.template,
        fingerprint=digest(observed),
        reasons=tuple(filter(None, (drift, *_reasons(difference), *choice.reasons))),
        drift=bool(drift),
        changes=_changes(difference),
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


def _actions(difference: _Difference) -> tuple[Action, ...]:
    """The group (if new), its things, members and client devices, components, tags, deployment."""
    group, live = difference.group, difference.live
    actions: list[Action] = []
    if not live.exists:
        birth = {key: difference.tags[key] for key in BIRTH_TAGS}
        actions.append(Action(f"{group.name}/create-group", "create-group", group.name, (), {"tags": birth}))
    actions += [*difference.to_add, *difference.members.actions, *difference.components]
    if changed := _tag_changes(difference):
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


def _tag_changes(difference: _Difference) -> dict[str, Change]:
    before = difference.live.tags
    return {
        key: Change(f"tags.{key}", "change" if key in before else "add", before.get(key), value)
        for key, value in sorted(difference.tags.items())
        if before.get(key) != value
    }


def _changes(difference: _Difference) -> tuple[Change, ...]:
    """Every difference of the group: itself, its members and client devices, its tags, its deployments."""
    changes = [*difference.members.changes, *_tag_changes(difference).values(), *difference.choice.changes]
    if not difference.live.exists:
        changes.append(Change("group", "add", None, difference.group.name))
    return tuple(sorted(changes))


def _operation(difference: _Difference, actions: Iterable[Action]) -> Operation:
    kinds = {action.kind for action in actions}
    if not kinds:
        return "none"
    if not difference.live.exists:
        return "create"
    if _tag_changes(difference).keys() <= DEPLOYMENT_MARKS:
        kinds.discard("tag-group")
    if not kinds <= set(DEPLOYMENT_KINDS):
        return "update"
    return "update" if "deploy" in kinds and _changes_content(difference.choice) else "deploy"


def _changes_content(choice: Choice) -> bool:
    """Whether devices get other content than they were sent last."""
    return any(change.after != SENT_AGAIN for change in choice.changes)


def _reasons(difference: _Difference) -> list[str]:
    group, live, tags = difference.group, difference.live, difference.tags
    if not live.exists:
        return ["no thing group of this name is live"]
    reasons = []
    before = template_version(live.tags)
    if live.tags.get(TEMPLATE_TAG, group.template.name) != group.template.name:
        reasons.append(f"template {live.tags[TEMPLATE_TAG]} {before} → {group.template}")
    elif before is not None and before != group.template.version:
        reasons.append(f"target version {before} → {group.template.version}")
    elif live.tags.get(TEMPLATE_DIGEST_TAG, tags[TEMPLATE_DIGEST_TAG]) != tags[TEMPLATE_DIGEST_TAG]:
        reasons.append(f"template {group.template} was edited after its release")
    for section, one, many in (("cores", "core", "cores"), ("devices", "device", "devices")):
        for kind, word in (("add", "new"), ("remove", "not in its files")):
            changes = difference.members.changes
            count = sum(change.kind == kind and change.path.startswith(f"{section}[") for change in changes)
            if count:
                reasons.append(f"{count} {one if count == 1 else many} {word}")
    choice = difference.choice
    if _changes_content(choice) and not (reasons or choice.reasons or choice.drift):
        reasons.append("its deployment differs from the files")
    return reasons


def _drift(comparison: Comparison, difference: _Difference) -> str:
    """Why the group counts as drifted, empty if it does not: live state that moved without a merge."""
    live = difference.live
    if not live.exists:
        gone = difference.group.name in comparison.known_groups
        return "drift: it was made before and has been deleted outside" if gone else ""
    if not difference.choice.drift:
        return ""
    found = next(_made_outside(live))
    named = f" ({found.name})" if found.name and found.mark is None else ""
    to_core = "" if is_group(found.target_arn) else f" to {target_name(found.target_arn)}"
    return f"drift: deployment {found.id}{named}{to_core} was made outside"


def _made_outside(live: LiveGroup) -> Iterator[LiveDeployment]:
    """The newest deployments of a group and its cores that somebody else made."""
    newest = [*([live.deployment] if live.deployment is not None else []), *live.core_deployments.values()]
    return (found for found in newest if is_outside(live, found))


def _marked(live: LiveGroup, tags: Mapping[str, str], *, is_done: bool) -> dict[str, str]:
    """The ``tags`` that a group shall have now. Where nothing else ``is_done`` to it, and what somebody else deployed
    is as the files say, they have taken that over: what it was brought to last may stay marked until the next time.
    """
    if is_done or live.fleet != tags[FLEET_TAG] or not any(_made_outside(live)):
        return dict(tags)
    return {**tags, **{key: live.tags[key] for key in TEMPLATE_MARKS & live.tags.keys()}}


def _foreign(fleet: str, live: LiveGroup) -> str:
    """Whose a group is that is not ours, empty if it is, or nobody's. A deployment outlives its thing group."""
    if live.exists:
        if live.fleet == fleet:
            return ""
        return f"belongs to fleet {live.fleet}" if live.fleet else f"bears no mark of fleet {fleet}"
    last = live.deployment
    if last is None or last.is_reset or (last.mark is not None and last.mark.fleet == fleet):
        return ""
    whose = f"of fleet {last.mark.fleet}" if last.mark is not None else f"which bears no mark of fleet {fleet}"
    return f"has a deployment, {last.id}, {whose}"


def _blocked_as_foreign(group: Group, live: LiveGroup, whose: str) -> Compared:
    observed = snapshot(live, {})
    plan = GroupPlan(
        name=group.name,
        runtime=group.runtime,
        operation="none",
        target=group.template,
        fingerprint=digest(observed),
        reasons=(f"a live thing group of this name exists and {whose}",),
        things=tuple(sorted({*live.members, *(thing.thing_name for thing in group.things)})),
        live=observed,
        blocked=True,
    )
    finding = GuardFinding(
        "foreign-group",
        "error",
        f"{group.name}: the thing group {live.arn} {whose}; set `adopt: true` in the group's spec to take it over, or "
        "give the group another name",
        actual=live.arn,
        source=group.position.line_only,
    )
    return Compared(plan, (finding,))


def things_of(group: Group, live: LiveGroup) -> tuple[str, ...]:
    """The cores and devices of a group, also those that leave it."""
    return tuple(sorted({thing.thing_name for thing in group.things} | present(group, live)))
