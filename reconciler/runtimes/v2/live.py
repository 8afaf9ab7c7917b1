"""The live state of Greengrass V2, as far as a plan needs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reconciler.model.words import counted
from reconciler.provisioning.iot import Existing
from reconciler.runtimes.marks import FLEET_TAG
from reconciler.runtimes.v2.documents import Document, document_digest
from reconciler.runtimes.v2.names import Mark

ACTIVE = frozenset({"ACTIVE", "COMPLETED"})
"""Statuses of a deployment that counts: one to a single thing is COMPLETED once that has it."""


class Counts(NamedTuple):
    """How many cores a deployment has come to, and how far, as DescribeJob counts them; it is yet to come to those
    ``to_come``, which DescribeJob does not count.
    """

    succeeded: int = 0
    failed: int = 0
    rejected: int = 0
    timed_out: int = 0
    canceled: int = 0
    queued: int = 0
    in_progress: int = 0
    removed: int = 0
    to_come: int = 0

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> "Counts":
        """The counts in the ``job`` of an answer of DescribeJob. Things that left since count for nothing."""
        details = job.get("jobProcessDetails") or {}
        names = ("Succeeded", "Failed", "Rejected", "TimedOut", "Canceled", "Queued", "InProgress", "Removed")
        return cls(*(int(details.get(f"numberOf{name}Things") or 0) for name in names))

    @property
    def bad(self) -> int:
        """The cores that will not have it."""
        return self.failed + self.rejected + self.timed_out + self.canceled

    @property
    def open(self) -> int:
        """The cores that have not reported."""
        return self.queued + self.in_progress + self.to_come

    @property
    def total(self) -> int:
        """All cores that it was meant for."""
        return self.succeeded + self.bad + self.open

    @property
    def reached(self) -> int:
        """All cores that it has come to, also those that left before they had it."""
        return self.total - self.to_come + self.removed

    @property
    def text(self) -> str:
        """``3 of 5 cores succeeded, 1 failed, 1 queued``."""
        return self.told("core")

    def told(self, noun: str) -> str:
        """The same of what else is counted, such as a ``job execution``."""
        words = ("failed", "rejected", "timed out", "canceled", "queued", "in progress", "to come")
        named = zip(words, (*self[1:7], self.to_come), strict=True)
        rest = "".join(f", {number} {word}" for word, number in named if number)
        return f"{self.succeeded} of {counted(self.total, noun)} succeeded{rest}"


@dataclass(frozen=True, slots=True)
class LiveDeployment:
    """The newest deployment to one target. ``counts`` is None where nothing is known but that all went well."""

    id: str
    name: str
    target_arn: str
    status: str
    created_at: str
    document: Document
    counts: Counts | None = None

    @property
    def mark(self) -> Mark | None:
        """What its name says, None if we did not name it."""
        return Mark.read(self.name)

    @property
    def counts_now(self) -> bool:
        """Whether cores are to have what it says: it was not cancelled."""
        return self.status in ACTIVE

    @property
    def has_failed(self) -> bool:
        """Whether all cores have reported and none of them has it."""
        counts = self.counts
        return counts is not None and bool(counts.bad) and not counts.succeeded and not counts.open

    @property
    def is_reset(self) -> bool:
        """Whether it takes everything off its target."""
        return not self.document["components"]

    @property
    def empties(self) -> bool:
        """Whether its target is empty, or will be: also if it was cancelled when every core had taken it."""
        return self.is_reset and (self.counts_now or self.counts is None)


@dataclass(frozen=True, slots=True)
class Associated:
    """The client devices of one core, and when they were read (ISO 8601 in UTC; empty: just now)."""

    devices: frozenset[str]
    read_at: str = ""


class Core(NamedTuple):
    """What ListCoreDevices says of a core: its health, since when, and what runs on it (empty: it did not say)."""

    status: str
    since: str
    runtime: str


@dataclass(frozen=True, slots=True)
class LiveGroup:
    """A group. It may lack its thing group (``exists``) and still have a deployment, which outlives it.

    ``core_deployments`` are the newest ones to single cores that are this fleet's, or that the files have something to
    say of, by thing name; ``client_devices`` are by core.
    """

    name: str
    arn: str
    exists: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    members: frozenset[str] = frozenset()
    deployment: LiveDeployment | None = None
    core_deployments: Mapping[str, LiveDeployment] = field(default_factory=dict)
    client_devices: Mapping[str, Associated] = field(default_factory=dict)

    @property
    def fleet(self) -> str | None:
        """The fleet that its tags name."""
        return self.tags.get(FLEET_TAG)


@dataclass(frozen=True, slots=True)
class LiveFleet:
    """The declared groups by name (also those that do not exist), and what the account holds besides.

    ``others`` are the deployments to thing groups that no file declares, as ListDeployments tells of them; ``cores``
    are all core devices by thing name; ``strangers`` the deployments that others made to single cores of the files, of
    which these say nothing, by thing name; ``neighbours`` those to the other declared groups of their cores, by group.
    """

    groups: Mapping[str, LiveGroup] = field(default_factory=dict)
    others: tuple[Mapping[str, Any], ...] = ()
    cores: Mapping[str, Core] = field(default_factory=dict)
    strangers: Mapping[str, LiveDeployment] = field(default_factory=dict)
    neighbours: Mapping[str, LiveDeployment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answers:
    """What was looked up of things, by name; which thing types AWS IoT does not have; and the thing groups that cores
    are in which join one, as far as they could be read.
    """

    things: Mapping[str, Existing | None] = field(default_factory=dict)
    missing_types: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)


def is_outside(live: LiveGroup, last: LiveDeployment) -> bool:
    """Whether somebody else made the newest deployment of a group that is ours, or of one of its cores.

    A deployment that is revised in AWS's console keeps its name, and says something else than the name does.
    """
    return live.fleet is not None and is_foreign(last, live.fleet)


def is_foreign(found: LiveDeployment, fleet: str) -> bool:
    """Whether a deployment says something that ``fleet`` has not deployed."""
    mark = found.mark
    return mark is None or mark.fleet != fleet or mark.digest != document_digest(found.document)
