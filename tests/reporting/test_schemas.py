from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.reporting.schemas import mismatches, schema

NAMES = ("plan", "status", "validate", "stats", "drift")
PROBLEM = {"file": "a.yaml", "line": 1, "column": 2, "rule": "unknown-key", "message": "what", "hint": "how"}
STATS = {
    "formatVersion": 1,
    "calls": {"greengrass:ListGroups": 1},
    "writes": 0,
    "retries": 0,
    "seconds": {"load": 0.2},
}


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("name", NAMES)
def test_each_field_is_described(name: str) -> None:
    missing: list[str] = []

    def look(node: Any, path: str) -> None:
        if isinstance(node, dict):
            for key, value in node.get("properties", {}).items():
                if not {"description", "$ref", "enum", "const"} & set(value):
                    missing.append(f"{path}.{key}")
            for key, value in node.items():
                look(value, f"{path}.{key}")

    document = schema(name)
    look(document, name)
    assert document["title"]
    assert document["description"]
    assert missing == []


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("validate", {"formatVersion": 1, "problems": []}),
        ("validate", {"formatVersion": 1, "problems": [PROBLEM]}),
        ("stats", STATS),
        ("stats", {**STATS, "calls": {}, "seconds": {}, "more": 1}),
    ],
)
def test_good_documents_fit(name: str, document: Any) -> None:
    assert mismatches(document, name) == []


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("validate", {"problems": []}),
        ("validate", {"formatVersion": 2, "problems": []}),
        ("validate", {"formatVersion": 1, "problems": [{**PROBLEM, "line": "1"}]}),
        ("validate", {"formatVersion": 1, "problems": [{}]}),
        ("stats", {**STATS, "calls": {"ListGroups": 1}}),
        ("stats", {**STATS, "writes": -1}),
        ("stats", {**STATS, "seconds": 1}),
        ("status", {"formatVersion": 1, "run": None, "state": "done", "groups": []}),
        ("status", {"formatVersion": 1, "run": None, "state": None, "groups": [{}]}),
        ("plan", {"formatVersion": 1}),
    ],
)
def test_bad_documents_do_not(name: str, document: Any) -> None:
    assert mismatches(document, name)
