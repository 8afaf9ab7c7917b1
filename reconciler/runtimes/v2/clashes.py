"""Where what groups are about to bring to their cores does not go with what somebody else brings to these. Pure.

A core takes no version of a component but one that all deployments to it ask for, whoever made them: the next one that
it gets fails. The deployments of groups that files declare are told of by ``checks`` and ``turns``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from reconciler.model.component import Component, ComponentRef
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan
from reconciler.model.words import counted, some_of
from reconciler.planning.guards.facts import Clash
from reconciler.runtimes.v2.constraints import Ask, asks_of, unmet
from reconciler.runtimes.v2.documents import Document
from reconciler.runtimes.v2.lists import Row
from reconciler.runtimes.v2.names import Mark, is_group, target_name

_OURS, _THEIRS = "ours", "theirs"


class Bringing(NamedTuple):
    """What a ``group`` is about to bring to ``cores``: its deployment asks for ``asks``."""

    group: str
    cores: frozenset[str]
    asks: frozenset[Ask]


class Theirs(NamedTuple):
    """A deployment of somebody else: what to call it, what it asks for, and the cores that do not have it as it has
    failed there, or will not come.
    """

    name: str
    asks: frozenset[Ask]
    failed_on: frozenset[str] = frozenset()


def brings(
    group: Group, plan: GroupPlan, document: Document | None, components: Mapping[ComponentRef, Component]
) -> Bringing | None:
    """What ``plan`` brings to cores of ``group``, which shall have ``document``; None if nothing.

    A core that joins gets what the group has, and one that is sent something of its own looks at all that it has anew.
    """
    if plan.blocked or document is None or not document["components"]:
        return None
    cores: set[str] = set()
    for action in plan.of_kind("deploy", "redeploy", "deploy-cores", "update-members"):
        if "document" in action.inputs:
            cores.update(core.thing_name for core in group.cores)
        cores.update(entry["thingName"] for entry in action.inputs.get("cores", ()))
        cores.update(action.inputs.get("join", ()))
    return Bringing(group.name, frozenset(cores), asks_of(document, components)) if cores else None


def clashes(bringing: Iterable[Bringing], theirs: Mapping[str, Iterable[Theirs]]) -> tuple[Clash, ...]:
    """What goes wrong with what groups are ``bringing``; ``theirs`` are the deployments of others, by core."""
    found: dict[tuple[str, str, str], tuple[set[str], set[str], set[str]]] = defaultdict(lambda: (set(), set(), set()))
    for group in bringing:
        for core in group.cores & theirs.keys():
            for deployment in theirs[core]:
                if core in deployment.failed_on:
                    continue
                for what in between(group.asks, deployment.asks):
                    groups, cores, names = found[what]
                    groups.add(group.group)
                    cores.add(core)
                    names.add(deployment.name)
    return tuple(_clash(what, *about) for what, about in sorted(found.items()))


@cache
def between(ours: frozenset[Ask], theirs: frozenset[Ask]) -> tuple[tuple[str, str, str], ...]:
    """The components of which no version is right for both, with what the one side asks for, and the other."""
    asked = [*((_OURS, ask) for ask in ours), *((_THEIRS, ask) for ask in theirs)]
    found = []
    for component, asking in unmet(asked).items():
        sides = [", ".join(sorted(ask.text for who, ask in asking if who == side)) for side in (_OURS, _THEIRS)]
        if all(sides):
            found.append((component, *sides))
    return tuple((component, of_ours, of_theirs) for component, of_ours, of_theirs in found)


def called(row: Row, fleet: Fleet) -> str:
    """The target of a deployment of others, with what tells whose it is; ``row`` is what ListDeployments says of it."""
    name = row.get("deploymentName", "")
    mark, target = Mark.read(name), target_name(row["targetArn"])
    if mark is None:
        whose = f"deployment {name or row['deploymentId']}"
    else:
        whose = f"fleet {mark.fleet}" if mark.fleet != fleet.name else "of this fleet, in no file"
    return f"{target} ({whose})" if is_group(row["targetArn"]) else f"what {target} alone was sent ({whose})"


def _clash(what: tuple[str, str, str], groups: set[str], cores: set[str], names: set[str]) -> Clash:
    component, ours, theirs = what
    number = counted(len(cores), "core")
    message = (
        f"{some_of(groups)} {_verb(groups)} for {component} {ours} on {number} ({some_of(cores)}), where "
        f"{some_of(names)} {_verb(names)} for {theirs}; a core fails unless one version suits both: agree on it with "
        "whoever deploys there, or take the cores out of one group"
    )
    return Clash(message, len(cores))


def _verb(names: set[str]) -> str:
    return "ask" if len(names) > 1 else "asks"
