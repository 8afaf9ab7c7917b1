"""Picks up what fell down: runs half queued, messages that are gone, batches nobody sent on, statuses no event told,
and runs that have ended.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.execution.lock import QUEUED_SECONDS
from reconciler.execution.precedence import now_text
from reconciler.execution.queue.asking import Asker, age_of
from reconciler.execution.queue.gone import put_again
from reconciler.execution.queue.handlers import FINAL
from reconciler.execution.queue.payloads import PoisonError
from reconciler.execution.queue.queueing import Queueing
from reconciler.model.run import Run, Task, outcome_of

SWEEP_SECONDS = 10.0
QUIET_SECONDS = 5.0
"""A deployment that was not heard of for so long is asked about; then again when half as long again has passed."""
LONGEST_QUIET = 300.0
UNHEARD_SECONDS = 600.0
"""For a core that does not report in so long (as long as an apply waits unless told) no run is held open, and no fleet
locked: it may be offline for days. What it reports then is recorded all the same."""


@dataclass
class Sweeper:
    """Sweeps round by round."""

    asker: Asker

    def round(self) -> None:
        """Do one round, unless another worker is at it. Raises ReconcileError."""
        work = self.asker.work
        if work.ledger.sharing.claim("sweep", work.holder, SWEEP_SECONDS).holder != work.holder:
            return
        for run in work.ledger.open_runs():
            self._sweep_run(run)

    def _sweep_run(self, run: Run) -> None:
        work = self.asker.work
        work.ledger.leases.renew(run.id, QUEUED_SECONDS)  # as long as it goes on, nobody else writes to the fleet
        if not self._is_queued(run):
            return
        for batch, members in work.ledger.sharing.batches(run.id).items():
            if not members:
                work.send_batch(run.id, batch)
        self._ask_about(work.ledger.tasks(run.id).values())
        found = work.ledger.tasks(run.id)
        put_again(work, self._queueing(), run, found)
        tasks = list(found.values())
        if all(task.state in FINAL or _is_unheard(task) for task in tasks):
            work.ledger.end_run(run.id, outcome_of([task.state for task in tasks]) if tasks else "stopped")
            work.ledger.leases.end(run.id)
            work.say("", f"run {run.id} ended")

    def _is_queued(self, run: Run) -> bool:
        """Whether all messages of a run are sent, and if not and nobody is at it, send them."""
        work = self.asker.work
        queueing = self._queueing()
        if queueing.is_queued(run.id):
            return True
        if not queueing.claim(run.id, work.holder):
            return False
        work.say("", f"run {run.id} was not queued to its end; going on with it")
        try:
            queueing.take_up(run, work.holder)
        except PoisonError as error:
            queueing.abandon(run, error.message)
        return False

    def _queueing(self) -> Queueing:
        work = self.asker.work
        return Queueing(work.ledger, work.group_queue, work.payloads)

    def _ask_about(self, tasks: Iterable[Task]) -> None:
        """Ask Greengrass about deployments that nothing was heard of, less and less often."""
        self.asker.ask_all(
            task for task in tasks if task.state == "deploying" and task.deployment_id and self._is_due(task)
        )

    def _is_due(self, task: Task) -> bool:
        quiet, age = self.asker.quiet_for(task), age_of(task)
        if quiet is None:
            return age >= QUIET_SECONDS
        return quiet >= min(max(QUIET_SECONDS, age / 2), LONGEST_QUIET)


def _is_unheard(task: Task) -> bool:
    return task.state == "deploying" and task.since < now_text(-UNHEARD_SECONDS)
