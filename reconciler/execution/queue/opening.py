"""Opens a fleet for queued work: its stack, ledger, queues, and what workers need to work messages off."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws
from reconciler.aws.stats import Stats
from reconciler.execution.dynamodb_ledger import DynamoDbLedger
from reconciler.execution.ledger import Ledger
from reconciler.execution.queue.handlers import Work
from reconciler.execution.queue.payloads import Payloads
from reconciler.execution.queue.sqs import Queue
from reconciler.execution.queue.stack import Stack, read_stack
from reconciler.execution.session import check_account
from reconciler.model.desired import DesiredState
from reconciler.model.errors import UsageError
from reconciler.model.secrets import read_secrets
from reconciler.model.template import GREENGRASS_V1, GREENGRASS_V2
from reconciler.provisioning.artifacts import no_bucket
from reconciler.runtimes.base import Reported
from reconciler.runtimes.v1.runtime import GreengrassV1
from reconciler.runtimes.v2.names import is_group
from reconciler.runtimes.v2.runtime import GreengrassV2


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues of a fleet by name, and where payloads go that are too large for them."""

    by_name: Mapping[str, Queue]
    payloads: Payloads


def open_queues(aws: Aws, stack: Stack) -> Queues:
    """The queues and payloads of a fleet's stack."""
    artifacts = stack.fleet.artifacts
    if artifacts is None:
        raise no_bucket()
    queues = {name: Queue(aws, *urls) for name, urls in stack.queues.items()}
    return Queues(queues, Payloads(aws, artifacts.bucket, artifacts.prefix))


@contextmanager
def open_work(
    desired: DesiredState, share: float, say: Callable[[str, str], None], stats: Stats | None = None
) -> Iterator[tuple[Work, Queues]]:
    """Everything that a worker of the fleet works with. It makes ``share`` of the calls that the account allows, and
    ``stats`` counts them.

    Raises UsageError for a fleet that is not worked off through queues, ReconcileError and AwsError.
    """
    fleet = desired.fleet
    if fleet.execution.mode != "queue":
        raise UsageError(
            f"fleet {fleet.name} does its work in the command itself: there is nothing for a worker",
            hint="add `execution: {mode: queue, stack: …}` to the Fleet's spec",
        )
    aws = Aws(fleet.region, limits=fleet.limits, share=share)
    if stats is not None:
        aws.stats = stats
    check_account(aws, desired)
    with open_stack(aws, read_stack(aws, fleet), say) as opened:
        yield opened


@contextmanager
def open_stack(aws: Aws, stack: Stack, say: Callable[[str, str], None]) -> Iterator[tuple[Work, Queues]]:
    """What works the queues of ``stack`` off, whoever it is. Raises ReconcileError."""
    fleet, queues = stack.fleet, open_queues(aws, stack)
    aws.secrets = read_secrets(fleet, (), os.environ)  # which of them are needed, each group's plan says
    ledger: Ledger = DynamoDbLedger(aws, fleet.ledger.table or "", fleet.name)
    with TemporaryDirectory() as directory, closing(Cache(Path(directory) / "cache.db")) as cache:
        v1, v2 = GreengrassV1(aws, cache, fleet), GreengrassV2(aws, cache, fleet)

        def status_of(group_id: str, deployment_id: str, asked: str) -> Reported:
            # A group's id is its thing group's ARN in V2, and none in V1, where a group has one deployment at a time.
            if is_group(group_id):
                return v2.status_of(group_id, deployment_id, asked)
            return v1.status_of(group_id, deployment_id)

        holder = f"{socket.gethostname()}/{os.getpid()}/{token_hex(3)}"
        yield (
            Work(
                fleet.name,
                ledger,
                {GREENGRASS_V1: v1, GREENGRASS_V2: v2},
                queues.payloads,
                queues.by_name["Devices"],
                queues.by_name["NewDeployments"],
                status_of,
                holder,
                say,
            ),
            queues,
        )
