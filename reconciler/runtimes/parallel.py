"""Reading many things of AWS at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

WORKERS = 16
"""Threads that read. At 30 calls a second and answers within half a second more would only wait."""

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results of ``work`` for each item, in their order; the first error in that order is raised."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))
