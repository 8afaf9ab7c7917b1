"""Where queues, table and buckets are: from the stack, or from the Fleet, which goes first."""

from pathlib import Path

import pytest

from reconciler.aws.client import Aws
from reconciler.execution.queue.stack import QUEUES, read_stack
from reconciler.model.errors import ReconcileError
from reconciler.sandbox.testing import Sandbox
from tests.execution.queue.working import queue_fleet
from tests.fleets import FleetFiles

ROLE = "arn:aws:iam::123456789012:role/mine"
MINE = {"url": "http://127.0.0.1/123456789012/mine", "deadLetterUrl": "http://127.0.0.1/123456789012/mine-dead"}


def test_everything_is_the_stack_s_unless_told(aws: Sandbox, outputs: dict[str, str], tmp_path: Path) -> None:
    stack = read_stack(Aws(aws.region), queue_fleet(tmp_path).group("a").load().fleet)
    assert stack.queues == {name: (outputs[f"{name}QueueUrl"], outputs[f"{name}DeadLetterQueueUrl"]) for name in QUEUES}
    artifacts, bulk = stack.fleet.artifacts, stack.fleet.bulk_deployments
    assert artifacts is not None
    assert (artifacts.bucket, artifacts.prefix) == (outputs["ArtifactsBucketName"], "demo/")
    assert bulk is not None
    assert (bulk.bucket, bulk.execution_role_arn) == (outputs["BulkBucketName"], outputs["BulkExecutionRoleArn"])
    assert stack.fleet.ledger.table == outputs["TableName"]


def test_each_part_can_be_told(aws: Sandbox, outputs: dict[str, str], tmp_path: Path) -> None:
    files = FleetFiles(tmp_path).fleet(
        artifacts=None,
        bulkDeployments={"bucket": "my-bulk", "executionRoleArn": ROLE},
        execution={"mode": "queue", "stack": "fleet", "queues": {"Devices": MINE}},
    )
    stack = read_stack(Aws(aws.region), files.group("a").load().fleet)
    assert stack.queues["Devices"] == (MINE["url"], MINE["deadLetterUrl"])
    assert stack.queues["NewDeployments"][0] == outputs["NewDeploymentsQueueUrl"]
    assert stack.fleet.bulk_deployments is not None
    assert stack.fleet.bulk_deployments.bucket == "my-bulk"
    assert stack.fleet.artifacts is not None
    assert stack.fleet.artifacts.bucket == outputs["ArtifactsBucketName"]


def test_all_of_them_can_be_told(aws: Sandbox, outputs: dict[str, str], tmp_path: Path) -> None:
    files = FleetFiles(tmp_path).fleet(
        ledger={"provider": "dynamodb", "table": "my-table"},
        execution={"mode": "queue", "stack": "fleet", "queues": dict.fromkeys(QUEUES, MINE)},
    )
    stack = read_stack(Aws(aws.region), files.group("a").load().fleet)
    assert stack.fleet.ledger.table == "my-table"
    assert set(stack.queues.values()) == {(MINE["url"], MINE["deadLetterUrl"])}


def test_a_stack_of_something_else_is_named_with_what_it_lacks(aws: Sandbox, tmp_path: Path) -> None:
    body = '{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}'
    aws.client("cloudformation").create_stack(StackName="fleet", TemplateBody=body)
    with pytest.raises(ReconcileError, match="stack fleet has no output TableName"):
        read_stack(Aws(aws.region), queue_fleet(tmp_path).group("a").load().fleet)
