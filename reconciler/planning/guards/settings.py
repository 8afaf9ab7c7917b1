"""What a guard is set to once defaults are filled in, and how its findings name limit, place and remedies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.guards import SWITCHES, GuardSetting
from reconciler.model.plan import DIGEST_SHOWN, GuardFinding, Plan
from reconciler.model.position import Position

SHARE_FROM = 20
"""Groups from which on a fleet has a limit by share unless it says otherwise: of fewer, one group is soon a third."""
DEFAULT_SHARE = 30
FEW = 5
"""Groups that a smaller fleet may delete in any case, if it prunes."""
OPTION = "--guard"
"""The source of what was set on the command line."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What guards look at. ``digest`` is the plan's own, that waivers name; ``size`` the fleet's groups before it.

    ``place`` is where guards are set in the Fleet, or would be. ``prunes`` says that the fleet deletes what is gone
    from its files.
    """

    plan: Plan
    digest: str
    settings: Mapping[str, GuardSetting]
    place: Position
    size: int
    prunes: bool = False

    def setting(self, name: str) -> GuardSetting | None:
        """What the guard ``name`` is set to, None if it is off; severity and limits are filled in."""
        given = self.settings.get(name, GuardSetting())
        if given.severity == "off":
            return None
        severity = given.severity or SWITCHES.get(name, "error")
        limit = given if given.has_limit else self._default(name)
        return replace(given, share=limit.share, number=limit.number, severity=severity)

    def _default(self, name: str) -> GuardSetting:
        if name == "components" or (name == "deleted" and not self.prunes):
            return GuardSetting(number=0)
        if name in {"updated", "deployed", "deleted"} and self.size >= SHARE_FROM:
            return GuardSetting(share=DEFAULT_SHARE)
        if name == "deleted":  # files get lost in fleets of any size
            return GuardSetting(number=max(FEW, self.size // 2))
        return GuardSetting()

    def finding(
        self,
        name: str,
        setting: GuardSetting,
        message: str,
        *,
        value: str = "",
        change: str = "",
        source: str = "",
        limit: Any = None,
        actual: Any = None,
    ) -> GuardFinding:
        """A finding of the guard ``name``; ``value`` is what it would have to be set to for the plan to pass.

        ``change`` says in other words what to change; ``source`` goes before the place of the setting.
        """
        source = source or setting.source or (self.place.line_only if self.place.file else "")
        if setting.severity == "warning":
            return GuardFinding(name, "warning", message, limit, actual, source)
        if not change:
            of_option = setting.source == OPTION
            change = f"give `{OPTION} {name}={value}`" if of_option else f"set `{name}: {value}` in {self._section()}"
        waive = f"let this plan alone pass with `--waive {name}@{self.digest[:DIGEST_SHOWN]}`"
        return GuardFinding(name, "error", f"{message}; {change}, or {waive}", limit, actual, source)

    def _section(self) -> str:
        return f"spec.guards ({self.place.line_only})" if self.place.file else "the Fleet's spec.guards"
