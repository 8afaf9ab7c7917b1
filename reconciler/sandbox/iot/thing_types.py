"""Thing types: create, describe, update, list, deprecate, delete."""

from datetime import timedelta
from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.paging import next_page
from reconciler.sandbox.iot.records import ThingType
from reconciler.sandbox.iot.store import Handler, Store

SEARCHABLE_ATTRIBUTES = 3  # AWS IoT limits page
REST_BEFORE_DELETION = timedelta(minutes=5)  # "wait five minutes" between deprecating and deleting: developer guide


class ThingTypes:
    """The operations on thing types over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {
            "CreateThingType": self.create,
            "DescribeThingType": self.describe,
            "UpdateThingType": self.update,
            "ListThingTypes": self.list,
            "DeprecateThingType": self.deprecate,
            "DeleteThingType": self.delete,
        }

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """The same name and properties again is a success; other properties are a conflict."""
        name, properties = params["thingTypeName"], params.get("thingTypeProperties", {})
        _check_properties(properties)
        thing_type = self._store.thing_types.get(name)
        if thing_type is None:
            arn = self._store.arn("thingtype", name)
            thing_type = ThingType(
                name=name, arn=arn, id=self._store.new_id(), properties=properties, created=self._store.now()
            )
            self._store.thing_types[name] = thing_type
            self._store.set_tags(arn, params.get("tags", ()))
        elif thing_type.properties != properties:
            raise refusals.already_exists(
                f"ThingType {name} already exists in account {self._store.account} with different properties",
                resource_id=thing_type.id,
                arn=thing_type.arn,
            )
        return {"thingTypeName": name, "thingTypeArn": thing_type.arn, "thingTypeId": thing_type.id}

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """Everything about one type."""
        thing_type = self._store.thing_type(params["thingTypeName"])
        return {**_summary(thing_type), "thingTypeId": thing_type.id}

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """Each property that is given takes the place of what was there."""
        thing_type = self._store.thing_type(params["thingTypeName"])
        properties = {**thing_type.properties, **params.get("thingTypeProperties", {})}
        _check_properties(properties)
        thing_type.properties = properties
        return {}

    def list(self, params: dict[str, Any]) -> dict[str, Any]:
        """By name; ``thingTypeName`` asks for one."""
        wanted = params.get("thingTypeName")
        page, more = next_page(
            "ListThingTypes",
            params,
            lambda after: (
                item for item in self._store.thing_types.after(after) if wanted is None or item[0] == wanted
            ),
        )
        return {"thingTypes": [_summary(thing_type) for thing_type in page], **more}

    def deprecate(self, params: dict[str, Any]) -> dict[str, Any]:
        """No new thing may take the type from now on; ``undoDeprecate`` takes that back."""
        thing_type = self._store.thing_type(params["thingTypeName"])
        if params.get("undoDeprecate"):
            thing_type.deprecated = None
        elif thing_type.deprecated is None:
            thing_type.deprecated = self._store.now()
        return {}

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Only a type that was deprecated five minutes ago and has no things."""
        thing_type = self._store.thing_type(params["thingTypeName"])
        name = thing_type.name
        if thing_type.deprecated is None:
            raise refusals.invalid(f"Cannot delete thing type : {name}. Deprecate it first")
        if thing_type.things:
            raise refusals.invalid(f"Cannot delete thing type : {name}. It still has {thing_type.things} things")
        if self._store.now() - thing_type.deprecated < REST_BEFORE_DELETION:
            raise refusals.invalid(
                f"Cannot delete thing type : {name}. It must have been deprecated for at least 5 minutes"
            )
        del self._store.thing_types[name]
        self._store.tags.pop(thing_type.arn, None)
        return {}


def _check_properties(properties: dict[str, Any]) -> None:
    if len(properties.get("searchableAttributes", ())) > SEARCHABLE_ATTRIBUTES:
        raise refusals.invalid(f"A thing type has at most {SEARCHABLE_ATTRIBUTES} searchable attributes")


def _summary(thing_type: ThingType) -> dict[str, Any]:
    metadata: dict[str, Any] = {"deprecated": thing_type.deprecated is not None, "creationDate": thing_type.created}
    if thing_type.deprecated is not None:
        metadata["deprecationDate"] = thing_type.deprecated
    return {
        "thingTypeName": thing_type.name,
        "thingTypeArn": thing_type.arn,
        "thingTypeProperties": thing_type.properties,
        "thingTypeMetadata": metadata,
    }
