"""What files have to say so that a live group of Greengrass V1 is as they say. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.desired.groups import DeclaredGroup
from reconciler.desired.subscriptions import expand_subscription
from reconciler.desired.things import DeclaredThing
from reconciler.desired.tokens import TokenContext
from reconciler.model.template import GREENGRASS_V1, TemplateRef
from reconciler.planning.accepting.merging import Path, Tokens, merged
from reconciler.planning.accepting.saying import NewTemplate, Said, Saying, UnsayableError, candidates, with_state
from reconciler.planning.accepting.things import Listed, explained, list_things
from reconciler.runtimes.v1.families import FAMILIES, THING_FAMILIES, comparable, without_empty
from reconciler.runtimes.v1.live import LiveFleet, LiveGroup
from reconciler.runtimes.v1.wanted import live_entries, wanted_definitions

_VARIABLES = ("Environment", "Variables")
Families = Mapping[str, Mapping[str, Any]]
"""Family → content in the API's shape."""


class _OfThingsError(Exception):
    """Something became of subscriptions that come with things, which cannot be said where they are."""


def say(said: Said, live: LiveFleet, name: str, secrets: frozenset[str]) -> Saying:
    """What the files have to say of the live group ``name``; ``secrets`` are those that have a value.

    Raises UnsayableError, and ConfigurationError where a template's source cannot be used.
    """
    group = live.groups[name]
    if group.version_id is None:
        raise UnsayableError("it has no version yet")
    listed = _listed(said, group, {})
    if listed.declared.entry is None:
        listed = _listed(said, group, _own_subscriptions(said, group, listed.declared, secrets))
    try:
        spec, template = _Speaker(said, live, group, listed.declared, secrets).content(listed.spec)
    except _OfThingsError:
        listed = _listed(said, group, dict.fromkeys(thing.thing.thing_name for thing in listed.declared.things))
        spec, template = _Speaker(said, live, group, listed.declared, secrets, whole=True).content(listed.spec)
    spec = _deployment(spec, group, has_core=bool(listed.declared.cores), is_new=listed.declared.entry is None)
    if group.fleet is None:
        spec = {**spec, "adopt": True}
    return Saying(name, spec, template, listed.devices)


def _listed(said: Said, live: LiveGroup, subscriptions: Mapping[str, list[Any] | None]) -> Listed:
    """What the files list if they say of ``live`` which cores and devices it has, and of some which ``subscriptions``
    they have of their own: None for no longer any.
    """
    declared, raw = said.group(live.name)
    things: dict[Any, dict[str, Mapping[str, Any]]] = {}
    for role, family, before in (("core", "cores", declared.cores), ("device", "devices", declared.devices)):
        shadows = {found.thing.thing_name: found.thing.sync_shadow for found in before}
        entries = live_entries(live, family) if _is_managed(said, live, family, bool(before)) else {}
        things[role] = {
            thing: _shadow(bool(entries[thing].get("SyncShadow")), shadows.get(thing, True))
            | ({"subscriptions": subscriptions[thing]} if thing in subscriptions else {})
            for thing in explained(shadows, entries, None)
        }
    return list_things(declared, raw, things)


def _own_subscriptions(
    said: Said, live: LiveGroup, declared: DeclaredGroup, secrets: frozenset[str]
) -> dict[str, list[Any] | None]:
    """The subscriptions that begin or end at devices, by device, as each may have them of its own."""
    context, found, taken = _context(said, declared), dict[str, list[Any] | None](), set[str]()
    for device in declared.devices:
        tokens = Tokens(context.of_thing(said.written.fleet, device.thing), secrets)
        mine = [entry for entry in _at(said, device, live) if entry["Id"] not in taken]
        taken.update(entry["Id"] for entry in mine)
        if mine:
            found[device.thing.thing_name] = [tokens.write(entry) for entry in mine]
    return found


def _at(said: Said, device: DeclaredThing, live: LiveGroup) -> list[Mapping[str, str]]:
    """The subscriptions that begin or end at a device."""
    arn = said.written.fleet.thing_arn(device.thing.thing_name)
    return [entry for entry in _entities(live, "subscriptions") if arn in {entry["Source"], entry["Target"]}]


def _entities(live: LiveGroup, family: str) -> list[Mapping[str, Any]]:
    """The entities of a family in the order of their ids, each with its id first."""
    content = live.definitions[family].content if family in live.definitions else {}
    found = [{"Id": entity["Id"], **entity} for entity in content.get(FAMILIES[family].entities, ())]
    return sorted(found, key=lambda entity: str(entity["Id"]))


def _context(said: Said, declared: DeclaredGroup) -> TokenContext:
    core = declared.cores[0].thing if declared.cores else None
    return TokenContext.of_group(said.written.fleet, declared.name, declared.labels, core)


def _is_managed(said: Said, live: LiveGroup, family: str, declares: bool) -> bool:
    """Whether the files say anything of a family, or said so; one that they leave alone stays with the group."""
    return declares or live.name in said.adopted or family in live.managed


def _shadow(live: bool, declared: bool) -> dict[str, Any]:
    if live == declared:
        return {}
    return {"syncShadow": None if live else False}


def _deployment(spec: Mapping[str, Any], live: LiveGroup, *, has_core: bool, is_new: bool) -> Mapping[str, Any]:
    """``spec`` with the deployment that is the newest: a reset, the newest version, or another one, which is pinned."""
    deployment = spec.get("deployment") or {}
    state, pinned = deployment.get("state", "deployed"), deployment.get("groupVersionId")
    last = live.deployment
    if not has_core or state == "none":
        return spec
    if last is None:
        return with_state(spec, "none") if is_new else spec
    if last.is_reset:
        return with_state(spec, "reset", "groupVersionId")
    if last.group_version_id in {pinned, None}:
        return spec
    spec = with_state(spec, "deployed", "force", "groupVersionId")
    if live.deployed_arns == live.definition_arns():
        return spec
    return {**spec, "deployment": {**(spec.get("deployment") or {}), "groupVersionId": last.group_version_id}}


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Says what a group consists of. ``declared`` has the things that are live.

    ``whole``: all subscriptions stand in the template's definitions, and none comes with a thing.
    """

    said: Said
    fleet: LiveFleet
    live: LiveGroup
    declared: DeclaredGroup
    secrets: frozenset[str]
    whole: bool = False

    @property
    def _tokens(self) -> Tokens:
        return Tokens(_context(self.said, self.declared), self.secrets)

    @property
    def _families(self) -> Families:
        """What is live of each family but cores and devices."""
        return {
            family: {**found.content, FAMILIES[family].entities: _entities(self.live, family)}
            for family, found in self.live.definitions.items()
            if family not in THING_FAMILIES
        }

    def _meaning(self, ref: TemplateRef | None) -> Families | None:
        """What that template version would mean for the group, None if it could not be used."""
        entry = self.said.written.templates.get(ref) if ref is not None else None
        if entry is None or not entry.complete:
            return None
        group = self.said.written.expand(replace(self.declared, template=ref, entry=entry))
        if group is None:
            return None
        wanted = wanted_definitions(self.said.written.state, group, self.fleet, {})
        return {family: found.content for family, found in wanted.items() if family not in THING_FAMILIES}

    def _differing(self, wanted: Families, managed: Families | None) -> list[str]:
        """The families in which ``wanted`` is not what is live; ``managed`` are those that the files manage now."""
        here, found = self._families, []
        for family in sorted(wanted.keys() | here.keys()):
            counts = family in wanted or family in self.live.managed or managed is None or family in managed
            if counts and comparable(family, here.get(family, {})) != comparable(family, wanted.get(family, {})):
                found.append(family)
        return found

    def content(self, spec: Mapping[str, Any]) -> tuple[Mapping[str, Any], NewTemplate | None]:
        """``spec`` so that the group means what is live, and the template that it takes if there is none yet."""
        now = self.declared.template
        wanted = self._meaning(now)
        if wanted is not None and not self._differing(wanted, wanted):
            return spec, None
        for ref in candidates(self.said, GREENGRASS_V1, now):
            meant = None if self.said.written.templates[ref].template.source is not None else self._meaning(ref)
            if meant is not None and not self._differing(meant, wanted):
                return {**spec, "template": ref._asdict()}, None
        if now is None:
            return spec, NewTemplate({"runtime": GREENGRASS_V1, "definitions": self._all_but_own()})
        if wanted is None:
            if not self.whole:
                raise _OfThingsError
            raise UnsayableError("its template names a core or device that the group no longer has")
        return spec, self._templated(wanted)

    def _all(self) -> dict[str, Any]:
        """What is live of every family, as a template says it."""
        return {family: self._write((family,), content) for family, content in self._families.items()}

    def _all_but_own(self) -> dict[str, Any]:
        """The same without the subscriptions that things have of their own."""
        definitions = self._all()
        own = {entry["Id"] for found in self.declared.devices for entry in _at(self.said, found, self.live)}
        if own:
            rest = [entry for entry in _entities(self.live, "subscriptions") if entry["Id"] not in own]
            definitions["subscriptions"] = self._write(("subscriptions",), {"Subscriptions": rest})
            if not rest:
                del definitions["subscriptions"]
        return definitions

    def _templated(self, wanted: Families) -> NewTemplate:
        """A template made from the one that the group has, that says what is live."""
        now = self.declared.template
        if now is None:
            raise ValueError("what is made from no template is written whole")
        raw = {key: value for key, value in self.said.templates[now].items() if key not in {"version", "source"}}
        if self.whole:
            raw.pop("deviceSubscriptions", None)
        if "source" in self.said.templates[now]:
            return NewTemplate({**raw, "definitions": self._in_place_of_source(now, wanted)}, now)
        definitions = dict(raw["definitions"])
        for family in self._differing(wanted, wanted):
            if family not in self._families:
                definitions.pop(family, None)
            elif family != "subscriptions":
                was, live = without_empty(wanted.get(family, {})), without_empty(self._families[family])
                definitions[family] = merged(definitions.get(family, {}), was, live, self._write, (family,))
            else:
                definitions[family] = self._subscriptions(definitions.get(family, {}), wanted.get(family, {}))
        return NewTemplate({**raw, "definitions": definitions}, now)

    def _in_place_of_source(self, now: TemplateRef, wanted: Families) -> dict[str, Any]:
        """The definitions of a template that has the source of ``now`` no longer: what is live, without subscriptions
        that come with things.
        """
        definitions, differing = self._all(), self._differing(wanted, wanted)
        for family in differing:  # raises where a secret would stand in the open
            was = without_empty(wanted.get(family, {}))
            merged(was, was, without_empty(self._families.get(family, {})), self._write, (family,))
        if self.whole:
            return definitions
        if "subscriptions" in differing:
            raise _OfThingsError
        definitions.pop("subscriptions", None)
        if (source := self.fleet.sources[now].get("subscriptions")) is not None:
            definitions["subscriptions"] = self._write(("subscriptions",), source.content)
        return definitions

    def _subscriptions(self, raw: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The subscriptions of the template: those that it has with what became of them, and those that came.

        Raises _OfThingsError where something became of those that it adds for things.
        """
        if self.whole:
            return {**self._all()["subscriptions"]}
        entry = self.said.written.templates[self.declared.template or TemplateRef("", 0)]
        expanded = [
            expand_subscription(declared, self._tokens.context, lambda *_: None) for declared in entry.subscriptions
        ]
        live = {found["Id"]: found for found in _entities(self.live, "subscriptions")}
        own = {found["Id"]: found for found in expanded if found is not None}
        for found in wanted.get("Subscriptions", []):
            if found["Id"] not in own and live.get(found["Id"]) != found:
                raise _OfThingsError
        there = {found["Id"] for found in wanted.get("Subscriptions", [])}
        kept = [
            merged(written, found, live[found["Id"]], self._write, ("subscriptions", found["Id"]))
            for written, found in zip(raw.get("Subscriptions", []), expanded, strict=True)
            if found is not None and found["Id"] in live
        ]
        came = [self._write(("subscriptions",), found) for name, found in live.items() if name not in there]
        return {**raw, "Subscriptions": [*kept, *came]}

    def _write(self, path: Path, value: Any) -> Any:
        """A live value at a place of the definitions: tokens are expanded in variables and subscriptions alone."""
        if path[:1] == ("subscriptions",) or path[-3:-1] == _VARIABLES:
            return self._tokens.write(value)
        if isinstance(value, Mapping):
            return {key: self._write((*path, key), item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._write(path, item) for item in value]
        return value
