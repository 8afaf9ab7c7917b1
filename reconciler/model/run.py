"""A run: one apply of one plan, and where its groups stand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

RunState = Literal["running", "succeeded", "partial", "failed", "stopped"]
GroupState = Literal["waiting", "running", "deploying", "succeeded", "failed", "unfinished"]
"""``deploying``: handed to Greengrass, its cores are yet to report; ``unfinished``: they had not by the deadline."""


NOT_SENT_AGAIN = "the others have it, so it is not sent again by itself"
"""Stands in the error of a group of whose cores some have what was sent, and some failed: ledgers keep it as text."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run as the ledger knows it; times are ISO 8601 in UTC."""

    id: str
    fleet: str
    digest: str
    state: RunState
    started_at: str
    ended_at: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One group in a run, as the ledger knows it."""

    run: str
    group: str
    state: GroupState
    since: str
    error: str | None = None
    group_version_id: str | None = None
    template_version: int | None = None
    deployment_id: str | None = None


def outcome_of(states: Collection[str]) -> RunState:
    """What a run has come to whose groups stand in ``states``; ``running`` as long as one of them may move on."""
    if not {"waiting", "running", "deploying"}.isdisjoint(states):
        return "running"
    unsuccessful = sum(state in {"failed", "unfinished"} for state in states)
    if not unsuccessful:
        return "succeeded"
    return "failed" if unsuccessful == len(states) else "partial"


def is_kept(error: str | None) -> bool:
    """Whether ``error``, of a group, says that what it was sent is not sent again."""
    return error is not None and NOT_SENT_AGAIN in error


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """One row of ``reconcile status``: template versions wanted, live and deployed, and what the core reported.

    ``live`` is the template version that the group was last brought to, ``deployed`` the one that its core last
    reported success for; None where there is none or nobody can tell. ``details`` holds the ids behind them.
    """

    name: str
    runtime: str
    template: str
    target: int
    live: int | None
    deployed: int | None
    state: str
    deployment_status: str | None = None
    since: str | None = None
    error: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """What ``reconcile status`` prints: the latest run (None before the first) and every group."""

    fleet: str
    run: str | None
    state: RunState | None
    groups: tuple[GroupStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """A core or device that a run has brought into a group, so that who takes the run over goes on from there.

    ``associated``: the thing was there and belongs to its group now; ``provisioned``: it was made in this run.
    """

    run: str
    group: str
    thing: str
    state: Literal["associated", "provisioned"]
    since: str
    certificate_arn: str


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """A deployment and the newest that is known of it; times are ISO 8601 in UTC.

    ``group``, ``group_version_id`` and ``run`` are None until whoever started the deployment has said so: its status
    may be heard of before. ``status`` and ``since`` are None until the first status.
    """

    id: str
    group_id: str
    group: str | None = None
    group_version_id: str | None = None
    run: str | None = None
    status: str | None = None
    since: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Who may do something that one alone may do, and until when unless it is claimed again."""

    name: str
    holder: str
    until: str


@dataclass(frozen=True, slots=True)
class Lease:
    """Who alone may write to a fleet: ``run``, until it ends or ``until`` has passed without its being renewed.

    ``number`` grows with each that takes the lease. ``holder`` and ``link`` are for people; ``process`` tells whether
    a holder on this machine is alive, empty where the run is not bound to a process. Times are ISO 8601 in UTC.
    """

    number: int
    run: str
    holder: str
    process: str
    link: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Failures:
    """How often something failed, and why it did the last time."""

    count: int
    error: str
