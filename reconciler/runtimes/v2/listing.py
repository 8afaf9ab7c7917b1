"""Which cores and devices files have to list for a live group of Greengrass V2. Pure."""

from collections.abc import Mapping
from typing import Any

from reconciler.planning.accepting.saying import Said
from reconciler.planning.accepting.things import Listed, explained, list_things
from reconciler.runtimes.v2.live import Associated, LiveGroup


def homes_of(said: Said) -> dict[str, str]:
    """The group that the files have each device in, by thing name."""
    return {found.thing.thing_name: name for name, group in said.written.groups.items() for found in group.devices}


def list_live(said: Said, live: LiveGroup, homes: Mapping[str, str]) -> Listed:
    """What the files list if they say of ``live`` who its members are, and the client devices of each.

    Devices whose ``homes`` are other groups are theirs. Raises UnsayableError where the files are ahead of it.
    """
    declared, raw = said.group(live.name)
    brought = said.brought_into(live.name)
    cores = explained((found.thing.thing_name for found in declared.cores), live.members, brought)
    before = {found.thing.thing_name: found.thing for found in declared.devices}
    if not cores:  # nothing tells which devices it has
        return list_things(declared, raw, {"core": {}, "device": {name: {} for name in before}})
    of: dict[str, set[str]] = {}
    for core in cores:
        for device in live.client_devices.get(core, Associated(frozenset())).devices:
            if homes.get(device, live.name) == live.name:
                of.setdefault(device, set()).add(core)
    keys: dict[str, Mapping[str, Any]] = {}
    for device in explained(before, of, brought):
        wanted = before[device].cores if device in before else None
        if of[device] == set(cores if wanted is None else wanted):
            keys[device] = {}
        else:
            keys[device] = {"cores": None if of[device] == set(cores) else sorted(of[device])}
    return list_things(declared, raw, {"core": {name: {} for name in cores}, "device": keys})
