"""What a template asks for, resource by resource: names, values and forms checked, the registry not yet asked."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.template_body import Resource, as_text

# Names, attribute names and values: botocore's model.
_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_ATTRIBUTE_NAME = re.compile(r"[a-zA-Z0-9_.,@/:#-]{1,128}")
_ATTRIBUTE_VALUE = re.compile(r"[a-zA-Z0-9_.,@/:#=\[\]-]{0,800}")
_CERTIFICATE_KEYS = ("CertificateSigningRequest", "CertificateId", "CertificatePem")


@dataclass(frozen=True, slots=True)
class ThingWish:
    """What a template says about its thing; None where it says nothing."""

    name: str
    attributes: Mapping[str, str] | None
    type_name: str | None
    groups: frozenset[str] | None
    billing_group: str | None
    overrides: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CertificateWish:
    """What a template says about its certificate: one of ``key`` with its ``value``."""

    key: str
    value: str
    ca_pem: str | None
    status: str
    override: str


@dataclass(frozen=True, slots=True)
class PolicyWish:
    """A policy by name; with a document it is made where it is not there yet."""

    name: str
    document: str | None


def thing_wish(resource: Resource) -> ThingWish:
    """What a thing resource asks for; raises InvalidRequestException."""
    name = _named(resource, "ThingName")
    if name is None:
        raise refusals.invalid(f"Resource {resource.name}: ThingName is required")
    return ThingWish(
        name=name,
        attributes=_attributes(resource),
        type_name=_named(resource, "ThingTypeName"),
        groups=_groups(resource),
        billing_group=_named(resource, "BillingGroup"),
        overrides=resource.overrides,
    )


def _named(resource: Resource, key: str) -> str | None:
    value = resource.text(key)
    if value is not None and not _NAME.fullmatch(value):
        raise refusals.invalid(
            f"Resource {resource.name}: {key} must match [a-zA-Z0-9:_-]+ and have at most 128 characters"
        )
    return value


def _attributes(resource: Resource) -> dict[str, str] | None:
    payload = resource.properties.get("AttributePayload")
    if payload is None:
        return None
    if not isinstance(payload, dict) or payload.keys() == {"Ref"}:
        raise refusals.invalid(f"Resource {resource.name}: AttributePayload must be a JSON object of names and values")
    attributes = {name: as_text(value, resource, f"AttributePayload.{name}") for name, value in payload.items()}
    for name, value in attributes.items():
        if not _ATTRIBUTE_NAME.fullmatch(name) or not _ATTRIBUTE_VALUE.fullmatch(value):
            raise refusals.invalid(
                f"Resource {resource.name}: attribute {name} has characters or a length that is not allowed"
            )
    return {name: value for name, value in attributes.items() if value}


def _groups(resource: Resource) -> frozenset[str] | None:
    groups = resource.properties.get("ThingGroups")
    if groups is None:
        return None
    if not isinstance(groups, list):
        raise refusals.invalid(f"Resource {resource.name}: ThingGroups must be a list")
    return frozenset(as_text(group, resource, "ThingGroups") for group in groups)


def certificate_wish(resource: Resource) -> CertificateWish:
    """What a certificate resource asks for; raises InvalidRequestException."""
    given = [key for key in _CERTIFICATE_KEYS if key in resource.properties]
    if len(given) != 1:
        raise refusals.invalid(f"Resource {resource.name}: exactly one of {', '.join(_CERTIFICATE_KEYS)} is required")
    key = given[0]
    if "CACertificatePem" in resource.properties and key != "CertificatePem":
        raise refusals.invalid(f"Resource {resource.name}: CACertificatePem goes with CertificatePem only")
    value = as_text(resource.properties[key], resource, key)
    status = (resource.text("Status") or "ACTIVE").upper()
    if status not in ("ACTIVE", "INACTIVE"):
        raise refusals.invalid(f"Resource {resource.name}: Status must be ACTIVE or INACTIVE, not {status}")
    return CertificateWish(
        key=key,
        value=value,
        ca_pem=resource.text("CACertificatePem"),
        status=status,
        override=resource.overrides.get("Status", "REPLACE"),
    )


def policy_wish(resource: Resource) -> PolicyWish:
    """What a policy resource asks for: a policy by name, or a document whose hash is its name.

    Raises InvalidRequestException.
    """
    document = resource.properties.get("PolicyDocument")
    name = resource.text("PolicyName")
    if (name is None) == (document is None):
        raise refusals.invalid(
            f"Resource {resource.name}: either PolicyName or PolicyDocument is required, and not both"
        )
    if name is not None:
        return PolicyWish(name=name, document=None)
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    return PolicyWish(name=hashlib.sha256(text.encode()).hexdigest(), document=text)
