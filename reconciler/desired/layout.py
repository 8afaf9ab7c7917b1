"""Where in a YAML text each part of a document stands, for whoever changes some of it and leaves the rest alone.

Only for texts that ``parse`` has read without a problem. Offsets count characters of the text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from yaml.cyaml import CParser  # type: ignore[attr-defined] # the stubs do not list it
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)


@dataclass(slots=True)
class Node:
    """A value as it stands in the text: ``text[start:end]``, without comments and line ends after it.

    ``entries`` are the pairs of a mapping, ``items`` the members of a list; an alias has neither. ``flow`` tells that
    it is written with braces or brackets.
    """

    kind: Literal["scalar", "mapping", "list", "alias"]
    start: int
    end: int
    text: str = ""
    flow: bool = False
    entries: list[tuple["Node", "Node"]] = field(default_factory=list)
    items: list["Node"] = field(default_factory=list)

    def get(self, key: str) -> "Node | None":
        """The value under ``key`` of a mapping that writes it out itself; None if it has none."""
        return next((value for name, value in self.entries if name.text == key), None)


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a text: ``text[start:end]``, from its ``---`` (or the text's begin) to where the next begins.

    ``root`` is None where the document is empty.
    """

    start: int
    end: int
    root: Node | None


def parts_of(text: str) -> list[Part]:
    """The documents of ``text``, in order; together they are all of it."""
    starts: list[int] = []
    roots: list[Node | None] = []
    events = _events(text)
    for event in events:
        start = event.start_mark.index
        if isinstance(event, DocumentStartEvent):
            starts.append(start if starts else 0)
            root = _node(events, next(events), text)
            roots.append(root if root.start < root.end else None)
    ends = [*starts[1:], len(text)]
    return [Part(start, end, root) for start, end, root in zip(starts, ends, roots, strict=True)]


def _events(text: str) -> Iterator[Any]:
    """The events of ``text``, without type: the stubs leave open whether one has marks."""
    parser = CParser(text)
    while not isinstance(event := parser.get_event(), StreamEndEvent):
        yield event


def _node(events: Iterator[Any], event: Any, text: str) -> Node:
    """The node that ``event`` begins. ``parse`` has made sure that nothing is nested too deep."""
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, AliasEvent):
        return Node("alias", start, end)
    if isinstance(event, ScalarEvent):
        # A block scalar's end is that of the blank lines after it.
        return Node("scalar", start, start + len(text[start:end].rstrip()), event.value)
    if isinstance(event, MappingStartEvent):
        node = Node("mapping", start, end, flow=bool(event.flow_style))
        while not isinstance(following := next(events), MappingEndEvent):
            key = _node(events, following, text)
            node.entries.append((key, _node(events, next(events), text)))
        last = node.entries[-1][1] if node.entries else node
    elif isinstance(event, SequenceStartEvent):
        node = Node("list", start, end, flow=bool(event.flow_style))
        while not isinstance(following := next(events), SequenceEndEvent):
            node.items.append(_node(events, following, text))
        last = node.items[-1] if node.items else node
    else:
        raise TypeError(f"no node begins with {type(event).__name__}")
    # A block's end is told where the next token begins, comments and blank lines further on.
    node.end = following.end_mark.index if node.flow else last.end
    return node
