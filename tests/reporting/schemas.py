"""Check a document against one of the project's schemas."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[2] / "schemas"


def schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return document


def mismatches(document: Any, name: str) -> list[str]:
    """What the schema ``name`` has against ``document``."""
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema(name)).iter_errors(document)]
