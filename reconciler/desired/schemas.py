"""The JSON Schemas of the file formats: where they are, and validators made from them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.desired.fits import compile_schema, end_at_end

_SUFFIX = ".schema.json"
_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class SchemaError:
    """What jsonschema found: which ``keyword`` (and its value, ``wanted``) of which ``schema`` refuses which value.

    ``path`` leads to the value; ``of_key`` tells that the value is a key of the mapping there.
    """

    keyword: str
    wanted: Any
    value: Any
    schema: Mapping[str, Any]
    path: tuple[str | int, ...]
    of_key: bool
    message: str


class Validator:
    """Checks values against one schema: a quick yes or no, and every error on demand."""

    def __init__(self, of: Mapping[str, Any]) -> None:
        self.fits = compile_schema(of)
        self._schema = of

    def errors(self, value: Any) -> list[SchemaError]:
        """Every error in ``value``."""
        return [
            SchemaError(
                keyword=str(error.validator),
                wanted=error.validator_value,
                value=error.instance,
                schema=error.schema,
                path=tuple(error.absolute_path),
                of_key="propertyNames" in error.absolute_schema_path,
                message=error.message,
            )
            for error in _json_schema_validator()(self._schema).iter_errors(value)
        ]


@cache
def _json_schema_validator() -> Any:
    """jsonschema's class of validators, which differs from the standard's where our formats do."""
    from jsonschema import Draft202012Validator, ValidationError  # noqa: PLC0415 (only files with mistakes pay for it)
    from jsonschema.validators import extend  # noqa: PLC0415 (as above)

    def is_integer(_checker: Any, value: Any) -> bool:
        """JSON Schema takes 3.0 for an integer; in a version that would be a second way to write 3."""
        return isinstance(value, int) and not isinstance(value, bool)

    def pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and not end_at_end(pattern).search(value):
            yield ValidationError(f"{value!r} does not match {pattern!r}")

    return extend(  # type: ignore[no-untyped-call] # jsonschema leaves its parameters open
        Draft202012Validator,
        validators={"pattern": pattern},
        type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer),
    )


def schema_directory() -> Path:
    """Where the schemas are: in the installed package, or beside it in a checkout."""
    installed = _PACKAGE / "schemas"
    return installed if installed.is_dir() else _PACKAGE.parent / "schemas"


def schema_names() -> tuple[str, ...]:
    """The names of all schemas, sorted: ``device``, ``fleet``, …"""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in schema_directory().glob(f"*{_SUFFIX}")))


def schema_text(name: str) -> str:
    """The schema called ``name``, as its file has it. Raises KeyError for a name that is not in ``schema_names()``."""
    if name not in schema_names():
        raise KeyError(name)
    return (schema_directory() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema called ``name`` as a mapping; do not change it."""
    loaded: dict[str, Any] = json.loads(schema_text(name))
    return loaded


@cache
def validator(name: str) -> Validator:
    """A validator for the schema called ``name``."""
    return Validator(schema(name))
