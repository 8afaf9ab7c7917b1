"""Static thing groups: the tree of groups itself. Who is in them: thing_group_members."""

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.paging import next_page
from reconciler.sandbox.iot.records import Attributes, ThingGroup
from reconciler.sandbox.iot.store import Handler, Store, check_version, merged_attributes

DEPTH = 7  # these three: AWS IoT limits page
CHILDREN = 100
ATTRIBUTES = 50


class ThingGroups:
    """The operations on thing groups over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {
            "CreateThingGroup": self.create,
            "DescribeThingGroup": self.describe,
            "UpdateThingGroup": self.update,
            "DeleteThingGroup": self.delete,
            "ListThingGroups": self.list,
        }

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """The same name, parent and properties again is a success; anything else a conflict."""
        name, parent = params["thingGroupName"], params.get("parentGroupName")
        properties = params.get("thingGroupProperties", {})
        description = properties.get("thingGroupDescription")
        attributes = merged_attributes({}, properties.get("attributePayload", {}))
        _check_attributes(attributes)
        group = self._store.thing_groups.get(name)
        if group is None:
            self._check_parent(parent)
            group = ThingGroup(
                name=name,
                arn=self._store.arn("thinggroup", name),
                id=self._store.new_id(),
                created=self._store.now(),
                parent=parent,
                description=description,
                attributes=attributes,
            )
            self._store.thing_groups[name] = group
            if parent is not None:
                self._store.thing_groups[parent].children.add(name)
            self._store.set_tags(group.arn, params.get("tags", ()))
        elif (group.parent, group.description, group.attributes) != (parent, description, attributes):
            raise refusals.already_exists(
                f"Thing Group {name} already exists in current account with different attributes",
                resource_id=group.id,
                arn=group.arn,
            )
        return {"thingGroupName": name, "thingGroupArn": group.arn, "thingGroupId": group.id}

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """Everything about one group, with the way from the root down to its parent."""
        group = self._store.thing_group(params["thingGroupName"])
        metadata: dict[str, Any] = {"creationDate": group.created}
        if group.parent is not None:
            metadata["parentGroupName"] = group.parent
            metadata["rootToParentThingGroups"] = [summary(above) for above in reversed(ancestors(self._store, group))]
        properties: dict[str, Any] = {"attributePayload": {"attributes": dict(group.attributes)}}
        if group.description is not None:
            properties["thingGroupDescription"] = group.description
        return {
            "thingGroupName": group.name,
            "thingGroupId": group.id,
            "thingGroupArn": group.arn,
            "version": group.version,
            "thingGroupProperties": properties,
            "thingGroupMetadata": metadata,
        }

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """Description and attributes where they are given; the parent never changes."""
        group = self._store.thing_group(params["thingGroupName"])
        check_version(params.get("expectedVersion"), group.version)
        properties = params["thingGroupProperties"]
        if "attributePayload" in properties:
            attributes = merged_attributes(group.attributes, properties["attributePayload"])
            _check_attributes(attributes)
            group.attributes = attributes
        group.description = properties.get("thingGroupDescription", group.description)
        group.version += 1
        return {"version": group.version}

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Its things stay; a group with children is refused, one that is not there is a success."""
        group = self._store.thing_groups.get(params["thingGroupName"])
        if group is None:
            return {}
        check_version(params.get("expectedVersion"), group.version)
        if group.children:
            raise refusals.invalid(
                f"Cannot delete thing group : {group.name} when there are still child groups attached to it"
            )
        for thing in group.things:
            self._store.things[thing].groups.discard(group.name)
        self._store.stirred.update(group.things)
        if group.parent is not None:
            self._store.thing_groups[group.parent].children.discard(group.name)
        for policy in self._store.policies_of.pop(group.arn, ()):
            self._store.policies[policy].targets.discard(group.arn)
        del self._store.thing_groups[group.name]
        self._store.tags.pop(group.arn, None)
        return {}

    def list(self, params: dict[str, Any]) -> dict[str, Any]:
        """By name: all groups, or those below ``parentGroup``; only the uppermost of them unless ``recursive``."""
        parent = params.get("parentGroup")
        if parent is not None:
            self._store.thing_group(parent)
        page, more = next_page("ListThingGroups", params, lambda after: self._below(after, parent, params))
        return {"thingGroups": [summary(group) for group in page], **more}

    def _below(self, after: str, parent: str | None, params: dict[str, Any]) -> Iterator[tuple[str, ThingGroup]]:
        recursive, prefix = params.get("recursive", True), params.get("namePrefixFilter", "")
        for name, group in self._store.thing_groups.after(after):
            if not name.startswith(prefix):
                continue
            if group.parent == parent or (recursive and self._is_below(group, parent)):
                yield name, group

    def _is_below(self, group: ThingGroup, parent: str | None) -> bool:
        return parent is None or any(above.name == parent for above in ancestors(self._store, group))

    def _check_parent(self, name: str | None) -> None:
        if name is None:
            return
        parent = self._store.thing_groups.get(name)
        if parent is None:
            raise refusals.invalid(f"Parent thing group {name} not found")
        if len(parent.children) >= CHILDREN:
            raise refusals.invalid(f"Thing group {name} has {CHILDREN} child groups already, the most there may be")
        if len(ancestors(self._store, parent)) + 2 > DEPTH:
            raise refusals.invalid(f"Thing group {name} is {DEPTH} levels deep already, the most there may be")


def ancestors(store: Store, group: ThingGroup) -> list[ThingGroup]:
    """The groups above, from the parent up to the root."""
    above: list[ThingGroup] = []
    while group.parent is not None:
        group = store.thing_groups[group.parent]
        above.append(group)
    return above


def subtree(store: Store, group: ThingGroup) -> list[ThingGroup]:
    """The group itself and all groups below it."""
    found = [group]
    for above in found:  # grows while it is walked
        found.extend(store.thing_groups[name] for name in sorted(above.children))
    return found


def summary(group: ThingGroup) -> dict[str, str]:
    """Name and ARN, as the lists of groups give them."""
    return {"groupName": group.name, "groupArn": group.arn}


def _check_attributes(attributes: Attributes) -> None:
    if len(attributes) > ATTRIBUTES:
        raise refusals.invalid(f"A thing group has at most {ATTRIBUTES} attributes, not {len(attributes)}")
