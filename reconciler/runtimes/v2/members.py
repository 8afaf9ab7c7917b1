"""Who belongs to a group: cores that join and leave its thing group, and client devices of each core. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.model.desired import DesiredState
from reconciler.model.group import Group
from reconciler.model.plan import Action, Change
from reconciler.model.template import GREENGRASS_V2
from reconciler.runtimes.v2.live import Associated, LiveGroup


@dataclass(frozen=True, slots=True)
class Cores:
    """What the files say of cores, over all groups: their groups, and the client devices of each, by thing name.

    ``homes`` has the one group that a command sees to a core with: the first of those that it is about.
    ``device_homes`` has the one that it takes devices with which no file has at the core: the first that has devices,
    if one has. ``declared`` are the groups by name.
    """

    groups: Mapping[str, tuple[str, ...]]
    devices: Mapping[str, frozenset[str]]
    homes: Mapping[str, str]
    device_homes: Mapping[str, str]
    declared: Mapping[str, Group]


def declared_cores(desired: DesiredState, about: Sequence[Group]) -> Cores:
    """What the files say of the cores of all V2 groups; ``about`` are those that a command is about."""
    groups: dict[str, list[str]] = {}
    devices: dict[str, set[str]] = {}
    for group in desired.groups:
        if group.runtime != GREENGRASS_V2:
            continue
        names = [core.thing_name for core in group.cores]
        for name in names:
            groups.setdefault(name, []).append(group.name)
            devices.setdefault(name, set())
        for device in group.devices:
            for name in device.cores if device.cores is not None else names:
                devices.setdefault(name, set()).add(device.thing_name)
    return Cores(
        {name: tuple(sorted(members)) for name, members in groups.items()},
        {name: frozenset(members) for name, members in devices.items()},
        _homes(sorted(about, key=lambda group: group.name)),
        _homes(sorted(about, key=lambda group: (not group.devices, group.name))),
        {group.name: group for group in desired.groups if group.runtime == GREENGRASS_V2},
    )


def configured_cores(desired: DesiredState) -> frozenset[str]:
    """The cores that have a configuration of their own, in whichever group."""
    return frozenset(name for group in desired.groups for name in group.core_documents)


def _homes(about: Iterable[Group]) -> dict[str, str]:
    homes: dict[str, str] = {}
    for group in about:
        for core in group.cores:
            homes.setdefault(core.thing_name, group.name)
    return homes


@dataclass(frozen=True, slots=True)
class Membership:
    """What changes in who belongs to a group."""

    changes: tuple[Change, ...] = ()
    actions: tuple[Action, ...] = ()
    notes: tuple[str, ...] = ()


def compare_members(group: Group, live: LiveGroup, cores: Cores, needs: tuple[str, ...]) -> Membership:
    """The changes and actions that bring members and client devices to what the files say, after ``needs``."""
    wanted = {core.thing_name for core in group.cores}
    joining, leaving = sorted(wanted - live.members), sorted(live.members - wanted)
    changes = [Change(f"cores[{name}]", "add", None, {}) for name in joining]
    changes += [Change(f"cores[{name}]", "remove", {}, None) for name in leaving]
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    actions, notes = [], []
    for core in leaving:
        # Before it leaves: afterwards nothing leads to a core that no group has any more.
        if core not in cores.groups and (taking := take_devices(live, core)) is not None:
            actions.append(taking)
            for device in taking.inputs["disassociate"]:
                before.setdefault(device, []).append(core)
    if joining or leaving:
        inputs: dict[str, Any] = {"join": joining, "leave": leaving}
        if elsewhere := [name for name in joining if cores.homes[name] != group.name]:
            inputs["elsewhere"] = elsewhere
        actions.append(Action(f"{group.name}/update-members", "update-members", group.name, needs, inputs))
    if leaving:
        notes.append(
            f"{', '.join(leaving)}: what the group brought {'them' if len(leaving) > 1 else 'it'} leaves at "
            f"{'the next deployment of each' if len(leaving) > 1 else 'its next deployment'}, not before"
        )
    for core in sorted(wanted):
        now = live.client_devices.get(core, Associated(frozenset())).devices
        own = _own_devices(group, core)
        # Devices that no file has are taken from a core by one group alone; those of others are theirs to see to.
        undeclared = now - cores.devices[core] if cores.device_homes[core] == group.name else frozenset()
        for found, devices in ((before, (now & own) | undeclared), (after, own)):
            for device in devices:
                found.setdefault(device, []).append(core)
        if not own <= now or undeclared:
            inputs = {"associate": sorted(own - now), "disassociate": sorted(undeclared)}
            actions.append(Action(f"{group.name}/associate-devices/{core}", "associate-devices", core, needs, inputs))
    changes += _device_changes(before, after)
    return Membership(tuple(sorted(changes)), tuple(actions), tuple(notes))


def take_devices(live: LiveGroup, core: str) -> Action | None:
    """What takes its client devices from a core that no group has any more; None if it has none."""
    devices = live.client_devices.get(core, Associated(frozenset())).devices
    if not devices:
        return None
    inputs = {"associate": [], "disassociate": sorted(devices)}
    return Action(f"{live.name}/associate-devices/{core}", "associate-devices", core, (), inputs)


def _device_changes(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> Iterator[Change]:
    """A change for each device that comes, goes, or is associated with other cores than before."""
    for device in sorted(before.keys() | after.keys()):
        had, has = before.get(device), after.get(device)
        if had is None:
            yield Change(f"devices[{device}]", "add", None, {})
        elif has is None:
            yield Change(f"devices[{device}]", "remove", {}, None)
        elif sorted(had) != sorted(has):
            yield Change(f"devices[{device}].cores", "change", sorted(had), sorted(has))


def _own_devices(group: Group, core: str) -> frozenset[str]:
    """The devices of ``group`` that are associated with one of its cores."""
    return frozenset(dev.thing_name for dev in group.devices if dev.cores is None or core in dev.cores)


def has_thing(live: LiveGroup, thing: str) -> bool:
    """Whether a thing is a member of a group, or a client device of one of the cores that were looked at."""
    return thing in live.members or any(thing in found.devices for found in live.client_devices.values())


def present(group: Group, live: LiveGroup) -> frozenset[str]:
    """The things of a group that need not be looked up: its members, and client devices of its cores."""
    found = set(live.members)
    for core in group.cores:
        found |= live.client_devices.get(core.thing_name, Associated(frozenset())).devices
    return frozenset(found)
