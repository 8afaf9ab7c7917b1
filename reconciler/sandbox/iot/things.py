"""Things: create, describe, update, delete, list."""

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.paging import next_page
from reconciler.sandbox.iot.records import Attributes, Thing
from reconciler.sandbox.iot.store import Handler, Store, check_version, merged_attributes

ATTRIBUTES_WITHOUT_TYPE = 3  # AWS IoT limits page
ATTRIBUTES_WITH_TYPE = 50


class Things:
    """The operations on things over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {
            "CreateThing": self.create,
            "DescribeThing": self.describe,
            "UpdateThing": self.update,
            "DeleteThing": self.delete,
            "ListThings": self.list,
        }

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """The same name and configuration again is a success; another configuration is a conflict."""
        name = params["thingName"]
        attributes = merged_attributes({}, params.get("attributePayload", {}))
        type_name, billing_group = params.get("thingTypeName"), params.get("billingGroupName")
        thing = self._store.things.get(name)
        if thing is None:
            check_attributes(attributes, typed=type_name is not None)
            if billing_group is not None:
                self._store.billing_group(billing_group)
            if type_name is not None:
                self._take_type(type_name)
            thing = Thing(name=name, arn=self._store.arn("thing", name), id=self._store.new_id(), attributes=attributes)
            thing.type_name = type_name
            self._store.things[name] = thing
            self.set_billing_group(thing, billing_group)
        elif (thing.attributes, thing.type_name, thing.billing_group) != (attributes, type_name, billing_group):
            raise refusals.already_exists(
                f"Thing {name} already exists in account {self._store.account} with different attributes",
                resource_id=thing.id,
                arn=thing.arn,
            )
        return {"thingName": name, "thingArn": thing.arn, "thingId": thing.id}

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """Everything about one thing."""
        thing = self._store.thing(params["thingName"])
        return {**_summary(thing), "defaultClientId": thing.name, "thingId": thing.id, **_billing(thing)}

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """Attributes (replaced or merged) and thing type; every update counts the version up."""
        thing = self._store.thing(params["thingName"])
        check_version(params.get("expectedVersion"), thing.version)
        new_type = self._type_after(thing, params)
        attributes = thing.attributes
        if "attributePayload" in params:
            attributes = merged_attributes(thing.attributes, params["attributePayload"])
        check_attributes(attributes, typed=new_type is not None)
        self.change(thing, attributes=attributes, type_name=new_type)
        return {}

    def change(self, thing: Thing, *, attributes: Attributes, type_name: str | None) -> None:
        """Set attributes and type and count the version up; raises where the new type cannot be taken."""
        if type_name != thing.type_name:
            if type_name is not None:
                self._take_type(type_name)
            self._leave_type(thing)
        thing.type_name = type_name
        thing.attributes = attributes
        thing.version += 1

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Deleting what is not there is a success; a thing with principals stays."""
        thing = self._store.things.get(params["thingName"])
        if thing is None:
            return {}
        check_version(params.get("expectedVersion"), thing.version)
        if thing.principals:
            raise refusals.invalid(f"Cannot delete. Thing {thing.name} is still attached to one or more principals")
        for group in thing.groups:
            self._store.thing_groups[group].things.discard(thing.name)
        self.set_billing_group(thing, None)
        self._leave_type(thing)
        del self._store.things[thing.name]
        self._store.stirred.add(thing.name)
        return {}

    def list(self, params: dict[str, Any]) -> dict[str, Any]:
        """By name, with the filters on one attribute and on the thing type."""
        if "attributeValue" in params and "attributeName" not in params:
            raise refusals.invalid("attributeValue needs an attributeName")
        page, more = next_page("ListThings", params, lambda after: self._matching(after, params))
        return {"things": [_summary(thing) for thing in page], **more}

    def set_billing_group(self, thing: Thing, name: str | None) -> None:
        """Move the thing into the billing group, out of the one it was in; None leaves it in none."""
        if thing.billing_group is not None:
            self._store.billing_groups[thing.billing_group].things.discard(thing.name)
        if name is not None:
            self._store.billing_group(name).things[thing.name] = None
        thing.billing_group = name

    def _matching(self, after: str, params: dict[str, Any]) -> Iterator[tuple[str, Thing]]:
        attribute, wanted = params.get("attributeName"), params.get("attributeValue")
        prefix, type_name = params.get("usePrefixAttributeValue", False), params.get("thingTypeName")
        for name, thing in self._store.things.after(after):
            if type_name is not None and thing.type_name != type_name:
                continue
            if attribute is not None:
                value = thing.attributes.get(attribute)
                if value is None:
                    continue
                if wanted is not None and not (value.startswith(wanted) if prefix else value == wanted):
                    continue
            yield name, thing

    def _type_after(self, thing: Thing, params: dict[str, Any]) -> str | None:
        wanted: str | None = params.get("thingTypeName")
        if params.get("removeThingType"):
            if wanted is not None:
                raise refusals.invalid("thingTypeName and removeThingType cannot be given together")
            return None
        if wanted is not None and thing.type_name is not None and wanted != thing.type_name:
            raise refusals.invalid(
                f"Thing {thing.name} has thing type {thing.type_name}; remove it with removeThingType first"
            )
        return wanted if wanted is not None else thing.type_name

    def check_type(self, name: str) -> None:
        """Whether things may take this type; raises ResourceNotFoundException or InvalidRequestException."""
        if self._store.thing_type(name).deprecated is not None:
            raise refusals.invalid(f"Can not use deprecated thing type: {name}")

    def _take_type(self, name: str) -> None:
        self.check_type(name)
        self._store.thing_type(name).things += 1

    def _leave_type(self, thing: Thing) -> None:
        if thing.type_name is not None:
            self._store.thing_types[thing.type_name].things -= 1


def check_attributes(attributes: Attributes, *, typed: bool) -> None:
    """At most 3 attributes without a thing type, 50 with one; raises InvalidRequestException."""
    most = ATTRIBUTES_WITH_TYPE if typed else ATTRIBUTES_WITHOUT_TYPE
    if len(attributes) > most:
        kind = "with" if typed else "without"
        raise refusals.invalid(f"A thing {kind} a thing type has at most {most} attributes, not {len(attributes)}")


def _summary(thing: Thing) -> dict[str, Any]:
    typed = {"thingTypeName": thing.type_name} if thing.type_name is not None else {}
    return {
        "thingName": thing.name,
        "thingArn": thing.arn,
        "attributes": dict(thing.attributes),
        "version": thing.version,
        **typed,
    }


def _billing(thing: Thing) -> dict[str, Any]:
    return {"billingGroupName": thing.billing_group} if thing.billing_group is not None else {}
