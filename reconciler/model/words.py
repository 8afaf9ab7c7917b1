"""How messages of all layers name things of which there may be many."""

from collections.abc import Iterable


def some_of(names: Iterable[str], most: int = 5) -> str:
    """The first of ``names``, sorted, and how many more there are: ``berlin, munich and 1,200 more``."""
    ordered = sorted(names)
    left = len(ordered) - most
    return ", ".join(ordered[:most]) + (f" and {left:,} more" if left > 0 else "")
