"""Things in thing groups: adding, removing, and both kinds of list."""

import heapq
from collections.abc import Iterable, Iterator
from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.paging import next_page
from reconciler.sandbox.iot.records import Thing, ThingGroup
from reconciler.sandbox.iot.store import Handler, Store
from reconciler.sandbox.iot.thing_groups import ancestors, subtree, summary

GROUPS_PER_THING = 10  # AWS IoT limits page


class ThingGroupMembers:
    """The operations on who is in which thing group, over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {
            "AddThingToThingGroup": self.add,
            "RemoveThingFromThingGroup": self.remove,
            "UpdateThingGroupsForThing": self.update,
            "ListThingsInThingGroup": self.list_things,
            "ListThingGroupsForThing": self.list_groups,
        }

    def add(self, params: dict[str, Any]) -> dict[str, Any]:
        """Adding a member again is a success."""
        thing, group = self._both(params)
        self.set_groups(thing, thing.groups | {group.name})
        return {}

    def remove(self, params: dict[str, Any]) -> dict[str, Any]:
        """Removing what is no member is a success."""
        thing, group = self._both(params)
        self.set_groups(thing, thing.groups - {group.name})
        return {}

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """Both directions at once; nothing is done where any of it is refused."""
        if "thingName" not in params:
            raise refusals.invalid("thingName is required")
        thing = self._store.thing(params["thingName"])
        joining, leaving = set(params.get("thingGroupsToAdd", ())), set(params.get("thingGroupsToRemove", ()))
        for name in sorted(joining | leaving):
            self._store.thing_group(name)
        if joining & leaving:
            raise refusals.invalid(f"Thing groups both to add and to remove: {', '.join(sorted(joining & leaving))}")
        self.set_groups(thing, (thing.groups - leaving) | joining)
        return {}

    def set_groups(self, thing: Thing, names: Iterable[str]) -> None:
        """Make these the thing's groups, all of which exist; raises InvalidRequestException where they cannot be."""
        wanted = set(names)
        self.check_groups(wanted)
        for name in wanted - thing.groups:
            self._store.thing_groups[name].things[thing.name] = None
        for name in thing.groups - wanted:
            self._store.thing_groups[name].things.discard(thing.name)
        if wanted != thing.groups:
            self._store.stirred.add(thing.name)
        thing.groups = wanted

    def check_groups(self, names: set[str]) -> None:
        """At most ten groups, one of each hierarchy; raises InvalidRequestException."""
        if len(names) > GROUPS_PER_THING:
            raise refusals.invalid(f"A thing is in at most {GROUPS_PER_THING} thing groups, not {len(names)}")
        by_root: dict[str, str] = {}
        for name in sorted(names):
            group = self._store.thing_group(name)
            root = (ancestors(self._store, group) or [group])[-1].name
            if root in by_root:
                raise refusals.invalid(
                    f"A thing cannot be in two groups of one hierarchy, as {by_root[root]} and {name} are in {root}'s"
                )
            by_root[root] = name

    def list_things(self, params: dict[str, Any]) -> dict[str, Any]:
        """The names of a group's things; with ``recursive`` those of all groups below it, too."""
        group = self._store.thing_group(params["thingGroupName"])
        recursive = params.get("recursive", False)

        def after(key: str) -> Iterator[tuple[str, str]]:
            groups = subtree(self._store, group) if recursive else [group]
            for name, _ in heapq.merge(*(below.things.after(key) for below in groups), key=lambda item: item[0]):
                yield name, name

        things, more = next_page("ListThingsInThingGroup", params, after)
        return {"things": things, **more}

    def list_groups(self, params: dict[str, Any]) -> dict[str, Any]:
        """The groups that a thing was added to, not those above them."""
        thing = self._store.thing(params["thingName"])
        page, more = next_page(
            "ListThingGroupsForThing",
            params,
            lambda after: ((name, self._store.thing_groups[name]) for name in sorted(thing.groups) if name > after),
        )
        return {"thingGroups": [summary(group) for group in page], **more}

    def _both(self, params: dict[str, Any]) -> tuple[Thing, ThingGroup]:
        store = self._store
        thing = named(store, params, "thingName", "thingArn", "thing")
        group = named(store, params, "thingGroupName", "thingGroupArn", "thinggroup")
        return store.thing(thing), store.thing_group(group)


def named(store: Store, params: dict[str, Any], name_key: str, arn_key: str, kind: str) -> str:
    """The name that a request gives as a name, as an ARN, or as both; raises InvalidRequestException."""
    name: str | None = params.get(name_key)
    if arn_key in params:
        from_arn = store.name_in(params[arn_key], kind)
        if from_arn is None or name not in (None, from_arn):
            raise refusals.invalid(f"Invalid {arn_key}: {params[arn_key]}")
        return from_arn
    if name is None:
        raise refusals.invalid(f"Either {name_key} or {arn_key} is required")
    return name
