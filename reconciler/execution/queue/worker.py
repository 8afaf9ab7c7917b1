"""A worker: takes messages from the queues, has them done, and gives back what it cannot finish.

It receives with a short visibility of its own and prolongs it while it works, so that a worker that was killed is
replaced within half a minute.
"""

import functools
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from reconciler.execution.precedence import now_text
from reconciler.execution.queue.asking import Asker
from reconciler.execution.queue.handlers import Work
from reconciler.execution.queue.lanes import VISIBILITY, Lane, do
from reconciler.execution.queue.reports import LISTEN_SECONDS, Listener
from reconciler.execution.queue.sqs import BATCH, Message
from reconciler.execution.queue.sweep import SWEEP_SECONDS, Sweeper
from reconciler.model.errors import ReconcileError

POLL = 5
"""Seconds that a poll waits for a message: a stop need not wait longer. SQS would wait for up to 20."""
POLL_ONCE = 1
ONCE_PATIENCE = 30.0
"""Seconds for which ``once`` waits for a core that was deployed to, so that a run of cores that are online ends."""


@dataclass
class Worker:
    """Works lanes off until it is told to stop, ``at_once`` messages of each.

    ``once``: until all of them are empty, and cores that were just deployed to have reported.

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
        asker = Asker(self.work)
        sweeper, listener = Sweeper(asker), Listener(asker)
        with ThreadPoolExecutor(self.at_once * len(self.lanes) + 2) as pool:
            pool.submit(self._listen, listener)
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
        if len(self._quiet) == len(self.lanes) and min(self._quiet.values()) > self._moved and not self._is_awaited():
            self.stop()

    def _is_awaited(self) -> bool:
        """Whether cores that were deployed to a moment ago have yet to report to a lane of ours: most do in seconds."""
        if not any(lane.name == "DeploymentStatus" for lane in self.lanes):
            return False
        ledger, lately = self.work.ledger, now_text(-ONCE_PATIENCE)
        try:
            tasks = [task for run in ledger.open_runs() for task in ledger.tasks(run.id).values()]
        except ReconcileError as error:
            self._problem = error
            return False
        return any(task.state == "deploying" and task.since > lately for task in tasks)

    def do(self, lane: Lane, message: Message) -> None:
        """Do one message, whatever becomes of it."""
        try:
            if do(self.work, lane, message):
                lane.queue.delete(message)
        except ReconcileError as problem:
            # It comes back when its visibility ends, and finds everything done.
            self.work.say("", f"{lane.name}: {problem.message}")
        finally:
            self._moved = time.monotonic()

    def _listen(self, listener: Listener) -> None:
        """Look at what was heard of again and again, and once more at the end."""
        is_over = False
        while not is_over:
            is_over = self.stopping.wait(LISTEN_SECONDS)
            self._try("looking at what was reported", functools.partial(listener.round, at_once=is_over))

    def _sweep_often(self, sweeper: Sweeper) -> None:
        while not self.stopping.wait(SWEEP_SECONDS / 2):
            self._sweep(sweeper)

    def _sweep(self, sweeper: Sweeper) -> None:
        self._try("sweeping", sweeper.round)

    def _try(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except ReconcileError as error:
            self.work.say("", f"{what}: {error.message}")
        except Exception as error:  # noqa: BLE001 (a defect in one round must not end all rounds)
            self.work.say("", f"{what}: {type(error).__name__}: {error}")
