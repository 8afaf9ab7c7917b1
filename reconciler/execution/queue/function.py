"""One process of a Lambda function: its stack, opened for the fleet that the stack serves."""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from reconciler.aws.client import Aws
from reconciler.execution.queue.asking import Asker
from reconciler.execution.queue.handlers import Work
from reconciler.execution.queue.lanes import Lane, lanes_of
from reconciler.execution.queue.opening import open_stack
from reconciler.execution.queue.reports import Listener
from reconciler.execution.queue.served import served
from reconciler.execution.queue.sqs import Queue
from reconciler.execution.queue.stack import QUEUES, Outputs, place, read_outputs
from reconciler.execution.queue.sweep import Sweeper
from reconciler.model.errors import ReconcileError
from reconciler.model.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Place:
    """What is opened for a fleet."""

    fleet: Fleet
    work: Work
    lanes: Mapping[str, Lane]
    sweeper: Sweeper
    listener: Listener
    opened: ExitStack


class Function:
    """What a process keeps from one invocation to the next. ``place`` and ``queue`` raise ReconcileError and AwsError.

    The environment says which stack (``RECONCILE_STACK``), how many processes share the calls that AWS allows the
    account (``RECONCILE_WORKERS``, 1 unless told), and which secret of Secrets Manager holds the rest of it
    (``RECONCILE_ENVIRONMENT``, an ARN), which is read once.
    """

    def __init__(self, say: Callable[[str, str], None]) -> None:
        self._say = say
        self._base: tuple[Aws, Outputs] | None = None
        self._place: Place | None = None

    def place(self) -> Place | None:
        """What is opened for the fleet that the stack serves now; None if nothing was ever applied through it."""
        aws, outputs = self._find()
        fleet = served(aws, outputs["TableName"], outputs.stack)
        if self._place is not None and self._place.fleet == fleet:
            return self._place
        self.close()
        if fleet is not None:
            self._place = self._open(fleet, outputs)
        return self._place

    def queue(self, name: str) -> Queue:
        """A queue of the stack, whatever it serves."""
        aws, outputs = self._find()
        return Queue(aws, outputs[f"{name}QueueUrl"], outputs[f"{name}DeadLetterQueueUrl"])

    def close(self) -> None:
        """Let go of what is open."""
        if self._place is not None:
            self._place.opened.close()
            self._place = None

    def _find(self) -> tuple[Aws, Outputs]:
        if self._base is None:
            name = os.environ.get("RECONCILE_STACK", "")
            if not name:
                raise ReconcileError("RECONCILE_STACK names no stack", hint="functions are made by infra/template.yaml")
            aws = Aws(os.environ["AWS_REGION"])
            if arn := os.environ.get("RECONCILE_ENVIRONMENT"):
                os.environ.update(_variables(aws, arn))
            self._base = aws, read_outputs(aws, name, "RECONCILE_STACK")
        return self._base

    def _open(self, fleet: Fleet, outputs: Outputs) -> Place:
        aws = Aws(fleet.region, limits=fleet.limits, share=1 / int(os.environ.get("RECONCILE_WORKERS", "1")))
        with ExitStack() as opening:
            work, queues = opening.enter_context(open_stack(aws, place(fleet, outputs), self._say))
            lanes = {lane.name: lane for lane in lanes_of(work, queues.by_name, QUEUES)}
            asker = Asker(work)
            return Place(fleet, work, lanes, Sweeper(asker), Listener(asker), opening.pop_all())


def _variables(aws: Aws, arn: str) -> dict[str, str]:
    """The environment variables in a secret. Raises ReconcileError, and says nothing of what stands there."""
    text = aws.call("secretsmanager", "GetSecretValue", SecretId=arn).get("SecretString", "")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ReconcileError(
            f"the secret {arn} is no JSON object of texts",
            hint='give it a value like {"RECONCILE_SECRET_NAME": "…", "CDF_TOKEN": "…"}',
        )
    return found
