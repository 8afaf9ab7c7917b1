"""What a check keeps of each group of a reviewed plan, to hold against a plan that is made later.

Up to some 1,000 groups stand there by name. More are there as marks, of eight bytes each, which say nothing by
themselves: whoever knows a group can tell whether it was among them.
"""

import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.desired.digest import group_digests
from reconciler.github.checks import LONGEST_TEXT
from reconciler.model.canonical import digest
from reconciler.model.desired import DesiredState
from reconciler.model.plan import GroupPlan, Plan
from reconciler.reporting.markdown import marker_line

_DIGEST = 16  # hex digits of a group's digests in a check: 64 bits, to be compared for one group at a time
_PLACE = 6  # hex digits of a place's: 24 bits, to be compared within one group
_MARK = 8  # bytes: 64 bits, to be found among 10,000
_NUMBER = 4  # bytes of the number of a mark's places
_MOST_UNPACKED = 16 * 1024 * 1024  # bytes that are unpacked of a check

_KEY = re.compile(r"\[[^]]*\]")  # a part of a path that files name

Marks = Mapping[bytes, frozenset[str]]
"""The places where a group may change, by its mark."""


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A group of a plan in digests: what happens to it, what the files ask of it, and the places where it changes."""

    digest: str
    asked: str
    places: frozenset[str]
    drift: bool = False

    def is_in(self, reviewed: "GroupFacts") -> bool:
        """Whether what happens now was part of what was reviewed."""
        same_wish = self.asked == reviewed.asked and self.places <= reviewed.places and not self.drift
        return self.digest == reviewed.digest or same_wish

    def is_marked(self, name: str, marks: Marks) -> bool:
        """The like, of a group ``name`` against ``marks``."""
        mark = _mark("digest", name, self.digest) if self.drift else _mark("asked", name, self.asked)
        return mark in marks and self.places <= marks[mark]

    def marks(self, name: str) -> Iterator[bytes]:
        """The marks by which a group ``name`` of a reviewed plan is found."""
        yield _mark("asked", name, self.asked)
        if self.drift:
            yield _mark("digest", name, self.digest)


def groups_of(plan: Plan, desired: DesiredState) -> dict[str, GroupFacts]:
    """What changes in ``plan``, made of ``desired``, by group."""
    changed = {group.name for group in plan.changed}
    asked = group_digests(desired, [group for group in desired.groups if group.name in changed])
    return {
        group.name: GroupFacts(
            group.digest[:_DIGEST],
            asked[group.name][:_DIGEST] if group.name in asked else group.operation,
            frozenset(digest(place)[:_PLACE] for place in _places(group)),
            group.drift,
        )
        for group in plan.changed
    }


def new_places(group: GroupPlan, reviewed: GroupFacts) -> tuple[str, ...]:
    """The places where ``group`` changes now, and did not in the ``reviewed`` plan."""
    known, nameless = reviewed.places, _nameless(group)
    return tuple(change.path for change in group.changes if digest(nameless(change.path))[:_PLACE] not in known)


def plan_facts(plan: Plan, desired: DesiredState) -> list[dict[str, Any]]:
    """What a check keeps of a plan, a mapping for each text that it has; ``read_groups`` and ``read_marks`` read it.

    ``groups`` maps each changed group to a digest of what happens to it, a digest of what the files ask of it, and the
    number of its places in ``places``: groups that are alike change in the same ones. Where there is no room for that,
    ``marks``; and where there is none for them either, the plan's digest alone.
    """
    groups = groups_of(plan, desired)
    facts = {"digest": plan.digest, "fleet": plan.fleet}
    places: dict[str, int] = {}
    numbers = {name: places.setdefault(_joined(group), len(places)) for name, group in groups.items()}
    by_name = {name: [group.digest, group.asked, numbers[name]] for name, group in groups.items()}
    named = {**facts, "groups": by_name, "places": list(places)}
    if _fits(named):
        return [named]
    marked = sorted((mark, numbers[name]) for name, group in groups.items() for mark in group.marks(name))
    packed = _packed("\n".join(places).encode()), _packed(b"".join(n.to_bytes(_NUMBER) for _, n in marked))
    marks = b64encode(b"".join(mark for mark, _ in marked)).decode()
    first = {**facts, "marks": "", "places": packed[0], "numbers": packed[1]}
    room = max(0, LONGEST_TEXT - len(marker_line(first)))
    first["marks"], second = marks[:room], {"more": marks[room:]}
    if not (_fits(first) and _fits(second)):
        return [facts]
    return [first, second] if second["more"] else [first]


def read_groups(facts: Mapping[str, Any]) -> dict[str, GroupFacts] | None:
    """The groups of a check's facts by name; None where they do not stand there."""
    groups, places = facts.get("groups"), facts.get("places")
    if not isinstance(groups, Mapping) or not isinstance(places, list):
        return None
    read = {}
    for name, entry in groups.items():
        match entry:
            case [str(what), str(asked), int(number)] if 0 <= number < len(places):
                read[name] = GroupFacts(what, asked, frozenset(str(places[number]).split()))
            case _:
                return None
    return read


def read_marks(facts: Mapping[str, Any]) -> Marks | None:
    """The marks of a check's facts; None where there are none."""
    try:
        marks = _cut(b64decode(str(facts["marks"]) + str(facts.get("more", "")), validate=True), _MARK)
        numbers = _cut(_unpacked(facts["numbers"]), _NUMBER)
        places = [frozenset(line.split()) for line in _unpacked(facts["places"]).decode().split("\n")]
        return {mark: places[int.from_bytes(number)] for mark, number in zip(marks, numbers, strict=True)}
    except (KeyError, ValueError, IndexError, zlib.error):
        return None


def _places(group: GroupPlan) -> set[str]:
    """Where a group changes, without its name and those of its things: the same places in groups that are alike."""
    return set(map(_nameless(group), (change.path for change in group.changes)))


def _nameless(group: GroupPlan) -> Callable[[str], str]:
    """What takes the names of a group and its things out of a path."""
    names = sorted({group.name, *group.things}, key=lambda name: (-len(name), name))

    def without(found: re.Match[str]) -> str:
        key = found[0]
        for name in names:
            key = key.replace(name, "")
        return key

    return lambda path: _KEY.sub(without, path)


def _joined(group: GroupFacts) -> str:
    return " ".join(sorted(group.places))


def _mark(*parts: str) -> bytes:
    return bytes.fromhex(digest(parts))[:_MARK]


def _fits(facts: Mapping[str, Any]) -> bool:
    return len(marker_line(facts)) <= LONGEST_TEXT


def _cut(data: bytes, size: int) -> list[bytes]:
    """``data`` in pieces of ``size`` bytes; the last one may be shorter."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def _packed(data: bytes) -> str:
    return b64encode(zlib.compress(data, 9)).decode()


def _unpacked(text: Any) -> bytes:
    return zlib.decompressobj().decompress(b64decode(str(text), validate=True), _MOST_UNPACKED)
