"""What a fleet's queues, table and buckets are called, from the outputs of ``infra/template.yaml``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.aws.client import Aws
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.fleet import Artifacts, BulkDeployments, Fleet, LedgerPlace

QUEUES = ("Devices", "NewDeployments", "DeploymentStatus")


@dataclass(frozen=True, slots=True)
class Stack:
    """A fleet whose places are those of its stack, and its queues: name to URL and dead-letter URL."""

    fleet: Fleet
    queues: Mapping[str, tuple[str, str]]


def read_stack(aws: Aws, fleet: Fleet) -> Stack:
    """Fill in what the Fleet leaves to its stack; what it says itself goes first.

    Raises ReconcileError if there is no such stack, or it lacks an output; AwsError if AWS does not answer.
    """
    name = fleet.execution.stack or ""
    try:
        answer = aws.call("cloudformation", "DescribeStacks", StackName=name)
    except AwsError as error:
        if "does not exist" not in error.message:
            raise
        raise ReconcileError(
            f"{fleet.execution.position}: there is no stack {name} in {fleet.region}",
            hint=f"make it: `aws cloudformation deploy --stack-name {name} --template-file infra/template.yaml …`",
        ) from error
    outputs = {item["OutputKey"]: item["OutputValue"] for item in answer["Stacks"][0].get("Outputs", [])}

    def output(key: str) -> str:
        if key not in outputs:
            raise ReconcileError(
                f"{fleet.execution.position}: stack {name} has no output {key}",
                hint="deploy infra/template.yaml of this version into it",
            )
        return str(outputs[key])

    artifacts, bulk, ledger = fleet.artifacts, fleet.bulk_deployments, fleet.ledger
    filled = replace(
        fleet,
        artifacts=artifacts or Artifacts(output("ArtifactsBucketName"), f"{fleet.name}/"),
        bulk_deployments=bulk or BulkDeployments(output("BulkBucketName"), output("BulkExecutionRoleArn")),
        ledger=ledger if ledger.table is not None else LedgerPlace("dynamodb", output("TableName")),
    )
    urls = {queue: (output(f"{queue}QueueUrl"), output(f"{queue}DeadLetterQueueUrl")) for queue in QUEUES}
    return Stack(filled, urls)
