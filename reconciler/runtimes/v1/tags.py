"""The marks that a fleet puts on its V1 groups and definitions."""

from collections.abc import Iterable, Mapping

from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.runtimes.v1.families import THING_FAMILIES
from reconciler.runtimes.v1.live import (
    FAMILIES_TAG,
    FLEET_TAG,
    PRUNE_TAG,
    REDEPLOY_TAG,
    TEMPLATE_TAG,
    TEMPLATE_VERSION_TAG,
)
from reconciler.runtimes.v1.prunes import mark_of

NO_FAMILY = "none"


def owner_tags(fleet: Fleet) -> dict[str, str]:
    """The tags of everything that a fleet makes."""
    return {FLEET_TAG: fleet.name}


def managed_families(group: Group, source: Iterable[str] = ()) -> frozenset[str]:
    """The families that the files manage for ``group``; ``source`` are those of its template's source, if it has one.

    The cores and devices of a source are those of the group that serves as the template.
    """
    things = {family for family, members in (("cores", group.cores), ("devices", group.devices)) if members}
    return frozenset(things | group.definitions.keys() | (set(source) - THING_FAMILIES))


def wanted_tags(fleet: Fleet, group: Group, source: Iterable[str] = ()) -> dict[str, str]:
    """The tags of a group that is as the files say; ``source`` are the families of its template's source."""
    tags = owner_tags(fleet) | {
        TEMPLATE_TAG: group.template.name,
        TEMPLATE_VERSION_TAG: str(group.template.version),
        FAMILIES_TAG: " ".join(sorted(managed_families(group, source))) or NO_FAMILY,
    }
    if mark := mark_of(group):
        tags[PRUNE_TAG] = mark
    if group.deployment.redeploy is not None and group.deployment.state == "deployed":
        tags[REDEPLOY_TAG] = group.deployment.redeploy
    return tags


def template_version(tags: Mapping[str, str]) -> int | None:
    """The template version that a group was last brought to, None if its tags do not say."""
    text = tags.get(TEMPLATE_VERSION_TAG, "")
    return int(text) if text.isdecimal() else None
