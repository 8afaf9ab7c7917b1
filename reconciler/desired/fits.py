"""Whether a value fits a JSON Schema: yes or no, and quickly.

jsonschema finds every error and says where it is, but takes most of a millisecond for a group; ten thousand documents
without errors need not pay for that. A schema is compiled into plain functions once; what they refuse goes on to
jsonschema. They know the keywords that our schemas use, and refuse to compile any other.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

_ANNOTATIONS = {
    "$schema",
    "$defs",
    "title",
    "description",
    "default",
    "patternErrorMessage",
    "errorMessage",
    "hint",
    "examples",
    "writeOnly",
}
_MAPPING = {"properties", "additionalProperties", "required"}
_TYPES: Mapping[str, Check] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}


def end_at_end(pattern: str) -> re.Pattern[str]:
    """``pattern`` compiled so that a final ``$`` means the end, as in JavaScript, and not a last line break's place."""
    return re.compile(f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern)


def compile_schema(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Check:
    """A function that tells whether a value fits ``schema``. Raises ValueError for a keyword that it does not know."""
    root = schema if root is None else root
    if "$ref" in schema:
        return _reference(schema["$ref"], root)
    unknown = schema.keys() - _ANNOTATIONS - _KEYWORDS.keys() - _MAPPING
    if unknown:
        raise ValueError(f"schema keywords that are not known here: {sorted(unknown)}")
    checks = [make(schema[keyword], root) for keyword, make in _KEYWORDS.items() if keyword in schema]
    if schema.keys() & _MAPPING:
        checks.append(_mapping(schema, root))
    return _all(checks)


def _all(checks: list[Check]) -> Check:
    if len(checks) == 1:
        return checks[0]

    def fits(value: Any) -> bool:
        for check in checks:  # noqa: SIM110 # all() with a generator takes twice the time
            if not check(value):
                return False
        return True

    return fits


def _reference(reference: str, root: Mapping[str, Any]) -> Check:
    target: Any = root
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    return compile_schema(target, root)


def _mapping(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Check:
    """The keys of a mapping: ``properties``, ``additionalProperties`` and ``required``; other values pass."""
    members = {key: compile_schema(part, root) for key, part in schema.get("properties", {}).items()}
    required = frozenset(schema.get("required", ()))
    rest = schema.get("additionalProperties", True)
    others: Check = compile_schema(rest, root) if isinstance(rest, dict) else lambda _: rest

    def fits(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        if not required <= value.keys():
            return False
        for key, item in value.items():  # noqa: SIM110 # as above
            if not members.get(key, others)(item):
                return False
        return True

    return fits


def _type(wanted: str | list[str], _root: Any) -> Check:
    if isinstance(wanted, str):
        return _TYPES[wanted]
    checks = [_TYPES[kind] for kind in wanted]
    return lambda value: any(check(value) for check in checks)


def _items(part: Mapping[str, Any], root: Mapping[str, Any]) -> Check:
    check = compile_schema(part, root)
    return lambda value: not isinstance(value, list) or all(map(check, value))


def _property_names(part: Mapping[str, Any], root: Mapping[str, Any]) -> Check:
    check = compile_schema(part, root)
    return lambda value: not isinstance(value, dict) or all(map(check, value))


def _one_of(parts: list[Mapping[str, Any]], root: Mapping[str, Any]) -> Check:
    checks = [compile_schema(part, root) for part in parts]
    return lambda value: sum(check(value) for check in checks) == 1


def _pattern(pattern: str, _root: Any) -> Check:
    search = end_at_end(pattern).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KEYWORDS: Mapping[str, Callable[[Any, Mapping[str, Any]], Check]] = {
    "type": _type,
    "const": lambda wanted, _root: lambda value: type(value) is type(wanted) and value == wanted,
    "enum": lambda allowed, _root: lambda value: isinstance(value, str) and value in allowed,
    "pattern": _pattern,
    "minLength": lambda least, _root: lambda value: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda most, _root: lambda value: not isinstance(value, str) or len(value) <= most,
    "minimum": lambda least, _root: lambda value: not _is_number(value) or value >= least,
    "maximum": lambda most, _root: lambda value: not _is_number(value) or value <= most,
    "exclusiveMinimum": lambda least, _root: lambda value: not _is_number(value) or value > least,
    "items": _items,
    "minItems": lambda least, _root: lambda value: not isinstance(value, list) or len(value) >= least,
    "propertyNames": _property_names,
    "oneOf": _one_of,
}
"""Keyword → from its value and the whole schema to a check."""
