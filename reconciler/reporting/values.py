"""Values of a plan as text for a line: compact JSON, long ones cut so that what differs stays visible."""

import json
from collections.abc import Mapping
from typing import Any

from reconciler.model.canonical import plain
from reconciler.model.plan import KNOWN_AFTER_APPLY, SENT_AGAIN
from reconciler.reporting.style import Style

VALUE_WIDTH = 100
"""Characters that one value gets in a line before it is cut in the middle."""

_CONTEXT = 12
"""Characters of what is equal that stay on either side of the part of two long values that differs."""


def value_text(value: Any, style: Style) -> str:
    """``value`` as compact JSON on one line, safe to print, keys sorted; what is no value stays unquoted."""
    if value in (KNOWN_AFTER_APPLY, SENT_AGAIN):
        return str(value)
    return style.text(json.dumps(plain(value), ensure_ascii=False, sort_keys=True))


def short_value(value: Any, style: Style, *, width: int | None = VALUE_WIDTH) -> str:
    """``value`` as text of at most ``width`` characters (None: whole)."""
    return cut_middle(value_text(value, style), style, width=width)


def entity_text(value: Any, style: Style, *, width: int | None = VALUE_WIDTH) -> str:
    """A whole entity as text; its ``Id`` is left out, since the line names it already."""
    if isinstance(value, Mapping):
        value = {key: item for key, item in value.items() if key != "Id"}
    return short_value(value, style, width=width)


def cut_middle(text: str, style: Style, *, width: int | None) -> str:
    """``text`` in at most ``width`` characters (None: whole), what is too much left out from its middle."""
    if width is None or len(text) <= width:
        return text
    room = max(width - len(style.ellipsis), 2)
    tail = room // 2
    return text[: room - tail] + style.ellipsis + text[len(text) - tail :]


def before_after(before: Any, after: Any, style: Style, *, width: int | None = VALUE_WIDTH) -> str:
    """``before → after``; of two long values that share their start or end only the surroundings of the difference."""
    old, new = value_text(before, style), value_text(after, style)
    if width is not None and max(len(old), len(new)) > width:
        old, new = _differing_parts(old, new, style)
        old, new = (cut_middle(text, style, width=width + len(style.ellipsis)) for text in (old, new))
    return f"{old} {style.arrow} {new}"


def _differing_parts(old: str, new: str, style: Style) -> tuple[str, str]:
    """Both texts without most of what they share: they differ within their first 25 characters, so no cut hides it."""
    shorter = min(len(old), len(new))
    start = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    end = next((at for at in range(shorter - start) if old[-1 - at] != new[-1 - at]), shorter - start)
    keep_from = start - _CONTEXT if start > 2 * _CONTEXT else 0
    drop_to = end - _CONTEXT if end > 2 * _CONTEXT else 0
    head = style.ellipsis if keep_from else ""
    tail = style.ellipsis if drop_to else ""
    return (
        head + old[keep_from : len(old) - drop_to] + tail,
        head + new[keep_from : len(new) - drop_to] + tail,
    )
