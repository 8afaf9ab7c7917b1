"""What a YAML scalar means here: the core schema of YAML 1.2, without octal and hexadecimal numbers.

So ``no``, ``on``, dates, times and versions such as 1.2.4 stay text, and 014 is fourteen.
"""

import math
import re

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,100}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_FIRST_OF_NUMBER = frozenset("+-.0123456789")

_TAG = "tag:yaml.org,2002:"
CORE_TAGS = frozenset(f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))
"""The tags that may be written out (``!!str`` and so on)."""


def plain_scalar(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar. Numbers that JSON cannot hold (infinite, longer than 100 digits) stay text."""
    if text in _NULL:
        return None
    if text[0] in _FIRST_OF_NUMBER:
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text) and len(text) <= 100 and math.isfinite(number := float(text)):
            return number
        return text
    return _BOOLEAN.get(text, text)


def tagged_scalar(tag: str, text: str) -> str | int | float | bool | None:
    """The value of a scalar whose core tag is written out. Raises ValueError where the text is no such value."""
    if tag == f"{_TAG}str":
        return text
    value = plain_scalar(text)
    if tag == f"{_TAG}float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = {f"{_TAG}int": int, f"{_TAG}float": float, f"{_TAG}bool": bool, f"{_TAG}null": type(None)}
    if type(value) is not wanted.get(tag):
        raise ValueError(text)
    return value
