"""The cores and devices of a group as files have to list them once others are live. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reconciler.desired.configuration import NOTHING
from reconciler.desired.groups import DeclaredGroup
from reconciler.desired.located import LocatedDict
from reconciler.desired.subscriptions import Declared
from reconciler.desired.things import DeclaredThing
from reconciler.model.group import Thing
from reconciler.model.position import NOWHERE
from reconciler.planning.accepting.saying import RawGroup, UnsayableError

Role = Literal["core", "device"]
LISTS: Mapping[Role, str] = {"core": "cores", "device": "devices"}
"""The key of a group's spec that lists what has the role."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The things that files list for a group: ``declared`` to work out what they mean, and how they are written.

    ``devices`` are the Device documents that change, by thing name, None for one that goes.
    """

    declared: DeclaredGroup
    spec: Mapping[str, Any]
    devices: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)


def list_things(declared: DeclaredGroup, raw: RawGroup, live: Mapping[Role, Mapping[str, Mapping[str, Any]]]) -> Listed:
    """What the files list if ``live`` are the things, by role and name, each with the keys that it shall have.

    A key with None is taken away; all others that a thing has in the files stay.
    """
    spec = dict(raw.spec)
    devices: dict[str, Mapping[str, Any] | None] = {}
    kept: dict[Role, list[DeclaredThing]] = {}
    for role, things in live.items():
        before = {found.thing.thing_name: found for found in (declared.cores if role == "core" else declared.devices)}
        entries = [_with(entry, things[entry["thingName"]]) for entry in _listed(spec, role, things)]
        in_documents = {name for name in before if name in raw.devices}
        for name in sorted(in_documents):
            changed = _with(raw.devices[name], things[name]) if name in things else None
            if changed != raw.devices[name]:
                devices[name] = changed
        names = [*(str(entry["thingName"]) for entry in entries), *sorted(in_documents & things.keys())]
        new = sorted(things.keys() - set(names))
        entries += [_with({"thingName": name}, things[name]) for name in new]
        if entries or LISTS[role] in spec:
            spec[LISTS[role]] = entries
        if not entries:
            spec.pop(LISTS[role], None)
        kept[role] = [_declared(name, role, before.get(name), things[name]) for name in (*names, *new)]
    changed_things = {LISTS[role]: found for role, found in kept.items()}
    return Listed(replace(declared, **changed_things), spec, devices)  # type: ignore[arg-type] # two lists of things


def _listed(spec: Mapping[str, Any], role: Role, things: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in spec.get(LISTS[role]) or () if entry["thingName"] in things]


def _with(entry: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """``entry`` with ``keys``; one with None goes."""
    return {key: value for key, value in {**entry, **keys}.items() if not (key in keys and value is None)}


def _declared(name: str, role: Role, before: DeclaredThing | None, keys: Mapping[str, Any]) -> DeclaredThing:
    if before is None:
        nothing = LocatedDict("", (0, 0))
        before = DeclaredThing(Thing(name, role), {}, {}, (), NOTHING, {}, {}, nothing)
    thing = before.thing
    if "cores" in keys:
        thing = replace(thing, cores=tuple(keys["cores"]) if keys["cores"] is not None else None)
        before = replace(before, core_places={})
    if "syncShadow" in keys:
        thing = replace(thing, sync_shadow=keys["syncShadow"] is None)
    if "subscriptions" in keys:
        before = replace(before, subscriptions=tuple(map(_subscription, keys["subscriptions"] or ())))
    return replace(before, thing=thing)


def _subscription(members: Mapping[str, str]) -> Declared:
    return Declared(members, dict.fromkeys(members, NOWHERE), has_tokens=True, sound=True)


def explained(before: Iterable[str], live: Iterable[str], brought: frozenset[str] | None) -> list[str]:
    """Of things that files list (``before``) and things that are ``live``, those to list: all that are live.

    ``brought`` are those that runs have brought in; None where everything was done outside. Raises UnsayableError where
    the files are ahead: they no longer list what a run has brought in, or list what none has.
    """
    before, live = list(before), set(live)
    if brought is not None:
        waiting = [name for name in before if name not in live and name not in brought]
        waiting += sorted(name for name in live.difference(before) if name in brought)
        if waiting:
            raise UnsayableError(f"the files say otherwise of {', '.join(waiting)}, and no apply has carried it out")
    return [name for name in before if name in live] + sorted(live.difference(before))
