"""What a simulated core device has on it, and what the cloud knows of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reconciler.sandbox.greengrass_v2.platforms import CLASSIC_RUNTIME, LITE_RUNTIME, USUAL
from reconciler.sandbox.greengrass_v2.public import LITE, NUCLEUS
from reconciler.sandbox.greengrass_v2.records import Deployment
from reconciler.sandbox.iot.records import JobExecution

REPORTS = timedelta(days=1)
"""How often a core device reports its status unasked (greengrass-nucleus-component.md)."""

FIRST_NUCLEUS = {CLASSIC_RUNTIME: (NUCLEUS, "2.12.0"), LITE_RUNTIME: (LITE, "2.1.0")}
"""What a core device is set up with."""


@dataclass(slots=True)
class Work:
    """One deployment on its way to one core device."""

    deployment: Deployment
    thing: str
    execution: JobExecution
    looked_at: datetime
    connected: datetime | None = None
    was_away: bool = False
    reason: str = ""
    error_stack: tuple[str, ...] = ()
    error_types: tuple[str, ...] = ()

    @property
    def sequence(self) -> int:
        """The order of creation."""
        return self.deployment.sequence

    def effective(self) -> dict[str, Any]:
        """The members of an EffectiveDeployment."""
        deployment = self.deployment
        details = {"errorStack": list(self.error_stack), "errorTypes": list(self.error_types)}
        return {
            "deploymentId": deployment.id,
            "deploymentName": deployment.name,
            "iotJobId": deployment.job.id,
            "iotJobArn": deployment.job.arn,
            "description": deployment.job.description,
            "targetArn": deployment.target.arn,
            "coreDeviceExecutionStatus": self.status,
            "reason": self.reason or None,
            "creationTimestamp": deployment.created,
            "modifiedTimestamp": self.execution.updated,
            "statusDetails": details if self.error_stack else None,
        }

    @property
    def status(self) -> str:
        """What AWS calls its ``coreDeviceExecutionStatus``: a thing's own deployment completes, a group's succeeds."""
        status = self.execution.status
        return "COMPLETED" if status == "SUCCEEDED" and self.deployment.target.kind == "thing" else status


@dataclass(slots=True)
class Installed:
    """One component on a core device; ``source`` is the deployment that brought it last."""

    name: str
    version: str
    is_root: bool
    state: str
    changed: datetime
    reported: datetime
    source: str
    details: str = ""
    codes: tuple[str, ...] = ()

    def described(self) -> dict[str, Any]:
        """The members of an InstalledComponent."""
        return {
            "componentName": self.name,
            "componentVersion": self.version,
            "lifecycleState": self.state,
            "lifecycleStateDetails": self.details or None,
            "isRoot": self.is_root,
            "lastStatusChangeTimestamp": self.changed,
            "lastReportedTimestamp": self.reported,
            "lastInstallationSource": self.source or None,
            "lifecycleStatusCodes": list(self.codes),
        }


@dataclass(slots=True)
class Core:
    """A core device. ``since`` is when it last came or went, ``reported`` when it last told its status; ``platform``
    has the attributes by which manifests are chosen.

    ``roots`` is what it last carried out for each target; ``left`` are targets it is no more of.
    """

    name: str
    runtime: str
    since: datetime
    reported: datetime
    platform: Mapping[str, str] = field(default_factory=dict)
    connected: bool = True
    is_healthy: bool = True
    is_listed: bool = True
    busy: Work | None = None
    roots: dict[str, Deployment] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    installed: dict[str, Installed] = field(default_factory=dict)
    configuration: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    succeeded_for: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def set_up(cls, name: str, runtime: str, platform: Mapping[str, str], moment: datetime) -> "Core":
        """A core device as it is when its software starts for the first time, on what ``platform`` tells of it."""
        nucleus, version = FIRST_NUCLEUS[runtime]
        core = cls(name, runtime, moment, moment, {**USUAL, **platform, "runtime": runtime})
        core.installed[nucleus] = Installed(nucleus, version, False, "FINISHED", moment, moment, "")
        core.configuration[nucleus] = {}
        return core

    @property
    def nucleus(self) -> Installed:
        """The component that everything else runs on."""
        return self.installed[FIRST_NUCLEUS[self.runtime][0]]

    def state(self) -> dict[str, Any]:
        """What is on it, for who looks at the device itself and not at what the cloud knows of it."""
        return {
            "connected": self.connected,
            "components": {name: item.version for name, item in sorted(self.installed.items())},
            "configuration": {name: self.configuration[name] for name in sorted(self.configuration)},
            "deployments": {arn: deployment.id for arn, deployment in sorted(self.roots.items())},
        }

    def last_report(self, now: datetime) -> datetime:
        """When it last told its status: once a day, as long as it is there."""
        if not self.connected:
            return self.reported
        return self.reported + (now - self.reported) // REPORTS * REPORTS

    def summary(self, now: datetime) -> dict[str, Any]:
        """The members of a CoreDevice."""
        return {
            "coreDeviceThingName": self.name,
            "status": "HEALTHY" if self.is_healthy else "UNHEALTHY",
            "lastStatusUpdateTimestamp": self.last_report(now),
            "platform": self.platform["os"],
            "architecture": self.platform["architecture"],
            "runtime": self.runtime,
        }
