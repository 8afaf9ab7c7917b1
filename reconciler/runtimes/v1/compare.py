"""Compares a desired group with its live state and says what would be done about each difference. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.model.canonical import digest
from reconciler.model.desired import DesiredState
from reconciler.model.group import Group
from reconciler.model.plan import DEPLOYMENT_KINDS, Action, Change, GroupPlan, GuardFinding, Operation
from reconciler.model.secrets import NO_SECRETS, Secrets
from reconciler.model.template import TemplateRef
from reconciler.planning.differences import differences
from reconciler.planning.masking import masked
from reconciler.provisioning.iot import Existing
from reconciler.runtimes.foreign import blocked_as_foreign
from reconciler.runtimes.marks import (
    REDEPLOY_OF_TAG,
    REDEPLOY_TAG,
    TEMPLATE_DIGEST_TAG,
    TEMPLATE_TAG,
    TEMPLATE_VERSION_TAG,
    changes_of_tags,
)
from reconciler.runtimes.prunes import wanted_mark
from reconciler.runtimes.reasons import of_template, of_things, whose_it_is
from reconciler.runtimes.things import Provisioning, bring_in, missing_type_findings
from reconciler.runtimes.v1.actions import DefinitionChanges, Difference, actions_of, changes_of, needs_version
from reconciler.runtimes.v1.deployment_choice import Choice, choose_deployment
from reconciler.runtimes.v1.families import THING_FAMILIES, comparable, definition_ids
from reconciler.runtimes.v1.live import DEPLOYMENT_TAG, FAMILIES_TAG, GROUP_VERSION_TAG, Answers, LiveFleet, LiveGroup
from reconciler.runtimes.v1.publications import Publications
from reconciler.runtimes.v1.snapshot import snapshot
from reconciler.runtimes.v1.tags import NO_FAMILY, wanted_tags
from reconciler.runtimes.v1.wanted import live_entries, wanted_definitions

TEMPLATE_MARKS = frozenset({TEMPLATE_TAG, TEMPLATE_VERSION_TAG, TEMPLATE_DIGEST_TAG, FAMILIES_TAG})
"""The tags that say which template version a group was brought to."""
DEPLOYMENT_MARKS = frozenset({DEPLOYMENT_TAG, GROUP_VERSION_TAG, REDEPLOY_OF_TAG, REDEPLOY_TAG})
"""The tags that say what was deployed, and nothing of what the group is."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that comparing needs. ``known_groups`` are those that the ledger remembers as made before.

    ``renamed`` are the definitions that bear the old name of a group which ``moved`` renames, by its new name.
    ``template_digests`` are those of what the desired template versions say.
    """

    desired: DesiredState
    live: LiveFleet
    answers: Answers
    publications: Publications
    provisioning: Provisioning
    known_groups: frozenset[str] = frozenset()
    renamed: Mapping[str, tuple[tuple[str, str, str], ...]] = field(default_factory=dict)
    template_digests: Mapping[TemplateRef, str] = field(default_factory=dict)
    secrets: Secrets = NO_SECRETS


def compare_group(comparison: Comparison, group: Group) -> tuple[GroupPlan, list[GuardFinding]]:
    """The plan of one group, and what guards say of it. A group with an error among them is blocked."""
    live = comparison.live.groups.get(group.name)
    if live is not None and live.fleet != comparison.desired.fleet.name and not group.adopt:
        return _foreign(comparison, group, live)
    to_add = _things_to_add(comparison, group, live)
    definitions = _compare_definitions(comparison, group, live, tuple(action.id for action in to_add))
    choice = choose_deployment(group, live, comparison.answers, new_version=needs_version(live, definitions))
    tags = _tags(comparison, group, live, definitions, choice)
    renamed = comparison.renamed.get(group.name, ())
    difference = Difference(group, live, tags, tuple(to_add), definitions, choice, renamed)
    actions = actions_of(difference)
    drift = _drift(comparison, difference)
    findings = [*missing_type_findings(group, to_add, comparison.answers.missing_types), *choice.findings]
    observed = snapshot(live, _looked_up(group, comparison.answers))
    plan = GroupPlan(
        name=group.name,
        runtime=group.runtime,
        operation=_operation(difference, actions),
        target=group.template,
        fingerprint=digest(observed),
        reasons=tuple(filter(None, (drift, *_reasons(difference), *choice.reasons))),
        drift=bool(drift),
        changes=changes_of(difference),
        actions=actions,
        things=_things(group, live),
        live=observed,
        carried=definitions.carried,
        notes=choice.notes,
        blocked=any(finding.severity == "error" for finding in findings),
    )
    return plan, findings


def _things_to_add(comparison: Comparison, group: Group, live: LiveGroup | None) -> list[Action]:
    needs = () if live is not None else (f"{group.name}/create-group",)
    actions = []
    for family, members in (("cores", group.cores), ("devices", group.devices)):
        present = live_entries(live, family)
        for thing in sorted(members, key=lambda member: member.thing_name):
            if thing.thing_name in present:
                continue
            existing = comparison.answers.things.get(thing.thing_name)
            arn = comparison.desired.fleet.thing_arn(thing.thing_name)
            actions.append(bring_in(group, thing, arn, existing, needs, comparison.provisioning))
    return actions


def _compare_definitions(
    comparison: Comparison, group: Group, live: LiveGroup | None, things: tuple[str, ...]
) -> DefinitionChanges:
    wanted = wanted_definitions(comparison.desired, group, comparison.live, comparison.answers.things)
    present = live.definitions if live is not None else {}
    after: dict[str, str | Action] = {}
    changes: list[Change] = []
    carried = []
    for family in sorted(wanted.keys() | present.keys()):
        have, want = present.get(family), wanted.get(family)
        before = comparable(family, have.content) if have is not None else {}
        if want is not None:
            found = differences(family, before, comparable(family, want.content))
            if have is not None and not found:
                after[family] = have.arn
            else:
                needs = things if family in THING_FAMILIES else ()
                after[family] = comparison.publications.version_of(family, want, needs)
                changes.extend(found)
        elif have is not None and _was_managed(comparison, live, family, have.arn):
            changes.extend(differences(family, before, {}))
        elif have is not None:
            after[family] = have.arn
            carried.append(f"{family} ({have.arn})")
    return DefinitionChanges(after, masked(changes, comparison.secrets), tuple(carried))


def _was_managed(comparison: Comparison, live: LiveGroup | None, family: str, arn: str) -> bool:
    """Whether the files managed what they no longer declare: the group's tag says so, or we made the definition."""
    made_here = comparison.answers.owners.get(definition_ids(arn)[0]) is not None
    return made_here or (live is not None and family in live.managed)


def _tags(
    comparison: Comparison, group: Group, live: LiveGroup | None, definitions: DefinitionChanges, choice: Choice
) -> dict[str, str]:
    """The tags that the group shall have, with the marks that go with its deployment.

    Where something is written anyway, a version that we have not marked, and that is as the files say, is marked now:
    a run was cut off before it could do that.
    """
    source = comparison.live.sources.get(group.template, ())
    tags = wanted_tags(comparison.desired.fleet, group, comparison.template_digests[group.template], source)
    tags |= {**choice.marks, **wanted_mark(group, live.tags if live is not None else {})}
    if live is not None and live.version_id is not None and not needs_version(live, definitions):
        if choice.action is None:
            tags |= _taken_over(comparison, live, tags)
        writes = choice.action is not None or not tags.items() <= live.tags.items()
        if writes and live.tags.get(GROUP_VERSION_TAG) != live.version_id:
            tags[GROUP_VERSION_TAG] = live.version_id
    return tags


def _taken_over(comparison: Comparison, live: LiveGroup, tags: Mapping[str, str]) -> dict[str, str]:
    """The marks that may stay as they are until the next time: somebody else made the newest version of a group of
    ours, and the files have taken it over. None if one of its families would not be told as managed then.
    """
    made = live.tags.get(GROUP_VERSION_TAG)
    is_outside = live.fleet == comparison.desired.fleet.name and made is not None and made != live.version_id
    if not is_outside or not set(tags[FAMILIES_TAG].split()) <= {*live.managed, NO_FAMILY}:
        return {}
    return {key: live.tags[key] for key in TEMPLATE_MARKS & live.tags.keys()}


def _operation(difference: Difference, actions: Iterable[Action]) -> Operation:
    kinds = {action.kind for action in actions}
    if not kinds:
        return "none"
    if difference.live is None:
        return "create"
    if changes_of_tags(difference.live.tags, difference.tags).keys() <= DEPLOYMENT_MARKS:
        kinds.discard("tag-group")
    return "deploy" if kinds and kinds <= set(DEPLOYMENT_KINDS) else "update"


def _reasons(difference: Difference) -> list[str]:
    group, live, tags, definitions = difference.group, difference.live, difference.tags, difference.definitions
    if live is None:
        return ["no group of this name is live"]
    renamed = [f"renamed from {live.live_name}"] if live.live_name else []
    reasons = [
        *of_template(group, live.tags, tags),
        *of_things(definitions.changes, removed="gone from the files"),
    ]
    if definitions.changes and not reasons:
        reasons.append("its definitions differ from the files")
    if live.version_id is None:
        reasons.append("it has no version yet")
    return renamed + reasons


def _drift(comparison: Comparison, difference: Difference) -> str:
    """Why the group counts as drifted, empty if it does not: live state that moved without a merge."""
    live = difference.live
    if live is None:
        gone = difference.group.name in comparison.known_groups
        return "drift: it was made before and has been deleted outside" if gone else ""
    made = live.tags.get(GROUP_VERSION_TAG)
    if difference.definitions.changes and made is not None and made != live.version_id:
        return f"drift: group version {live.version_id} was made outside"
    return "drift: its newest deployment was made outside" if difference.choice.drift else ""


def _foreign(comparison: Comparison, group: Group, live: LiveGroup) -> tuple[GroupPlan, list[GuardFinding]]:
    whose = whose_it_is(live.fleet, comparison.desired.fleet.name)
    observed = snapshot(live, _looked_up(group, comparison.answers))
    plan, finding = blocked_as_foreign(group, "group", ("live group", live.id), whose, _things(group, None), observed)
    return plan, [finding]


def _things(group: Group, live: LiveGroup | None) -> tuple[str, ...]:
    names = {thing.thing_name for thing in group.things}
    for family in ("cores", "devices"):
        names |= live_entries(live, family).keys()
    return tuple(sorted(names))


def _looked_up(group: Group, answers: Answers) -> dict[str, Existing | None]:
    """What was found of the things of a group that were looked up."""
    names = (thing.thing_name for thing in group.things)
    return {name: answers.things[name] for name in names if name in answers.things}
