"""What a run keeps in S3 for its messages: what is too large for one, and what one leaves for the next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.aws.client import Aws
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.plan import Action
from reconciler.planning.plan_document import action_document
from reconciler.runtimes.base import Ready

FORMAT_VERSION = 1
"""Of messages and of what is kept for them: whoever reads the one reads the other."""


class PoisonError(ReconcileError):
    """A message, or what it speaks of, that nobody can ever work off: not ours, cut, gone, or of an unknown format."""


@dataclass(frozen=True, slots=True)
class Payloads:
    """What is too large for messages, under ``s3://bucket/<prefix>runs/<run>/``. Methods raise AwsError."""

    aws: Aws
    bucket: str
    prefix: str

    def put(self, run: str, name: str, document: Any) -> str:
        """Store a document; the key that it has now."""
        key = self.key(run, name)
        body = json.dumps(document).encode()
        self.aws.call("s3", "PutObject", Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")
        return key

    def key(self, run: str, name: str) -> str:
        """The key that a document of a run has."""
        return f"{self.prefix}runs/{run}/{name}.json"

    def names(self, run: str, folder: str) -> list[str]:
        """The names of the documents of a run below ``folder``, sorted."""
        start = f"{self.prefix}runs/{run}/{folder}"
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            answer = self.aws.call("s3", "ListObjectsV2", Bucket=self.bucket, Prefix=start, **token)
            found.extend(row["Key"].removeprefix(start).removesuffix(".json") for row in answer.get("Contents", []))
            if not answer.get("NextContinuationToken"):
                return sorted(found)
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def get(self, key: str) -> Any:
        """The document under a key. Raises PoisonError if there is none, or it is damaged."""
        try:
            answer = self.aws.call("s3", "GetObject", Bucket=self.bucket, Key=key)
        except AwsError as error:
            if error.code == "NoSuchKey":
                raise PoisonError(f"what the message speaks of is gone: s3://{self.bucket}/{key}") from error
            raise
        try:
            return json.loads(answer["Body"])
        except ValueError as error:
            raise PoisonError(f"s3://{self.bucket}/{key} is no JSON: {error}") from error


def ready_document(ready: Ready) -> dict[str, Any]:
    """A group that is ready, as it is kept between carrying out and deploying."""
    return {
        "formatVersion": FORMAT_VERSION,
        "name": ready.name,
        "groupId": ready.group_id,
        "groupArn": ready.group_arn,
        "versionId": ready.version_id,
        "deployment": action_document(ready.deployment) if ready.deployment is not None else None,
    }


def read_ready(document: Mapping[str, Any]) -> Ready:
    """The way back of ``ready_document``."""
    item = document["deployment"]
    deployment = None
    if item is not None:
        deployment = Action(item["id"], item["kind"], item["subject"], tuple(item["needs"]), item["inputs"])
    return Ready(document["name"], document["groupId"], document["groupArn"], document["versionId"], deployment)
