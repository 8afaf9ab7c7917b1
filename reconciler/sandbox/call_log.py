"""The log of what came over HTTP."""

import threading
from collections import Counter
from dataclasses import dataclass, fields
from typing import Any

READING = ("Get", "List", "Describe", "Head", "Query", "Scan", "BatchGet", "Search", "ReceiveMessage")


def is_write(operation: str) -> bool:
    """Whether an operation may change something, judged by its name."""
    return not operation.startswith(READING)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: boto3's name of the service, the operation, the HTTP status (0: cut without an answer)."""

    service: str
    operation: str
    status: int
    time: float
    write: bool
    region: str
    fault: str | None = None


NAMES = tuple(field.name for field in fields(Call))


class CallLog:
    """Calls in the order of their answers. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Put a call at the end."""
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls = []

    def document(self) -> dict[str, Any]:
        """``{"calls": [...], "counts": {"service:Operation": n}}``, as the control API shows it."""
        with self._lock:
            calls = list(self._calls)
        counts = Counter(f"{call.service}:{call.operation}" for call in calls)
        rows = [{name: getattr(call, name) for name in NAMES} for call in calls]
        return {"calls": rows, "counts": dict(sorted(counts.items()))}
