"""Tags of groups, definitions and bulk deployments (V1 developer guide, tagging.md); versions bear none."""

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.sandbox.greengrass_v1.names import Arns
from reconciler.sandbox.greengrass_v1.refusals import bad_request, resource_not_found

MOST_TAGS = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256

Finder = Callable[[list[str]], dict[str, str] | None]
"""From the parts of an ARN's path to the tags that lie there, None for nothing."""


class Tags:
    """TagResource, UntagResource and ListTagsForResource over whatever ``find`` finds."""

    def __init__(self, arns: Arns, find: Finder) -> None:
        self._arns = arns
        self._find = find

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The three operations."""
        return {
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list,
        }

    def _tag(self, params: dict[str, Any]) -> dict[str, Any]:
        tags, added = self._tags_of(params), params.get("tags", {})
        check_tags({**tags, **added})
        tags.update(added)
        return {}

    def _untag(self, params: dict[str, Any]) -> dict[str, Any]:
        tags = self._tags_of(params)
        for key in params["TagKeys"]:
            tags.pop(key, None)
        return {}

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"tags": dict(self._tags_of(params))}

    def _tags_of(self, params: Mapping[str, Any]) -> dict[str, str]:
        arn = params["ResourceArn"]
        path = self._arns.path_in(arn)
        if path is None or "/versions/" in path:
            raise bad_request(f"The resource ARN is invalid: {arn}")
        tags = self._find(path.split("/"))
        if tags is None:
            raise resource_not_found(f"The resource {arn} does not exist.")
        return tags


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise BadRequestException for too many tags, and for keys and values that AWS refuses."""
    if len(tags) > MOST_TAGS:
        raise bad_request(f"A resource can have at most {MOST_TAGS} tags, but got {len(tags)}.")
    for key, value in tags.items():
        if not 0 < len(key) <= LONGEST_KEY or key.lower().startswith("aws:"):
            raise bad_request(f"The tag key '{key}' is invalid.")
        if len(value) > LONGEST_VALUE:
            raise bad_request(f"The value of tag '{key}' is longer than {LONGEST_VALUE} characters.")
