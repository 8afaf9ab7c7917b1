"""The mark by which a group that is gone from the files still says what shall become of it. Pure."""

from collections.abc import Mapping

from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.pruning import PRUNE_TAG, Pruning

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
