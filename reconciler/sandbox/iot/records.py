"""What the registry holds: one record a resource, changed in place by the operations that own it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from reconciler.sandbox.iot.ordered import Ordered

Attributes = dict[str, str]
PrincipalType = Literal["EXCLUSIVE_THING", "NON_EXCLUSIVE_THING"]


@dataclass(slots=True)
class Thing:
    """A thing; ``principals`` maps each attached principal to the kind of its attachment."""

    name: str
    arn: str
    id: str
    attributes: Attributes
    type_name: str | None = None
    billing_group: str | None = None
    version: int = 1
    principals: dict[str, PrincipalType] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ThingType:
    """A thing type; ``things`` counts the things that have it; ``deprecated`` is the time of its deprecation."""

    name: str
    arn: str
    id: str
    properties: dict[str, Any]
    created: datetime
    deprecated: datetime | None = None
    things: int = 0


@dataclass(slots=True)
class ThingGroup:
    """A static thing group; ``parent`` and ``children`` are names, ``things`` its direct members."""

    name: str
    arn: str
    id: str
    created: datetime
    parent: str | None = None
    description: str | None = None
    attributes: Attributes = field(default_factory=dict)
    version: int = 1
    children: set[str] = field(default_factory=set)
    things: Ordered[None] = field(default_factory=Ordered)


@dataclass(slots=True)
class BillingGroup:
    """A billing group and the names of its things."""

    name: str
    arn: str
    id: str
    created: datetime
    properties: dict[str, Any]
    version: int = 1
    things: Ordered[None] = field(default_factory=Ordered)


@dataclass(slots=True)
class Certificate:
    """A device certificate; ``things`` and ``policies`` are not here but with the principal (see Store)."""

    id: str
    arn: str
    pem: str
    status: str
    created: datetime
    modified: datetime
    not_before: datetime
    not_after: datetime
    generation_id: str
    sequence: int
    mode: str = "DEFAULT"
    ca_id: str | None = None
    customer_version: int = 1


@dataclass(slots=True)
class CaCertificate:
    """A registered CA certificate; ``subject`` is its subject's DER, by which issuers are found."""

    id: str
    arn: str
    pem: str
    subject: bytes
    status: str
    auto_registration: str
    created: datetime
    modified: datetime
    not_before: datetime
    not_after: datetime
    generation_id: str
    sequence: int
    mode: str = "DEFAULT"
    registration_config: dict[str, Any] = field(default_factory=dict)
    customer_version: int = 1


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One immutable version of a policy."""

    id: str
    document: str
    created: datetime


@dataclass(slots=True)
class Policy:
    """A policy: its versions in the order of their making, and the targets it is attached to."""

    name: str
    arn: str
    versions: dict[str, PolicyVersion]
    default: str
    created: datetime
    modified: datetime
    generation_id: str
    sequence: int
    last_version: int = 1
    targets: Ordered[None] = field(default_factory=Ordered)


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """One immutable version of a provisioning template."""

    id: int
    body: str
    created: datetime


@dataclass(slots=True)
class ProvisioningTemplate:
    """A provisioning template and its versions by number."""

    name: str
    arn: str
    role_arn: str
    type: str
    enabled: bool
    created: datetime
    modified: datetime
    versions: dict[int, TemplateVersion]
    default: int = 1
    last_version: int = 1
    description: str | None = None
    hook: dict[str, Any] | None = None


@dataclass(slots=True)
class JobExecution:
    """What one thing makes of a job; ``number`` counts how often it was sent, ``version`` the changes since then."""

    thing: str
    queued: datetime
    updated: datetime
    number: int
    status: str = "QUEUED"
    started: datetime | None = None
    version: int = 1
    details: dict[str, str] = field(default_factory=dict)
    forced: bool = False


@dataclass(slots=True)
class Job:
    """A job and its executions by thing name; ``settings`` are the members that describe its rollout and limits."""

    id: str
    arn: str
    targets: list[str]
    selection: str
    document: str
    description: str
    created: datetime
    updated: datetime
    sequence: int
    settings: dict[str, Any] = field(default_factory=dict)
    status: str = "IN_PROGRESS"
    completed: datetime | None = None
    reason: str | None = None
    comment: str | None = None
    forced: bool = False
    executions: Ordered[JobExecution] = field(default_factory=Ordered)
