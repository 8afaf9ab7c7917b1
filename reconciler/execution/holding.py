"""Keeps hold of something that lapses by itself: a message's visibility, a claim."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from reconciler.execution.ledger import Sharing
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


@contextmanager
def claimed(sharing: Sharing, name: str, holder: str, seconds: float) -> Iterator[bool]:
    """Whether ``holder`` alone holds ``name``; held until the end of the block, and given back then.

    A holder that is killed loses it after so many ``seconds``. False, and nothing is held, where somebody else has it.
    """
    if sharing.claim(name, holder, seconds).holder != holder:
        yield False
        return
    try:
        with kept(lambda: sharing.claim(name, holder, seconds)):
            yield True
    finally:
        with suppress(ReconcileError):  # it lapses by itself
            sharing.release(name, holder)
