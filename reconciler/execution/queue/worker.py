"""A worker: takes messages from the queues, does them, and gives back what it cannot finish.

It receives with a short visibility of its own and prolongs it while it works, so that a worker that was killed is
replaced within half a minute. Being killed and waiting for Greengrass are no failures; failures are counted in the
ledger, and a message that has failed often enough goes to its dead-letter queue with the reason.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from reconciler.execution.queue.handlers import Later, Work
from reconciler.execution.queue.holding import kept
from reconciler.execution.queue.messages import PoisonError
from reconciler.execution.queue.sqs import BATCH, Message, Queue
from reconciler.execution.queue.sweep import SWEEP_SECONDS, Sweeper
from reconciler.model.errors import ReconcileError

VISIBILITY = 30
"""Seconds: how long a message of a worker that was killed stays hidden at most."""
POLL = 5
"""Seconds that a poll waits for a message: a stop need not wait longer. SQS would wait for up to 20."""
POLL_ONCE = 1
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


@dataclass
class Worker:
    """Works lanes off until it is told to stop, ``at_once`` messages of each. ``once``: until all of them are empty.

    A message that waits for Greengrass, and one in another worker's hands, is not there to be received: ``once`` does
    not wait for it.
    """

    work: Work
    lanes: Sequence[Lane]
    at_once: int = 8
    once: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    _quiet: dict[str, float] = field(default_factory=dict)
    _moved: float = 0.0
    _problem: ReconcileError | None = None

    def run(self) -> None:
        """Work until ``stop``, or, with ``once``, until no lane has anything left; what is in hand is finished first.

        Raises ReconcileError if a queue cannot be received from, with ``once``; else that is said and tried again.
        """
        sweeper = Sweeper(self.work)
        with ThreadPoolExecutor(self.at_once * len(self.lanes) + 1) as pool:
            if self.once:
                self._sweep(sweeper)
            else:
                pool.submit(self._sweep_often, sweeper)
            threads = [threading.Thread(target=self._poll, args=(lane, pool)) for lane in self.lanes]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.stopping.set()
        if self.once:
            self._sweep(sweeper)
        if self._problem is not None:
            raise self._problem

    def stop(self) -> None:
        """Receive no more; ``run`` returns when what is in hand is finished."""
        self.stopping.set()

    def _poll(self, lane: Lane, pool: ThreadPoolExecutor) -> None:
        in_hand: set[Future[None]] = set()
        while not self.stopping.is_set():
            in_hand = {future for future in in_hand if not future.done()}
            free = self.at_once - len(in_hand)
            if free <= 0:
                self.stopping.wait(0.1)
                continue
            began = time.monotonic()
            messages = self._receive(lane, free)
            if not messages and not in_hand and self.once:
                self._note_quiet(lane, began)
            in_hand |= {pool.submit(self.do, lane, message) for message in messages}
        for future in in_hand:
            future.result()

    def _receive(self, lane: Lane, free: int) -> list[Message]:
        wait = POLL_ONCE if self.once else POLL
        try:
            messages = lane.queue.receive(min(free, BATCH), wait=wait, visibility=VISIBILITY)
        except ReconcileError as error:
            self.work.say("", f"receiving from {lane.name}: {error.message}")
            if self.once:
                self._problem = error
                self.stop()
            self.stopping.wait(2)
            return []
        if messages:
            self._moved = time.monotonic()
        return messages

    def _note_quiet(self, lane: Lane, since: float) -> None:
        """A lane had nothing from ``since`` on. Nothing is left once all had nothing since the last message was done:
        what is done on one lane may put a message on another.
        """
        self._quiet[lane.name] = since
        if len(self._quiet) == len(self.lanes) and min(self._quiet.values()) > self._moved:
            self.stop()

    def do(self, lane: Lane, message: Message) -> None:
        """Do one message, whatever becomes of it."""
        try:
            self._do(lane, message)
        finally:
            self._moved = time.monotonic()

    def _do(self, lane: Lane, message: Message) -> None:
        try:
            with kept(lambda: lane.queue.hide(message, VISIBILITY)):
                later = lane.handle(message)
            if later is None:
                lane.queue.delete(message)
            else:
                lane.queue.hide(message, later.seconds)
        except PoisonError as error:
            self._give_up(lane, message, error.message)
        except ReconcileError as error:
            self._failed(lane, message, f"{error.message}{f'; {error.hint}' if error.hint else ''}")
        except Exception as error:  # noqa: BLE001 (a defect must not stop the worker: it is a failure of the message)
            self._failed(lane, message, f"{type(error).__name__}: {error}")

    def _failed(self, lane: Lane, message: Message, error: str) -> None:
        """Count a failure; try again later, or give up."""
        self.work.say("", f"{lane.name}: {error}")
        try:
            count = self.work.ledger.note_failure(f"{lane.name}/{message.id}", str(message.attempt), error).count
            if count < MOST_FAILURES:
                lane.queue.hide(message, min(2**count, SLOWEST_RETRY))
                return
        except ReconcileError as problem:
            # The message comes back by itself when its visibility ends.
            self.work.say("", f"{lane.name}: {problem.message}")
            return
        self._give_up(lane, message, error)

    def _give_up(self, lane: Lane, message: Message, reason: str) -> None:
        """Let go of what the message was about, and move it to the dead-letter queue with the reason."""
        try:
            self.work.ledger.note_failure(f"{lane.name}/{message.id}", str(message.attempt), reason)
            if lane.give_up is not None:
                lane.give_up(message, reason)
            lane.queue.bury(message, reason)
            self.work.say("", f"{lane.name}: message {message.id} is in the dead-letter queue: {reason}")
        except ReconcileError as problem:
            self.work.say("", f"{lane.name}: {problem.message}")

    def _sweep_often(self, sweeper: Sweeper) -> None:
        while not self.stopping.wait(SWEEP_SECONDS / 2):
            self._sweep(sweeper)

    def _sweep(self, sweeper: Sweeper) -> None:
        try:
            sweeper.round()
        except ReconcileError as error:
            self.work.say("", f"sweeping: {error.message}")
        except Exception as error:  # noqa: BLE001 (a defect in one round must not end all rounds)
            self.work.say("", f"sweeping: {type(error).__name__}: {error}")


def lanes_of(work: Work, queues: Mapping[str, Queue], names: Sequence[str]) -> list[Lane]:
    """The lanes for queues by name: ``Devices``, ``NewDeployments``, ``DeploymentStatus``."""
    lanes = {
        "Devices": Lane("Devices", queues["Devices"], work.devices, work.give_up),
        "NewDeployments": Lane("NewDeployments", queues["NewDeployments"], work.deployments, work.give_up_batch),
        "DeploymentStatus": Lane("DeploymentStatus", queues["DeploymentStatus"], work.statuses),
    }
    return [lanes[name] for name in names]
