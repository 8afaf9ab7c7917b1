"""JSON Schemas for the content of Greengrass V1 definitions, made from botocore's service model."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from reconciler.desired.schemas import Validator

FAMILIES: Mapping[str, tuple[str, str]] = {
    "functions": ("FunctionDefinitionVersion", "Functions"),
    "subscriptions": ("SubscriptionDefinitionVersion", "Subscriptions"),
    "connectors": ("ConnectorDefinitionVersion", "Connectors"),
    "loggers": ("LoggerDefinitionVersion", "Loggers"),
    "resources": ("ResourceDefinitionVersion", "Resources"),
}
"""A family of definitions → its shape in the model, and the member that lists its entities."""

ID_WORDS = "letters, digits, colon, underscore and hyphen"
_ID = {"pattern": r"^[a-zA-Z0-9:_-]+$", "maxLength": 128, "patternErrorMessage": ID_WORDS}
"""The rule that the model gives in prose for Id of every entity, and for Name of resources."""
_WITH_ID_RULE = {("Function", "Id"), ("Connector", "Id"), ("Logger", "Id"), ("Resource", "Id"), ("Resource", "Name")}

_PRIMITIVES = {"string": "string", "integer": "integer", "long": "integer", "boolean": "boolean", "double": "number"}


@cache
def family_validator(family: str) -> Validator:
    """A validator for the content of ``family`` (one of ``FAMILIES``)."""
    return Validator(_schema_of(FAMILIES[family][0]))


@cache
def _shapes() -> Mapping[str, Any]:
    from botocore.loaders import Loader  # noqa: PLC0415 # only fleets that write definitions out pay for it

    model = Loader().load_service_model("greengrass", "service-2", "2017-06-07")
    shapes: Mapping[str, Any] = model["shapes"]
    return shapes


def _schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of a shape. No V1 definition holds itself, so this ends."""
    shape = _shapes()[name]
    kind = shape["type"]
    if kind == "structure":
        members = {member: _schema_of(target["shape"]) for member, target in shape["members"].items()}
        members |= {member: {**members[member], **_ID} for of, member in _WITH_ID_RULE if of == name}
        return {
            "type": "object",
            "properties": members,
            "required": sorted(shape.get("required", ())),
            "additionalProperties": False,
        }
    if kind == "list":
        return {"type": "array", "items": _schema_of(shape["member"]["shape"])}
    if kind == "map":
        return {"type": "object", "additionalProperties": _schema_of(shape["value"]["shape"])}
    primitive: dict[str, Any] = {"type": _PRIMITIVES[kind]}
    return {**primitive, "enum": shape["enum"]} if "enum" in shape else primitive
