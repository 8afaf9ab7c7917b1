"""Live state that was taken over into the files: what they are to be then, and what no file can say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Left(NamedTuple):
    """A group of which something cannot be said in files, or is not for files to say; and why."""

    group: str
    reason: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Files that say what is live. ``files`` maps paths relative to the fleet directory, with slashes, to new texts.

    None in place of a text: the file goes. ``groups`` are those whose live state the files say then, sorted; a plan of
    them has nothing to change in them but their marks. ``left`` are the others that are not as the files say, and
    those of ``groups`` that the next apply sends something all the same. ``unsaid`` are the groups that somebody
    changed, or that were asked for, and of which no file can say what is live.
    """

    files: Mapping[str, str | None] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()
    unsaid: frozenset[str] = frozenset()
