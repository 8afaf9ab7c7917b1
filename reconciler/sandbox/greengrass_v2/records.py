"""What the service remembers: component versions and deployments.

These are the records of a running simulation, so they change in place; every handler runs under the world's lock.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from reconciler.sandbox.iot.records import Job

REQUESTED = timedelta(seconds=0.1)
INITIATED = timedelta(seconds=0.4)
"""How long after its creation a component version still is in these states. AWS takes seconds to minutes."""

_JOB_STATUSES = {"IN_PROGRESS": "ACTIVE", "COMPLETED": "COMPLETED", "CANCELED": "CANCELED"}


@dataclass(slots=True)
class ComponentVersion:
    """One immutable version of a component; ``errors`` are what keeps it from being deployable, by artifact URI."""

    name: str
    version: str
    arn: str
    recipe: Mapping[str, Any]
    created: datetime
    tags: dict[str, str]
    errors: dict[str, str]

    def state(self, now: datetime) -> str:
        """What AWS calls its ``componentState``."""
        age = now - self.created
        if age < REQUESTED:
            return "REQUESTED"
        if age < INITIATED:
            return "INITIATED"
        return "FAILED" if self.errors else "DEPLOYABLE"

    def status(self, now: datetime) -> dict[str, Any]:
        """The members of a CloudComponentStatus."""
        state = self.state(now)
        failed = state == "FAILED"
        return {
            "componentState": state,
            "message": "One or more artifacts cannot be accessed" if failed else "NONE",
            "errors": dict(self.errors) if failed else {},
            "vendorGuidance": "ACTIVE",
            "vendorGuidanceMessage": "NONE",
        }


@dataclass(frozen=True, slots=True)
class Target:
    """What a deployment is for: a thing, or a thing group."""

    kind: Literal["thing", "thinggroup"]
    name: str
    arn: str


@dataclass(slots=True)
class Deployment:
    """One revision of what a target is to run. All but the tags, and whether it is the latest, never changes.

    ``size`` is that of its document in bytes.
    """

    id: str
    arn: str
    target: Target
    revision: int
    name: str
    components: Mapping[str, Any]
    size: int
    policies: Mapping[str, Any]
    job_configuration: Mapping[str, Any]
    parent_arn: str | None
    created: datetime
    sequence: int
    tags: dict[str, str]
    job: Job
    is_latest: bool = True
    superseded: bool = False
    over: Counter[str] = field(default_factory=Counter)
    """How many executions of its job have ended, by status."""
    waiting: set[str] = field(default_factory=set)
    """The things whose turn in the rollout has not come."""

    @property
    def status(self) -> str:
        """What AWS calls its ``deploymentStatus``: it follows the job, and says nothing of how the devices fared."""
        return "INACTIVE" if self.superseded else _JOB_STATUSES[self.job.status]

    def summary(self) -> dict[str, Any]:
        """The members that lists of deployments have of it."""
        return {
            "deploymentId": self.id,
            "deploymentName": self.name,
            "deploymentStatus": self.status,
            "targetArn": self.target.arn,
            "revisionId": str(self.revision),
            "creationTimestamp": self.created,
            "isLatestForTarget": self.is_latest,
            "parentTargetArn": self.parent_arn,
        }

    def document(self) -> dict[str, Any]:
        """Everything about it."""
        return {
            **self.summary(),
            "iotJobId": self.job.id,
            "iotJobArn": self.job.arn,
            "components": dict(self.components),
            "deploymentPolicies": dict(self.policies),
            "iotJobConfiguration": dict(self.job_configuration),
            "tags": dict(self.tags) or None,
        }
