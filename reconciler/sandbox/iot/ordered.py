"""A mapping that also knows its keys in order, so that a page of a list costs the page and not the whole list."""

from bisect import bisect_right, insort
from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

V = TypeVar("V")


class Ordered(Generic[V]):
    """Values by name: look-ups are O(1), walking on from any name is O(log n), adding and removing nearly so."""

    def __init__(self) -> None:
        self._values: dict[str, V] = {}
        self._names: list[str] = []

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __getitem__(self, name: str) -> V:
        return self._values[name]

    def __setitem__(self, name: str, value: V) -> None:
        if name not in self._values:
            insort(self._names, name)
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        del self._values[name]
        del self._names[bisect_right(self._names, name) - 1]

    def get(self, name: str) -> V | None:
        """The value, or None where there is none of that name."""
        return self._values.get(name)

    def discard(self, name: str) -> None:
        """Remove the name if it is there."""
        if name in self._values:
            del self[name]

    def values(self) -> Iterator[V]:
        """The values in the order of their names."""
        return (self._values[name] for name in self._names)

    def after(self, name: str) -> Iterator[tuple[str, V]]:
        """(name, value) of every name greater than ``name``, in order; the empty string starts at the beginning."""
        start = bisect_right(self._names, name) if name else 0
        return ((key, self._values[key]) for key in islice(self._names, start, None))
