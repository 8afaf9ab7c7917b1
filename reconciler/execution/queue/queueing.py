"""Puts the groups of a recorded run on their queue; can be done again where it was broken off."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.execution.holding import kept
from reconciler.execution.ledger import MOST_MEMBERS, Ledger
from reconciler.execution.precedence import now_text
from reconciler.execution.queue.handlers import CLAIM_SECONDS
from reconciler.execution.queue.messages import GroupMessage, encode_group, one_group
from reconciler.execution.queue.payloads import Payloads, PoisonError
from reconciler.execution.queue.sqs import Queue
from reconciler.model.errors import ReconcileError
from reconciler.model.plan import GroupPlan, Plan
from reconciler.model.run import Run, Task
from reconciler.planning.plan_document import plan_document
from reconciler.planning.plan_reading import read_plan

PLAN = "plan"
"""The name under which a run's plan lies beside its payloads."""
SENT = "sent"


@dataclass(frozen=True, slots=True)
class Queueing:
    """What queueing a run needs. Methods raise ReconcileError and AwsError."""

    ledger: Ledger
    queue: Queue
    payloads: Payloads

    def keep_plan(self, run_id: str, plan: Plan) -> None:
        """Store a plan before its run begins: with it anybody can go on where the command was killed."""
        self.payloads.put(run_id, PLAN, plan_document(plan))

    def is_queued(self, run_id: str) -> bool:
        """Whether every message of a run has been sent."""
        begun = self.ledger.begin(run_id, _key(run_id))
        return begun is not None and begun.result is not None

    def claim(self, run_id: str, holder: str) -> bool:
        """Whether ``holder`` may queue a run, which one alone does at a time."""
        return self.ledger.sharing.claim(_key(run_id), holder, CLAIM_SECONDS).holder == holder

    def take_up(self, run: Run, holder: str) -> None:
        """Go on, as who has claimed it, with a run that its command did not queue to the end.

        Raises PoisonError if its plan is gone or damaged.
        """
        self.send_claimed(run, self._kept_plan(run), holder)

    def put_again(self, run: Run, batch: str, names: Collection[str]) -> None:
        """Send the messages of groups of a batch once more, from the plan that was kept. Raises PoisonError."""
        plan = self._kept_plan(run)
        self._send_groups(run, batch, plan, [group for group in plan.changed if group.name in names])

    def abandon(self, run: Run, why: str) -> None:
        """Nobody can queue a run to its end: its groups that wait have failed, and their batches wait no longer."""
        self.fail(run, [task for task in self.ledger.tasks(run.id).values() if task.state == "waiting"], why)
        self.ledger.finish(_key(run.id), "abandoned")

    def fail(self, run: Run, tasks: Sequence[Task], why: str) -> None:
        """Groups whose message cannot be sent have failed, and their batches wait for them no longer."""
        error = f"its message was not sent: {why}; apply again"
        self.ledger.save_tasks(replace(task, state="failed", since=now_text(), error=error) for task in tasks)
        for batch, members in self.ledger.sharing.batches(run.id).items():
            for task in tasks:
                if task.group in members:
                    self.ledger.sharing.leave_batch(run.id, batch, task.group)

    def send(self, run: Run, plan: Plan) -> None:
        """Record every changed group of ``plan`` as waiting, and send a message for each that is.

        Recorded first, queued then: a message that was sent finds its run, one that was not is sent by ``take_up``.
        One that is sent twice does no harm.
        """
        self.ledger.begin(run.id, _key(run.id))
        groups = plan.changed
        self.ledger.save_tasks(
            Task(run.id, group.name, "waiting", run.started_at, template_version=group.target.version)
            for group in groups
        )
        batches = [groups[start : start + MOST_MEMBERS] for start in range(0, len(groups), MOST_MEMBERS)]
        for number, members in enumerate(batches, 1):
            self.ledger.sharing.start_batch(run.id, f"batch-{number}", [group.name for group in members])
        tasks = self.ledger.tasks(run.id)
        for number, members in enumerate(batches, 1):
            waiting = [group for group in members if tasks[group.name].state == "waiting"]
            self._send_groups(run, f"batch-{number}", plan, waiting)
        self.ledger.finish(_key(run.id), SENT)

    def send_claimed(self, run: Run, plan: Plan, holder: str) -> None:
        """``send``, with the claim kept by ``holder`` until the end."""
        with kept(lambda: self.claim(run.id, holder)):
            self.send(run, plan)

    def _kept_plan(self, run: Run) -> Plan:
        document = self.payloads.get(self.payloads.key(run.id, PLAN))
        try:
            return read_plan(document)
        except ReconcileError as error:
            raise PoisonError(f"the plan that was kept cannot be read: {error.message}") from error

    def _send_groups(self, run: Run, batch: str, plan: Plan, groups: Iterable[GroupPlan]) -> None:
        messages = (GroupMessage(run.id, batch, one_group(plan, group)) for group in groups)
        self.queue.send([encode_group(message, self.payloads) for message in messages])


def _key(run_id: str) -> str:
    return f"{run_id}/queue"
