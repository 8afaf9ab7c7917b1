"""What may be deleted once it is gone from the files, and what is only renamed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.model.position import NOWHERE, Position

PRUNE_TAG = "reconciler:prune"
"""What the group itself said of deleting when it was declared last (``prunes.py``); else the fleet's word counts."""


class Move(NamedTuple):
    """An entry of ``Fleet.spec.moved``: the group that was called ``before`` is called ``after`` now."""

    before: str
    after: str
    position: Position


@dataclass(frozen=True, slots=True)
class Pruning:
    """What a Fleet or a Group says of deleting; None where it says nothing.

    ``prune``: a group that is gone from the files is deleted. ``deprovision``: with it the things, certificates,
    policies and keys that were made for it. ``force_reset``: without waiting for its core.
    """

    prune: bool | None = None
    deprovision: bool | None = None
    force_reset: bool | None = None
    position: Position = NOWHERE

    def over(self, other: "Pruning") -> "Pruning":
        """This one, with what it leaves open as ``other`` says."""
        return Pruning(
            other.prune if self.prune is None else self.prune,
            other.deprovision if self.deprovision is None else self.deprovision,
            other.force_reset if self.force_reset is None else self.force_reset,
            other.position if self.prune is None else self.position,
        )

    @property
    def deprovisions(self) -> bool:
        """Whether things go, too."""
        return bool(self.prune and self.deprovision)


SAYS_NOTHING = Pruning()


def earlier_names(moves: Iterable[Move], name: str) -> dict[str, Move]:
    """The names that the group ``name`` was called by before, the last one first, with the entries that say so."""
    by_target: dict[str, list[Move]] = {}
    for move in moves:
        by_target.setdefault(move.after, []).append(move)
    found: dict[str, Move] = {}
    names = [name]
    while names:
        for move in by_target.get(names.pop(0), ()):
            if move.before not in found and move.before != name:
                found[move.before] = move
                names.append(move.before)
    return found
