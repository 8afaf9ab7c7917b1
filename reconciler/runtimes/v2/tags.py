"""The tags of a thing group that is as the files say. Pure."""

from collections.abc import Mapping

from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.pruning import PRUNE_TAG
from reconciler.model.template import GREENGRASS_V2, TemplateRef
from reconciler.runtimes.marks import (
    REDEPLOY_TAG,
    TEMPLATE_DIGEST_TAG,
    TEMPLATE_TAG,
    TEMPLATE_VERSION_TAG,
    owner_tags,
)
from reconciler.runtimes.prunes import mark_of
from reconciler.runtimes.v2.documents import comparable, document_digest


def template_digests(desired: DesiredState) -> dict[TemplateRef, str]:
    """A digest of what each V2 template version says, whatever the order in which it says it."""
    return {
        ref: document_digest(comparable(template.deployment))
        for ref, template in desired.templates.items()
        if template.runtime == GREENGRASS_V2
    }


def wanted_tags(fleet: Fleet, group: Group, template_digest: str) -> Mapping[str, str]:
    """The tags of ``group`` once it is as the files say; ``template_digest`` is that of its target version."""
    tags = owner_tags(fleet) | {
        TEMPLATE_TAG: group.template.name,
        TEMPLATE_VERSION_TAG: str(group.template.version),
        TEMPLATE_DIGEST_TAG: template_digest,
    }
    if mark := mark_of(group):
        tags[PRUNE_TAG] = mark
    if group.deployment.redeploy is not None and group.deployment.state == "deployed":
        tags[REDEPLOY_TAG] = group.deployment.redeploy
    return tags
