"""Tags of deployments, component versions and core devices."""

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.sandbox.greengrass_v2.refusals import invalid, not_found

MOST_TAGS = 50
"""AWS tagging limits; the service model's 200 is the size of one request."""

Finder = Callable[[str], dict[str, str] | None]
"""From an ARN to the tags that lie there, None for nothing."""


class Tags:
    """TagResource, UntagResource and ListTagsForResource over whatever ``find`` finds."""

    def __init__(self, find: Finder) -> None:
        self._find = find

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The three operations."""
        return {
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list,
        }

    def _tag(self, params: dict[str, Any]) -> dict[str, Any]:
        tags = self._tags_at(params["resourceArn"])
        check_tags({**tags, **params["tags"]})
        tags.update(params["tags"])
        return {}

    def _untag(self, params: dict[str, Any]) -> dict[str, Any]:
        tags = self._tags_at(params["resourceArn"])
        for key in params["tagKeys"]:
            tags.pop(key, None)
        return {}

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"tags": dict(self._tags_at(params["resourceArn"]))}

    def _tags_at(self, arn: str) -> dict[str, str]:
        tags = self._find(arn)
        if tags is None:
            raise not_found("resource", arn)
        return tags


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise ValidationException for too many tags, and for keys that AWS keeps for itself."""
    if len(tags) > MOST_TAGS:
        raise invalid(f"A resource can have at most {MOST_TAGS} tags, not {len(tags)}", "tags")
    reserved = [key for key in tags if key.lower().startswith("aws:")]
    if reserved:
        raise invalid(f"Tag keys that start with aws: are reserved: {', '.join(reserved)}", "tags")
