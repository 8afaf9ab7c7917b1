"""Puts messages once more that are gone: their queue was purged, or nobody worked it off for as long as SQS keeps them.

No queue can be searched, but one that is empty has no message of a group that still waits for its turn. One that is
sent though there is another does no harm: whatever is wanted of a group is done once.
"""

from collections.abc import Mapping
from secrets import token_hex

from reconciler.execution.queue.asking import age_of
from reconciler.execution.queue.handlers import OPEN, Work
from reconciler.execution.queue.messages import BatchMessage, encode_batch
from reconciler.execution.queue.payloads import PoisonError
from reconciler.execution.queue.queueing import Queueing
from reconciler.execution.queue.sqs import Queue
from reconciler.model.run import Run, Task

GONE_SECONDS = 120.0
"""How long a group stands where it stands before its message is looked for, and then between two looks. SQS's counts
may be a minute late."""


def put_again(work: Work, queueing: Queueing, run: Run, tasks: Mapping[str, Task]) -> None:
    """Put what is gone of a run's messages. Raises ReconcileError."""
    due = {name: task for name, task in tasks.items() if task.state in OPEN and age_of(task) >= GONE_SECONDS}
    if not due:
        return
    batches = work.ledger.sharing.batches(run.id)
    if due.keys() & frozenset().union(*batches.values()) and _is_gone(work, run, "Devices", work.group_queue):
        for batch, members in batches.items():
            if names := due.keys() & members:
                _put_groups(work, queueing, run, batch, [due[name] for name in sorted(names)])
    complete = [batch for batch, members in batches.items() if not members]
    if complete and due.keys() - frozenset().union(*batches.values()):
        _put_batches(work, run, complete, due)


def _put_groups(work: Work, queueing: Queueing, run: Run, batch: str, tasks: list[Task]) -> None:
    try:
        queueing.put_again(run, batch, {task.group for task in tasks})
    except PoisonError as error:
        queueing.fail(run, tasks, error.message)
        return
    for task in tasks:
        work.say(task.group, "its message was gone from Devices, and is sent again")


def _put_batches(work: Work, run: Run, batches: list[str], due: Mapping[str, Task]) -> None:
    """Send those of ``batches`` again that hold a group which is ready, and waits to be deployed."""
    if not _is_gone(work, run, "NewDeployments", work.batch_queue):
        return
    for batch in batches:
        if due.keys() & set(work.payloads.names(run.id, f"ready/{batch}/")):
            work.batch_queue.send([encode_batch(BatchMessage(run.id, batch))])
            work.say("", f"the message of {batch} of run {run.id} was gone from NewDeployments, and is sent again")


def _is_gone(work: Work, run: Run, name: str, queue: Queue) -> bool:
    """Whether a queue has no message at all; whoever has just looked does not look again at once."""
    looker = token_hex(8)
    if work.ledger.sharing.claim(f"{run.id}/look/{name}", looker, GONE_SECONDS).holder != looker:
        return False
    return queue.is_empty()
