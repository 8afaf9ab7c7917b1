"""The sandbox's time: the real one, moved forward as tests ask."""

import math
import threading
import time
from datetime import UTC, datetime


class Clock:
    """Real time plus what it was advanced by; it never goes back but by ``reset``. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = 0.0

    def time(self) -> float:
        """Seconds since 1970, the sandbox's."""
        with self._lock:
            return time.time() + self._offset

    def now(self) -> datetime:
        """The same as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), tz=UTC)

    @property
    def offset(self) -> float:
        """By how many seconds the sandbox is ahead of real time."""
        with self._lock:
            return self._offset

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``. Raises ValueError for what is negative or not a number."""
        if not math.isfinite(seconds) or seconds < 0:
            raise ValueError(f"a clock advances by zero or more seconds, not by {seconds}")
        with self._lock:
            self._offset += seconds

    def reset(self) -> None:
        """Back to real time."""
        with self._lock:
            self._offset = 0.0
