"""What a fleet's guards and policies are set to: limits, switches, freeze windows, checks of the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

from reconciler.model.position import NOWHERE, Position

GuardSeverity = Literal["error", "warning", "off"]
PolicySeverity = Literal["error", "warning", "needs-approval"]

LIMITS: Mapping[str, str] = {
    "updated": "groups that get other content",
    "deleted": "groups that are deleted",
    "deployed": "groups that are sent a deployment or reset",
    "devices": "cores and devices of the groups that are updated, deleted or deployed",
    "components": "components that are taken out of groups",
}
"""Guards that count, with what they count. Groups that are created count for none of them."""
SWITCHES: Mapping[str, GuardSeverity] = {
    "others": "warning",
    "empty": "error",
    "edited": "error",
    "failing": "warning",
    "clashing": "error",
    "freeze": "error",
}
"""Guards that look for one thing, with what becomes of a plan where they find it unless the fleet says otherwise."""
GUARDS = (*LIMITS, *SWITCHES)
BLOCKERS = ("foreign-group", "pinned-version", "thing-type")
"""Findings of what an apply cannot carry out at all: there is nothing to set, and nothing to waive."""
REMARKS = ("client-devices",)
"""Findings of what a plan always takes for granted: they stand apart, so that nobody gets used to warnings."""
TAKEN = frozenset({*GUARDS, *BLOCKERS, *REMARKS})
"""Names that no policy may bear: what it found would be told, set or waived as something else."""


@dataclass(frozen=True, slots=True)
class GuardSetting:
    """What one guard is set to. ``share`` is in percent; None, for it or for ``number``: no such limit.

    ``severity`` is None where only a limit was given. ``source`` is the place that says so (``file:line``, or
    ``--guard``); empty for a default.
    """

    share: int | None = None
    number: int | None = None
    severity: GuardSeverity | None = None
    source: str = ""

    @property
    def has_limit(self) -> bool:
        """Whether it says how much is allowed."""
        return self.share is not None or self.number is not None


@dataclass(frozen=True, slots=True)
class FreezeWindow:
    """A time in which nothing is applied: from each moment of ``cron`` (in ``time_zone``, an IANA name) on."""

    name: str
    cron: str
    duration: timedelta
    time_zone: str = "UTC"
    reason: str = ""
    severity: GuardSeverity = "error"
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Guards:
    """The guards that a fleet sets, by name, and its freeze windows. ``position`` is where they are, or would be."""

    settings: Mapping[str, GuardSetting] = field(default_factory=dict)
    freeze: tuple[FreezeWindow, ...] = ()
    position: Position = NOWHERE

    def overlaid(self, settings: Mapping[str, GuardSetting]) -> "Guards":
        """These guards with ``settings`` over them; a severity alone leaves the limit as it is."""
        merged = dict(self.settings)
        for name, setting in settings.items():
            before = merged.get(name)
            if before is not None and not setting.has_limit and setting.severity != "off":
                merged[name] = replace(before, severity=setting.severity, source=setting.source)
            else:
                merged[name] = setting
        return replace(self, settings=merged)


@dataclass(frozen=True, slots=True)
class PolicyWaiver:
    """Lets a policy's findings pass up to and including the day ``until`` (in UTC), for a reason."""

    until: date
    reason: str
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Policy:
    """A check of the user's own. ``expression`` is CEL, true for a plan that is fine; None: an entry point's, by name.

    ``severity`` is None where the entry point's own word counts.
    """

    name: str
    expression: str | None = None
    severity: PolicySeverity | None = None
    message: str = ""
    waivers: tuple[PolicyWaiver, ...] = ()
    position: Position = NOWHERE
