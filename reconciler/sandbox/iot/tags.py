"""Tags of whatever AWS IoT lets tag: things themselves and certificates are not among it."""

from typing import TYPE_CHECKING, Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.paging import next_page
from reconciler.sandbox.iot.store import Handler, Store

if TYPE_CHECKING:
    from collections.abc import Container

MOST_TAGS = 50  # AWS tagging limits

# Kinds of resources that the registry holds itself; a tag needs the resource to be there.
_OWN = ("thinggroup", "thingtype", "billinggroup", "policy", "provisioningtemplate", "cacert")
# Kinds that others hold: they can be tagged, but that they are there is not checked.
_OTHERS = ("job", "jobtemplate", "rolealias", "authorizer", "rule", "stream", "otaupdate", "securityprofile")


class Tags:
    """The operations on tags over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.list,
        }

    def tag(self, params: dict[str, Any]) -> dict[str, Any]:
        """Add tags, or give them new values."""
        arn = self._taggable(params["resourceArn"])
        given = {tag["Key"]: tag.get("Value", "") for tag in params["tags"]}
        reserved = [key for key in given if key.lower().startswith("aws:")]
        if reserved:
            raise refusals.invalid(f"Tag keys that start with aws: are reserved: {', '.join(reserved)}")
        tags = {**self._store.tags.get(arn, {}), **given}
        if len(tags) > MOST_TAGS:
            raise refusals.limit_exceeded(f"A resource has at most {MOST_TAGS} tags, not {len(tags)}")
        self._store.tags[arn] = tags
        return {}

    def untag(self, params: dict[str, Any]) -> dict[str, Any]:
        """Remove tags; those that are not there are no matter."""
        tags = self._store.tags.get(self._taggable(params["resourceArn"]), {})
        for key in params["tagKeys"]:
            tags.pop(key, None)
        return {}

    def list(self, params: dict[str, Any]) -> dict[str, Any]:
        """By key."""
        tags = self._store.tags.get(self._taggable(params["resourceArn"]), {})
        page, more = next_page(
            "ListTagsForResource",
            params,
            lambda after: ((key, {"Key": key, "Value": tags[key]}) for key in sorted(tags) if key > after),
        )
        return {"tags": page, **more}

    def _taggable(self, arn: str) -> str:
        for kind in _OWN:
            name = self._store.name_in(arn, kind)
            if name is not None:
                if not self._exists(kind, name):
                    raise refusals.not_found(f"Resource {arn} not found")
                return arn
        if any(self._store.name_in(arn, kind) for kind in _OTHERS):
            return arn
        raise refusals.invalid(f"Resource {arn} cannot be tagged")

    def _exists(self, kind: str, name: str) -> bool:
        store = self._store
        holders: dict[str, Container[str]] = {
            "thinggroup": store.thing_groups,
            "thingtype": store.thing_types,
            "billinggroup": store.billing_groups,
            "policy": store.policies,
            "provisioningtemplate": store.templates,
            "cacert": store.ca_certificates,
        }
        return name in holders[kind]
