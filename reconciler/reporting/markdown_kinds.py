"""What a plan of very many groups does, counted over all of them: what happens and why, and which fields change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model.plan import Change, GroupPlan
from reconciler.reporting.danger import by_danger, what_happens, why
from reconciler.reporting.group_text import Place
from reconciler.reporting.markdown import TEXT_WIDTH, Room, code, row, table_head
from reconciler.reporting.style import Style
from reconciler.reporting.values import before_after, short_value

SHOWN = 25
"""Rows that each of the two tables has at most."""
VALUE_WIDTH = 60

_STYLE = Style(colour=False)
_EACH_ITS_OWN = frozenset({"cores", "devices", "subscriptions"})
"""Sections whose entities bear the names of things: told apart they would be as many as there are groups."""
_WORDS: Mapping[str, str] = {"add": "added", "remove": "**taken away**", "change": "changed"}


@dataclass(slots=True)
class _Kind:
    """How often something is found: ``groups`` and ``things`` that it is about, and changes with its first two
    different values, by how these are written: 1 is not true.
    """

    groups: int = 0
    things: int = 0
    values: dict[str, Change] = field(default_factory=dict)


def kinds_lines(groups: Sequence[GroupPlan], room: Room, what_follows: str) -> list[str]:
    """Two tables over all of ``groups``, each as far as there is room, which is taken; what is left out is counted. At
    their end stands ``what_follows``.
    """
    happens = sorted(_happenings(groups).items(), key=lambda item: (item[0][0], -item[1].groups, item[0][1:]))
    places = sorted(_places(groups).items(), key=lambda item: (-item[1].groups, item[0]))
    return [
        *_table(
            "All groups, by what happens to them and why:",
            ("what", "target", "groups", "things", "because"),
            [
                row((what, code(target), f"{kind.groups:,}", f"{kind.things:,}", said and code(said, TEXT_WIDTH)))
                for (_, what, target, said), kind in happens
            ],
            "more kinds of groups",
            room,
        ),
        *_table(
            "All changes, by place:",
            ("change", "of", "groups", "from and to"),
            [
                row((_WORDS[change], code(place), f"{kind.groups:,}", _value(list(kind.values.values()))))
                for (place, change), kind in places
            ],
            "more places",
            room,
        ),
        *([what_follows, ""] if room.take([what_follows, ""]) else ()),
    ]


def _happenings(groups: Sequence[GroupPlan]) -> dict[tuple[int, str, str, str], _Kind]:
    found: dict[tuple[int, str, str, str], _Kind] = {}
    for group in groups:
        target = group.target.name if not group.target.version else str(group.target)
        key = (by_danger(group)[0], what_happens(group), target, why(group))
        kind = found.setdefault(key, _Kind())
        kind.groups += 1
        kind.things += len(group.things)
    return found


def _places(groups: Sequence[GroupPlan]) -> dict[tuple[str, str], _Kind]:
    """By place and kind of change, in how many groups there is such a change; of blocked groups nothing changes."""
    found: dict[tuple[str, str], _Kind] = {}
    for group in groups:
        if group.blocked:
            continue
        for key, change in {(_place(change), change.kind): change for change in group.changes}.items():
            kind = found.setdefault(key, _Kind())
            kind.groups += 1
            if len(kind.values) < 2:
                kind.values.setdefault(repr((change.before, change.after)), change)
    return found


def _place(change: Change) -> str:
    place = Place.of(change.path)
    if place.section not in _EACH_ITS_OWN or place.entity is None:
        return change.path
    return f"{place.section}[*]" + (f".{place.field}" if place.field else "")


def _value(changes: Sequence[Change]) -> str:
    """The value before and after, if it is the same in all groups."""
    if len(changes) != 1:
        return "differs"
    (change,) = changes
    if change.kind == "change":
        return code(before_after(change.before, change.after, _STYLE, width=VALUE_WIDTH), TEXT_WIDTH)
    value = change.after if change.kind == "add" else change.before
    return "" if value is None else code(short_value(value, _STYLE, width=VALUE_WIDTH))


def _table(title: str, headings: Sequence[str], rows: Sequence[str], more: str, room: Room) -> Iterator[str]:
    head = [title, "", *table_head(headings)]
    if not rows or not room.take([*head, "", f"… and {len(rows):,} {more}.", ""]):
        return
    shown = room.taking([line] for line in rows[:SHOWN])
    yield from head
    yield from (line for part in shown for line in part)
    yield ""
    if len(shown) < len(rows):
        yield f"… and {len(rows) - len(shown):,} {more}."
        yield ""
