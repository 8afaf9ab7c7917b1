"""What the service remembers: definitions, groups, their versions and deployments.

These are the records of a running simulation, so they change in place; every handler runs under the world's
lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.sandbox.greengrass_v1.names import iso, later

OPEN_STATUSES = frozenset({"Building", "InProgress"})
"""A deployment that has one of these keeps others of its group away."""


@dataclass(frozen=True, slots=True)
class Version:
    """An immutable version of a group (``content``: ARNs by member) or definition (its entities)."""

    id: str
    arn: str
    container_id: str
    created: datetime
    serial: int
    content: Mapping[str, Any]

    def summary(self) -> dict[str, Any]:
        """The members that creating and listing versions answer with; ``Id`` is the container's."""
        return {
            "Arn": self.arn,
            "CreationTimestamp": iso(self.created),
            "Id": self.container_id,
            "Version": self.id,
        }


@dataclass(slots=True)
class Container:
    """A definition or a group: a name, tags, and its versions in the order of their creation."""

    id: str
    arn: str
    name: str | None
    created: datetime
    updated: datetime
    serial: int
    tags: dict[str, str]
    versions: dict[str, Version] = field(default_factory=dict)
    latest: Version | None = None

    def add(self, version: Version) -> None:
        """Make ``version`` the latest."""
        self.versions[version.id] = version
        self.latest = version
        self.touch(version.created)

    def touch(self, moment: datetime) -> None:
        """Note a change, visibly later than the one before."""
        self.updated = later(moment, self.updated)

    def summary(self) -> dict[str, Any]:
        """The members that creating, getting and listing have in common."""
        found = {
            "Arn": self.arn,
            "CreationTimestamp": iso(self.created),
            "Id": self.id,
            "LastUpdatedTimestamp": iso(self.updated),
        }
        if self.name is not None:
            found["Name"] = self.name
        if self.latest is not None:
            found["LatestVersion"] = self.latest.id
            found["LatestVersionArn"] = self.latest.arn
        return found


@dataclass(slots=True)
class Deployment:
    """One deployment or reset of a group, on its way to a core.

    ``version`` is what is deployed, None for a reset; ``core`` is the thing name of the core that it goes to.
    """

    id: str
    arn: str
    type: str
    group: "Group"
    version: Version | None
    core: str | None
    created: datetime
    serial: int
    status: str = "Building"
    updated: datetime = field(init=False)
    error: str | None = None
    connected: datetime | None = None
    """Since when the core has been at work on it."""
    was_away: bool = False
    looked_at: datetime = field(init=False)
    abandoned: bool = False
    """Superseded by a forced reset or gone with its group: nothing moves it any more."""

    def __post_init__(self) -> None:
        self.updated = self.looked_at = self.created

    @property
    def is_open(self) -> bool:
        """Whether it still keeps other deployments of its group away."""
        return self.status in OPEN_STATUSES

    @property
    def is_reset(self) -> bool:
        """Whether it takes a configuration away."""
        return self.version is None

    @property
    def target_arn(self) -> str:
        """The group version's ARN, or the plain group's for a reset (as AWS lists them)."""
        return self.group.arn if self.version is None else self.version.arn

    def error_members(self) -> dict[str, Any]:
        """``ErrorMessage`` and ``ErrorDetails`` of a failure, else nothing."""
        if self.error is None:
            return {}
        details = [{"DetailedErrorCode": "DeploymentFailure", "DetailedErrorMessage": self.error}]
        return {"ErrorMessage": self.error, "ErrorDetails": details}


@dataclass(slots=True)
class Group(Container):
    """A group: a container whose versions can be deployed."""

    deployments: dict[str, Deployment] = field(default_factory=dict)
    current: Deployment | None = None
    """The latest deployment or reset."""
    deployed: Deployment | None = None
    """The latest that was not reset since; while there is one, the group cannot be deleted."""
