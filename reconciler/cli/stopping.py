"""Ctrl-C while something is carried out: once finishes what is in hand, twice stops."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click

from reconciler.runtimes.patience import Patience

INTERRUPTED = 130
"""The exit code of a command that was stopped (128 and the number of SIGINT, as shells have it)."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable(patience: Patience) -> Iterator[None]:
    """Within, the first SIGINT or SIGTERM ends ``patience``, and the second one the process.

    A process that ends so loses nothing: what it began is in the ledger, and whoever comes next goes on with it.
    """
    if threading.current_thread() is not threading.main_thread():  # Python hands signals to the main thread alone
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        if patience.is_over:
            with suppress(OSError):
                sys.stdout.flush()
            os._exit(INTERRUPTED)
        patience.stop()
        with suppress(OSError):
            click.echo("stopping: what is in hand is finished; once more stops at once", err=True)

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
