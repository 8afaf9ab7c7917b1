"""Guards around execution: the clock, the policies that are installed, and waivers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from reconciler.model.desired import DesiredState
from reconciler.model.plan import Plan
from reconciler.planning.guards.check import Around, check_guards
from reconciler.planning.guards.facts import Facts
from reconciler.planning.guards.policies import PythonPolicy
from reconciler.planning.guards.waivers import Waiver, check_names

ENTRY_POINTS = "reconciler.policies"


def guarded(
    desired: DesiredState, plan: Plan, facts: Facts | None = None, *, defaults: bool = True, digest: str = ""
) -> Plan:
    """``plan`` with what guards and policies say of it now.

    ``facts`` is what observing found for it; None for a plan that was made before, which keeps what was said of facts.
    Without ``defaults`` only what the fleet sets counts. ``digest`` is as in ``check_guards``.
    """
    around = Around(datetime.now(UTC), facts, installed_policies(), defaults)
    return check_guards(plan, desired, around, digest=digest)


def check_waivers(desired: DesiredState, waivers: Iterable[Waiver]) -> None:
    """Raise UsageError if one of ``waivers`` names neither a guard nor a policy of the fleet or an installed one."""
    check_names(waivers, {policy.name for policy in desired.fleet.policies} | installed_policies().keys())


@cache
def installed_policies() -> Mapping[str, PythonPolicy]:
    """The policies of installed packages by name. One that cannot be imported raises when it is called."""
    found = entry_points(group=ENTRY_POINTS)
    return {point.name: _loading(point.load) for point in sorted(found, key=lambda point: point.name)}


def _loading(load: Callable[[], Any]) -> PythonPolicy:
    """A policy that is imported when it is called: an import that fails is then a finding like any other error."""

    def check(document: dict[str, Any]) -> Sequence[Any]:
        return list(load()(document) or ())

    return check
