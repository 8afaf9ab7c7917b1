"""Groups of a plan that are alike but for names and AWS's ids: told once, a plan of thousands can be read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.model.plan import DEPLOYMENT_KINDS, GroupPlan
from reconciler.reporting.group_text import BlockOptions, block
from reconciler.reporting.style import Style

FOLD_ABOVE = 20
"""Groups with something to say that are all shown in full; above, groups that are alike share one block."""

_ALIKE_FROM = 3
_JSON_WORDS = frozenset({"true", "false", "null"})
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def alike_groups(groups: Sequence[GroupPlan], options: BlockOptions) -> list[list[GroupPlan]]:
    """The groups in classes whose blocks differ in nothing but the group's and its things' names, and in the ids that
    AWS gave what is deployed to it, in order.

    Classes too small to be worth it are taken apart again, and of few groups each is a class of its own.
    """
    if len(groups) <= FOLD_ABOVE:
        return [[group] for group in groups]
    whole = replace(options, style=Style(colour=False), width=None, limit=None)
    classes: dict[str, list[GroupPlan]] = {}
    for group in groups:
        classes.setdefault(_nameless(group, "\n".join(block(group, whole))), []).append(group)
    split: list[list[GroupPlan]] = []
    for alike in classes.values():
        split += [alike] if len(alike) >= _ALIKE_FROM else [[group] for group in alike]
    return sorted(split, key=lambda alike: alike[0].name)


def _nameless(group: GroupPlan, text: str) -> str:
    """``text`` with the group's own name, those of its things and AWS's ids replaced by numbers, so that it can be
    compared.
    """
    names = dict.fromkeys((group.name, *group.things, *_deployed_ids(group)))
    numbers = {name: f"\x00{number}\x00" for number, name in enumerate(names)}
    for name in sorted(numbers, key=len, reverse=True):
        # A name that reads like a JSON number or word could stand for a value: better shown twice than folded wrongly.
        if name and not name.isdecimal() and name not in _JSON_WORDS:
            text = text.replace(name, numbers[name])
    return text


def _deployed_ids(group: GroupPlan) -> Iterator[str]:
    """The ids of the group version or deployment that is live, which no two groups share; none that the files name."""
    actions = group.of_kind(*DEPLOYMENT_KINDS)
    if any(action.inputs.get("pinned") for action in actions):
        return
    candidates = [change.before for change in group.changes if change.path == "deployment"]
    candidates += [action.inputs.get(key) for action in actions for key in ("groupVersionId", "deploymentId")]
    yield from (found for found in candidates if isinstance(found, str) and _UUID.fullmatch(found))
