"""Waits for what the cores report of their deployments, by asking again and again until all have, or time is up."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.errors import AwsError
from reconciler.runtimes.base import Outcome, Say
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.v1.live import RUNNING
from reconciler.runtimes.v1.observe import Observer

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


@dataclass(frozen=True)
class Waiter:
    """Waits. ``sleep`` and ``clock`` are time's own but in tests. Methods raise AwsError."""

    observer: Observer
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def outcomes(self, started: Mapping[str, tuple[str, str]], deadline: float, say: Say) -> Iterator[Outcome]:
        """The outcome of each group (name → group id, deployment id): as it comes, the rest at the deadline."""
        open_groups = dict(started)
        said: dict[str, str] = {}
        pause = FIRST_PAUSE
        while open_groups:
            names = sorted(open_groups)
            statuses = in_parallel(lambda name: self._status(*started[name]), names)
            for name, status in zip(names, statuses, strict=True):
                if isinstance(status, AwsError):
                    del open_groups[name]
                    yield _unknown(name, status)
                    continue
                word = status["DeploymentStatus"]
                if word not in RUNNING:
                    del open_groups[name]
                    yield _finished(name, status)
                elif self.clock() >= deadline:
                    del open_groups[name]
                    yield _unfinished(name, status)
                elif said.get(name) != word:
                    said[name] = word
                    say(name, f"deployment {word}")
            if open_groups:
                self.sleep(min(pause, max(0.0, deadline - self.clock())))
                pause = min(pause * 1.5, LONGEST_PAUSE)

    def _status(self, group_id: str, deployment_id: str) -> dict[str, Any] | AwsError:
        """What is said of a deployment, or that there is none (any more): its group may have been deleted meanwhile."""
        try:
            return self.observer.deployment_status(group_id, deployment_id)
        except AwsError as error:
            if error.status in {400, 404}:
                return error
            raise


def _unknown(name: str, error: AwsError) -> Outcome:
    return Outcome(name, True, False, "", "", f"asking what became of its deployment: {error.message}")


def _finished(name: str, status: Mapping[str, Any]) -> Outcome:
    word, succeeded = status["DeploymentStatus"], status["DeploymentStatus"] == "Success"
    error = None if succeeded else status.get("ErrorMessage") or "the core reported a failure without a message"
    return Outcome(name, True, succeeded, word, status.get("UpdatedAt", ""), error)


def _unfinished(name: str, status: Mapping[str, Any]) -> Outcome:
    word, since = status["DeploymentStatus"], status.get("UpdatedAt", "")
    error = f"the core has not reported: deployment {word} since {since}; is it online?"
    return Outcome(name, False, False, word, since, error)
