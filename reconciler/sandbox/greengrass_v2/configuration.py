"""What a configuration update does to a component's configuration on a device (update-component-configurations.md).

Resets come first, then the merge. Maps are merged; everything else, lists too, is replaced whole.
"""

import copy
import json
from collections.abc import Mapping
from typing import Any


def updated(current: Mapping[str, Any], update: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration after a ``configurationUpdate``, given what it is and the recipe's default."""
    configuration: Any = copy.deepcopy(dict(current))
    for pointer in update.get("reset", []):
        configuration = _reset(configuration, _parts(pointer), default)
    if "merge" in update:
        configuration = merged(configuration, json.loads(update["merge"]))
    return dict(configuration)


def merged(below: Any, above: Any) -> Any:
    """``above`` laid over ``below``."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return copy.deepcopy(above)
    return {**below, **{key: merged(below.get(key), value) for key, value in above.items()}}


def _parts(pointer: str) -> list[str]:
    """The parts of a JSON pointer (RFC 6901)."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _reset(configuration: Any, parts: list[str], default: Any) -> Any:
    """Put back what the recipe says at a place; what it says nothing of goes."""
    if not parts:
        return copy.deepcopy(default) if default is not None else {}
    if not isinstance(configuration, dict):
        return configuration
    head, rest = parts[0], parts[1:]
    below = default.get(head) if isinstance(default, Mapping) else None
    if rest:
        if head in configuration:
            configuration[head] = _reset(configuration[head], rest, below)
    elif below is None:
        configuration.pop(head, None)
    else:
        configuration[head] = copy.deepcopy(below)
    return configuration
