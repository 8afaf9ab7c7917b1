"""Keeps hold of something that lapses by itself: a message's visibility, a claim."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from reconciler.model.errors import ReconcileError

EVERY = 10.0
"""Seconds between two renewals: what is held for 30 seconds survives one that fails."""


@contextmanager
def kept(renew: Callable[[], object]) -> Iterator[None]:
    """Call ``renew`` every EVERY seconds until the end of the block. One that fails is left to the next."""
    done = threading.Event()

    def go() -> None:
        while not done.wait(EVERY):
            with suppress(ReconcileError):
                renew()

    keeper = threading.Thread(target=go, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
