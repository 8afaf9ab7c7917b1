"""The body of a provisioning template: read, checked, and evaluated with parameters.

RegisterThing takes Parameters and Resources with Ref; a named (fleet) template may also have Mappings, a
DeviceConfiguration and intrinsic functions, which are kept but never evaluated here: devices do that over MQTT.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.iot import refusals

BODY_SIZE = 10_240  # these two: botocore's model of RegisterThing
VALUE_SIZE = 4_096

THING, CERTIFICATE, POLICY = "AWS::IoT::Thing", "AWS::IoT::Certificate", "AWS::IoT::Policy"
PROPERTIES = {
    THING: frozenset({"ThingName", "AttributePayload", "ThingTypeName", "ThingGroups", "BillingGroup"}),
    CERTIFICATE: frozenset(
        {"CertificateSigningRequest", "CertificateId", "CertificatePem", "CACertificatePem", "Status"}
    ),
    POLICY: frozenset({"PolicyName", "PolicyDocument"}),
}
_MERGEABLE = frozenset({"AttributePayload", "ThingGroups"})
_OVERRIDABLE = {
    THING: frozenset({"AttributePayload", "ThingTypeName", "ThingGroups"}),
    CERTIFICATE: frozenset({"Status"}),
}
_ACTIONS = frozenset({"DO_NOTHING", "REPLACE", "FAIL", "MERGE"})
_SECTIONS = frozenset({"Parameters", "Resources"})
_FLEET_SECTIONS = _SECTIONS | {"Mappings", "DeviceConfiguration"}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a template: its logical name, type, properties and OverrideSettings."""

    name: str
    type: str
    properties: Mapping[str, Any]
    overrides: Mapping[str, str]

    def text(self, key: str) -> str | None:
        """A property that must be text, or None where it is not given; raises InvalidRequestException."""
        value = self.properties.get(key)
        if value is None or isinstance(value, str):
            return value
        raise refusals.invalid(f"Resource {self.name}: {key} {_what_is_wrong(value)}")


@dataclass(frozen=True, slots=True)
class TemplateBody:
    """A checked template: its parameters with their defaults (None: none), and its resources."""

    parameters: Mapping[str, str | None]
    resources: tuple[Resource, ...]

    def of_type(self, kind: str) -> tuple[Resource, ...]:
        """The resources of one type."""
        return tuple(resource for resource in self.resources if resource.type == kind)

    def evaluate(self, given: Mapping[str, str]) -> "TemplateBody":
        """The same with every Ref replaced by what is given, else by its default, else left as it stands."""
        values = {name: default for name, default in self.parameters.items() if default is not None} | dict(given)
        evaluated = tuple(
            Resource(
                name=resource.name,
                type=resource.type,
                properties={key: _evaluate(value, values) for key, value in resource.properties.items()},
                overrides=resource.overrides,
            )
            for resource in self.resources
        )
        return TemplateBody(parameters=self.parameters, resources=evaluated)


def parse(text: str, *, fleet: bool = False) -> TemplateBody:
    """Read and check a body, ``fleet`` with all that named templates may have; raises InvalidRequestException."""
    if len(text) > BODY_SIZE:
        raise refusals.invalid(f"The template body has {len(text)} characters; the most there may be is {BODY_SIZE}")
    try:
        content = json.loads(text)
    except ValueError as problem:
        raise refusals.invalid(f"Template body is not valid JSON: {problem}") from problem
    if not isinstance(content, dict):
        raise refusals.invalid("Template body must be a JSON object")
    unknown = sorted(content.keys() - (_FLEET_SECTIONS if fleet else _SECTIONS))
    if unknown:
        raise refusals.invalid(f"Template body has sections that are not supported: {', '.join(unknown)}")
    parameters = _parameters(content.get("Parameters", {}))
    resources = _resources(content.get("Resources"))
    for resource in resources:
        for key, value in _calls(resource.properties):
            _check_call(key, value, parameters, fleet=fleet)
    return TemplateBody(parameters=parameters, resources=resources)


def _parameters(section: Any) -> dict[str, str | None]:
    if not isinstance(section, dict):
        raise refusals.invalid("Parameters must be a JSON object")
    parameters: dict[str, str | None] = {}
    for name, declaration in section.items():
        if not isinstance(declaration, dict) or declaration.get("Type") != "String":
            raise refusals.invalid(f"Parameter {name} must have the Type String")
        default = declaration.get("Default")
        if default is not None and not isinstance(default, str):
            raise refusals.invalid(f"Parameter {name}: its Default must be a string")
        parameters[name] = default
    return parameters


def _resources(section: Any) -> tuple[Resource, ...]:
    if not isinstance(section, dict) or not section:
        raise refusals.invalid("Template body must have Resources")
    resources = tuple(_resource(name, content) for name, content in section.items())
    for kind in (THING, CERTIFICATE):
        if sum(resource.type == kind for resource in resources) > 1:
            raise refusals.invalid(f"Template body has more than one {kind}")
    return resources


def _resource(name: str, content: Any) -> Resource:
    if not isinstance(content, dict) or content.get("Type") not in PROPERTIES:
        raise refusals.invalid(f"Resource {name}: its Type must be one of {', '.join(sorted(PROPERTIES))}")
    kind = content["Type"]
    properties = content.get("Properties", {})
    if not isinstance(properties, dict):
        raise refusals.invalid(f"Resource {name}: Properties must be a JSON object")
    unknown = sorted(properties.keys() - PROPERTIES[kind])
    if unknown:
        raise refusals.invalid(f"Resource {name}: {kind} has no property {', '.join(unknown)}")
    overrides = content.get("OverrideSettings", {})
    if not isinstance(overrides, dict):
        raise refusals.invalid(f"Resource {name}: OverrideSettings must be a JSON object")
    for key, action in overrides.items():
        _check_override(name, kind, key, action)
    return Resource(name=name, type=kind, properties=properties, overrides=overrides)


def _check_override(name: str, kind: str, key: str, action: Any) -> None:
    if key not in _OVERRIDABLE.get(kind, ()):
        raise refusals.invalid(f"Resource {name}: OverrideSettings are not available for {key} of {kind}")
    if action not in _ACTIONS or (action == "MERGE" and key not in _MERGEABLE):
        raise refusals.invalid(f"Resource {name}: OverrideSettings of {key} cannot be {action}")


def _calls(value: Any) -> Iterator[tuple[str, Any]]:
    """Every Ref and Fn:: in a value, however deep."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref" or key.startswith("Fn::"):
                yield key, item
            yield from _calls(item)
    elif isinstance(value, list):
        for item in value:
            yield from _calls(item)


def _check_call(key: str, value: Any, parameters: Mapping[str, str | None], *, fleet: bool) -> None:
    if key != "Ref":
        if not fleet:
            raise refusals.invalid(f"Intrinsic function {key} is for fleet provisioning templates only")
    elif not isinstance(value, str) or (value not in parameters and not (fleet and value.startswith("AWS::"))):
        raise refusals.invalid(f"Ref names no parameter of the template: {value}")


def _evaluate(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"Ref"}:
            return values.get(value["Ref"], value)
        return {key: _evaluate(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_evaluate(item, values) for item in value]
    return value


def _what_is_wrong(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"Ref"}:
        return f"refers to parameter {value['Ref']}, which was not given and has no default"
    return "must be a string"


def as_text(value: Any, resource: Resource, key: str) -> str:
    """A value inside a property that must be text; raises InvalidRequestException."""
    if not isinstance(value, str):
        raise refusals.invalid(f"Resource {resource.name}: {key} {_what_is_wrong(value)}")
    return value
