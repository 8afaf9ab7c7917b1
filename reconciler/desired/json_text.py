"""JSON text → values: strictly, and each key once."""

import json
from typing import Any

from reconciler.desired.located import LocatedDict, LocatedList
from reconciler.desired.parse import MAX_DEPTH
from reconciler.desired.problems import Problems, quote
from reconciler.model.position import Position


def parse_json(text: str, what: str, start: Position, problems: Problems, *, whole_file: bool = True) -> Any:
    """The value of ``text``, None after a problem.

    ``what`` it is that shall be JSON stands in hints. ``start`` is the place of the text; with ``whole_file`` the place
    of a mistake is told by line and column of the text, which is that of its file.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            problems.add(
                start, "duplicate-key", f"the key {quote(twice)} stands twice in one object", "keep one of the two"
            )
        return value

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not allowed")

    try:
        value = json.loads(text, object_pairs_hook=once, parse_constant=refuse)
        if not _is_deeper(value, MAX_DEPTH):
            return value
        problems.add(start, "nesting-too-deep", "too many levels of objects and lists", "write it flatter")
    except json.JSONDecodeError as error:
        position = Position(start.file, error.lineno, error.colno) if whole_file else start
        problems.add(position, "not-json", f"not JSON: {error.msg.lower()}", f"write {what} as JSON, without comments")
    except RecursionError:
        problems.add(start, "nesting-too-deep", "too many levels of objects and lists", "write it flatter")
    except ValueError as error:
        problems.add(start, "not-json", f"not JSON: {error}", f"write {what} as JSON")
    return None


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether ``value`` has more than ``levels`` of objects and lists inside each other."""
    level = [value]
    for _ in range(levels + 1):
        inner = [item for item in level if isinstance(item, dict | list)]
        if not inner:
            return False
        level = [part for item in inner for part in (item.values() if isinstance(item, dict) else item)]
    return True


def located(value: Any, start: Position) -> Any:
    """``value`` as if read from a file, with everything in it standing at ``start``."""
    place = (start.line, start.column)
    if isinstance(value, dict):
        mapping = LocatedDict(start.file, place)
        for key, item in value.items():
            mapping[key] = located(item, start)
            mapping.places[key] = (*place, *place)
        return mapping
    if isinstance(value, list):
        items = LocatedList(start.file, place)
        items.extend(located(item, start) for item in value)
        items.places.extend(place for _ in value)
        return items
    return value
