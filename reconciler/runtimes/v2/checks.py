"""What would go wrong on the devices, or in AWS, with what the files say: findings of guards, before anything is sent.

Pure. Findings of severity error block their group: there is nothing that an apply could carry out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.desired.shared_cores import MAX_GROUPS
from reconciler.desired.wire import MAX_GROUP_DOCUMENT, MAX_THING_DOCUMENT, wire_size
from reconciler.model.desired import DesiredState
from reconciler.model.group import Group
from reconciler.model.plan import GuardFinding
from reconciler.model.words import some_of
from reconciler.runtimes.v2.choice import Wanted
from reconciler.runtimes.v2.constraints import Ask, asks_of, unmet
from reconciler.runtimes.v2.documents import Document
from reconciler.runtimes.v2.live import Core, LiveFleet, LiveGroup
from reconciler.runtimes.v2.members import Cores
from reconciler.runtimes.v2.recipes import used_by
from reconciler.runtimes.v2.versions import at_least

NUCLEUS = "aws.greengrass.Nucleus"
NUCLEI = (NUCLEUS, "aws.greengrass.NucleusLite")
LITE = "aws_nucleus_lite"
"""What ListCoreDevices calls Nucleus Lite (API reference, ``runtime``)."""
LARGE_NUCLEUS = "2.3.0"
"""The first nucleus that takes large configurations (release notes of 2021-06-29)."""


def block(
    desired: DesiredState, group: Group, cores: Cores, live_cores: Mapping[str, Core], wanted: Wanted
) -> Iterator[GuardFinding]:
    """What keeps ``group`` from being carried out at all."""
    document, of_cores = wanted.of(group)
    source = group.position.line_only
    for core in group.cores:
        if core.thing_name in of_cores and (known := live_cores.get(core.thing_name)) and known.runtime == LITE:
            message = (
                f"{group.name}: {core.thing_name} runs Nucleus Lite, which takes deployments to thing groups alone, "
                "and has a configuration of its own; put it into a group of its own instead"
            )
            yield GuardFinding("lite-core", "error", message, source=core.position.line_only)
    for name, most, found in _sized(group, document, of_cores):
        if (bytes_ := wire_size(found)) > most and not at_least(_nucleus(document), LARGE_NUCLEUS):
            message = (
                f"{group.name}: the deployment to {name} has {bytes_:,} bytes, and above {most:,} a nucleus from "
                f"{LARGE_NUCLEUS} on is needed; the document pins {_nucleus(document)}"
            )
            yield GuardFinding("document-size", "error", message, most, bytes_, source)
    yield from _conflicts(desired, group, cores, wanted)


def crowded(
    group: Group, live: LiveFleet, cores: Cores, within: Mapping[str, frozenset[str]]
) -> Iterator[GuardFinding]:
    """A finding for each core that would join ``group`` and be in more thing groups than AWS IoT takes.

    ``within`` are the thing groups of cores that join, as far as they could be read. Groups join and leave at the same
    time, so that one which the core leaves counts, too.
    """
    for core in group.cores:
        name = core.thing_name
        if name not in within or name in live.groups[group.name].members:
            continue
        after = within[name] | {other for other in cores.groups[name] if other in live.groups}
        if len(after) <= MAX_GROUPS:
            continue
        leaving = {other for other in within[name] & live.groups.keys() if other not in cores.groups[name]}
        remedy = "take it out of others"
        if leaving and len(after) - len(leaving) <= MAX_GROUPS:
            first = " ".join(f"--select {other}" for other in sorted(leaving))
            remedy = f"apply what it leaves first, by itself (`{first}`)"
        message = (
            f"{group.name}: {name} would be in {len(after)} thing groups, and AWS IoT takes {MAX_GROUPS}; it is in "
            f"{some_of(within[name], MAX_GROUPS)}: {remedy}"
        )
        yield GuardFinding("too-many-groups", "error", message, MAX_GROUPS, len(after), core.position.line_only)


def _sized(
    group: Group, document: Document | None, of_cores: Mapping[str, Document]
) -> Iterator[tuple[str, int, Document]]:
    """The documents of a group: to whom, the bytes that every core takes of such a one, and itself."""
    if document is not None:
        yield group.name, MAX_GROUP_DOCUMENT, document
    for name, found in sorted(of_cores.items()):
        yield name, MAX_THING_DOCUMENT, found


def _nucleus(document: Document | None) -> str:
    """The version of the nucleus that a document pins, empty if it pins none."""
    components = document["components"] if document is not None else {}
    return next((str(components[name]["componentVersion"]) for name in NUCLEI[:1] if name in components), "")


def _conflicts(desired: DesiredState, group: Group, cores: Cores, wanted: Wanted) -> Iterator[GuardFinding]:
    """A finding for each component of which the groups of one core ask for versions that no version meets."""
    seen: set[tuple[str, ...]] = set()
    told: set[str] = set()
    for core in group.cores:
        names = cores.groups[core.thing_name]
        if names in seen:
            continue
        seen.add(names)
        for component, message in _unmet(desired, [cores.declared[name] for name in names], group, wanted):
            if component not in told:
                told.add(component)
                text = f"{group.name}: no version of {component} is right for {core.thing_name}: {message}"
                yield GuardFinding("component-versions", "error", text, source=group.position.line_only)


def _unmet(desired: DesiredState, groups: Iterable[Group], own: Group, documents: Wanted) -> Iterator[tuple[str, str]]:
    """The components that cannot be had, with who asks for which version of it; as far as ``own`` has part in it."""
    asked = [
        (group.name, ask)
        for group in groups
        if (document := documents.of(group)[0]) is not None
        for ask in asks_of(document, desired.components)
    ]
    for component, asking in unmet(asked).items():
        if any(name == own.name for name, _ in asking):
            yield component, "; ".join(sorted(f"{_who(name, ask)} asks for {ask.requirement}" for name, ask in asking))


def _who(group: str, ask: Ask) -> str:
    return f"{ask.by} of group {group}" if ask.by else f"group {group}"


def warn(
    desired: DesiredState, group: Group, cores: Cores, live: LiveGroup, wanted: Wanted
) -> Iterator[tuple[str, str]]:
    """What is worth knowing before ``group`` is sent what it shall have: guard and words, without the group's name."""
    document, of_cores = wanted.of(group)
    if document is None or group.deployment.state != "deployed":
        return
    _, floating = used_by(document, desired.components)
    pinned = _pinned(group, cores, wanted) | document["components"].keys()
    if pinned.isdisjoint(NUCLEI) and document["components"]:
        message = (
            f"{NUCLEUS} is not among the components: AWS may bring another version of it with any deployment; pin it"
        )
        yield "floating", message
    rest = [f"{name} (for {who})" for name, who in sorted(floating.items()) if name not in {*NUCLEI, *pinned}]
    if rest:
        yield "floating", f"{some_of(rest)}: not among the components, so that the newest version is taken; pin it"
    for name, most, found in _sized(group, document, of_cores):
        if (bytes_ := wire_size(found)) > most and at_least(_nucleus(document), LARGE_NUCLEUS):
            message = (
                f"the deployment to {name} has {bytes_:,} bytes: above {most:,} the policy of its cores has to allow "
                "greengrass:GetDeploymentConfiguration"
            )
            yield "document-size", message
    if live.deployment is not None:
        for component, pointers in _left_over(live.deployment.document, document):
            yield "left-over", _keeps(component, pointers, "its devices")
    for thing, before in sorted(live.core_deployments.items()):
        if thing in {core.thing_name for core in group.cores}:
            for component, pointers in _left_over(before.document, of_cores.get(thing, document)):
                yield "left-over", _keeps(component, pointers, thing)


def _pinned(group: Group, cores: Cores, wanted: Wanted) -> frozenset[str]:
    """The components whose version every core of ``group`` has from one of its groups."""
    found: list[frozenset[str]] = []
    for names in {cores.groups[core.thing_name] for core in group.cores}:
        documents = (wanted.of(cores.declared[name])[0] for name in names)
        found.append(frozenset().union(*(document["components"] for document in documents if document is not None)))
    return frozenset.intersection(*found) if found else frozenset()


def _keeps(component: str, pointers: Sequence[str], where: str) -> str:
    return (
        f"{component} keeps {some_of(pointers)} on {where}, which an earlier deployment merged and this one does not "
        f"name; add `reset: [{', '.join(map(repr, pointers[:3]))}]`, or `reset: ['']`"
    )


def _left_over(before: Document, after: Document) -> Iterator[tuple[str, list[str]]]:
    """JSON pointers, by component, to what was merged before and is neither merged now nor reset."""
    for name, component in sorted(after["components"].items()):
        had = before["components"].get(name, {}).get("configurationUpdate", {})
        has = component.get("configurationUpdate", {})
        resets = has.get("reset", ())
        gone = [
            pointer
            for pointer in _gone(had.get("merge"), has.get("merge"), "")
            if not any(pointer == reset or pointer.startswith(f"{reset}/") for reset in resets)
        ]
        if gone:
            yield name, gone


def _gone(before: Any, after: Any, at: str) -> Iterator[str]:
    if not isinstance(before, Mapping) or (after is not None and not isinstance(after, Mapping)):
        return
    for key, value in sorted(before.items()):
        pointer = f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}"
        if after is None or key not in after:
            yield pointer
        else:
            yield from _gone(value, after[key], pointer)
