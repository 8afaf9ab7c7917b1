import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from jsonschema import Draft202012Validator

from reconciler.desired.fits import compile_schema
from reconciler.desired.schemas import Validator, schema, schema_names, schema_text, validator
from reconciler.desired.shapes import FAMILIES, family_validator

KINDS = ("component", "device", "fleet", "group", "template")


def described(part: Any, path: str = "") -> list[str]:
    """The properties of a schema that lack a description."""
    if isinstance(part, list):
        return [missing for item in part for missing in described(item, path)]
    if not isinstance(part, dict):
        return []
    properties = part.get("properties", {})
    lacking = [f"{path}.{name}" for name, member in properties.items() if "description" not in member]
    return lacking + [missing for key, item in part.items() for missing in described(item, f"{path}.{key}")]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_sound_schema_with_hover_text(kind: str) -> None:
    loaded = json.loads(schema_text(kind))
    Draft202012Validator.check_schema(loaded)
    assert loaded["title"]
    assert loaded["description"]
    assert described(loaded) == []
    assert set(KINDS) <= set(schema_names())


def test_a_thing_is_the_same_in_a_group_and_in_a_document_of_its_own() -> None:
    entry = schema("group")["$defs"]["thing"]["properties"]
    spec = schema("device")["properties"]["spec"]["properties"]
    assert {key: value for key, value in spec.items() if key not in {"group", "role", "thingName"}} == {
        key: value for key, value in entry.items() if key != "thingName"
    }
    assert schema("group")["$defs"]["subscription"] == schema("template")["$defs"]["subscription"]
    assert schema("group")["$defs"]["subscription"] == schema("device")["$defs"]["subscription"]


def test_an_unknown_schema_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        schema_text("potato")


@pytest.mark.parametrize("family", FAMILIES)
def test_families_come_from_the_service_model(family: str) -> None:
    found = family_validator(family)
    member = FAMILIES[family][1]
    assert found.fits({member: []})
    assert not found.fits({member: [{}]})
    assert not found.fits({"Nonsense": []})


def test_a_schema_keyword_that_the_quick_check_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="multipleOf"):
        compile_schema({"properties": {"a": {"multipleOf": 3}}})


WORDS = st.sampled_from(
    [
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "name",
        "labels",
        "template",
        "version",
        "cores",
        "devices",
        "thingName",
        "parameters",
        "deployment",
        "state",
        "redeploy",
        "reconciler/v1",
        "Group",
        "deployed",
        "a",
    ]
) | st.sampled_from(["a b", "", "x\n"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 200) | st.floats(allow_nan=False) | WORDS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)
SOUND: dict[str, Any] = {
    "apiVersion": "reconciler/v1",
    "kind": "Group",
    "metadata": {"name": "a", "labels": {"a": "b"}},
    "spec": {
        "template": {"name": "a", "version": 1},
        "cores": [{"thingName": "a", "parameters": {"A": "b"}, "syncShadow": True}],
        "deployment": {"state": "deployed", "redeploy": 1},
    },
}


@settings(deadline=None)
@given(VALUES)
def test_the_quick_check_and_jsonschema_agree_on_anything(value: Any) -> None:
    for kind in KINDS:
        found: Validator = validator(kind)
        assert found.fits(value) == (not found.errors(value))


@settings(deadline=None)
@given(st.sampled_from(["metadata", "spec", "template", "cores", "deployment", "labels"]), WORDS, VALUES)
def test_the_quick_check_and_jsonschema_agree_near_sound_documents(place: str, key: str, value: Any) -> None:
    document = json.loads(json.dumps(SOUND))
    spec = document["spec"]
    targets = {"metadata": document["metadata"], "spec": spec, "labels": document["metadata"]["labels"]}
    target = targets.get(place) or spec[place]
    (target[0] if isinstance(target, list) else target)[key] = value
    found = validator("group")
    assert found.fits(SOUND)
    assert found.fits(document) == (not found.errors(document))
