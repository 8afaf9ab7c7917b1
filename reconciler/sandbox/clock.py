"""The sandbox's time: the real one, moved forward or stopped as tests ask."""

import math
import threading
import time
from datetime import UTC, datetime


class Clock:
    """Real time plus what it was advanced by; it never goes back but by ``reset``. Safe to use from any thread.

    While it is stopped, it moves only by what it is advanced by.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = 0.0
        self._stopped_at: float | None = None  # real time

    def time(self) -> float:
        """Seconds since 1970, the sandbox's."""
        with self._lock:
            return self._real() + self._offset

    def now(self) -> datetime:
        """The same as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), tz=UTC)

    @property
    def offset(self) -> float:
        """By how many seconds the sandbox is ahead of real time, or was when it was stopped."""
        with self._lock:
            return self._offset

    @property
    def is_stopped(self) -> bool:
        """Whether it moves only when told."""
        with self._lock:
            return self._stopped_at is not None

    def stop(self) -> None:
        """Stand still from now on."""
        with self._lock:
            self._stopped_at = self._real()

    def go(self) -> None:
        """Go on from where it stood."""
        with self._lock:
            if self._stopped_at is not None:
                self._offset -= time.time() - self._stopped_at
                self._stopped_at = None

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``. Raises ValueError for what is negative or not a number."""
        if not math.isfinite(seconds) or seconds < 0:
            raise ValueError(f"a clock advances by zero or more seconds, not by {seconds}")
        with self._lock:
            self._offset += seconds

    def reset(self) -> None:
        """Back to real time."""
        with self._lock:
            self._offset, self._stopped_at = 0.0, None

    def _real(self) -> float:
        return time.time() if self._stopped_at is None else self._stopped_at
