"""What files would have to say so that a live group is as they say, and what they say now. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.desired.groups import DeclaredGroup
from reconciler.desired.load import Written
from reconciler.desired.sources import Sources
from reconciler.model.errors import ReconcileError
from reconciler.model.position import NOWHERE
from reconciler.model.template import TemplateRef


class UnsayableError(ReconcileError):
    """Something live that no file can say, or that none should."""


class TakenAwayError(UnsayableError):
    """What is laid over something cannot take away from it."""


@dataclass(frozen=True, slots=True)
class RawGroup:
    """A group as its files have it, tokens and all: the ``spec`` of its document, and those of its Device documents by
    thing name.
    """

    spec: Mapping[str, Any] = field(default_factory=dict)
    devices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What the files say now: ``written``, and as it stands there, ``groups`` by name and the specs of ``templates``.

    ``brought`` has the things that runs have brought into a group, as far back as the ledger goes. ``adopted`` are the
    names of groups that are to be taken over, which this fleet did not make, and which may be in no file.
    """

    written: Written
    groups: Mapping[str, RawGroup]
    templates: Mapping[TemplateRef, Mapping[str, Any]]
    brought: Mapping[str, frozenset[str]] = field(default_factory=dict)
    adopted: frozenset[str] = frozenset()

    def group(self, name: str) -> tuple[DeclaredGroup, RawGroup]:
        """A group as it is declared, and as it is written; empty ones for one that is in no file."""
        if (declared := self.written.groups.get(name)) is not None:
            return declared, self.groups[name]
        return DeclaredGroup(name, NOWHERE, complete=True), RawGroup()

    def brought_into(self, name: str) -> frozenset[str] | None:
        """The things that runs have brought into a group, None for one that this fleet did not make."""
        return None if name in self.adopted else self.brought.get(name, frozenset())


@dataclass(frozen=True, slots=True)
class NewTemplate:
    """A template version that there is not yet: its ``spec`` without the number; ``base`` is what it is made from."""

    spec: Mapping[str, Any]
    base: TemplateRef | None = None


@dataclass(frozen=True, slots=True)
class Saying:
    """What the files have to say of one group: its ``spec``; None where it is gone, and so is its document.

    With a ``template`` the group's target version is to be that one, whose number is not known yet. ``devices`` are the
    specs of its Device documents that change, by thing name, None for one that goes.
    """

    group: str
    spec: Mapping[str, Any] | None = None
    template: NewTemplate | None = None
    devices: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)


def thing_of(name: str, spec: Mapping[str, Any]) -> str:
    """The thing that a Device document called ``name`` is about."""
    return str(spec.get("thingName", name))


def raw_groups(sources: Sources) -> dict[str, RawGroup]:
    """The groups as the files have them."""
    devices: dict[str, dict[str, Mapping[str, Any]]] = {}
    for source in sources.of_kind("Device"):
        devices.setdefault(str(source.spec["group"]), {})[thing_of(source.name, source.spec)] = source.spec
    return {source.name: RawGroup(source.spec, devices.get(source.name, {})) for source in sources.of_kind("Group")}


def raw_templates(sources: Sources) -> dict[TemplateRef, Mapping[str, Any]]:
    """The specs of the templates as the files have them."""
    return {TemplateRef(source.name, source.spec["version"]): source.spec for source in sources.of_kind("Template")}


def candidates(said: Said, runtime: str, now: TemplateRef | None) -> list[TemplateRef]:
    """The template versions that a group might be at in place of ``now``: those of its name first, newest first."""
    name = now.name if now is not None else ""
    found = [ref for ref, entry in said.written.templates.items() if entry.template.runtime == runtime and ref != now]
    return sorted(found, key=lambda ref: (ref.name != name, ref.name, -ref.version))


def with_state(spec: Mapping[str, Any], state: str, *gone: str) -> dict[str, Any]:
    """``spec`` with that deployment state, and without the keys ``gone`` of its deployment."""
    deployment = {key: value for key, value in (spec.get("deployment") or {}).items() if key not in gone}
    if deployment.get("state", "deployed") != state:
        deployment = {**deployment, "state": state}
    if deployment.get("state") == "deployed" and (spec.get("deployment") or {}).get("state") != "deployed":
        del deployment["state"]
    found = {key: value for key, value in spec.items() if key != "deployment"}
    return {**found, "deployment": deployment} if deployment else found
