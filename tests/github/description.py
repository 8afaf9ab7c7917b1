"""Holds requests and answers against GitHub's own description of its API (``openapi.json``)."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

_FILE = Path(__file__).with_name("openapi.json")
_BASE = "urn:github"


class Operation(NamedTuple):
    """One operation of the description: its path as a template, and what it declares."""

    method: str
    template: str
    declared: Mapping[str, Any]


@cache
def description() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return document


@cache
def _registry() -> "Registry[Any]":
    empty: Registry[Any] = Registry()
    registry: Registry[Any] = empty.with_resource(_BASE, Resource.from_contents(description(), DRAFT4))
    return registry


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    slashes = {
        parameter["name"]
        for parameter in description()["components"]["parameters"].values()
        if parameter.get("x-multi-segment")
    }

    def part(found: re.Match[str]) -> str:
        return "(.+)" if found[1] in slashes else "([^/]+)"

    return [
        (re.compile(re.sub(r"\\{([^}]+)\\}", part, re.escape(template)) + "$"), template)
        for template in description()["paths"]
    ]


def find(method: str, path: str) -> tuple[Operation, tuple[str, ...]] | None:
    """The operation that a request is of, and what stands in its path; None for one that is not described."""
    for pattern, template in _patterns():
        found = pattern.match(path)
        declared = description()["paths"][template].get(method.lower())
        if found and declared is not None:
            return Operation(method, template, declared), found.groups()
    return None


def _resolved(value: Any) -> Any:
    while isinstance(value, dict) and "$ref" in value:
        target: Any = description()
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


def mismatches(value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """What a schema of the description has against ``value``."""
    rooted = json.loads(json.dumps(schema).replace('"#/', f'"{_BASE}#/'))
    for error in OAS30Validator(rooted, registry=_registry()).iter_errors(value):
        yield f"{error.json_path}: {error.message[:300]}"


def check_request(operation: Operation, query: Mapping[str, str], body: Any) -> list[str]:
    """What the description has against a request."""
    declared = [_resolved(parameter) for parameter in operation.declared.get("parameters", ())]
    by_name = {parameter["name"]: parameter for parameter in declared if parameter["in"] == "query"}
    found = [f"unknown parameter {name}" for name in query.keys() - by_name.keys()]
    for name in query.keys() & by_name.keys():
        schema = _resolved(by_name[name]["schema"])
        value: Any = int(query[name]) if schema.get("type") == "integer" else query[name]
        found += mismatches(value, schema)
    content = _resolved(operation.declared.get("requestBody", {})).get("content", {})
    if "application/json" in content:
        schema = content["application/json"]["schema"]
        found += mismatches(body, schema)
        known = _resolved(schema).get("properties")
        if known is not None and isinstance(body, dict):
            found += [f"unknown member {name}" for name in body.keys() - known.keys()]
    elif body is not None:
        found.append("a body that nobody reads")
    return found


def check_answer(operation: Operation, status: int, body: Any) -> list[str]:
    """What the description has against an answer. Errors that every operation may give need not be declared."""
    answer = operation.declared["responses"].get(str(status))
    if answer is None:
        return [] if status in {401, 403, 404, 422, 429, 500, 502, 503} else [f"status {status} is not declared"]
    content = _resolved(answer).get("content", {})
    if "application/json" not in content:
        return [] if body is None else ["a body that is not declared"]
    return list(mismatches(body, content["application/json"]["schema"]))
