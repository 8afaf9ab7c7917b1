"""Mappings and lists as read from a file, that still know the place of each key and value.

They live only while files are loaded: what goes into the model is plain.
"""

from collections.abc import Iterator
from typing import Any

from reconciler.model.position import Position

Path = tuple[str | int, ...]
"""The way from a document's root to a value: keys and indexes."""


class LocatedDict(dict[str, Any]):
    """A mapping that knows its own place and, for each key, those of key and value (lines and columns from 1)."""

    __slots__ = ("file", "places", "start")

    def __init__(self, file: str, start: tuple[int, int]) -> None:
        super().__init__()
        self.file = file
        self.start = start
        self.places: dict[str, tuple[int, int, int, int]] = {}

    def position(self, key: str | None = None) -> Position:
        """The place of the value under ``key`` (its own, where that is None or there is no such key)."""
        place = self.places.get(key) if key is not None else None
        return Position(self.file, *(place[2:] if place else self.start))

    def key_position(self, key: str) -> Position:
        """The place of ``key`` itself."""
        place = self.places.get(key)
        return Position(self.file, *(place[:2] if place else self.start))


class LocatedList(list[Any]):
    """A list that knows its own place and that of each item (lines and columns from 1)."""

    __slots__ = ("file", "places", "start")

    def __init__(self, file: str, start: tuple[int, int]) -> None:
        super().__init__()
        self.file = file
        self.start = start
        self.places: list[tuple[int, int]] = []

    def position(self, index: int | None = None) -> Position:
        """The place of the item at ``index`` (its own, where that is None or out of range)."""
        known = index is not None and 0 <= index < len(self.places)
        return Position(self.file, *(self.places[index] if known and index is not None else self.start))


def walk(root: Any, path: Path) -> Iterator[Any]:
    """The values on the way along ``path``: the root, and then one for each step as far as they exist."""
    value = root
    yield value
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return
        yield value


def position_at(root: LocatedDict, path: Path) -> Position:
    """The place of the value at ``path`` below ``root``."""
    position = root.position()
    for container, step in zip(walk(root, path), path, strict=False):
        if isinstance(container, LocatedDict | LocatedList):
            position = container.position(step)  # type: ignore[arg-type] # a path has keys in mappings, indexes in lists
    return position


def key_position_at(root: LocatedDict, path: Path) -> Position:
    """The place of the key (or list item) that ``path`` ends with; the root's for the empty path."""
    *_, parent = walk(root, path[:-1])
    if path and isinstance(parent, LocatedDict):
        return parent.key_position(str(path[-1]))
    return position_at(root, path)


def plain(value: Any) -> Any:
    """``value`` with plain dicts and lists in place of located ones, copied all the way down."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
