"""A fleet on queues, taken step by step: what is sent, what a worker does of it, and what there is in the end."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.execution.apply import ApplyOptions, ApplyResult
from reconciler.execution.executor import execute
from reconciler.execution.ledger import lease_seen
from reconciler.execution.queue.asking import Asker
from reconciler.execution.queue.handlers import Work
from reconciler.execution.queue.lanes import Lane, lanes_of
from reconciler.execution.queue.opening import Queues, open_work
from reconciler.execution.queue.queueing import Queueing
from reconciler.execution.queue.reports import Listener
from reconciler.execution.queue.sqs import Message
from reconciler.execution.queue.sweep import Sweeper
from reconciler.execution.queue.worker import Worker
from reconciler.execution.session import make_plan, open_session
from reconciler.model.plan import Plan
from reconciler.model.run import Run, Task
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles

QUEUES = ("Devices", "NewDeployments", "DeploymentStatus")
DEADLINE = 60.0


def queue_fleet(directory: Path, name: str = "demo", **spec: Any) -> FleetFiles:
    """A fleet whose every place is the stack's."""
    return FleetFiles(directory, name).fleet(
        artifacts=None, bulkDeployments=None, execution={"mode": "queue", "stack": "fleet"}, **spec
    )


class Heard:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def say(self, group: str, what: str) -> None:
        self.said.append((group, what))

    def done(self, group: str) -> None:
        """Nothing is made of it."""


@dataclass
class Place:
    """A fleet with its stack, and a worker's work opened on it."""

    aws: Sandbox
    files: FleetFiles
    outputs: Mapping[str, str]
    work: Work
    queues: Queues
    said: list[tuple[str, str]] = field(default_factory=list)

    @staticmethod
    @contextmanager
    def open(aws: Sandbox, files: FleetFiles, outputs: Mapping[str, str]) -> "Iterator[Place]":
        said: list[tuple[str, str]] = []
        with open_work(files.load(), 1.0, lambda group, what: said.append((group, what))) as (work, queues):
            yield Place(aws, files, outputs, work, queues, said)

    # ---- what commands do

    def plan(self) -> Plan:
        """What an apply would do now."""
        with open_session(self.files.load()) as session:
            return make_plan(session, list(session.desired.groups))

    def submit(self) -> Run:
        """Plan, record and queue, as ``apply --detach`` does."""
        return self.apply(ApplyOptions(detach=True)).run

    def apply(self, options: ApplyOptions, progress: Heard | None = None) -> ApplyResult:
        """Plan and apply."""
        with open_session(self.files.load()) as session:
            plan = make_plan(session, list(session.desired.groups))
            carried = execute(session, plan, options, progress or Heard(), seen=lease_seen(session.ledger), show=print)
            assert carried.result is not None
            return carried.result

    # ---- what workers do

    @property
    def lanes(self) -> list[Lane]:
        """All three."""
        return lanes_of(self.work, self.queues.by_name, QUEUES)

    def lane(self, name: str) -> Lane:
        """One of them."""
        return next(lane for lane in self.lanes if lane.name == name)

    def worker(self, *, once: bool = True, lanes: Sequence[Lane] | None = None) -> Worker:
        """A worker of this process."""
        return Worker(self.work, lanes or self.lanes, 4, once)

    def take(self, name: str, visibility: int = 30) -> list[Message]:
        """Messages of a queue, in hand."""
        return self.queues.by_name[name].receive(10, wait=0, visibility=visibility)

    def do(self, name: str) -> int:
        """Have all visible messages of a queue done one after the other; how many."""
        count = 0
        while messages := self.take(name):
            for message in messages:
                self.worker().do(self.lane(name), message)
            count += len(messages)
        if name == "DeploymentStatus":
            self.listen()
        return count

    def deliver_but(self, lost: Collection[int]) -> int:
        """Have the statuses that are there done, but for those with the numbers ``lost``; how many there were."""
        events = self.take("DeploymentStatus")
        for number, event in enumerate(events):
            if number in lost:
                self.queues.by_name["DeploymentStatus"].delete(event)
            else:
                self.worker().do(self.lane("DeploymentStatus"), event)
        return len(events)

    def listen(self) -> None:
        """Look at what events have told of."""
        Listener(Asker(self.work)).round(at_once=True)

    def sweep(self) -> None:
        """One round of a sweep by this worker."""
        Sweeper(Asker(self.work)).round()

    @contextmanager
    def working(self, **options: Any) -> Iterator[Worker]:
        """A worker at work meanwhile."""
        worker = self.worker(once=False, **options)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield worker
        finally:
            worker.stop()
            thread.join()

    def finish(self, run: Run, *states: str) -> Run:
        """Do whatever is there to do, one after the other, and let time pass, until a run ends in one of ``states``."""
        for _ in range(40):
            for name in QUEUES:
                self.do(name)
            self.sweep()
            if self.run(run).ended_at is not None:
                break
            self.aws.advance(5)
        self.do("DeploymentStatus")  # a sweep that looks before the core is heard of ends a run, too
        assert self.run(run).state in states, self.tasks(run)
        return self.run(run)

    def work_until(self, run: Run, *states: str) -> Run:
        """Have a worker work until a run has ended in one of ``states``."""
        with self.working():
            self.until(lambda: self.run(run).ended_at is not None)
        assert self.run(run).state in states, self.tasks(run)
        return self.run(run)

    @staticmethod
    def until(condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, "it did not come to that"
            time.sleep(0.05)

    # ---- what there is

    def run(self, run: Run) -> Run:
        """The run as the ledger has it now."""
        found = self.work.ledger.run(run.id)
        assert found is not None
        return found

    def tasks(self, run: Run) -> dict[str, Task]:
        """Its groups."""
        return self.work.ledger.tasks(run.id)

    def states(self, run: Run) -> dict[str, str]:
        """The states of its groups."""
        return {name: task.state for name, task in self.tasks(run).items()}

    def queueing(self) -> Queueing:
        """What queues runs."""
        return Queueing(self.work.ledger, self.work.group_queue, self.work.payloads)

    def left(self, name: str) -> int:
        """How many messages a queue holds, those in hand included. ``Devices``, ``DevicesDeadLetter`` …"""
        answer = self.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[f"{name}QueueUrl"],
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(int(value) for value in answer["Attributes"].values())

    def buried(self, name: str) -> list[tuple[str, str]]:
        """The bodies in a lane's dead-letter queue, each with its reason."""
        answer = self.aws.client("sqs").receive_message(
            QueueUrl=self.outputs[f"{name}DeadLetterQueueUrl"],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            VisibilityTimeout=0,
        )
        return [
            (message["Body"], message["MessageAttributes"]["reason"]["StringValue"])
            for message in answer.get("Messages", [])
        ]

    def put(self, name: str, *bodies: str) -> None:
        """Put messages on a queue."""
        self.queues.by_name[name].send(bodies)


Fleet = Place
