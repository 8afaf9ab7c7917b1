"""Looks at groups of Greengrass V2 whose cores have reported: at the counts of their jobs, which know of all cores.

An event says that one core is done. It may be lost, come twice, late, or in any order, and be about a deployment that
another has replaced. So it is a reason to look, and nothing else is believed of it; a burst of them is one look.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.execution.queue.asking import Asker, age_of
from reconciler.model.errors import ReconcileError
from reconciler.model.run import Task

LISTEN_SECONDS = 1.0
"""Between two looks at what was heard of."""
SHARE = 10
LONGEST_PAUSE = 30.0
"""A group that was looked at is looked at again when it is a tenth older, or after half a minute: while a thousand
cores report in the course of hours, each look but the last is in vain."""


@dataclass
class Listener:
    """Looks at what the work has heard of."""

    asker: Asker

    def round(self, *, at_once: bool = False, is_over: Callable[[], bool] = lambda: False) -> None:
        """Look at the groups whose cores have reported since, until ``is_over``; what is not due is kept for later.

        ``at_once``: also those that were looked at a moment ago. Raises ReconcileError, and keeps all for later.
        """
        heard = self.asker.work.heard
        if not (taken := heard.take()):
            return
        try:
            tasks = self._tasks(taken)
        except ReconcileError:
            heard.note(taken)
            raise
        due = [task for task in tasks if self.asker.may_ask(task) and (at_once or self._is_due(task))]
        later = [*self.asker.ask_all(due, is_over), *(task for task in tasks if task not in due)]
        heard.note(task.deployment_id for task in later if task.deployment_id)

    def _tasks(self, deployment_ids: Iterable[str]) -> list[Task]:
        """The groups that wait for their cores to have deployments. What nobody waits for any more, or not yet, is left
        aside, as are deployments of others.
        """
        ledger = self.asker.work.ledger
        known = ledger.deployments(deployment_ids).values()
        groups = {(record.run, record.group) for record in known if record.run and record.group}
        found = (ledger.task(run, group) for run, group in sorted(groups))
        return [task for task in found if task is not None and task.state == "deploying"]

    def _is_due(self, task: Task) -> bool:
        quiet = self.asker.quiet_for(task)
        return quiet is None or quiet >= min(age_of(task) / SHARE, LONGEST_PAUSE)
