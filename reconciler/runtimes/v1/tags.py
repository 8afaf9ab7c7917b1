"""The marks that a fleet puts on its V1 groups and definitions."""

from collections.abc import Iterable

from reconciler.model.canonical import digest
from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.pruning import PRUNE_TAG
from reconciler.model.template import Template, TemplateRef
from reconciler.runtimes.marks import REDEPLOY_TAG, TEMPLATE_DIGEST_TAG, TEMPLATE_TAG, TEMPLATE_VERSION_TAG, owner_tags
from reconciler.runtimes.prunes import mark_of
from reconciler.runtimes.v1.families import THING_FAMILIES, comparable
from reconciler.runtimes.v1.live import FAMILIES_TAG

NO_FAMILY = "none"


def managed_families(group: Group, source: Iterable[str] = ()) -> frozenset[str]:
    """The families that the files manage for ``group``; ``source`` are those of its template's source, if it has one.

    The cores and devices of a source are those of the group that serves as the template.
    """
    things = {family for family, members in (("cores", group.cores), ("devices", group.devices)) if members}
    return frozenset(things | group.definitions.keys() | (set(source) - THING_FAMILIES))


def template_digests(desired: DesiredState) -> dict[TemplateRef, str]:
    """A digest of what each template version says, whatever the order in which it says it."""
    return {ref: _digest_of(template) for ref, template in desired.templates.items()}


def _digest_of(template: Template) -> str:
    source = template.source
    return digest(
        {
            "definitions": {family: comparable(family, content) for family, content in template.definitions.items()},
            "source": [source.group_id, source.group_version_id] if source is not None else None,
            "deviceSubscriptions": {
                of: comparable("subscriptions", {"Subscriptions": subscriptions})
                for of, subscriptions in template.device_subscriptions.items()
                if subscriptions
            },
        }
    )


def wanted_tags(fleet: Fleet, group: Group, template_digest: str, source: Iterable[str] = ()) -> dict[str, str]:
    """The tags of a group that is as the files say.

    ``template_digest`` is that of its target version; ``source`` are the families of its template's source.
    """
    tags = owner_tags(fleet) | {
        TEMPLATE_TAG: group.template.name,
        TEMPLATE_VERSION_TAG: str(group.template.version),
        TEMPLATE_DIGEST_TAG: template_digest,
        FAMILIES_TAG: " ".join(sorted(managed_families(group, source))) or NO_FAMILY,
    }
    if mark := mark_of(group):
        tags[PRUNE_TAG] = mark
    if group.deployment.redeploy is not None and group.deployment.state == "deployed":
        tags[REDEPLOY_TAG] = group.deployment.redeploy
    return tags
