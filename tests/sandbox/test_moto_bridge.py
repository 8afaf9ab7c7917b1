"""The way to moto."""

from collections.abc import Iterable
from typing import Any

import pytest

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.moto_bridge import MotoBridge, StartResponse, partition_of


@pytest.mark.parametrize(
    ("target", "locked"),
    [("DynamoDB_20120810.PutItem", True), ("AmazonSQS.ReceiveMessage", False), ("", False)],
)
def test_dynamodb_alone_is_called_by_one_thread_at_a_time(target: str, locked: bool) -> None:
    bridge = MotoBridge("123456789012", Clock())
    seen: list[bool] = []

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        seen.append(bridge._dynamodb.locked())
        start_response("200 OK", [("X", environ["CONTENT_LENGTH"])])
        return [environ["wsgi.input"].read()]

    bridge._app = app
    assert bridge.call({"HTTP_X_AMZ_TARGET": target}, b"body") == (200, [("X", "4")], b"body")
    assert seen == [locked]
    assert not bridge._dynamodb.locked()


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-east-1", "aws")],
)
def test_partitions(region: str, partition: str) -> None:
    assert partition_of(region) == partition
