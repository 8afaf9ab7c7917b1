"""Group and Device documents → groups: what belongs to each, and that names are unique in the fleet."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from reconciler.desired.applicable import check_applicable
from reconciler.desired.configuration import NOTHING, Configuration
from reconciler.desired.documents import Checked, duplicate
from reconciler.desired.files import FleetDirectory
from reconciler.desired.located import LocatedDict
from reconciler.desired.problems import Problems, names, quote
from reconciler.desired.pruning import build_pruning
from reconciler.desired.templates import TemplateEntry, Templates
from reconciler.desired.things import DeclaredThing, declare_thing, read_configuration
from reconciler.model.fleet import Fleet
from reconciler.model.group import DeploymentSpec, Thing
from reconciler.model.position import Position
from reconciler.model.pruning import SAYS_NOTHING, Pruning
from reconciler.model.template import GREENGRASS_V1, TemplateRef

MAX_DEVICES = 2_500
"""Per group (AWS General Reference, AWS IoT Greengrass V1 quotas, L-172983AD)."""


@dataclass(slots=True)
class DeclaredGroup:
    """A group as written, while its things come together.

    ``complete`` is false where something was wrong and left out; ``broken`` holds no more than the name, for Device
    documents that name a group which could not be used.
    """

    name: str
    position: Position
    complete: bool
    broken: bool = False
    template: TemplateRef | None = None
    entry: TemplateEntry | None = None
    labels: dict[str, str] = field(default_factory=dict)
    configuration: Configuration = NOTHING
    cores: list[DeclaredThing] = field(default_factory=list)
    devices: list[DeclaredThing] = field(default_factory=list)
    deployment: DeploymentSpec = field(default_factory=DeploymentSpec)
    adopt: bool = False
    pruning: Pruning = SAYS_NOTHING

    @property
    def runtime(self) -> str | None:
        """The runtime that its template names; None where the template is not known."""
        return self.entry.template.runtime if self.entry is not None else None

    @property
    def things(self) -> list[DeclaredThing]:
        """Its cores, then its devices."""
        return self.cores + self.devices


class Unread:
    """What could not be read of the directory: what may stand there is not called unknown."""

    def __init__(self, *, everything: bool) -> None:
        self.everything = everything
        self._texts: list[str] = []
        self._names: dict[str, bool] = {}

    def add(self, *, text: str = "", name: str | None = None) -> None:
        """Note a file or document: its text, if it has one that is no YAML, or its name, if that much is known."""
        self.everything = False
        if text:
            self._texts.append(text)
        if name is not None:
            self._names[name] = True

    def may_hold(self, name: str) -> bool:
        """Whether a document called ``name`` may stand there."""
        if name not in self._names:
            self._names[name] = any(name in text for text in self._texts)
        return self._names[name]


class GroupBuilder:
    """Builds the fleet's groups from Group and Device documents."""

    def __init__(
        self,
        directory: FleetDirectory,
        fleet: Fleet | None,
        templates: Templates,
        unread: Unread,
        problems: Problems,
    ) -> None:
        self._directory = directory
        self._fleet = fleet
        self._templates = templates
        self._unread = unread
        self._problems = problems
        self._groups: dict[str, DeclaredGroup] = {}
        self._things: dict[str, tuple[Thing, DeclaredGroup]] = {}
        self._shared: set[tuple[str, str]] = set()
        self._versions: dict[str, list[int]] = {}

    def build(self, groups: Iterable[Checked], devices: Iterable[Checked]) -> list[DeclaredGroup]:
        """Every group with its things, sorted by name."""
        for document in groups:
            self._add_group(document)
        device_names: dict[str, Position] = {}
        for document in devices:
            self._add_device(document, device_names)
        for group in self._groups.values():
            if group.runtime == GREENGRASS_V1:
                self._check_size(group)
        return sorted((group for group in self._groups.values() if not group.broken), key=lambda group: group.name)

    def _add_group(self, document: Checked) -> None:
        if document.value is None:
            if document.name is not None:
                broken = DeclaredGroup(document.name, document.position, complete=False, broken=True)
                self._groups.setdefault(document.name, broken)
            return
        metadata, spec = document.metadata, document.spec
        name, position = metadata["name"], metadata.position("name")
        before = self._groups.get(name)
        if before is not None and not before.broken:
            duplicate("group", name, position, before.position, self._problems)
            return
        found = len(self._problems)
        group = DeclaredGroup(name, position, document.complete)
        group.template, group.entry = self._template(spec["template"])
        group.labels = dict(metadata.get("labels", {}))
        group.configuration = read_configuration(spec, self._problems, core_at_hand=False)
        self._check_applicable(group, "group", spec)
        self._check_applicable(group, "deployment", spec.get("deployment"))
        for role, key in (("core", "cores"), ("device", "devices")):
            for entry in spec.get(key, ()):
                self._add_thing(group, declare_thing(entry, role, self._directory, self._fleet, self._problems))  # type: ignore[arg-type] # role is one of the two
        group.deployment = self._deployment(spec)
        group.adopt = spec.get("adopt", False)
        group.pruning = build_pruning(spec, self._problems, self._fleet.pruning if self._fleet else None)
        group.complete = group.complete and group.entry is not None and len(self._problems) == found
        self._groups[name] = group

    def _template(self, section: Any) -> tuple[TemplateRef, TemplateEntry | None]:
        ref = TemplateRef(section["name"], section["version"])
        entries = self._templates.entries
        if ref in entries or ref.name in self._templates.broken_names or self._unread.may_hold(ref.name):
            return ref, entries.get(ref)
        if not self._versions:
            for known in sorted(entries):
                self._versions.setdefault(known.name, []).append(known.version)
        if ref.name not in self._versions:
            otherwise = f"add a Template document of this name, or use one of {names(self._versions)}"
            if not self._versions:
                otherwise = "add a Template document of this name"
            hint = self._problems.did_you_mean(ref.name, self._versions, otherwise)
            self._problems.add(
                section.position("name"), "unknown-template", f"unknown template {quote(ref.name)}", hint
            )
        else:
            versions = names(map(str, self._versions[ref.name][::-1]))
            message = f"the template {quote(ref.name)} has no version {ref.version}"
            hint = f"its versions are {versions}"
            self._problems.add(section.position("version"), "unknown-version", message, hint)
        return ref, None

    def _add_device(self, document: Checked, seen: dict[str, Position]) -> None:
        if document.value is None:
            group = self._groups.get(_group_of(document))
            if group is not None:
                group.complete = False
            return
        metadata, spec = document.metadata, document.spec
        name, position = metadata["name"], metadata.position("name")
        if name in seen:
            duplicate("device", name, position, seen[name], self._problems)
            return
        seen[name] = position
        before = len(self._problems)
        labels = dict(metadata.get("labels", {}))
        thing = declare_thing(
            spec, spec["role"], self._directory, self._fleet, self._problems, default_name=name, labels=labels
        )
        group = self._groups.get(spec["group"])
        if group is None:
            if self._unread.may_hold(spec["group"]):
                return
            hint = self._problems.did_you_mean(spec["group"], self._groups, "add a Group document of this name")
            message = f"unknown group {quote(spec['group'])}"
            self._problems.add(spec.position("group"), "unknown-group", message, hint)
            return
        self._add_thing(group, thing)
        if len(self._problems) > before or not document.complete:
            group.complete = False

    def _add_thing(self, group: DeclaredGroup, declared: DeclaredThing | None) -> None:
        if declared is None:
            return
        thing = declared.thing
        self._check_applicable(group, "thing", declared.entry)
        first, home = self._things.setdefault(thing.thing_name, (thing, group))
        if first is not thing and not self._shares(thing, group, first, home):
            message = f"the thing {quote(thing.thing_name)} is declared twice, first at {first.position}"
            hint = "a thing belongs to one group, once: take one of the two away"
            self._problems.add(thing.position, "duplicate-thing", message, hint)
            return
        if thing.role == "core" and group.cores and group.runtime == GREENGRASS_V1:
            message = f"the group {group.name} has a second core; the first is at {group.cores[0].thing.position}"
            hint = "Greengrass V1 takes one: make it a device, or give it a group of its own"
            self._problems.add(thing.position, "two-cores", message, hint)
            return
        (group.cores if thing.role == "core" else group.devices).append(declared)

    def _shares(self, thing: Thing, group: DeclaredGroup, first: Thing, home: DeclaredGroup) -> bool:
        """Whether ``thing`` may be in ``group`` though it is in ``home`` already: a core may, in Greengrass V2."""
        if {thing.role, first.role} != {"core"} or GREENGRASS_V1 in {group.runtime, home.runtime}:
            return False
        if group is home or (thing.thing_name, group.name) in self._shared:
            return False
        self._shared.add((thing.thing_name, group.name))
        return True

    def _check_applicable(self, group: DeclaredGroup, of: str, section: Any) -> None:
        if group.runtime is not None and isinstance(section, LocatedDict):
            check_applicable(group.runtime, of, section, self._problems)

    def _deployment(self, spec: LocatedDict) -> DeploymentSpec:
        section = spec.get("deployment")
        if not isinstance(section, LocatedDict):
            return DeploymentSpec()
        state = section.get("state", "deployed")
        if section.get("force") and state != "reset":
            hint = "take force away, or write state: reset"
            message = f"force has no meaning with state: {state}"
            self._problems.add(section.key_position("force"), "force-without-reset", message, hint)
        if "groupVersionId" in section and state != "deployed":
            hint = "take groupVersionId away, or write state: deployed"
            message = f"groupVersionId has no meaning with state: {state}"
            self._problems.add(section.key_position("groupVersionId"), "pin-without-deployed", message, hint)
        redeploy = section.get("redeploy")
        return DeploymentSpec(
            state=state,
            redeploy=str(redeploy) if redeploy is not None else None,
            force=section.get("force", False),
            group_version_id=section.get("groupVersionId"),
            position=section.position(),
        )

    def _check_size(self, group: DeclaredGroup) -> None:
        if len(group.devices) > MAX_DEVICES:
            message = f"the group {group.name} has {len(group.devices):,} devices; Greengrass V1 takes {MAX_DEVICES:,}"
            hint = "spread them over several groups"
            self._problems.add(group.position, "too-many-devices", message, hint)
            group.complete = False


def _group_of(document: Checked) -> str:
    """The group that a Device document which cannot be used was meant for, as far as it says so."""
    spec = document.root.get("spec")
    group = spec.get("group") if isinstance(spec, LocatedDict) else None
    return group if isinstance(group, str) else ""
