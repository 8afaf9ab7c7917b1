"""What a fleet's queues, table and buckets are called, from the outputs of ``infra/template.yaml``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.aws.client import Aws
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.fleet import Artifacts, BulkDeployments, Fleet, LedgerPlace

QUEUES = ("Devices", "NewDeployments", "DeploymentStatus")


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of a stack; ``named_at`` is where it was named, for messages."""

    stack: str
    values: Mapping[str, str]
    named_at: str

    def __getitem__(self, key: str) -> str:
        """An output. Raises ReconcileError if the stack lacks it."""
        if key not in self.values:
            raise ReconcileError(
                f"{self.named_at}: stack {self.stack} has no output {key}",
                hint="deploy infra/template.yaml of this version into it",
            )
        return self.values[key]


@dataclass(frozen=True, slots=True)
class Stack:
    """A fleet whose places are those of its stack, and its queues: name to URL and dead-letter URL.

    ``table`` is the stack's own, whatever table the fleet keeps its ledger in.
    """

    name: str
    table: str
    fleet: Fleet
    queues: Mapping[str, tuple[str, str]]


def read_outputs(aws: Aws, stack: str, named_at: str) -> Outputs:
    """The outputs of ``stack``. Raises ReconcileError if there is none; AwsError if AWS does not answer."""
    try:
        answer = aws.call("cloudformation", "DescribeStacks", StackName=stack)
    except AwsError as error:
        if "does not exist" not in error.message:
            raise
        raise ReconcileError(
            f"{named_at}: there is no stack {stack} in {aws.region}",
            hint=f"make it: `aws cloudformation deploy --stack-name {stack} --template-file infra/template.yaml …`",
        ) from error
    rows = answer["Stacks"][0].get("Outputs", [])
    return Outputs(stack, {item["OutputKey"]: item["OutputValue"] for item in rows}, named_at)


def place(fleet: Fleet, outputs: Outputs) -> Stack:
    """Fill in what the Fleet leaves to its stack; what it says itself goes first.

    Raises ReconcileError if the stack lacks an output.
    """
    artifacts, bulk, ledger, table = fleet.artifacts, fleet.bulk_deployments, fleet.ledger, outputs["TableName"]
    filled = replace(
        fleet,
        artifacts=artifacts or Artifacts(outputs["ArtifactsBucketName"], f"{fleet.name}/"),
        bulk_deployments=bulk or BulkDeployments(outputs["BulkBucketName"], outputs["BulkExecutionRoleArn"]),
        ledger=ledger if ledger.table is not None else LedgerPlace("dynamodb", table),
    )
    own = fleet.execution.queues
    urls = {
        queue: own.get(queue) or (outputs[f"{queue}QueueUrl"], outputs[f"{queue}DeadLetterQueueUrl"])
        for queue in QUEUES
    }
    return Stack(outputs.stack, table, filled, urls)


def read_stack(aws: Aws, fleet: Fleet) -> Stack:
    """``place`` with the outputs of the stack that the Fleet names. Raises ReconcileError and AwsError."""
    return place(fleet, read_outputs(aws, fleet.execution.stack or "", str(fleet.execution.position)))
