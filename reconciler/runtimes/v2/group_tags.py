"""Reads and writes the tags of thing groups: those that were kept may say that all is well."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws
from reconciler.runtimes.prunes import is_all_well


@dataclass(frozen=True, slots=True)
class GroupTags:
    """Tags as ``aws`` has them, and as ``cache`` keeps them. Methods raise AwsError."""

    aws: Aws
    cache: Cache

    def read(self, arn: str, deployment_id: str | None, wanted: Mapping[str, str] | None) -> dict[str, str]:
        """The tags of a thing group. Those kept since its newest deployment was first seen serve if they are as
        ``wanted``: a kept tag may say that all is well, never that something is to be done.
        """
        # Without a deployment nothing tells a thing group from one of its name that was deleted before.
        kept = self.cache.get("v2-tags", arn) if wanted is not None and deployment_id is not None else None
        if wanted is not None and kept and kept["deployment"] == deployment_id and is_all_well(kept["tags"], wanted):
            return dict(kept["tags"])
        rows: list[dict[str, str]] = []
        token: dict[str, str] = {}
        while True:
            answer = self.aws.call("iot", "ListTagsForResource", resourceArn=arn, **token)
            rows += answer.get("tags", [])
            if not answer.get("nextToken"):
                break
            token = {"nextToken": answer["nextToken"]}
        tags = {row["Key"]: row.get("Value", "") for row in rows}
        self.cache.put("v2-tags", arn, {"deployment": deployment_id, "tags": tags})
        return tags

    def write(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags of a thing group, and forget those that were kept."""
        self.cache.put("v2-tags", arn, None)
        rows = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        self.aws.call("iot", "TagResource", resourceArn=arn, tags=rows)
        self.cache.put("v2-tags", arn, None)
