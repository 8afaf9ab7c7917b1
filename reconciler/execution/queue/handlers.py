"""What is done with one message of each queue. A handler may be called again with the same message at any time."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from secrets import token_hex

from reconciler.execution.holding import claimed
from reconciler.execution.journal import RunJournal
from reconciler.execution.ledger import Ledger
from reconciler.execution.precedence import now_text, time_text
from reconciler.execution.queue.heard import Heard
from reconciler.execution.queue.messages import (
    BatchMessage,
    CoreEvent,
    GroupMessage,
    decode_batch,
    decode_group,
    decode_status,
    encode_batch,
    head_of,
)
from reconciler.execution.queue.payloads import Payloads, PoisonError, read_ready, ready_document
from reconciler.execution.queue.sqs import Message, Queue
from reconciler.model.errors import ReconcileError
from reconciler.model.run import GroupState, Task
from reconciler.runtimes.base import Ready, Reported, Runtime, Started, success_of

COME_BACK = 5
"""Seconds after which a message that waits for Greengrass is looked at again."""
PATIENCE = 15.0
"""Seconds that a handler itself waits for its bulk deployment to come to its groups before it gives the message back.

For others it does not wait at all: whoever looks at the run is to see at once whom it waits for."""
CLAIM_SECONDS = 30.0
"""How long what a killed worker had claimed stays claimed at most: as long as its message stays hidden."""
READERS = 8
"""Objects read from S3, and groups recorded, at once."""

OPEN: frozenset[GroupState] = frozenset({"waiting", "running"})
FINAL: frozenset[GroupState] = frozenset({"succeeded", "failed"})
TERMINAL = {"Success", "Failure"}


@dataclass(frozen=True, slots=True)
class Later:
    """The message is not done, and nothing is wrong with it: give it back for so many seconds."""

    seconds: int
    why: str


@dataclass(frozen=True)
class Work:
    """What handlers work with: one fleet, its ledger, runtimes, queues and payloads. Threads share it.

    ``holder`` names the process; ``status_of`` tells what became of a deployment by its group's id and its own, and, if
    told when it was asked for, of those to single cores besides. ``heard`` is what events of V2 told of.
    """

    fleet: str
    ledger: Ledger
    runtimes: dict[str, Runtime]
    payloads: Payloads
    group_queue: Queue
    batch_queue: Queue
    status_of: Callable[[str, str, str], Reported]
    holder: str
    say: Callable[[str, str], None]
    heard: Heard = field(default_factory=Heard)

    def devices(self, message: Message) -> Later | None:
        """Carry out one group up to its deployment; whoever finishes a batch's last group asks for the deployments."""
        work = decode_group(message.body, self.payloads)
        name = work.group.name
        if work.plan.fleet != self.fleet:
            raise PoisonError(f"the message is for fleet {work.plan.fleet}, and this worker works for {self.fleet}")
        # Two deliveries of a message, and two runs: whatever they want of a group, they do it one after the other.
        with self._alone(f"group/{name}") as alone:
            if not alone:
                return Later(COME_BACK, f"somebody else is at work on group {name}")
            task = self._task(work.run, name)
            if task.state in OPEN:
                self._move(task, "running")
                self._carry_out(work, task, message.body)
            elif self._is_to_be_finished(task):
                self._finish(work)
                self._move(task, "succeeded")
        self.leave(work.run, work.batch, name)
        return None

    def give_up(self, message: Message, error: str) -> None:
        """A group can never be done, or has failed too often: say so, and let its batch go on without it.

        A group that stands further already, as another delivery of the message has done it, stays where it is.
        """
        if (head := head_of(message.body)) is None or head.group is None:
            return
        task = self.ledger.task(head.run, head.group)
        if task is None:
            return
        if task.state in OPEN or self._is_to_be_finished(task):
            self._fail(task, error)
        self.leave(head.run, head.batch, head.group)

    def leave(self, run: str, batch: str, member: str) -> None:
        """Note that a batch need not wait for a group; send the batch on if it was the last."""
        if self.ledger.sharing.leave_batch(run, batch, member) == frozenset():
            self.send_batch(run, batch)

    def send_batch(self, run: str, batch: str) -> bool:
        """Send a batch on to be deployed, unless that was done, or somebody is at it; whether it was sent now."""
        key = f"{run}/send/{batch}"
        begun = self.ledger.begin(run, key)
        if begun is not None and begun.result is not None:
            return False
        if self.ledger.sharing.claim(key, self.holder, CLAIM_SECONDS).holder != self.holder:
            return False
        self.batch_queue.send([encode_batch(BatchMessage(run, batch))])
        self.ledger.finish(key, "sent")
        return True

    def deployments(self, message: Message) -> Later | None:
        """Ask for the deployments of a batch. Busy: note whom we wait for, and come back.

        What goes wrong with one runtime as a whole is raised once the groups of the other have been asked for.
        """
        work = decode_batch(message.body)
        with self._alone(f"batch/{work.run}/{work.batch}") as alone:
            if not alone:
                return Later(COME_BACK, f"somebody else is at work on {work.batch} of run {work.run}")
            # Where a worker was killed, or this message is a second one, deployments may have been made that nobody
            # recorded: they are looked for. A batch that begins for the first time spares itself these calls.
            again = self.ledger.begin(work.run, f"{work.run}/deploy/{work.batch}") is not None
            ready = self._ready(work)
            waits, problems = "", []
            for name, runtime in self.runtimes.items():
                members = [group for group, runtime_name in ready if runtime_name == name]
                if members:
                    deadline = time.monotonic() + PATIENCE
                    try:
                        answers = runtime.deploy(members, deadline, self.say, again=again, queued=True)
                        waits = self._record(work, members, answers) or waits
                    except ReconcileError as error:
                        problems.append(error)  # groups of the other one are none the worse for it
            if problems:
                raise problems[0]
        # A batch of 2,000 takes some seconds to be looked through, and so is looked at less often.
        return Later(COME_BACK + len(ready) // 100, waits) if waits else None

    def give_up_batch(self, message: Message, error: str) -> None:
        """The deployments of a batch cannot be asked for: its groups that have none have failed."""
        if (head := head_of(message.body)) is None:
            return
        for name in self.payloads.names(head.run, f"ready/{head.batch}/"):
            task = self.ledger.task(head.run, name)
            if task is not None and task.state in OPEN:
                self._fail(task, error)

    def statuses(self, message: Message) -> Later | None:
        """Record what a core reported. Groups that are not ours are nobody's business here.

        An event of V2 is one core's word, and a group may have a thousand: it is only noted that there is one.
        """
        event = decode_status(message.body)
        if isinstance(event, CoreEvent):
            self.heard.note([event.deployment_id])
        elif event is not None and self.ledger.group_of_id(event.group_id) is not None:
            error = ""
            if event.status == "Failure":  # events do not tell why
                error = self.status_of(event.group_id, event.deployment_id, "").error
            self.record(event.deployment_id, event.group_id, Reported(event.status, time_text(event.time), error))
        return None

    def record(self, deployment_id: str, group_id: str, reported: Reported) -> None:
        """Record what became of a deployment, and what it means for its group, if we know whose it is."""
        status, since, error, cores = reported
        self.ledger.record_status(deployment_id, group_id, status, since, error or None)
        self.settle(deployment_id, cores)

    def settle(self, deployment_id: str, cores: int = 1) -> None:
        """Let a group's task follow its deployment, once both are known."""
        known = self.ledger.deployment(deployment_id)
        if known is None or known.run is None or known.group is None or known.status not in TERMINAL:
            return
        task = self.ledger.task(known.run, known.group)
        if task is None or task.deployment_id != deployment_id or task.state in FINAL:
            return
        if known.status == "Success":
            if self._send_to_finish(task, known.group_id):
                return
            self._move(task, "succeeded")
            self.say(known.group, success_of(cores))
        else:
            self._fail(task, known.error or "the core reported a failure without a message")

    def _is_to_be_finished(self, task: Task) -> bool:
        """Whether a group's core has what was asked for, and what the group gives up is yet to be deleted."""
        if task.state != "deploying" or task.deployment_id is None:
            return False
        known = self.ledger.deployment(task.deployment_id)
        return known is not None and known.status == "Success"

    def _send_to_finish(self, task: Task, group_id: str) -> bool:
        """Send a group's message once more if it gives something up; whether it does.

        It stays ``deploying`` until that is deleted, so that a message which is lost is sent again by the next look.
        """
        if group_id not in self.ledger.removals():
            return False
        try:
            body = self.payloads.get(self.payloads.key(task.run, f"finish/{task.group}"))["body"]
        except PoisonError:
            return False  # another run has begun that
        self.group_queue.send([body])
        return True

    def _finish(self, work: GroupMessage) -> None:
        group = work.group
        if group.finishing:
            journal = RunJournal(self.ledger, work.run)
            self.runtimes[group.runtime].finish(work.plan, group, journal, self.say)

    def _carry_out(self, work: GroupMessage, task: Task, body: str) -> None:
        group = work.group
        journal = RunJournal(self.ledger, work.run, among_others=True)
        ready = self.runtimes[group.runtime].carry_out(work.plan, group, journal, self.say)
        self.ledger.remember_group(group.name, ready.group_id)
        done = replace(task, group_version_id=ready.version_id)
        if ready.deployment is None:
            self._finish(work)
            self._move(done, "succeeded")
            return
        if group.finishing:
            self.payloads.put(work.run, f"finish/{group.name}", {"body": body})
        self._move(done, "running")
        document = ready_document(ready) | {"runtime": group.runtime}
        self.payloads.put(work.run, f"ready/{work.batch}/{group.name}", document)

    def _ready(self, work: BatchMessage) -> list[tuple[Ready, str]]:
        """The groups of a batch that are carried out and not yet deployed, with the names of their runtimes."""
        folder = f"ready/{work.batch}/"
        tasks = self.ledger.tasks(work.run)
        names = [name for name in self.payloads.names(work.run, folder) if _is_to_be_deployed(tasks.get(name))]

        def read(name: str) -> tuple[Ready, str] | None:
            try:
                document = self.payloads.get(self.payloads.key(work.run, f"{folder}{name}"))
                return read_ready(document), str(document["runtime"])
            except (PoisonError, LookupError, TypeError, ValueError) as error:
                # One damaged object is no reason to hold up the others.
                self._fail(tasks[name], f"reading what was kept of it for its deployment: {error}; apply again")
                return None

        with ThreadPoolExecutor(READERS) as pool:
            return [found for found in pool.map(read, names) if found is not None]

    def _record(self, work: BatchMessage, members: Sequence[Ready], answers: Iterable[Started]) -> str:
        """Record what became of asking; whom we wait for, empty if for nobody."""
        by_name = {group.name: group for group in members}
        with ThreadPoolExecutor(READERS) as pool:
            # As they come: whoever is killed in the middle has recorded a part.
            noted = [pool.submit(self._note, work.run, by_name[answer.name], answer) for answer in answers]
        waits = [future.result() for future in noted]
        return next(filter(None, waits), "")

    def _note(self, run: str, group: Ready, answer: Started) -> str:
        """Record what became of asking for one group; whom it waits for, empty if for nobody."""
        task = self._task(run, group.name)
        if answer.busy:
            waits = answer.error or "Greengrass is busy"
            if task.error != f"Conflict: {waits}":  # else it is known, and since when
                self._move(task, "running", f"Conflict: {waits}")
            return waits
        if answer.deployment_id is None:
            self._fail(task, answer.error or "no deployment was made")
            return ""
        for deployment_id in (*answer.beside, answer.deployment_id):
            self.ledger.remember_deployment(
                deployment_id,
                group=group.name,
                group_id=group.group_id,
                group_version_id=group.version_id,
                run_id=run,
            )
        self._move(replace(task, deployment_id=answer.deployment_id), "deploying")
        self.say(group.name, answer.said)
        if answer.is_new:
            self.settle(answer.deployment_id)  # its core may have been faster than we
        else:  # what is known of it is what other cores have reported
            self.ledger.record_status(answer.deployment_id, group.group_id, "InProgress", now_text())
        return ""

    def _alone(self, name: str) -> AbstractContextManager[bool]:
        """Whether nobody else, in this process or another, is at work on ``name``; kept so until the end."""
        return claimed(self.ledger.sharing, name, f"{self.holder}/{token_hex(4)}", CLAIM_SECONDS)

    def _task(self, run: str, group: str) -> Task:
        task = self.ledger.task(run, group)
        if task is None:
            raise PoisonError(f"the ledger knows no group {group} in run {run}")
        return task

    def _fail(self, task: Task, error: str) -> None:
        self._move(task, "failed", error)
        self.say(task.group, f"failed: {error}")

    def _move(self, task: Task, state: GroupState, error: str | None = None) -> None:
        # A machine whose clock is behind is no reason for the ledger to take this for something older.
        self.ledger.save_task(replace(task, state=state, since=max(now_text(), task.since), error=error))


def _is_to_be_deployed(task: Task | None) -> bool:
    return task is not None and task.state in OPEN and task.deployment_id is None
