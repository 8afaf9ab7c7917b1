"""Values → YAML text as people write it: blocks, with what is short in braces; read back, it is the same value."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml

from reconciler.desired.scalars import plain_scalar

LONGEST_INLINE = 72
"""Characters up to which a mapping or list of plain values stands on one line."""
_WIDE = 1 << 30


def inline(value: Any) -> str:
    """``value`` on one line, as it may stand inside of braces."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key), True)}: {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    return _scalar(value, in_flow=True)


def block(value: Any, indent: int) -> list[str]:
    """The lines of a mapping or list that is not empty; all but the first begin with so many spaces."""
    space = " " * indent
    if isinstance(value, Mapping):
        lines = [line for key, item in value.items() for line in entry(str(key), item, indent)]
    else:
        lines = [line for item in value for line in member(item, indent)]
    return [lines[0].removeprefix(space), *lines[1:]]


def entry(key: str, value: Any, indent: int) -> list[str]:
    """The lines of ``key: value`` in a block mapping at ``indent``."""
    name = f"{' ' * indent}{_text(key, False)}:"
    return [f"{name}{first}" if not number else first for number, first in enumerate(after_key(value, indent))]


def after_key(value: Any, indent: int) -> list[str]:
    """What follows the colon of a key at ``indent``: the rest of its line, and the lines below it."""
    if _is_short(value):
        return [f" {_scalar(value) if not isinstance(value, Mapping | list | tuple) else inline(value)}"]
    deeper = indent + 2
    if isinstance(value, str):
        return [" |" if value.endswith("\n") else " |-", *_indented(value, deeper)]
    first, *rest = block(value, deeper)
    return ["", f"{' ' * deeper}{first}", *rest]


def member(value: Any, indent: int) -> list[str]:
    """The lines of one member of a block list whose dashes are at ``indent``."""
    dash = f"{' ' * indent}-"
    if isinstance(value, Mapping) and value:
        first, *rest = block(value, indent + 2)
        return [f"{dash} {first}", *rest]
    first, *rest = after_key(value, indent)
    return [f"{dash}{first}", *rest] if first else [dash, *rest]


def document(value: Mapping[str, Any]) -> str:
    """A whole document, without the ``---`` before it."""
    return "\n".join(block(value, 0)) + "\n"


def _is_short(value: Any) -> bool:
    """Whether ``value`` stands on the line of its key: scalars, and what is small and holds nothing but scalars."""
    if isinstance(value, Mapping | list | tuple):
        items = value.values() if isinstance(value, Mapping) else value
        flat = not any(isinstance(item, Mapping | list | tuple) and item for item in items)
        return not value or (flat and len(inline(value)) <= LONGEST_INLINE)
    return not (isinstance(value, str) and _fits_a_block(value))


def _fits_a_block(text: str) -> bool:
    """Whether ``text`` has several lines and can be written as they are."""
    lines = text.split("\n")
    whole = len(lines) > 1 and bool(lines[0]) and not text.endswith("\n\n")
    return whole and all(line.isprintable() and line == line.rstrip() for line in lines) and lines[0][0] != " "


def _indented(text: str, indent: int) -> list[str]:
    return [f"{' ' * indent}{line}" if line else "" for line in text.removesuffix("\n").split("\n")]


def _scalar(value: Any, *, in_flow: bool = False) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value, in_flow) if isinstance(value, str) else repr(value)


@lru_cache(maxsize=4096)
def _text(text: str, in_flow: bool) -> str:
    """``text`` without quotes where it is text then, in this version of YAML and in others."""
    if plain_scalar(text) is text:
        if in_flow:
            shown = yaml.dump([text], default_flow_style=True, width=_WIDE, allow_unicode=True)[1:].rstrip()[:-1]
        else:
            shown = yaml.dump({"k": text}, default_flow_style=False, width=_WIDE, allow_unicode=True)[3:].rstrip("\n")
        if shown == text:
            return shown
    quoted: str = yaml.dump(text, default_style='"', width=_WIDE, allow_unicode=True)
    return quoted.rstrip("\n")
