"""The functions of the stack, for Lambda: what a worker does, called by event source mappings and by a schedule.

Those behind queues take a batch of messages and answer with those that are not done (``batchItemFailures``); Lambda
deletes the others. One that is not done was hidden for as long as it is to wait, as a worker hides it.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

from reconciler.execution.queue.function import Function, Place
from reconciler.execution.queue.lanes import VISIBILITY, do
from reconciler.execution.queue.sqs import Message
from reconciler.model.errors import ReconcileError

AT_ONCE = 8
"""Messages of a batch that are worked on at once, as in a worker."""
RESERVE = 10_000
"""Milliseconds before the end of a function in which it begins nothing more."""
UNSERVED = "nothing was ever applied through this stack: the message is not one of ours"

Event = Mapping[str, Any]
Answer = dict[str, list[dict[str, str]]]

log = logging.getLogger("reconciler")
log.setLevel(logging.INFO)  # Lambda's own handler shows warnings alone unless told


class Context(Protocol):
    """What Lambda says of an invocation, as far as it matters here."""

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda kills the function."""


def devices(event: Event, context: Context) -> Answer:
    """Carry out groups: the function behind ``Devices``. Raises ReconcileError where nothing can be done at all."""
    return _work_off("Devices", event, context)


def deployments(event: Event, context: Context) -> Answer:
    """Ask for the deployments of batches: the function behind ``NewDeployments``. Raises as ``devices``."""
    return _work_off("NewDeployments", event, context)


def status(event: Event, context: Context) -> Answer:
    """Record what cores reported: the function behind ``DeploymentStatus``. Raises as ``devices``."""
    answer = _work_off("DeploymentStatus", event, context)
    if (place := _function.place()) is not None:
        try:
            # What is not looked at now is left to the sweep: until the next event this process may be no more.
            place.listener.round(at_once=True, is_over=lambda: context.get_remaining_time_in_millis() < RESERVE)
        except ReconcileError as error:
            _say("", f"looking at what was reported: {error.message}")
    return answer


def sweep(_event: Event, _context: Context) -> None:
    """Look, once, for what no message and no event told of: the function behind the schedule. Raises ReconcileError."""
    if (place := _function.place()) is not None:
        place.sweeper.round()


def _say(group: str, what: str) -> None:
    log.info("%s%s", f"{group}: " if group else "", what)


_function = Function(_say)


def _work_off(queue: str, event: Event, context: Context) -> Answer:
    messages = [_message(record) for record in event["Records"]]
    if (place := _function.place()) is None:
        _refuse(queue, messages)
        return {"batchItemFailures": []}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(lambda message: _do(place, queue, message, context), messages))
    left = [message.id for message, is_done in zip(messages, done, strict=True) if not is_done]
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in left]}


def _do(place: Place, queue: str, message: Message, context: Context) -> bool:
    """Do one message; whether Lambda may delete it."""
    lane = place.lanes[queue]
    if context.get_remaining_time_in_millis() < RESERVE:
        with suppress(ReconcileError):  # it comes back by itself, later
            lane.queue.hide(message, 0)
        return False
    if queue != "DeploymentStatus":
        # The mapping hid it for much longer than it takes to see that this function was killed. A status is done at
        # once, and there are many: they are spared the call.
        with suppress(ReconcileError):
            lane.queue.hide(message, VISIBILITY)
    return do(place.work, lane, message)


def _refuse(queue: str, messages: list[Message]) -> None:
    """What is on the queues of a stack that serves nobody. Every apply says which fleet it is for before it sends."""
    if queue == "DeploymentStatus":
        return  # cores of groups that are not ours report, too
    target = _function.queue(queue)
    for message in messages:
        target.bury(message, UNSERVED)
        _say("", f"{queue}: message {message.id} is in the dead-letter queue: {UNSERVED}")


def _message(record: Mapping[str, Any]) -> Message:
    attempt = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    return Message(record["messageId"], record["receiptHandle"], record["body"], attempt)
