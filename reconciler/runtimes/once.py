"""Carries out actions that several groups share: once, whoever asks for it first."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from reconciler.model.plan import Action
from reconciler.runtimes.base import Journal


@dataclass(frozen=True)
class Once:
    """Does the work of each action once for all threads that ask for it in a run; all get its result.

    Who asks while it fails gets the error; who asks later tries again.
    """

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _results: dict[str, Future[str]] = field(default_factory=dict)

    def do(self, journal: Journal, action: Action, work: Callable[[], str]) -> str:
        """The result of ``work``, which carries ``action`` out."""
        # Once a run: a worker lives on, and what it made in a run of last month may have been deleted.
        key = f"{journal.run}/{action.id}"
        with self._lock:
            future = self._results.get(key)
            is_first = future is None
            if future is None:
                future = self._results[key] = Future()
        if is_first:
            try:
                # Other processes may be at work on groups of the same run, and each would do it.
                with journal.alone(action.id):
                    future.set_result(work())
            except BaseException as error:
                with self._lock:
                    del self._results[key]
                future.set_exception(error)
                raise
        return future.result()
