"""The actions that realise what was found different in one group, in the order of rule 6. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.group import Group
from reconciler.model.plan import KNOWN_AFTER_APPLY, Action, Change
from reconciler.runtimes.marks import BIRTH_TAGS, changes_of_tags
from reconciler.runtimes.v1.deployment_choice import Choice
from reconciler.runtimes.v1.live import GROUP_VERSION_TAG, LiveGroup


@dataclass(frozen=True, slots=True)
class DefinitionChanges:
    """What becomes of a group's definitions: ``after`` is the version's ARN, or what publishes it, by family.

    ``carried`` describes those that nobody manages in the files.
    """

    after: Mapping[str, str | Action]
    changes: tuple[Change, ...]
    carried: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """All that was found about one group. ``tags`` are the wanted ones; ``to_add`` brings in things that it lacks.

    ``renamed`` are its own definitions that bear its old name: family, id, and the new name.
    """

    group: Group
    live: LiveGroup | None
    tags: Mapping[str, str]
    to_add: tuple[Action, ...]
    definitions: DefinitionChanges
    choice: Choice
    renamed: tuple[tuple[str, str, str], ...] = ()


def needs_version(live: LiveGroup | None, definitions: DefinitionChanges) -> bool:
    """Whether a new group version has to be made."""
    if live is None or live.version_id is None:
        return True
    return dict(definitions.after) != live.definition_arns()


def changes_of(difference: Difference) -> tuple[Change, ...]:
    """Every difference of the group: itself, its definitions, its tags, its deployment."""
    changes = [*difference.definitions.changes, *_tag_changes(difference).values(), *difference.choice.changes]
    if difference.live is None:
        changes.append(Change("group", "add", None, difference.group.name))
    elif difference.live.live_name:
        changes.append(Change("group.name", "change", difference.live.live_name, difference.group.name))
    return tuple(sorted(changes))


def actions_of(difference: Difference) -> tuple[Action, ...]:
    """The group (if new), its things, definition versions, group version, tags, deployment."""
    name = difference.group.name
    actions: list[Action] = []
    if difference.live is None:
        birth = {key: difference.tags[key] for key in BIRTH_TAGS}
        actions.append(Action(f"{name}/create-group", "create-group", name, (), {"tags": birth}))
    elif difference.live.live_name:
        actions.extend(_renames(difference))
    actions.extend(difference.to_add)
    tags = dict(difference.tags)
    tag_needs: tuple[str, ...] = ()
    if new_version := needs_version(difference.live, difference.definitions):
        publications, version = _version(difference)
        actions.extend((*publications, version))
        tags[GROUP_VERSION_TAG], tag_needs = KNOWN_AFTER_APPLY, (version.id,)
    chosen = difference.choice.action
    if not (new_version or _tag_changes(difference)):
        return (*actions, chosen) if chosen is not None else tuple(actions)
    tag = Action(f"{name}/tag-group", "tag-group", name, tag_needs, {"tags": tags})
    if chosen is None:
        return (*actions, tag)
    return (*actions, tag, Action(chosen.id, chosen.kind, name, (tag.id,), chosen.inputs))


def _renames(difference: Difference) -> list[Action]:
    """The group's own definitions get their new names first: as long as the group has its old one, it is found."""
    name, live = difference.group.name, difference.live
    actions = [
        Action(
            f"{name}/rename-definition/{family}",
            "rename-definition",
            new_name,
            (),
            {"family": family, "definitionId": definition_id},
        )
        for family, definition_id, new_name in sorted(difference.renamed)
    ]
    before = live.live_name if live is not None else ""
    needs = tuple(action.id for action in actions)
    return [*actions, Action(f"{name}/rename-group", "rename-group", name, needs, {"from": before})]


def _version(difference: Difference) -> tuple[tuple[Action, ...], Action]:
    """The publications that a new group version needs, and the action that makes it."""
    name, live = difference.group.name, difference.live
    after = difference.definitions.after
    published = {action.id: action for action in after.values() if isinstance(action, Action)}
    created = () if live is not None else (f"{name}/create-group",)
    references = {family: arn if isinstance(arn, str) else {"action": arn.id} for family, arn in after.items()}
    version = Action(
        f"{name}/create-group-version",
        "create-group-version",
        name,
        (*created, *sorted(published)),
        {"definitions": references},
    )
    return tuple(published[key] for key in sorted(published)), version


def _tag_changes(difference: Difference) -> dict[str, Change]:
    return changes_of_tags(difference.live.tags if difference.live is not None else {}, difference.tags)
