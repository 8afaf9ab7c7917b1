"""Groups that bear another name than they did: which live group is meant, and what is named after it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.errors import ConfigurationError, Problem
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.pruning import earlier_names
from reconciler.runtimes.v1.families import definition_ids
from reconciler.runtimes.v1.live import Answers, LiveFleet

Rows = Mapping[str, list[dict[str, Any]]]


def rows_of(fleet: Fleet, groups: Iterable[Group], listed: Rows) -> dict[str, list[dict[str, Any]]]:
    """The live groups that ``groups`` mean, by the name that the files give them; without those that are not live.

    ``listed`` are all live groups by the name that they have: where none has a group's name, one of the names that
    ``moved`` gives for it counts. Raises ConfigurationError where several of those are live.
    """
    found = {}
    for group in groups:
        if group.name in listed:
            found[group.name] = listed[group.name]
            continue
        earlier = {name: move for name, move in earlier_names(fleet.moved, group.name).items() if name in listed}
        if len(earlier) > 1:
            *_, last = earlier.values()
            message = f"{' and '.join(earlier)} are all live, and moved says of each that it is {group.name} now"
            hint = "take the entries away that do not mean it"
            raise ConfigurationError([Problem(last.position, "bad-move", message, hint)])
        for name in earlier:
            found[group.name] = listed[name]
    return found


def both_live(fleet: Fleet, live: Mapping[str, Any], ours: Iterable[str]) -> None:
    """Raise ConfigurationError where ``moved`` renames one of ``ours`` to a name that is ``live`` as well.

    ``ours`` are the names of live groups that this fleet has made, and no file declares.
    """
    names = set(ours)
    problems = [
        Problem(
            move.position,
            "bad-move",
            f"both {name} and {target} are live, so {name} cannot be renamed to {target}",
            f"delete or rename one of the two, or take this entry away: then {name} counts as gone from the files",
        )
        for target in live
        for name, move in earlier_names(fleet.moved, target).items()
        if name in names
    ]
    if problems:
        raise ConfigurationError(problems)


def renamed_definitions(
    fleet: Fleet, live: LiveFleet, answers: Answers
) -> tuple[Answers, dict[str, tuple[tuple[str, str, str], ...]]]:
    """``answers`` as if definitions that bear the old name of a group bore its new one, and which those are.

    They are told by the group's new name: family, id, and new name of each.
    """
    owners, renamed = dict(answers.owners), {}
    for name, group in live.groups.items():
        if not group.live_name:
            continue
        found = []
        for family, definition in group.definitions.items():
            identifier = definition_ids(definition.arn)[0]
            if owners.get(identifier) == f"{fleet.name}/{group.live_name}/{family}":
                owners[identifier] = f"{fleet.name}/{name}/{family}"
                found.append((family, identifier, f"{fleet.name}/{name}/{family}"))
        renamed[name] = tuple(found)
    return replace(answers, owners=owners), renamed
