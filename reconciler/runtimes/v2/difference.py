"""The difference of a group from its live state, and what is told of it: changes, operation, reasons, drift. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.group import Group
from reconciler.model.plan import DEPLOYMENT_KINDS, SENT_AGAIN, Action, Change, Operation
from reconciler.runtimes.marks import (
    FLEET_TAG,
    REDEPLOY_OF_TAG,
    REDEPLOY_TAG,
    TEMPLATE_DIGEST_TAG,
    TEMPLATE_TAG,
    TEMPLATE_VERSION_TAG,
    changes_of_tags,
)
from reconciler.runtimes.reasons import of_template, of_things
from reconciler.runtimes.v2.choice import Choice
from reconciler.runtimes.v2.documents import Document
from reconciler.runtimes.v2.live import LiveDeployment, LiveGroup, is_outside
from reconciler.runtimes.v2.members import Membership
from reconciler.runtimes.v2.names import is_group, target_name

TEMPLATE_MARKS = frozenset({TEMPLATE_TAG, TEMPLATE_VERSION_TAG, TEMPLATE_DIGEST_TAG})
"""The tags that say which template version it was brought to."""
DEPLOYMENT_MARKS = frozenset({REDEPLOY_OF_TAG, REDEPLOY_TAG})
"""The tags that say what was deployed, and nothing of what the group is."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between a desired ``group`` and the ``live`` one.

    ``tags`` are those that it shall have, ``to_add`` brings in things, ``components`` publishes component versions, and
    ``wanted`` are the documents that its thing group and single cores shall have.
    """

    group: Group
    live: LiveGroup
    tags: Mapping[str, str]
    to_add: tuple[Action, ...]
    members: Membership
    components: tuple[Action, ...]
    choice: Choice
    wanted: tuple[Document | None, Mapping[str, Document]]


def tag_changes(difference: Difference) -> dict[str, Change]:
    """The changes of its tags, by key."""
    return changes_of_tags(difference.live.tags, difference.tags)


def changes_of(difference: Difference) -> tuple[Change, ...]:
    """Every difference of the group: itself, its members and client devices, its tags, its deployments."""
    changes = [*difference.members.changes, *tag_changes(difference).values(), *difference.choice.changes]
    if not difference.live.exists:
        changes.append(Change("group", "add", None, difference.group.name))
    return tuple(sorted(changes))


def operation_of(difference: Difference, actions: Iterable[Action]) -> Operation:
    """What becomes of the group with ``actions``."""
    kinds = {action.kind for action in actions}
    if not kinds:
        return "none"
    if not difference.live.exists:
        return "create"
    if tag_changes(difference).keys() <= DEPLOYMENT_MARKS:
        kinds.discard("tag-group")
    if not kinds <= set(DEPLOYMENT_KINDS):
        return "update"
    return "update" if "deploy" in kinds and _changes_content(difference.choice) else "deploy"


def _changes_content(choice: Choice) -> bool:
    """Whether devices get other content than they were sent last."""
    return any(change.after != SENT_AGAIN for change in choice.changes)


def reasons_of(difference: Difference) -> list[str]:
    """Why something is done to the group, but for drift and what the choice of its deployment says itself."""
    group, live, tags = difference.group, difference.live, difference.tags
    if not live.exists:
        return ["no thing group of this name is live"]
    reasons = [
        *of_template(group, live.tags, tags),
        *of_things(difference.members.changes, removed="not in its files"),
    ]
    choice = difference.choice
    if _changes_content(choice) and not (reasons or choice.reasons or choice.drift):
        reasons.append("its deployment differs from the files")
    return reasons


def drift_of(difference: Difference, known_groups: Collection[str]) -> str:
    """Why the group counts as drifted, empty if it does not: live state that moved without a merge.

    ``known_groups`` are those that the ledger remembers as made before.
    """
    live = difference.live
    if not live.exists:
        gone = difference.group.name in known_groups
        return "drift: it was made before and has been deleted outside" if gone else ""
    if not difference.choice.drift:
        return ""
    found = next(_made_outside(live))
    named = f" ({found.name})" if found.name and found.mark is None else ""
    to_core = "" if is_group(found.target_arn) else f" to {target_name(found.target_arn)}"
    return f"drift: deployment {found.id}{named}{to_core} was made outside"


def _made_outside(live: LiveGroup) -> Iterator[LiveDeployment]:
    """The newest deployments of a group and its cores that somebody else made."""
    newest = [*([live.deployment] if live.deployment is not None else []), *live.core_deployments.values()]
    return (found for found in newest if is_outside(live, found))


def marked(live: LiveGroup, tags: Mapping[str, str], *, is_done: bool) -> dict[str, str]:
    """The ``tags`` that a group shall have now. Where nothing else ``is_done`` to it, and what somebody else deployed
    is as the files say, they have taken that over: what it was brought to last may stay marked until the next time.
    """
    if is_done or live.fleet != tags[FLEET_TAG] or not any(_made_outside(live)):
        return dict(tags)
    return {**tags, **{key: live.tags[key] for key in TEMPLATE_MARKS & live.tags.keys()}}
