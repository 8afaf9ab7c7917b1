"""JSON Schemas for what is written in the API's own shapes, made from botocore's service models."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from reconciler.desired.schemas import Validator
from reconciler.desired.semver import SEMVER_PATTERN, SEMVER_WORDS

FAMILIES: Mapping[str, tuple[str, str]] = {
    "functions": ("FunctionDefinitionVersion", "Functions"),
    "subscriptions": ("SubscriptionDefinitionVersion", "Subscriptions"),
    "connectors": ("ConnectorDefinitionVersion", "Connectors"),
    "loggers": ("LoggerDefinitionVersion", "Loggers"),
    "resources": ("ResourceDefinitionVersion", "Resources"),
}
"""A family of definitions (V1) → its shape in the model, and the member that lists its entities."""
DEPLOYMENT_PARTS: Mapping[str, str] = {
    "components": "ComponentDeploymentSpecifications",
    "deploymentPolicies": "DeploymentPolicies",
    "iotJobConfiguration": "DeploymentIoTJobConfiguration",
}
"""A part of a V2 deployment → its shape in the model (members of CreateDeployment's request)."""

ID_WORDS = "letters, digits, colon, underscore and hyphen"
COMPONENT_NAME_PATTERN = "^[a-zA-Z0-9._-]+$"
COMPONENT_NAME_WORDS = "a component's name: letters, digits, dots, underscores and hyphens"
MAX_COMPONENT_NAME = 128
"""Characters (AWS IoT Greengrass V2 API reference, ``componentName``)."""

_PRIMITIVES = {"string": "string", "integer": "integer", "long": "integer", "boolean": "boolean", "double": "number"}
_BOUNDS = {
    "string": {"min": "minLength", "max": "maxLength"},
    "list": {"min": "minItems"},
    "integer": {"min": "minimum", "max": "maximum"},
    "long": {"min": "minimum", "max": "maximum"},
    "double": {"min": "minimum", "max": "maximum"},
}
"""The limits that a shape may have, and the keywords for them."""

Rules = Mapping[str, Mapping[str, Any]]
"""Rules that a model gives in prose alone: ``Shape`` or ``Shape.member`` → keywords for its schema."""

_ID: Mapping[str, Any] = {"pattern": r"^[a-zA-Z0-9:_-]+$", "maxLength": 128, "patternErrorMessage": ID_WORDS}
_V1_RULES: Rules = dict.fromkeys(("Function.Id", "Connector.Id", "Logger.Id", "Resource.Id", "Resource.Name"), _ID)
_COMPONENT_NAMES = {
    "pattern": COMPONENT_NAME_PATTERN,
    "maxLength": MAX_COMPONENT_NAME,
    "patternErrorMessage": COMPONENT_NAME_WORDS,
}
_NOT_NEGATIVE = {"minimum": 0}
_V2_RULES: Rules = {
    "ComponentDeploymentSpecifications": {"propertyNames": _COMPONENT_NAMES},
    "ComponentDeploymentSpecification.componentVersion": {
        "pattern": SEMVER_PATTERN,
        "patternErrorMessage": SEMVER_WORDS,
    },
    # A mapping here, where the API wants JSON text; what stands there may be a secret.
    "ComponentConfigurationUpdate.merge": {
        "type": ["object", "string"],
        "writeOnly": True,
        "patternErrorMessage": "a mapping of keys and values",
    },
    # RFC 6901, section 3
    "ComponentConfigurationPath": {
        "pattern": "^(/([^/~]|~[01])*)*$",
        "patternErrorMessage": 'a JSON pointer: "" for everything, or a path such as /mqtt/port',
    },
    "ComponentRunWith.posixUser": {
        "pattern": r"^[^:\s]+(:[^:\s]+)?$",
        "patternErrorMessage": "a user, or a user and a group as user:group",
    },
    "IoTJobRateIncreaseCriteria": {
        "oneOf": [{"required": ["numberOfNotifiedThings"]}, {"required": ["numberOfSucceededThings"]}],
        "errorMessage": "must have exactly one of numberOfNotifiedThings and numberOfSucceededThings",
        "hint": "write one of them, with the number of devices after which the rate goes up",
    },
    "IoTJobAbortThresholdPercentage": _NOT_NEGATIVE,
    # AWS IoT API reference, TimeoutConfig: up to seven days
    "IoTJobInProgressTimeoutInMinutes": {"minimum": 1, "maximum": 10_080},
    "OptionalInteger": _NOT_NEGATIVE,
    "ComponentDependencyMap": {"propertyNames": _COMPONENT_NAMES},
    # As those of a merge, values may be secrets.
    "LambdaEnvironmentVariables": {
        "additionalProperties": {"type": "string", "writeOnly": True, "patternErrorMessage": "text, in quotes"}
    },
}


@cache
def family_validator(family: str) -> Validator:
    """A validator for the content of ``family`` (one of ``FAMILIES``)."""
    return Validator(_schema_of(FAMILIES[family][0], _shapes("greengrass", "2017-06-07"), _V1_RULES))


@cache
def deployment_validator(part: str) -> Validator:
    """A validator for a ``part`` of a V2 deployment (one of ``DEPLOYMENT_PARTS``), ``merge`` a mapping or JSON text."""
    return Validator(_schema_of(DEPLOYMENT_PARTS[part], _shapes("greengrassv2", "2020-11-30"), _V2_RULES))


@cache
def lambda_validator() -> Validator:
    """A validator for a component that is a Lambda function, without its name and version."""
    schema = _schema_of("LambdaFunctionRecipeSource", _shapes("greengrassv2", "2020-11-30"), _V2_RULES)
    own = ("componentName", "componentVersion")
    members = {member: part for member, part in schema["properties"].items() if member not in own}
    return Validator({**schema, "properties": members})


@cache
def _shapes(service: str, api_version: str) -> Mapping[str, Any]:
    from botocore.loaders import Loader  # noqa: PLC0415 # only fleets that write API shapes out pay for it

    model = Loader().load_service_model(service, "service-2", api_version)
    shapes: Mapping[str, Any] = model["shapes"]
    return shapes


def _schema_of(name: str, shapes: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """The JSON Schema of a shape. None of those that are used here holds itself, so this ends."""
    shape = shapes[name]
    kind = shape["type"]
    schema: dict[str, Any]
    if kind == "structure":
        members = {
            member: {**_schema_of(target["shape"], shapes, rules), **rules.get(f"{name}.{member}", {})}
            for member, target in shape["members"].items()
        }
        schema = {
            "type": "object",
            "properties": members,
            "required": sorted(shape.get("required", ())),
            "additionalProperties": False,
        }
    elif kind == "list":
        schema = {"type": "array", "items": _schema_of(shape["member"]["shape"], shapes, rules)}
    elif kind == "map":
        schema = {"type": "object", "additionalProperties": _schema_of(shape["value"]["shape"], shapes, rules)}
    else:
        schema = {"type": _PRIMITIVES[kind]}
    schema |= {keyword: shape[bound] for bound, keyword in _BOUNDS.get(kind, {}).items() if bound in shape}
    if "enum" in shape:
        schema["enum"] = shape["enum"]
    return {**schema, **rules.get(name, {})}
