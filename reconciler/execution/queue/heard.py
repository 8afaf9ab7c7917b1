"""The deployments of Greengrass V2 of which events told: however many cores report one, it is looked at once."""

import threading
from collections.abc import Iterable


class Heard:
    """Ids of deployments, each once until it is taken. Threads share it.

    It is kept in memory alone. What a process that is killed had heard of is found by a sweep.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: set[str] = set()

    def note(self, deployment_ids: Iterable[str]) -> None:
        """Add deployments to what is to be looked at."""
        with self._lock:
            self._ids.update(deployment_ids)

    def take(self) -> frozenset[str]:
        """All of them, which are forgotten here."""
        with self._lock:
            taken, self._ids = frozenset(self._ids), set()
        return taken
