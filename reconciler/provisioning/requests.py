"""What it takes to provision a thing, worked out at plan time as plain data that an action carries."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.model.desired import DesiredState, ProvisioningTemplate
from reconciler.model.errors import ConfigurationError, Problem
from reconciler.model.group import Thing

CSR_PARAMETERS = ("CSR", "CertificateSigningRequest")
"""What templates call the parameter that takes the certificate signing request; the first is ours and CDF's."""


def provisioning_inputs(
    desired: DesiredState,
    thing: Thing,
    remote_template: Callable[[str], ProvisioningTemplate],
    *,
    is_v2: bool = False,
) -> dict[str, Any]:
    """The inputs of the action that provisions ``thing``, with the body of its template, if AWS IoT is asked.

    ``is_v2`` says that it is for Greengrass V2, of which a core needs other rights.
    ``remote_template`` reads a template of AWS IoT by name. Raises ConfigurationError where CDF is asked without a
    template, or where a device has a request of its own that its template does not take; and what ``remote_template``
    raises.
    """
    base: dict[str, Any] = {
        "thingName": thing.thing_name,
        "thingArn": desired.fleet.thing_arn(thing.thing_name),
        "role": thing.role,
    }
    if thing.thing_type:
        base["thingType"] = thing.thing_type
    if thing.csr:
        base["csr"] = thing.csr
    if desired.fleet.provisioning.provider == "cdf":
        return base | _cdf_inputs(thing)
    template = _template(desired, thing, remote_template, is_v2=is_v2)
    parameters = dict(thing.parameters)
    for name, value in (("ThingName", thing.thing_name), ("ThingType", thing.thing_type)):
        if name in template.parameters and value is not None:
            parameters.setdefault(name, value)
    inputs = base | {"parameters": parameters, "templateBody": template.body}
    if csr_parameter := next((name for name in CSR_PARAMETERS if name in template.parameters), None):
        inputs["csrParameter"] = csr_parameter
    elif thing.csr:
        raise _problem(
            thing,
            "csr-not-taken",
            f"{thing.thing_name} has a csr, for which its provisioning template has no parameter",
            f"declare the parameter {CSR_PARAMETERS[0]} in the template, or take csr away",
        )
    return inputs


def _cdf_inputs(thing: Thing) -> dict[str, Any]:
    if thing.provisioning_template is None:
        raise _problem(
            thing,
            "cdf-template",
            f"CDF Provisioning needs a template for {thing.thing_name}",
            "name one that it knows: `provisioningTemplate: …`",
        )
    parameters = {"ThingName": thing.thing_name} | dict(thing.parameters)
    if thing.thing_type:
        parameters.setdefault("ThingType", thing.thing_type)
    inputs: dict[str, Any] = {"provisioningTemplateId": thing.provisioning_template, "parameters": parameters}
    if thing.cdf_provisioning_parameters is None:
        return inputs | {"csrParameter": CSR_PARAMETERS[0]}
    return inputs | {"cdfProvisioningParameters": dict(thing.cdf_provisioning_parameters)}


def _problem(thing: Thing, rule: str, message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Problem(thing.position, rule, message, hint)])


def _template(
    desired: DesiredState, thing: Thing, remote_template: Callable[[str], ProvisioningTemplate], *, is_v2: bool
) -> ProvisioningTemplate:
    if thing.provisioning_template is None:
        return built_in_template(thing, desired, is_v2=is_v2)
    if (local := desired.provisioning_templates.get(thing.provisioning_template)) is not None:
        return local
    return remote_template(thing.provisioning_template)


def parse_template(name: str, body: str) -> ProvisioningTemplate:
    """A template from its JSON text. Raises ValueError if it is not one."""
    document = json.loads(body)
    declared = document.get("Parameters", {}) if isinstance(document, Mapping) else None
    if not isinstance(declared, Mapping) or not all(isinstance(value, Mapping) for value in declared.values()):
        raise ValueError("a provisioning template is a mapping with Parameters and Resources")
    return ProvisioningTemplate(name, body, {key: "Default" in value for key, value in declared.items()})


def built_in_template(thing: Thing, desired: DesiredState, *, is_v2: bool = False) -> ProvisioningTemplate:
    """The template for a thing that names none: the thing, a certificate from our request, and a policy for itself.

    The policy lets the thing connect under its own name and do what Greengrass needs of it (V1 guide, "Minimal AWS IoT
    policy for the AWS IoT Greengrass core device"; V2 guide, "Minimal AWS IoT policy for AWS IoT Greengrass V2 core
    devices"; and for devices: discovery). Its names are spelt out, since these pages rule out thing policy variables
    for cores.
    """
    properties: dict[str, Any] = {"ThingName": {"Ref": "ThingName"}}
    parameters: dict[str, Any] = {"ThingName": {"Type": "String"}, "CSR": {"Type": "String"}}
    if thing.thing_type:
        parameters["ThingType"] = {"Type": "String"}
        properties["ThingTypeName"] = {"Ref": "ThingType"}
    body = {
        "Parameters": parameters,
        "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": properties},
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateSigningRequest": {"Ref": "CSR"}, "Status": "ACTIVE"},
            },
            "policy": {
                "Type": "AWS::IoT::Policy",
                "Properties": {
                    "PolicyDocument": json.dumps(_policy(thing, desired, is_v2=is_v2), separators=(",", ":"))
                },
            },
        },
    }
    return parse_template("(built in)", json.dumps(body, separators=(",", ":")))


def _policy(thing: Thing, desired: DesiredState, *, is_v2: bool) -> dict[str, Any]:
    fleet = desired.fleet
    base = f"arn:{fleet.partition}:iot:{fleet.region}:{fleet.account}"
    client, arn = f"{base}:client/{thing.thing_name}", fleet.thing_arn(thing.thing_name)
    statements: list[tuple[str | list[str], str | list[str]]] = [
        (["iot:Publish", "iot:Receive", "iot:Subscribe"], [f"{base}:topic/*", f"{base}:topicfilter/*"])
    ]
    if thing.role == "core":
        # A core opens several connections, each with a suffix of its own (V1 guide, "Client IDs for MQTT connections";
        # a nucleus counts: ``NAME#2``).
        statements.append(("iot:Connect", [client, f"{client}-*", *([f"{client}#*"] if is_v2 else [])]))
        # It syncs the shadows of its devices, too.
        shadow = ["iot:GetThingShadow", "iot:UpdateThingShadow", "iot:DeleteThingShadow"]
        statements.append((shadow, f"{base}:thing/*"))
        statements.append(("greengrass:*", "*"))
        if is_v2 and fleet.nucleus is not None:
            statements.append(("iot:AssumeRoleWithCertificate", f"{base}:rolealias/{fleet.nucleus.role_alias}"))
    else:
        statements.append(("iot:Connect", client))
        statements.append(("greengrass:Discover", arn))
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements],
    }
