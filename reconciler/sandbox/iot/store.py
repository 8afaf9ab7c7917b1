"""The registry's state for one region, and the look-ups that every part of it needs."""

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.ordered import Ordered
from reconciler.sandbox.iot.records import (
    Attributes,
    BillingGroup,
    CaCertificate,
    Certificate,
    Job,
    Policy,
    ProvisioningTemplate,
    Thing,
    ThingGroup,
    ThingType,
)
from reconciler.sandbox.moto_bridge import partition_of

Handler = Callable[[dict[str, Any]], dict[str, Any]]

_COGNITO_IDENTITY = re.compile(r"[\w-]+:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Store:
    """Everything that the registry of one account and region holds.

    ``things_of`` and ``policies_of`` are the other ends of Thing.principals and Policy.targets: principal (or
    target) to the names of its things and policies. ``now`` is the sandbox's clock. ``stirred`` are the things whose
    groups or certificates have changed, or that are gone, since somebody last took note of it.
    """

    account: str
    region: str
    now: Callable[[], datetime]
    things: Ordered[Thing] = field(default_factory=Ordered)
    thing_types: Ordered[ThingType] = field(default_factory=Ordered)
    thing_groups: Ordered[ThingGroup] = field(default_factory=Ordered)
    billing_groups: Ordered[BillingGroup] = field(default_factory=Ordered)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    ca_certificates: dict[str, CaCertificate] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    templates: Ordered[ProvisioningTemplate] = field(default_factory=Ordered)
    things_of: dict[str, Ordered[None]] = field(default_factory=dict)
    policies_of: dict[str, Ordered[None]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    stirred: set[str] = field(default_factory=set)
    _sequence: "count[int]" = field(default_factory=lambda: count(1))

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a resource, such as ``arn("thing", "press")``."""
        return f"arn:{partition_of(self.region)}:iot:{self.region}:{self.account}:{kind}/{name}"

    def name_in(self, arn: str, kind: str) -> str | None:
        """The name in an ARN of this account and region, or None where it is of another kind or place."""
        prefix = self.arn(kind, "")
        return arn[len(prefix) :] if arn.startswith(prefix) and len(arn) > len(prefix) else None

    def new_id(self) -> str:
        """An id of the sort that AWS gives to things, types and groups."""
        return str(uuid.uuid4())

    def next_sequence(self) -> int:
        """A number greater than all before it: the order of creation."""
        return next(self._sequence)

    def thing(self, name: str) -> Thing:
        """The thing of that name; raises ResourceNotFoundException."""
        thing = self.things.get(name)
        if thing is None:
            raise refusals.not_found(f"Thing {name} not found")
        return thing

    def thing_type(self, name: str) -> ThingType:
        """The thing type of that name; raises ResourceNotFoundException."""
        thing_type = self.thing_types.get(name)
        if thing_type is None:
            raise refusals.not_found(f"Thing type {name} not found")
        return thing_type

    def thing_group(self, name: str) -> ThingGroup:
        """The thing group of that name; raises ResourceNotFoundException."""
        group = self.thing_groups.get(name)
        if group is None:
            raise refusals.not_found(f"Thing group {name} not found")
        return group

    def billing_group(self, name: str) -> BillingGroup:
        """The billing group of that name; raises ResourceNotFoundException."""
        group = self.billing_groups.get(name)
        if group is None:
            raise refusals.not_found(f"Billing group {name} not found")
        return group

    def certificate(self, certificate_id: str) -> Certificate:
        """The certificate of that id; raises ResourceNotFoundException."""
        certificate = self.certificates.get(certificate_id)
        if certificate is None:
            raise refusals.not_found(f"Certificate {certificate_id} not found")
        return certificate

    def job(self, job_id: str) -> Job:
        """The job of that id; raises ResourceNotFoundException."""
        job = self.jobs.get(job_id)
        if job is None:
            raise refusals.not_found(f"Job {job_id} cannot be found.")
        return job

    def policy(self, name: str) -> Policy:
        """The policy of that name; raises ResourceNotFoundException."""
        policy = self.policies.get(name)
        if policy is None:
            raise refusals.not_found(f"Policy {name} not found")
        return policy

    def template(self, name: str) -> ProvisioningTemplate:
        """The provisioning template of that name; raises ResourceNotFoundException."""
        template = self.templates.get(name)
        if template is None:
            raise refusals.not_found(f"Provisioning template {name} not found")
        return template

    def check_principal(self, principal: str) -> None:
        """A certificate's ARN or a Cognito identity's id.

        Raises ResourceNotFoundException for a certificate that is not there, InvalidRequestException for anything else.
        """
        certificate_id = self.name_in(principal, "cert")
        if certificate_id is not None:
            self.certificate(certificate_id)
        elif not _COGNITO_IDENTITY.fullmatch(principal):
            raise refusals.invalid(f"Invalid principal {principal}")

    def set_tags(self, arn: str, tags: Iterable[dict[str, str]]) -> None:
        """Tag what has just been made."""
        if pairs := {tag["Key"]: tag.get("Value", "") for tag in tags}:
            self.tags[arn] = pairs


def merged_attributes(current: Attributes, payload: dict[str, Any]) -> Attributes:
    """The attributes after an AttributePayload: replaced, or merged where it says so; an empty value removes one."""
    given: dict[str, str] = payload.get("attributes", {})
    attributes = {**current, **given} if payload.get("merge") else dict(given)
    return {name: value for name, value in attributes.items() if value != ""}


def check_version(expected: int | None, actual: int) -> None:
    """The optimistic lock; raises VersionConflictException."""
    if expected is not None and expected != actual:
        raise refusals.version_conflict(expected, actual)
