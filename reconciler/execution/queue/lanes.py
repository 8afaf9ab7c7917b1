"""What becomes of a message, whoever has received it: it is done, given back, or put into its dead-letter queue.

Being killed and waiting for Greengrass are no failures; failures are counted in the ledger, and a message that has
failed often enough goes to its dead-letter queue with the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.execution.holding import kept
from reconciler.execution.queue.handlers import Later, Work
from reconciler.execution.queue.payloads import PoisonError
from reconciler.execution.queue.sqs import Message, Queue
from reconciler.model.errors import ReconcileError

VISIBILITY = 30
"""Seconds: how long a message of somebody who was killed stays hidden at most."""
MOST_FAILURES = 5
SLOWEST_RETRY = 300

Handler = Callable[[Message], Later | None]


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue with what is done with its messages; ``give_up`` is called before one is buried."""

    name: str
    queue: Queue
    handle: Handler
    give_up: Callable[[Message, str], None] | None = None


def lanes_of(work: Work, queues: Mapping[str, Queue], names: Sequence[str]) -> list[Lane]:
    """The lanes for queues by name: ``Devices``, ``NewDeployments``, ``DeploymentStatus``."""
    lanes = {
        "Devices": Lane("Devices", queues["Devices"], work.devices, work.give_up),
        "NewDeployments": Lane("NewDeployments", queues["NewDeployments"], work.deployments, work.give_up_batch),
        "DeploymentStatus": Lane("DeploymentStatus", queues["DeploymentStatus"], work.statuses),
    }
    return [lanes[name] for name in names]


def do(work: Work, lane: Lane, message: Message) -> bool:
    """Do one message, whatever becomes of it; whether it is to be deleted now, as it is done or buried.

    One that is not comes back by itself. Nothing is raised.
    """
    try:
        with kept(lambda: lane.queue.hide(message, VISIBILITY)):
            later = lane.handle(message)
        if later is not None:
            lane.queue.hide(message, later.seconds)
    except PoisonError as error:
        return _give_up(work, lane, message, error.message)
    except ReconcileError as error:
        return _failed(work, lane, message, f"{error.message}{f'; {error.hint}' if error.hint else ''}")
    except Exception as error:  # noqa: BLE001 (a defect must not stop the worker: it is a failure of the message)
        return _failed(work, lane, message, f"{type(error).__name__}: {error}")
    return later is None


def _failed(work: Work, lane: Lane, message: Message, error: str) -> bool:
    """Count a failure; have it tried again later, or give up."""
    work.say("", f"{lane.name}: {error}")
    try:
        count = work.ledger.sharing.note_failure(f"{lane.name}/{message.id}", str(message.attempt), error).count
        if count < MOST_FAILURES:
            lane.queue.hide(message, min(2**count, SLOWEST_RETRY))
            return False
    except ReconcileError as problem:
        # The message comes back by itself when its visibility ends.
        work.say("", f"{lane.name}: {problem.message}")
        return False
    return _give_up(work, lane, message, error)


def _give_up(work: Work, lane: Lane, message: Message, reason: str) -> bool:
    """Let go of what the message was about, and put it into the dead-letter queue with the reason."""
    try:
        work.ledger.sharing.note_failure(f"{lane.name}/{message.id}", str(message.attempt), reason)
        if lane.give_up is not None:
            lane.give_up(message, reason)
        lane.queue.bury(message, reason)
    except ReconcileError as problem:
        work.say("", f"{lane.name}: {problem.message}")
        return False
    work.say("", f"{lane.name}: message {message.id} is in the dead-letter queue: {reason}")
    return True
