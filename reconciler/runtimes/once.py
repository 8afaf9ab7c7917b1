"""Does a piece of work once for all threads that ask for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Once:
    """Does a piece of work once for all threads that ask for it by the same key; all get its result.

    Who asks while it fails gets the error; who asks later tries again.
    """

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _results: dict[str, Future[str]] = field(default_factory=dict)

    def do(self, key: str, work: Callable[[], str]) -> str:
        """The result of ``work`` under ``key``."""
        with self._lock:
            future = self._results.get(key)
            is_first = future is None
            if future is None:
                future = self._results[key] = Future()
        if is_first:
            try:
                future.set_result(work())
            except BaseException as error:
                with self._lock:
                    del self._results[key]
                future.set_exception(error)
                raise
        return future.result()
