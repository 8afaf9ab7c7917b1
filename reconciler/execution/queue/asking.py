"""Asks what became of deployments, and remembers when: one that was asked about a moment ago can wait."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.execution.precedence import now_text, time_text
from reconciler.execution.queue.handlers import TERMINAL, Work
from reconciler.model.errors import ReconcileError
from reconciler.model.run import Task

MOST_ASKED = 100
"""Deployments asked about in one round: with 30 calls a second some three seconds, and most of them left to others."""
ASKERS = 8
EARLIEST = 2.0
"""Seconds after which a deployment is asked about at the earliest: by then lists have those that were made with it,
also where the clocks of two workers differ a little."""


@dataclass
class Asker:
    """Asks about the deployments of tasks, and has what is found recorded. Threads share it."""

    work: Work
    asked: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def may_ask(task: Task) -> bool:
        """Whether the deployment of a task was not made just now."""
        return task.deployment_id is not None and age_of(task) >= EARLIEST

    def quiet_for(self, task: Task) -> float | None:
        """For how many seconds the deployment of a task was not asked about; None if it never was."""
        asked = self.asked.get(task.deployment_id or "")
        return time.monotonic() - asked if asked is not None else None

    def ask_all(self, tasks: Iterable[Task], is_over: Callable[[], bool] = lambda: False) -> list[Task]:
        """Ask about the deployments of ``tasks``, those first that were not asked about longest, until ``is_over``.

        Those that were not asked about, as there are too many of them or it was over.
        """
        due = sorted(tasks, key=lambda task: (self.asked.get(task.deployment_id or "", 0.0), task.since))

        def ask(task: Task) -> bool:
            if is_over():
                return False
            self._ask(task)
            return True

        now, later = due[:MOST_ASKED], due[MOST_ASKED:]
        with ThreadPoolExecutor(ASKERS) as pool:
            was_asked = list(pool.map(ask, now))
        return [task for task, done in zip(now, was_asked, strict=True) if not done] + later

    def _ask(self, task: Task) -> None:
        work, deployment_id = self.work, task.deployment_id or ""
        self.asked[deployment_id] = time.monotonic()
        try:
            known = work.ledger.deployment(deployment_id)
            if known is None:
                return
            made_by = time_text(task.since, timedelta(seconds=EARLIEST))
            reported = work.status_of(known.group_id, deployment_id, made_by)
            work.record(deployment_id, known.group_id, reported)
            if reported.status in TERMINAL:
                self.asked.pop(deployment_id, None)
        except ReconcileError as error:
            work.say(task.group, f"asking about deployment {deployment_id}: {error.message}")


def age_of(task: Task) -> float:
    """For how many seconds a task has stood where it stands."""
    return (datetime.fromisoformat(now_text()) - datetime.fromisoformat(task.since)).total_seconds()
