"""``POST /things``: the certificate first where CDF makes it, then RegisterThing, then the extra policies."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.sandbox.cdf.certificates import make_certificate, make_request
from reconciler.sandbox.cdf.refusals import CdfError, argument_error, registration_failed
from reconciler.sandbox.cdf.things import Call
from reconciler.sandbox.errors import ServiceError

_CREATE, _CREATE_AWS, _REGISTER = (
    "createDeviceCertificate",
    "createDeviceAWSCertificate",
    "registerDeviceCertificateWithoutCA",
)


@dataclass(slots=True)
class Order:
    """One thing to provision; ``parameters`` and ``private_key`` are filled in on the way."""

    template: Mapping[str, Any]
    options: Mapping[str, Any]
    parameters: dict[str, Any]
    cdf_parameters: Mapping[str, Any]
    now: datetime
    private_key: str | None = field(default=None, repr=False)


def provision(call: Call, template: Mapping[str, Any], document: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Provision what the request asks for; raises CdfError, and ServiceError where AWS IoT refuses a step around it."""
    options = template.get("CDF", {})
    order = Order(
        template={section: content for section, content in template.items() if section != "CDF"},
        options=options if isinstance(options, dict) else {},
        parameters=dict(_mapping(document, "parameters")),
        cdf_parameters=_mapping(document, "cdfProvisioningParameters"),
        now=now,
    )
    _certify(call, order)
    registered = _register(call, order)
    arns = registered["resourceArns"]
    _attach_policies(call, order, arns)
    found = {
        "policyLogicalName": arns.get("PolicyLogicalName"),
        "certificate": arns.get("certificate"),
        "thing": arns.get("thing"),
    }
    answer = {
        "certificatePem": registered.get("certificatePem"),
        "privateKey": order.private_key,
        "resourceArns": {name: arn for name, arn in found.items() if arn is not None},
    }
    return {name: value for name, value in answer.items() if value is not None}


def _certify(call: Call, order: Order) -> None:
    """Make or register the certificate that the template's CDF block, or else the request, has CDF make."""
    if order.options.get(_CREATE) is True:
        _certify_by_ca(order)
    elif order.options.get(_CREATE_AWS) is True:
        _certify_by_aws(call, order)
    elif order.options.get(_REGISTER) is True:
        _register_without_ca(call, order)
    elif order.options.get("useACMPCA") is True:
        raise CdfError(500, "the sandbox has no ACM PCA: use createDeviceCertificate or createDeviceAWSCertificate")
    elif order.cdf_parameters:
        _certify_as_declared(call, order)


def _certify_by_ca(order: Order) -> None:
    """Key and certificate by a registered CA; whatever the caId, the sandbox's own authority signs."""
    info = order.cdf_parameters.get("certInfo")
    if not isinstance(info, dict) or not info:
        raise argument_error("Expected `certInfo` to be an object that is not empty")
    ca_id = order.cdf_parameters.get("caId")
    if not isinstance(ca_id, str) or not ca_id:
        raise argument_error("Expected `caId` to be a string that is not empty")
    try:
        made = make_certificate(info, now=order.now)
    except ValueError as problem:
        raise argument_error(f"Expected `certInfo` to describe a certificate: {problem}") from problem
    order.parameters |= {"CaCertificatePem": made.ca_pem, "CertificatePem": made.pem}
    order.private_key = made.private_key


def _certify_by_aws(call: Call, order: Order) -> None:
    made = call("CreateKeysAndCertificate", {"setAsActive": True})
    order.parameters |= {"CertificateId": made["certificateId"], "CertificateArn": made["certificateArn"]}
    order.private_key = made["keyPair"]["PrivateKey"]


def _register_without_ca(call: Call, order: Order) -> None:
    pem, status = order.cdf_parameters.get("certificatePem"), order.cdf_parameters.get("certificateStatus")
    if not isinstance(pem, str) or not pem:
        raise argument_error("Expected `certificatePem` to be a string that is not empty")
    if not isinstance(status, str) or not status:
        raise argument_error("Expected `certificateStatus` to be a string that is not empty")
    made = call("RegisterCertificateWithoutCA", {"certificatePem": pem, "status": status})
    order.parameters["CertificateId"] = made["certificateId"]


def _certify_as_declared(call: Call, order: Order) -> None:
    """No CDF block, but cdfProvisioningParameters: make what the template's certificate lacks, if it lacks anything."""
    properties = _certificate_properties(order.template)
    wanted = {key: _parameter(properties.get(key)) for key in ("CertificatePem", "CertificateId")}
    request = _parameter(properties.get("CertificateSigningRequest"))
    if any(name in order.parameters for name in (request, *wanted.values()) if name is not None):
        return
    if wanted["CertificatePem"] is not None:
        _certify_by_ca(order)
    elif wanted["CertificateId"] is not None:
        _certify_by_aws(call, order)
    elif request is not None:
        try:
            order.parameters[request], order.private_key = make_request(_mapping(order.cdf_parameters, "certInfo"))
        except ValueError as problem:
            raise argument_error(f"Expected `certInfo` to describe a certificate: {problem}") from problem


def _register(call: Call, order: Order) -> dict[str, Any]:
    for name, value in order.parameters.items():
        if not isinstance(value, str):
            raise registration_failed(f"Expected params.parameters['{name}'] to be a string")
    try:
        return call(
            "RegisterThing",
            {"templateBody": json.dumps(order.template, separators=(",", ":")), "parameters": order.parameters},
        )
    except ServiceError as problem:
        raise registration_failed(problem.message) from problem


def _attach_policies(call: Call, order: Order, arns: Mapping[str, str]) -> None:
    """The policies that the CDF block asks for beside the template's own, put on its certificate."""
    wanted, client = (
        order.options.get("attachAdditionalPolicies") or (),
        order.options.get("clientIdMustMatchThingName"),
    )
    if not wanted and client is not True:
        return
    certificate, thing = arns.get("certificate"), arns.get("thing")
    if certificate is None or thing is None:
        raise argument_error("Expected the template's resources to be called `certificate` and `thing`")
    if client is True:
        _attach_client_policy(call, certificate, thing)
    for policy in wanted:
        name = policy.get("name") if isinstance(policy, dict) else None
        if not isinstance(name, str) or not name:
            raise argument_error("Expected `policy name` to be a string that is not empty")
        if "document" in policy:  # another policy at every call, as CDF makes them
            if not isinstance(policy["document"], str):
                raise CdfError(500, "Expected params.policyDocument to be a string")
            name = f"{name}_{secrets.token_urlsafe(6)}"
            call("CreatePolicy", {"policyName": name, "policyDocument": policy["document"]})
        call("AttachPolicy", {"policyName": name, "target": certificate})


def _attach_client_policy(call: Call, certificate: str, thing: str) -> None:
    """One policy a thing, under which it may connect by its own name only."""
    owner, _, thing_name = thing.rpartition(":thing/")
    name = f"clientIdEnforcementPolicy_{thing_name}"
    try:
        call("GetPolicy", {"policyName": name})
    except ServiceError:
        statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{owner}:client/{thing_name}"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        call("CreatePolicy", {"policyName": name, "policyDocument": document})
    call("AttachPolicy", {"policyName": name, "target": certificate})


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        raise argument_error(f"Expected `{key}` to be an object")
    return value


def _certificate_properties(template: Mapping[str, Any]) -> Mapping[str, Any]:
    resources = template.get("Resources")
    for resource in resources.values() if isinstance(resources, dict) else ():
        if isinstance(resource, dict) and resource.get("Type") == "AWS::IoT::Certificate":
            properties = resource.get("Properties")
            return properties if isinstance(properties, dict) else {}
    return {}


def _parameter(value: Any) -> str | None:
    """The parameter that a property refers to."""
    if isinstance(value, dict) and isinstance(value.get("Ref"), str):
        return str(value["Ref"])
    return None
