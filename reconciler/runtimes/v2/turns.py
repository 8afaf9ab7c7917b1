"""Which groups of one core cannot be sent what they shall have, or not before another one. Pure.

A core takes no version of a component but the one that all of its groups ask for, and one deployment at a time.
"""

from collections.abc import Iterator, Mapping

from reconciler.model.group import Group
from reconciler.model.plan import GuardFinding
from reconciler.runtimes.v2.choice import Wanted
from reconciler.runtimes.v2.documents import Document
from reconciler.runtimes.v2.live import LiveDeployment, LiveFleet
from reconciler.runtimes.v2.members import Cores


def not_its_turn(group: Group, cores: Cores, live: LiveFleet, wanted: Wanted) -> Iterator[GuardFinding]:
    """A finding for each component that ``group`` is to be sent in a version which its cores do not take, as they have
    another one by way of another group, until that is sent something else.
    """
    told: set[str] = set()
    gets = _versions(wanted.of(group)[0])
    for core, other, has in _neighbours(group, cores, live):
        for component, version in gets.items():
            if has.get(component, version) == version or component in told:
                continue
            told.add(component)
            theirs = _versions(wanted.of(cores.declared[other])[0])
            message = (
                f"{group.name}: {core} cannot take {component} {version} while it has {has[component]} by way of "
                f"{other}; {_remedy(component, theirs, _live_versions(live.groups[group.name].deployment), other)}"
            )
            yield GuardFinding("component-versions", "error", message, source=group.position.line_only)


def _neighbours(group: Group, cores: Cores, live: LiveFleet) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Each core of ``group`` with each other group that it is in now and stays in, and what it has by way of that.

    A group that a command is not about is taken to have the members that the files say.
    """
    for core in group.cores:
        for name in cores.groups[core.thing_name]:
            other = live.groups.get(name)
            if name == group.name or (other is not None and core.thing_name not in other.members):
                continue
            last = other.deployment if other is not None else live.neighbours.get(name)
            yield core.thing_name, name, _live_versions(last)


def _remedy(component: str, theirs: Mapping[str, str], own: Mapping[str, str], other: str) -> str:
    """What to do: the ``other`` group comes first, unless what the cores have by way of this one (``own``) stands in
    the way of what it gets (``theirs``).
    """
    if component not in own or theirs.get(component, own[component]) == own[component]:
        return f"apply {other} first, by itself (`--select {other}`)"
    return "let one of them alone ask for it, apply, and give it another version there"


def _live_versions(last: LiveDeployment | None) -> dict[str, str]:
    return _versions(last.document if last is not None and last.counts_now else None)


def _versions(document: Document | None) -> dict[str, str]:
    components = document["components"] if document is not None else {}
    return {name: str(entry["componentVersion"]) for name, entry in components.items()}
