"""Reads that lag behind writes, as lists of AWS may: an answer is given again for a while, whatever happened since."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from reconciler.sandbox.clock import Clock

Response = tuple[int, list[tuple[str, str]], bytes]


@dataclass(slots=True)
class PastAnswers:
    """Answers that were given while reads were told to lag. Safe in any thread."""

    clock: Clock
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept: dict[Hashable, tuple[float, Response]] = field(default_factory=dict)

    def answer(self, key: Hashable, seconds: float, fresh: Callable[[], Response]) -> Response:
        """The answer to the request ``key`` of at most so many seconds ago, else a ``fresh`` one."""
        now = self.clock.time()
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and now - kept[0] < seconds:
            return kept[1]
        response = fresh()
        with self._lock:
            self._kept[key] = now, response
        return response

    def reset(self) -> None:
        """Forget them all."""
        with self._lock:
            self._kept.clear()
