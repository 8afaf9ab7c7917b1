"""Values on the wire and values in Python, by botocore's shapes: read with every constraint checked, and written.

Reading collects all that is wrong before it gives up, in AWS's own words. What the shape does not know is ignored, as
AWS ignores it. Writing is strict: an answer that its shape does not fit is a fault of the sandbox, not of the caller.
"""

import base64
import binascii
import functools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, cast

from botocore.model import Shape
from botocore.utils import parse_timestamp

NUMBERS = {"integer": "an integer", "long": "an integer", "float": "a number", "double": "a number"}
# Java's character classes as ranges, for use within brackets; letters beyond ASCII are taken broadly.
JAVA_CLASS = re.compile(r"\\p\{(\w+)\}")
JAVA_CLASSES = {
    "C": r"\x00-\x1f\x7f-\x9f",
    "Cntrl": r"\x00-\x1f\x7f",
    "Digit": "0-9",
    "Graph": r"\x21-\x7e",
    "L": r"a-zA-Z\u00aa-\u1fff\u2c00-\ud7ff\uf900-\ufffd",
    "N": "0-9",
    "Upper": "A-Z",
    "Z": r" \u00a0\u2000-\u200a\u2028\u2029\u3000",
}


class AnswerMismatchError(TypeError):
    """An answer of the sandbox does not fit its shape in the service model: a bug in the sandbox."""


class Reader:
    """Reads values by their shapes and keeps what is wrong with them in ``problems``, and where in ``paths``."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.paths: list[str] = []

    def read(self, shape: Shape, value: Any, path: str) -> Any:
        """The Python value of a JSON value: blobs as bytes, timestamps as aware datetimes; None where it is bad."""
        if _is_document(shape):
            return value
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, value, path)
        if kind == "list":
            return self._list(shape, value, path)
        if kind == "map":
            return self._map(shape, value, path)
        scalar = self._scalar(shape, value, path)
        if scalar is not None:
            self._check(shape, scalar, path)
        return scalar

    def read_text(self, shape: Shape, text: str, path: str, timestamp_format: str) -> Any:
        """The Python value of a scalar that came as text, in the path, the query or a header."""
        value: Any = text
        try:
            if shape.type_name in ("integer", "long"):
                value = int(text)
            elif shape.type_name in ("float", "double"):
                value = float(text)
            elif shape.type_name == "boolean":
                value = {"true": True, "false": False}[text.lower()]
            elif shape.type_name == "timestamp":
                form = str(shape.serialization.get("timestampFormat", timestamp_format))
                return _read_timestamp(text, form)
        except (KeyError, ValueError, OverflowError):
            self._type_problem(text, path, NUMBERS.get(shape.type_name, f"a {shape.type_name}"))
            return None
        return self.read(shape, value, path)

    def missing(self, path: str) -> None:
        """Note that a required member is not there."""
        self._problem(None, path, "Member must not be null")

    def _structure(self, shape: Any, value: Any, path: str) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            self._type_problem(value, path, "a structure")
            return None
        result: dict[str, Any] = {}
        for name, member in shape.members.items():
            found = value.get(member.serialization.get("name", name))
            if found is not None:
                result[name] = self.read(member, found, f"{path}.{name}" if path else name)
            elif name in shape.required_members:
                self.missing(f"{path}.{name}" if path else name)
        return result

    def _list(self, shape: Any, value: Any, path: str) -> list[Any] | None:
        if not isinstance(value, list | tuple):
            self._type_problem(value, path, "a list")
            return None
        self._check_range(shape, len(value), value, path, "have length")
        return [self.read(shape.member, item, f"{path}.{number}.member") for number, item in enumerate(value, 1)]

    def _map(self, shape: Any, value: Any, path: str) -> dict[Any, Any] | None:
        if not isinstance(value, Mapping):
            self._type_problem(value, path, "a map")
            return None
        self._check_range(shape, len(value), value, path, "have length")
        return {
            self.read(shape.key, key, f"{path}.key"): self.read(shape.value, item, f"{path}.{key}.value")
            for key, item in value.items()
        }

    def _scalar(self, shape: Shape, value: Any, path: str) -> Any:
        kind = shape.type_name
        try:
            if kind == "blob" and isinstance(value, str):
                return base64.b64decode(value, validate=True)
            if kind == "timestamp" and isinstance(value, int | float | str) and not isinstance(value, bool):
                return _read_timestamp(value, str(shape.serialization.get("timestampFormat", "unixTimestamp")))
        except (binascii.Error, ValueError, OverflowError):
            self._type_problem(value, path, f"a {kind}")
            return None
        if _fits(kind, value):
            return value
        self._type_problem(value, path, NUMBERS.get(kind, f"a {kind}"))
        return None

    def _check(self, shape: Any, value: Any, path: str) -> None:
        if isinstance(value, str):
            self._check_range(shape, len(value), value, path, "have length")
            allowed = shape.metadata.get("enum", ())
            if allowed and value not in allowed:
                self._problem(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
            pattern = shape.metadata.get("pattern")
            wanted = expression(pattern) if pattern else None
            if wanted is not None and not wanted.fullmatch(value):
                self._problem(value, path, f"Member must satisfy regular expression pattern: {pattern}")
        elif isinstance(value, bytes):
            self._check_range(shape, len(value), "…", path, "have length")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._check_range(shape, value, value, path, "have value")

    def _check_range(self, shape: Any, size: float, value: Any, path: str, what: str) -> None:
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and size < least:
            self._problem(value, path, f"Member must {what} greater than or equal to {least}")
        if most is not None and size > most:
            self._problem(value, path, f"Member must {what} less than or equal to {most}")

    def _problem(self, value: Any, path: str, constraint: str) -> None:
        shown = "" if value is None else f" '{value}'"
        self.paths.append(path)
        self.problems.append(f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}")

    def _type_problem(self, value: Any, path: str, wanted: str) -> None:
        self._problem(value, path, f"Member must be {wanted}")


def write(shape: Shape, value: Any, path: str = "") -> Any:
    """The JSON value of a Python value. Raises AnswerMismatchError, with the path, for what the shape does not allow.

    Members that are None are left out. Timestamps are datetimes, or numbers of seconds since 1970.
    """
    if _is_document(shape):
        return value
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        return _write_structure(shape, value, path)
    if kind == "list" and isinstance(value, list | tuple):
        return [write(_as_any(shape).member, item, f"{path}[{number}]") for number, item in enumerate(value)]
    if kind == "map" and isinstance(value, Mapping):
        return {
            write(_as_any(shape).key, key, f"{path}.key"): write(_as_any(shape).value, item, f"{path}.{key}")
            for key, item in value.items()
        }
    if kind == "blob" and isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if kind == "timestamp" and isinstance(value, datetime | int | float):
        return write_timestamp(value, str(shape.serialization.get("timestampFormat", "unixTimestamp")))
    allowed = shape.metadata.get("enum", ())
    if _fits(kind, value) and (not allowed or value in allowed):
        return value
    raise AnswerMismatchError(f"{path or 'the answer'}: {value!r} is no {kind} {list(allowed) or ''}".rstrip())


def write_text(shape: Shape, value: Any, timestamp_format: str) -> str:
    """A scalar as text, for a header."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if shape.type_name == "timestamp":
        return str(write_timestamp(value, str(shape.serialization.get("timestampFormat", timestamp_format))))
    return str(write(shape, value))


def write_timestamp(value: datetime | float, form: str) -> str | float:
    """A moment as the model's ``timestampFormat`` wants it: ``unixTimestamp``, ``iso8601`` or ``rfc822``."""
    moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value, tz=UTC)
    if form == "iso8601":
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if form == "rfc822":
        return format_datetime(moment.astimezone(UTC), usegmt=True)
    seconds = round(moment.timestamp(), 3)
    return int(seconds) if seconds.is_integer() else seconds


def _write_structure(shape: Any, value: Mapping[str, Any], path: str) -> dict[str, Any]:
    unknown = sorted(set(value) - set(shape.members))
    if unknown:
        raise AnswerMismatchError(f"{path or 'the answer'}: {shape.name} has no member {', '.join(unknown)}")
    return {
        str(member.serialization.get("name", name)): write(member, value[name], f"{path}.{name}".lstrip("."))
        for name, member in shape.members.items()
        if value.get(name) is not None
    }


def _as_any(shape: Shape) -> Any:
    # botocore's stubs give lists and maps types of their own that type_name does not narrow to.
    return shape


def _is_document(shape: Shape) -> bool:
    return bool(getattr(shape, "is_document_type", False))


def _fits(kind: str, value: Any) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind in ("integer", "long"):
        return isinstance(value, int)
    return kind in ("float", "double") and isinstance(value, int | float)


def _read_timestamp(value: str | float, form: str) -> datetime:
    if form == "rfc822" and isinstance(value, str):
        return parsedate_to_datetime(value)
    moment: datetime = parse_timestamp(cast("str", value))  # takes numbers as well, whatever its stubs say
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@functools.cache
def expression(pattern: str) -> re.Pattern[str] | None:
    """A pattern of a model, which is Java's, compiled; None for one that Python cannot read: that check is left out."""
    with_ranges = JAVA_CLASS.sub(lambda found: JAVA_CLASSES.get(found[1], found[0]), pattern)
    try:
        return re.compile(with_ranges)
    except re.error:
        return None
