"""Why something is done to a group, in the words that both runtimes use. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.group import Group
from reconciler.model.plan import Change
from reconciler.model.pruning import Pruning
from reconciler.runtimes.marks import TEMPLATE_DIGEST_TAG, TEMPLATE_TAG, template_version

DELETION_BEGUN = "its deletion was begun and not finished"
"""Of a group, or of what is left of one."""


def of_template(group: Group, live: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    """What is told of another template version than the tags of the ``live`` group name; ``wanted`` are those to be."""
    before = template_version(live)
    if live.get(TEMPLATE_TAG, group.template.name) != group.template.name:
        yield f"template {live[TEMPLATE_TAG]} {before} → {group.template}"
    elif before is not None and before != group.template.version:
        yield f"target version {before} → {group.template.version}"
    elif live.get(TEMPLATE_DIGEST_TAG, wanted[TEMPLATE_DIGEST_TAG]) != wanted[TEMPLATE_DIGEST_TAG]:
        yield f"template {group.template} was edited after its release"


def of_things(changes: Sequence[Change], *, removed: str) -> Iterator[str]:
    """How many cores and devices are new among ``changes``, and how many are ``removed``, as that is put."""
    for section, one in (("cores", "core"), ("devices", "device")):
        for kind, word in (("add", "new"), ("remove", removed)):
            count = sum(change.kind == kind and change.path.startswith(f"{section}[") for change in changes)
            if count:
                yield f"{count} {one if count == 1 else section} {word}"


def whose_it_is(owner: str | None, fleet: str) -> str:
    """Whose a live group is that is not ``fleet``'s: another ``owner``'s, or nobody's."""
    return f"belongs to fleet {owner}" if owner else f"bears no mark of fleet {fleet}"


def who_says(pruning: Pruning) -> str:
    """Who says what is deleted: the Fleet, by file and line, or the group itself, by the mark that it bears."""
    return pruning.position.line_only if pruning.position.line else "its mark reconciler:prune"
