"""What a Fleet or Group says of deleting, and the Fleet's ``moved``: from the files to the model, with its checks."""

from collections.abc import Collection, Mapping

from reconciler.desired.located import LocatedDict
from reconciler.desired.problems import Problems, quote
from reconciler.model.position import Position
from reconciler.model.pruning import SAYS_NOTHING, Move, Pruning

ANEW = (
    "take this entry away; declare {before} and {after} with the same cores and apply, then take {before} out with "
    "`prune: true`: what both bring stays on the cores"
)
"""How a group of V2 gets another name."""
_NEEDS_PRUNE = ("deprovision", "forceReset")


def build_pruning(spec: LocatedDict, problems: Problems, fleet: Pruning | None = None) -> Pruning:
    """What ``spec`` says of deleting; ``fleet`` is what the Fleet says, for a Group's spec."""
    position = spec.position("prune") if "prune" in spec else spec.position()
    found = Pruning(spec.get("prune"), spec.get("deprovision"), spec.get("forceReset"), position)
    if not found.over(fleet or SAYS_NOTHING).prune:
        for key in _NEEDS_PRUNE:
            if spec.get(key):
                message = f"{key} has no meaning without prune: true"
                hint = "add prune: true, or take it away"
                problems.add(spec.key_position(key), "needs-prune", message, hint)
    return found


def build_moves(spec: LocatedDict) -> tuple[Move, ...]:
    """The entries of ``moved``, in their order."""
    return tuple(Move(entry["from"], entry["to"], entry.position("from")) for entry in spec.get("moved", ()))


def check_moves(
    moves: tuple[Move, ...],
    declared: Mapping[str, Position],
    of_v2: Collection[str],
    problems: Problems,
    *,
    everything_read: bool,
) -> None:
    """Check ``moves`` against the groups that are ``declared``; ``of_v2`` are the names of those of Greengrass V2.

    Each leads, maybe over further moves, to a group that is declared, from one that is not; none in a circle, and none
    to a group of V2. A target is not called unknown where not ``everything_read``, as it may stand in what could not be
    read.
    """
    first: dict[str, Move] = {}
    for move in moves:
        before = first.setdefault(move.before, move)
        if before is not move:
            message = f"the group {quote(move.before)} is moved twice, first at {before.position}"
            problems.add(move.position, "bad-move", message, "keep one of the two")
        elif move.before in declared:
            message = f"the group {quote(move.before)} is moved, and still declared at {declared[move.before]}"
            problems.add(move.position, "bad-move", message, "take one of the two away")
    for move in first.values():
        circle = _circle(move, first)
        if circle and any(first[name].position < move.position for name in circle):
            continue  # told at its first entry
        if move.before in declared:
            continue
        if circle:
            message = f"moved leads in a circle: {' → '.join(circle)}"
            problems.add(move.position, "bad-move", message, "keep the entries that lead to the name of today")
        elif move.after in of_v2:
            message = f"{quote(move.after)} is a group of greengrass/v2: a thing group keeps its name"
            problems.add(move.position, "bad-move", message, ANEW.format(before=move.before, after=move.after))
        elif move.after not in declared and move.after not in first and everything_read:
            hint = problems.did_you_mean(move.after, declared, "add that group, or take this entry away")
            problems.add(move.position, "unknown-group", f"unknown group {quote(move.after)} in moved", hint)


def _circle(move: Move, moves: Mapping[str, Move]) -> list[str]:
    """The names on the circle that ``move`` lies on, the first one twice; empty if it lies on none."""
    way = [move.before]
    while way[-1] in moves and len(way) <= len(moves):
        way.append(moves[way[-1]].after)
        if way[-1] == move.before:
            return way
    return []
