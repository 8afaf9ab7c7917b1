"""How messages of all layers count things, and name those of which there may be many."""

from collections.abc import Iterable


def counted(number: int, noun: str) -> str:
    """``1 group``, ``10,000 groups``: a number for people."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def some_of(names: Iterable[str], most: int = 5) -> str:
    """The first of ``names``, sorted, and how many more there are: ``berlin, munich and 1,200 more``."""
    ordered = sorted(names)
    left = len(ordered) - most
    return ", ".join(ordered[:most]) + (f" and {left:,} more" if left > 0 else "")
