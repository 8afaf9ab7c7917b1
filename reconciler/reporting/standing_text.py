"""How the groups of an earlier plan stand now, as text."""

from collections.abc import Sequence

from reconciler.model.words import counted
from reconciler.reporting.plan_text import count
from reconciler.reporting.style import Style
from reconciler.runtimes.base import Standing

NAMED = 20
"""Groups of one state that are named, but for stale ones: these are all told."""
WORDS = {
    "fresh": ("~", "as it was when the plan was made"),
    "begun": (">", "begun by an earlier apply of this plan: what is left is done"),
    "converged": ("=", "already as the plan makes it"),
    "stale": ("!", "moved since the plan was made"),
}


def standing_lines(standings: Sequence[Standing], style: Style) -> list[str]:
    """A line a group, and what moved below those that are stale; of very many others only some are named."""
    lines = ["", f"Looked again at {counted(len(standings), 'group')} of the plan:"]
    for state, (sign, words) in WORDS.items():
        members = [standing for standing in standings if standing.state == state]
        named = members if state == "stale" else members[:NAMED]
        for standing in named:
            lines.append(f"  {style.sign(sign)} {style.bold(style.text(standing.name))}: {state}, {words}")
            lines += [f"      {style.text(what)}" for what in standing.moved]
        if len(members) > len(named):
            lines.append(style.dim(f"  {style.ellipsis} and {len(members) - len(named):,} more {state}"))
    return lines


def nothing_left_line(standings: Sequence[Standing]) -> str:
    """The stable last line of an apply that had nothing left to do when it had looked again."""
    stale = sum(standing.state == "stale" for standing in standings)
    converged = len(standings) - stale
    if stale:
        return f"Apply incomplete: 0 groups done, {stale} stale; {converged} already converged."
    return f"No changes. {count(converged, 'group')} already converged."
