"""What a command cost: AWS calls by operation, retries and seconds."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

READS = ("Get", "List", "Describe", "Head", "Query", "Scan", "BatchGet", "Search", "ReceiveMessage")


def is_write(operation: str) -> bool:
    """Whether an operation of AWS changes anything, judged by its name as AWS itself names them."""
    return not operation.startswith(READS)


class Stats:
    """Counts calls; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._writes = 0
        self._retries = 0
        self._seconds: dict[str, float] = {}

    def count(self, service: str, operation: str) -> None:
        """Count one call, however often it is sent."""
        with self._lock:
            self._calls[f"{service}:{operation}"] += 1
            self._writes += is_write(operation)

    def retried(self, times: int = 1) -> None:
        """Count that a call was sent again ``times`` times."""
        with self._lock:
            self._retries += times

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the seconds spent inside under ``name``."""
        started = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._seconds[name] = self._seconds.get(name, 0.0) + time.monotonic() - started

    @property
    def calls(self) -> int:
        """How many calls were made in all."""
        with self._lock:
            return sum(self._calls.values())

    def document(self) -> dict[str, Any]:
        """The ``stats`` document that ``--stats`` writes (``schemas/stats.schema.json``)."""
        with self._lock:
            return {
                "formatVersion": 1,
                "calls": dict(sorted(self._calls.items())),
                "writes": self._writes,
                "retries": self._retries,
                "seconds": {name: round(spent, 3) for name, spent in sorted(self._seconds.items())},
            }
