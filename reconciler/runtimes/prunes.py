"""What shall become of groups that are gone from the files: the mark that says it, and who stays without it. Pure."""

from collections.abc import Mapping, Sequence

from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import GuardFinding
from reconciler.model.position import Position
from reconciler.model.pruning import PRUNE_TAG, Pruning
from reconciler.model.words import some_of

NAMED = 10
"""Groups that a warning names."""
AS_THE_FLEET = "as the fleet says"
"""The mark of a group that said something once, and says nothing any more."""
_WORDS: Mapping[str, tuple[str, bool]] = {
    "prune": ("prune", True),
    "keep": ("prune", False),
    "deprovision": ("deprovision", True),
    "keep-things": ("deprovision", False),
    "force-reset": ("force_reset", True),
    "await-reset": ("force_reset", False),
}


def mark_of(group: Group) -> str:
    """What the group's files say of deleting, as a tag's value: ``prune deprovision``; empty if they say nothing."""
    return " ".join(word for word, (key, value) in _WORDS.items() if getattr(group.pruning, key) is value)


def pruning_of(fleet: Fleet, mark: str) -> Pruning:
    """What shall become of a group with that mark: its own word, then the fleet's."""
    words = () if mark == AS_THE_FLEET else mark.split()
    said = dict(_WORDS[word] for word in words if word in _WORDS)
    own = Pruning(said.get("prune"), said.get("deprovision"), said.get("force_reset"))
    return own.over(fleet.pruning)


def wanted_mark(group: Group, live: Mapping[str, str]) -> dict[str, str]:
    """The tag that a declared group shall bear; ``live`` are the tags that it has."""
    mark = mark_of(group)
    if not mark and live.get(PRUNE_TAG, AS_THE_FLEET) != AS_THE_FLEET:
        mark = AS_THE_FLEET
    return {PRUNE_TAG: mark} if mark else {}


def is_all_well(kept: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether tags that were kept lead to no action: they hold what is wanted, and no mark that is not any more."""
    return wanted.items() <= kept.items() and kept.get(PRUNE_TAG, AS_THE_FLEET) == wanted.get(PRUNE_TAG, AS_THE_FLEET)


def says_so(fleet: Fleet) -> Position:
    """Where the Fleet says what shall become of such groups; the Fleet itself, if it says nothing."""
    return fleet.pruning.position if fleet.pruning.position.line else fleet.position


def not_pruned(fleet: Fleet, names: Sequence[str]) -> list[GuardFinding]:
    """The warning of groups of this fleet that no file declares, and that stay; none without ``names``."""
    if not names:
        return []
    one = len(names) == 1
    shown = some_of(names, NAMED)
    which = f"{'1 group' if one else f'{len(names):,} groups'} of this fleet ({shown})"
    message = (
        f"{which} {'is' if one else 'are'} in no file, and stay{'s' if one else ''}; `prune: true` in the Fleet "
        "deletes what is gone from the files"
    )
    return [GuardFinding("not-pruned", "warning", message, actual=len(names), source=says_so(fleet).line_only)]
