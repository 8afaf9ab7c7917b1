"""What the sandbox's own tests share: a value for any shape of a service model."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import Shape

from reconciler.sandbox.shapes import expression

MOMENT = datetime(2026, 11, 20, 10, 0, 5, tzinfo=UTC)
# What a path, a query, a header or a JSON text could trip over.
ODD = "x /ä:+%&=?#{y}"
# One of these, or a repetition of one, fits each pattern of the models.
CANDIDATES = (
    "a1",
    "1",
    "a",
    "A",
    "1.0.0",
    "p99.9",
    ",",
    "ab/c",
    "12:30",
    "2026-11-20T10:00:00Z",
    "123456789012",
    "00000000-0000-4000-8000-000000000000",
    "https://example.org/c",
    "https://ingestion-a1.b2.sfdcnow.com/streams/c/d/event",
    "arn:aws:iam::123456789012:role/x",
    "arn:aws:iot:eu-central-1:123456789012:thinggroup/x",
    "arn:aws:iot:eu-central-1:123456789012:job/x",
    "arn:aws:acm:eu-central-1:123456789012:certificate/x",
    "arn:aws:greengrass:eu-central-1:123456789012:components:x",
    "arn:aws:greengrass:eu-central-1:123456789012:components:x:versions:1.0.0",
    "us",
    "x.y",
    "{x:y}",
)


@functools.cache
def text_like(pattern: str, least: int, most: int) -> str:
    """A text that a pattern and the lengths beside it allow."""
    wanted = expression(pattern)
    for candidate in CANDIDATES:
        for text in (candidate, (candidate * (least // len(candidate) + 1))[: max(least, 1)]):
            if least <= len(text) <= most and (wanted is None or wanted.fullmatch(text)):
                return text
    raise LookupError(f"CANDIDATES lacks a text for {pattern} of {least} to {most} characters")


def full_value(shape: Any, above: tuple[str, ...] = ()) -> Any:
    """A value with every member of ``shape`` in it, as boto3 takes and gives it; each structure once on its own way."""
    metadata = shape.metadata
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return {"any": ["thing", 1, None]}
    if kind == "structure":
        members = list(shape.members.items())
        if getattr(shape, "is_tagged_union", False):
            members = members[:1]
        below = (*above, shape.name)
        return {name: full_value(member, below) for name, member in members if not _again(member, below)}
    if kind == "list":
        return [full_value(shape.member, above)] * max(1, metadata.get("min", 1))
    if kind == "map":
        return {full_value(shape.key, above): full_value(shape.value, above)}
    return scalar(shape)


def _again(shape: Any, above: tuple[str, ...]) -> bool:
    inner = getattr(shape, "member", None) or getattr(shape, "value", None)
    return shape.name in above or (inner is not None and _again(inner, above))


def scalar(shape: Any) -> Any:
    metadata = shape.metadata
    if shape.serialization.get("location") == "statusCode":
        return 202
    if shape.type_name == "string":
        if metadata.get("enum"):
            return metadata["enum"][-1]
        if metadata.get("pattern"):
            return text_like(metadata["pattern"], metadata.get("min", 0), metadata.get("max", 100_000))
        odd = "x y" if shape.serialization.get("location") in ("header", "headers") else ODD
        return (odd * (metadata.get("min", 1) // len(odd) + 1))[: metadata.get("max", 100_000)]
    return {
        "boolean": True,
        "integer": metadata.get("min", 7),
        "long": metadata.get("min", 7_000_000_000),
        "float": 1.5,
        "double": max(1.5, metadata.get("min", 0)),
        "timestamp": MOMENT,
        "blob": b"\x00\xff bytes",
    }[shape.type_name]


@pytest.fixture(scope="session")
def a_full_value() -> Callable[[Shape], Any]:
    return full_value
