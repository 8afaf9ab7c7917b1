"""Checks a value against a schema, tells what is wrong in our own words, and leaves out what is wrong."""

from collections.abc import Collection, Iterator
from typing import Any

from reconciler.desired.located import LocatedDict, LocatedList, Path, key_position_at, position_at, walk
from reconciler.desired.problems import Problems, names, quote
from reconciler.desired.schemas import SchemaError, Validator
from reconciler.model.position import Position

_Problem = tuple[Position, str, str, str]

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping of keys and values",
    "array": "a list",
    "null": "nothing",
}
_ROUNDS = 20
_ACCOUNT = "^[0-9]{12}$"


def check(
    validator: Validator, root: LocatedDict, path: Path, problems: Problems, *, ignore: Collection[Path] = ()
) -> Any | None:
    """Check what stands at ``path`` below ``root``, and cut out of it what does not fit the schema.

    What remains fits; the return value is it, or None where nothing could remain. Each problem is told once, where it
    was first seen; problems at the paths in ``ignore`` (and below) are cut out silently.
    """
    *_, value = walk(root, path)
    if validator.fits(value):
        return value
    for round_number in range(_ROUNDS):
        errors = validator.errors(value)
        if not errors:
            return value
        cuts: set[Path] = set()
        for error in errors:
            here = (*path, *error.path)
            cuts.update(_cuts(error, here))
            if round_number == 0:
                for problem in _explain(error, root, here, ignore, problems):
                    problems.add(*problem)
        if path in cuts:
            return None
        for cut in sorted(cuts, key=lambda cut: [str(step).rjust(12, "0") for step in cut], reverse=True):
            _cut_out(root, cut)
    return None


def _cuts(error: SchemaError, here: Path) -> list[Path]:
    """What to leave out so that ``error`` is gone."""
    if error.keyword == "additionalProperties":
        return [(*here, key) for key in _unknown_keys(error)]
    if error.keyword == "maxItems":
        return []
    if error.of_key:
        return [(*here, str(error.value))]
    return [here]


def _cut_out(root: LocatedDict, path: Path) -> None:
    *_, parent = walk(root, path[:-1])
    step = path[-1]
    if isinstance(parent, LocatedDict) and isinstance(step, str):
        parent.pop(step, None)
    elif isinstance(parent, LocatedList) and isinstance(step, int) and step < len(parent):
        del parent[step], parent.places[step]


def _unknown_keys(error: SchemaError) -> list[str]:
    known = error.schema.get("properties", {})
    return [key for key in error.value if key not in known]


def _explain(
    error: SchemaError, root: LocatedDict, here: Path, ignore: Collection[Path], problems: Problems
) -> Iterator[_Problem]:
    """Our words for one error of jsonschema."""
    if any(here[: len(path)] == path for path in ignore):
        return
    kind, wanted, value, schema = error.keyword, error.wanted, error.value, error.schema
    name = path_text(here)
    if schema.get("writeOnly") and kind in {"type", "pattern"} and value not in (None, ""):
        # What stands there may be the secret in place of its name.
        message = f"{name} is not what is wanted there, and not shown, as it may be a secret"
        yield position_at(root, here), "bad-name", message, f"write {schema['patternErrorMessage']}"
    elif kind == "additionalProperties":
        for key in _unknown_keys(error):
            if (*here, key) not in ignore:
                yield _unknown_key(key, root, here, schema["properties"], problems)
    elif kind == "required":
        # jsonschema reports each missing key on its own, and names it in its message alone
        missing = next(key for key in wanted if key not in value and error.message.startswith(repr(key)))
        place = key_position_at(root, here)
        yield place, "missing-key", f"{name or 'this document'} lacks the key {missing}", f"add {missing}: …"
    elif kind == "type":
        yield _wrong_type(error, root, here)
    elif kind in {"enum", "const"}:
        allowed = [str(item) for item in (wanted if kind == "enum" else [wanted])]
        otherwise = f"write {names(allowed)}" if len(allowed) == 1 else f"write one of {names(allowed)}"
        hint = problems.did_you_mean(str(value), allowed, otherwise)
        yield position_at(root, here), "unknown-value", f"{name} is {describe(value)}", hint
    elif kind == "pattern" and value == "" and "minLength" in schema:
        return  # that it is empty is told on its own
    elif kind == "pattern":
        words = schema.get("patternErrorMessage", f"text that fits {wanted}")
        yield _pattern(value, words, error, root, here)
    else:
        yield _out_of_bounds(error, root, here)


def _unknown_key(key: str, root: LocatedDict, here: Path, known: Collection[str], problems: Problems) -> _Problem:
    where = f" in {path_text(here)}" if here else ""
    hint = problems.did_you_mean(key, known, f"the keys here are {names(sorted(known), 20)}")
    return key_position_at(root, (*here, key)), "unknown-key", f"unknown key {quote(key)}{where}", hint


def _wrong_type(error: SchemaError, root: LocatedDict, here: Path) -> _Problem:
    value = error.value
    kinds = [error.wanted] if isinstance(error.wanted, str) else error.wanted
    key = str(here[-1]) if here and isinstance(here[-1], str) else ""
    prefix = f"{key}: " if key else ""
    position = position_at(root, here) if value is not None else key_position_at(root, here)
    if value is None:
        hint = "give it a value, or leave the key out"
    elif "string" in kinds and isinstance(value, bool | int | float):
        # An account may begin with a zero, which a number has lost.
        text = _scalar(value).zfill(12) if error.schema.get("pattern") == _ACCOUNT else _scalar(value)
        hint = f'put it in quotes: {prefix}"{text}"'
    elif "boolean" in kinds:
        hint = f"write {prefix}true or {prefix}false, without quotes"
    elif "integer" in kinds and isinstance(value, str):
        hint = "write digits, without quotes"
    elif "array" in kinds:
        hint = 'begin each entry with "- " on a line of its own, or write [ ] around them'
    elif "object" in kinds:
        hint = "write key: value pairs, indented below the key"
    else:
        hint = f"write {_TYPES[kinds[0]]}"
    what = " or ".join(_TYPES[kind] for kind in kinds)
    message = f"{path_text(here) or 'this document'} is {describe(value)} where {what} is wanted"
    return position, "wrong-type", message, hint


def _pattern(value: Any, words: str, error: SchemaError, root: LocatedDict, here: Path) -> _Problem:
    if error.of_key:
        place = key_position_at(root, (*here, str(value)))
        return place, "bad-name", f"the key {quote(value)} in {path_text(here)} is not allowed", f"write {words}"
    message = f"{path_text(here)} is {describe(value)}"
    if not value:
        message = f"{path_text(here)} is empty text"
    return position_at(root, here), "bad-name", message, f"write {words}"


def _out_of_bounds(error: SchemaError, root: LocatedDict, here: Path) -> _Problem:
    kind, limit, value, name = error.keyword, error.wanted, error.value, path_text(here)
    position = position_at(root, here)
    if error.of_key:
        position = key_position_at(root, (*here, str(value)))
        name = f"the key {quote(value)} in {name}"
    if kind == "maxLength":
        return position, "too-long", f"{name} has {len(value):,} characters", f"use at most {limit:,}"
    if kind in {"minLength", "minItems", "minProperties"}:
        return position, "empty", f"{name} is empty", "give it a value, or leave the key out"
    if kind in {"minimum", "exclusiveMinimum"}:
        more = "at least" if kind == "minimum" else "more than"
        return position, "out-of-range", f"{name} is {value}", f"write a number that is {more} {limit}"
    if kind in {"maximum", "maxItems", "maxProperties"}:
        if isinstance(value, list | dict):
            return position, "out-of-range", f"{name} has {len(value):,} entries", f"it may have at most {limit:,}"
        return position, "out-of-range", f"{name} is {value:,}", f"it may be at most {limit:,}"
    schema = error.schema
    message = schema.get("errorMessage", "does not have the shape that is wanted")
    return (
        key_position_at(root, here),
        "wrong-shape",
        f"{name or 'this document'} {message}",
        schema.get("hint", "see reconcile schema"),
    )


def path_text(path: Path) -> str:
    """``spec.cores[0].thingName``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def describe(value: Any) -> str:
    """``value`` as a message says it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return _scalar(value)
    if isinstance(value, int | float):
        return f"the number {quote(value)}"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the text {quote(value)}"


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
