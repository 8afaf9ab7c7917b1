"""The marks that a fleet puts on what it makes, in both runtimes: tags that tell whose a group is, and at what."""

from collections.abc import Mapping

from reconciler.model.fleet import Fleet
from reconciler.model.plan import Change
from reconciler.model.template import TemplateRef

TAG_PREFIX = "reconciler:"
"""What our tags begin with."""
FLEET_TAG = "reconciler:fleet"
TEMPLATE_TAG = "reconciler:template"
TEMPLATE_VERSION_TAG = "reconciler:template-version"
TEMPLATE_DIGEST_TAG = "reconciler:template-digest"
"""What that template version said then: a version that says something else now was edited after its release."""
REDEPLOY_TAG = "reconciler:redeploy"
REDEPLOY_OF_TAG = "reconciler:redeploy-of"
"""The newest deployment when the redeployment was asked for: as long as it is the newest, nothing came of it."""
BIRTH_TAGS = (FLEET_TAG, TEMPLATE_TAG)
"""What a group is created with: whose it is. Which version it is at is said once it is."""


def owner_tags(fleet: Fleet) -> dict[str, str]:
    """The tags of everything that a fleet makes."""
    return {FLEET_TAG: fleet.name}


def template_version(tags: Mapping[str, str]) -> int | None:
    """The template version that a group was last brought to, None if its tags do not say."""
    text = tags.get(TEMPLATE_VERSION_TAG, "")
    return int(text) if text.isdecimal() else None


def marked_template(tags: Mapping[str, str]) -> TemplateRef:
    """The template version that a group was last brought to; ``unknown`` and 0 as far as its tags do not say."""
    return TemplateRef(tags.get(TEMPLATE_TAG, "unknown"), template_version(tags) or 0)


def changes_of_tags(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Change]:
    """The changes that bring tags from ``before`` to ``after``, by key; what ``after`` does not name stays."""
    return {
        key: Change(f"tags.{key}", "change" if key in before else "add", before.get(key), value)
        for key, value in sorted(after.items())
        if before.get(key) != value
    }


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Those of ``tags`` that are ours."""
    return {key: value for key, value in sorted(tags.items()) if key.startswith(TAG_PREFIX)}
