"""Billing groups: a thing is in at most one."""

from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.paging import next_page
from reconciler.sandbox.iot.records import BillingGroup, Thing
from reconciler.sandbox.iot.store import Handler, Store, check_version
from reconciler.sandbox.iot.thing_group_members import named
from reconciler.sandbox.iot.things import Things


class BillingGroups:
    """The operations on billing groups over one store."""

    def __init__(self, store: Store, things: Things) -> None:
        self._store = store
        self._things = things
        self.handlers: dict[str, Handler] = {
            "CreateBillingGroup": self.create,
            "DescribeBillingGroup": self.describe,
            "UpdateBillingGroup": self.update,
            "DeleteBillingGroup": self.delete,
            "ListBillingGroups": self.list,
            "AddThingToBillingGroup": self.add,
            "RemoveThingFromBillingGroup": self.remove,
            "ListThingsInBillingGroup": self.list_things,
        }

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """The same name and properties again is a success; other properties are a conflict."""
        name, properties = params["billingGroupName"], params.get("billingGroupProperties", {})
        group = self._store.billing_groups.get(name)
        if group is None:
            arn = self._store.arn("billinggroup", name)
            group = BillingGroup(
                name=name, arn=arn, id=self._store.new_id(), created=self._store.now(), properties=properties
            )
            self._store.billing_groups[name] = group
            self._store.set_tags(arn, params.get("tags", ()))
        elif group.properties != properties:
            raise refusals.already_exists(
                f"Billing Group {name} already exists in current account with different properties",
                resource_id=group.id,
                arn=group.arn,
            )
        return {"billingGroupName": name, "billingGroupArn": group.arn, "billingGroupId": group.id}

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """Everything about one group."""
        group = self._store.billing_group(params["billingGroupName"])
        return {
            "billingGroupName": group.name,
            "billingGroupId": group.id,
            "billingGroupArn": group.arn,
            "version": group.version,
            "billingGroupProperties": group.properties,
            "billingGroupMetadata": {"creationDate": group.created},
        }

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """The properties take the place of those before."""
        group = self._store.billing_group(params["billingGroupName"])
        check_version(params.get("expectedVersion"), group.version)
        group.properties = params["billingGroupProperties"]
        group.version += 1
        return {"version": group.version}

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Its things stay; one that is not there is a success."""
        group = self._store.billing_groups.get(params["billingGroupName"])
        if group is None:
            return {}
        check_version(params.get("expectedVersion"), group.version)
        for name in list(group.things):
            self._things.set_billing_group(self._store.things[name], None)
        del self._store.billing_groups[group.name]
        self._store.tags.pop(group.arn, None)
        return {}

    def list(self, params: dict[str, Any]) -> dict[str, Any]:
        """By name; ``namePrefixFilter`` asks for some."""
        prefix = params.get("namePrefixFilter", "")
        page, more = next_page(
            "ListBillingGroups",
            params,
            lambda after: (item for item in self._store.billing_groups.after(after) if item[0].startswith(prefix)),
        )
        return {"billingGroups": [{"groupName": group.name, "groupArn": group.arn} for group in page], **more}

    def add(self, params: dict[str, Any]) -> dict[str, Any]:
        """The thing leaves the billing group it was in."""
        thing, group = self._both(params)
        self._things.set_billing_group(thing, group.name)
        return {}

    def remove(self, params: dict[str, Any]) -> dict[str, Any]:
        """Removing what is no member is a success."""
        thing, group = self._both(params)
        if thing.billing_group == group.name:
            self._things.set_billing_group(thing, None)
        return {}

    def list_things(self, params: dict[str, Any]) -> dict[str, Any]:
        """The names of a group's things."""
        group = self._store.billing_group(params["billingGroupName"])
        things, more = next_page(
            "ListThingsInBillingGroup", params, lambda after: ((name, name) for name, _ in group.things.after(after))
        )
        return {"things": things, **more}

    def _both(self, params: dict[str, Any]) -> tuple[Thing, BillingGroup]:
        thing = named(self._store, params, "thingName", "thingArn", "thing")
        group = named(self._store, params, "billingGroupName", "billingGroupArn", "billinggroup")
        return self._store.thing(thing), self._store.billing_group(group)
