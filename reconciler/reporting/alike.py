"""Groups of a plan that are alike but for their names: told once, a plan of thousands can be read."""

from collections.abc import Sequence
from dataclasses import replace

from reconciler.model.plan import GroupPlan
from reconciler.reporting.group_text import BlockOptions, block
from reconciler.reporting.style import Style

FOLD_ABOVE = 20
"""Groups with something to say that are all shown in full; above, groups that are alike share one block."""

_ALIKE_FROM = 3
_JSON_WORDS = frozenset({"true", "false", "null"})


def alike_groups(groups: Sequence[GroupPlan], options: BlockOptions) -> list[list[GroupPlan]]:
    """The groups in classes whose blocks differ in nothing but the group's and its things' names, in order.

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
    """``text`` with the group's own name and those of its things replaced by numbers, so that it can be compared."""
    names = dict.fromkeys((group.name, *group.things))
    numbers = {name: f"\x00{number}\x00" for number, name in enumerate(names)}
    for name in sorted(numbers, key=len, reverse=True):
        # A name that reads like a JSON number or word could stand for a value: better shown twice than folded wrongly.
        if name and not name.isdecimal() and name not in _JSON_WORDS:
            text = text.replace(name, numbers[name])
    return text
