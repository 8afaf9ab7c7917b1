"""How long is waited for AWS and the devices: until a deadline, or until somebody asks to stop."""

import math
import threading
import time


class Patience:
    """A clock and a sleep that end all waiting when told to: every deadline has passed then. Threads share it."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether somebody asked to stop."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Let nobody wait any longer, nor begin anything new. May be called by a signal handler."""
        self._stopped.set()

    def now(self) -> float:
        """The monotonic clock's seconds; later than any deadline once it is over."""
        return math.inf if self.is_over else time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds, or until it is over."""
        self._stopped.wait(min(seconds, threading.TIMEOUT_MAX))
