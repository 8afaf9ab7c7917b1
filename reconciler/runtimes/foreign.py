"""The plan of a group whose name somebody else's bears: it is left alone, and refuses the apply. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.model.canonical import digest
from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan, GuardFinding


def blocked_as_foreign(
    group: Group, kind: str, found: tuple[str, str], whose: str, things: Iterable[str], observed: Mapping[str, Any]
) -> tuple[GroupPlan, GuardFinding]:
    """The plan of ``group``, and what guards say of it.

    ``kind`` is what bears its name (``group``, ``thing group``), ``found`` what it is called in a sentence and its id,
    ``whose`` it is in words; ``things`` are those of both, ``observed`` is what the plan remembers of it.
    """
    called, identifier = found
    plan = GroupPlan(
        name=group.name,
        runtime=group.runtime,
        operation="none",
        target=group.template,
        fingerprint=digest(observed),
        reasons=(f"a live {kind} of this name exists and {whose}",),
        things=tuple(sorted(things)),
        live=observed,
        blocked=True,
    )
    finding = GuardFinding(
        "foreign-group",
        "error",
        f"{group.name}: the {called} {identifier} {whose}; set `adopt: true` in the group's spec to take it over, or "
        "give the group another name",
        actual=identifier,
        source=group.position.line_only,
    )
    return plan, finding
