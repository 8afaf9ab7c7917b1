"""Cores that are in several groups, as Greengrass V2 has it."""

from collections.abc import Iterable

from reconciler.desired.problems import Problems, names, quote
from reconciler.model.group import Group, Thing
from reconciler.model.template import GREENGRASS_V2

MAX_GROUPS = 10
"""Thing groups that a thing may be in (AWS General Reference, AWS IoT Core quotas)."""
_KEYS = {
    "thing_type": "thingType",
    "provisioning_template": "provisioningTemplate",
    "parameters": "parameters",
    "cdf_provisioning_parameters": "cdfProvisioningParameters",
    "csr": "csr",
}
"""What is said of the thing itself, and so must be said alike wherever it is declared."""


def check_shared_cores(groups: Iterable[Group], problems: Problems) -> None:
    """Check that a core which several of ``groups`` have is the same in all, and has one configuration of its own."""
    homes: dict[str, tuple[Group, Thing]] = {}
    shared: dict[str, list[tuple[Group, Thing]]] = {}
    for group in groups:
        for core in group.cores if group.runtime == GREENGRASS_V2 else ():
            home = homes.setdefault(core.thing_name, (group, core))
            if home[1] is not core:
                shared.setdefault(core.thing_name, [home]).append((group, core))
    for entries in shared.values():
        _check(entries, problems)


def _check(entries: list[tuple[Group, Thing]], problems: Problems) -> None:
    home, first = entries[0]
    name = quote(first.thing_name)
    for _, core in entries[1:]:
        differing = [key for field, key in _KEYS.items() if getattr(core, field) != getattr(first, field)]
        if differing:
            message = f"the core {name} has another {names(differing)} here than in the group {home.name}"
            hint = f"say the same of it as at {first.position}"
            problems.add(core.position, "different-core", message, hint)
    configured = [(group.name, core) for group, core in entries if core.configuration]
    for _, core in configured[1:]:
        elsewhere, other = configured[0]
        message = f"the core {name} has a configuration of its own here and in the group {elsewhere}"
        hint = f"write it at {other.position} alone, or at the groups"
        problems.add(core.position, "second-configuration", message, hint)
    if len(entries) > MAX_GROUPS:
        message = f"the core {name} is in {len(entries)} groups; AWS IoT takes {MAX_GROUPS}"
        place = entries[MAX_GROUPS][1].position
        problems.add(place, "too-many-groups", message, "take it out of some, or put groups together")
