"""YAML text → documents that know where everything in them stands.

Built from libyaml's events and without recursion, so that neither nesting nor aliases can hurt: depth and expanded
size are counted before anything is used.
"""

from dataclasses import dataclass
from sys import intern
from typing import Any

from yaml import MarkedYAMLError, YAMLError
from yaml.cyaml import CParser  # type: ignore[attr-defined] # the stubs do not list it
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.desired.located import LocatedDict, LocatedList
from reconciler.desired.problems import Problems, quote
from reconciler.desired.scalars import CORE_TAGS, plain_scalar, tagged_scalar
from reconciler.desired.syntax import explain_syntax_error
from reconciler.model.position import Position

MAX_DEPTH = 100
"""Levels of nesting; our deepest shape has 12."""
MAX_ALIASED = 100_000
"""Values that aliases may add to one document; as many again as it writes out ten times are fine, too."""

_DROP = object()
_OPEN = object()
_MERGE = object()


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document. ``complete`` is false where something in it was refused and left out."""

    root: Any
    position: Position
    complete: bool


class _Frame:
    """A mapping or list that is being read."""

    __slots__ = ("anchor", "first", "height", "key", "key_place", "merges", "value")

    def __init__(self, value: LocatedDict | LocatedList | None, anchor: str | None, first: int) -> None:
        self.value = value
        self.anchor = anchor
        self.first = first
        self.height = 1
        self.key: Any = None
        self.key_place = (0, 0)
        self.merges: list[Any] = []


class _RefusedError(Exception):
    """The rest of the file cannot be read; the problem is noted."""


def parse(text: str, file: str, problems: Problems) -> tuple[list[Document], bool]:
    """The documents of ``text``, and whether all of them could be read; what is wrong goes into ``problems``.

    Documents without content are left out. ``file`` is the name that positions bear.
    """
    reader = _Reader(file, problems)
    try:
        parser = CParser(text)
        while not reader.ended:
            reader.take(parser.get_event())
    except MarkedYAMLError as error:
        problems.add(*explain_syntax_error(error, text, file))
    except YAMLError as error:
        problems.add(Position(file, 1, 1), "yaml-syntax", f"not YAML: {error}", "write the file as YAML 1.2 text")
    except _RefusedError:
        pass
    return reader.documents, reader.ended


class _Reader:
    """Takes events one by one and builds documents from them."""

    def __init__(self, file: str, problems: Problems) -> None:
        self.documents: list[Document] = []
        self.ended = False
        self._file = file
        self._problems = problems
        self._start_document()

    def _start_document(self) -> None:
        self._stack: list[_Frame] = [_Frame(None, None, 0)]
        self._anchors: dict[str, tuple[Any, int, int]] = {}
        self._root: Any = None
        self._root_place = (1, 1)
        self._count = self._aliased = 0
        self._before = len(self._problems)

    def take(self, event: Any) -> None:
        """Take the next event of the stream."""
        kind = type(event)
        if kind is ScalarEvent:
            self._scalar(event)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            self._end()
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            self._begin(event, kind is MappingStartEvent)
        elif kind is AliasEvent:
            self._alias(event)
        elif kind is DocumentStartEvent:
            self._start_document()
        elif kind is DocumentEndEvent:
            if self._root is not None:
                complete = len(self._problems) == self._before
                self.documents.append(Document(self._root, Position(self._file, *self._root_place), complete))
        elif kind is StreamEndEvent:
            self.ended = True

    def _scalar(self, event: Any) -> None:
        self._count += 1
        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1)
        frame = self._stack[-1]
        text = event.value
        plain = event.implicit[0]
        if type(frame.value) is LocatedDict and frame.key is None:
            self._check_tag(event.tag, place)
            if event.anchor:
                self._anchors[event.anchor] = (text, 1, 1)
            if not text and plain and event.tag is None:
                self._bad_key(frame, place, "a key is missing before the colon")
            else:
                merge = text == "<<" and plain and event.tag is None
                self._begin_key(frame, _MERGE if merge else intern(text), place)
            return
        value = self._scalar_value(event, text, plain, place)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1, 1)
        self._attach(value, place, 1)

    def _scalar_value(self, event: Any, text: str, plain: bool, place: tuple[int, int]) -> Any:
        if event.tag is None:
            return plain_scalar(text) if plain else text
        if event.tag == "!" or not self._check_tag(event.tag, place):
            return text
        try:
            return tagged_scalar(event.tag, text)
        except ValueError:
            tag = f"!!{event.tag.rpartition(':')[2]}"
            self._add(place, "unknown-tag", f"{quote(text)} is no value for the tag {tag}", "take the tag away")
            return text

    def _begin(self, event: Any, mapping: bool) -> None:
        self._count += 1
        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1)
        if len(self._stack) > MAX_DEPTH:
            self._too_deep(place)
        self._check_tag(event.tag, place)
        value = LocatedDict(self._file, place) if mapping else LocatedList(self._file, place)
        self._stack.append(_Frame(value, event.anchor, self._count))
        if event.anchor:
            self._anchors[event.anchor] = (_OPEN, 0, 0)

    def _end(self) -> None:
        frame = self._stack.pop()
        value = frame.value
        if value is None:  # the stream never ends more than it began
            raise _RefusedError
        if frame.merges and isinstance(value, LocatedDict):
            for merged in frame.merges:
                for key in merged:
                    if key not in value:
                        value[key] = merged[key]
                        value.places[key] = merged.places[key]
        if frame.anchor:
            self._anchors[frame.anchor] = (value, self._count - frame.first + 1, frame.height)
        self._attach(value, value.start, frame.height)

    def _alias(self, event: Any) -> None:
        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1)
        name = event.anchor
        value, size, height = self._anchors.get(name, (_DROP, 1, 1))
        if value is _DROP:
            self._add(place, "unknown-anchor", f"there is no anchor &{name} above", f"write &{name} where it begins")
            value = None
        elif value is _OPEN:
            hint = "an alias can only repeat what is complete; write the part out"
            self._add(place, "recursive-alias", f"*{name} stands inside of what it repeats", hint)
            raise _RefusedError
        self._count += size
        self._aliased += size
        if self._aliased > MAX_ALIASED and self._aliased > 10 * (self._count - self._aliased):
            message = f"aliases blow this document up to more than {MAX_ALIASED:,} values"
            self._add(place, "alias-bomb", message, "write fewer aliases of aliases")
            raise _RefusedError
        if len(self._stack) + height > MAX_DEPTH:
            self._too_deep(place)
        self._attach(value, place, height)

    def _attach(self, value: Any, place: tuple[int, int], height: int) -> None:
        frame = self._stack[-1]
        if height >= frame.height:
            frame.height = height + 1
        container = frame.value
        if container is None:
            self._root, self._root_place = value, place
        elif type(container) is LocatedList:
            container.append(value)
            container.places.append(place)
        elif frame.key is None:
            if isinstance(value, str):
                self._begin_key(frame, value, place)
            else:
                self._bad_key(frame, place, "a key must be text on one line, this is a mapping or a list")
        else:
            key, frame.key = frame.key, None
            if key is _MERGE:
                self._merge(frame, value, place)
            elif key is not _DROP and isinstance(container, LocatedDict):
                container[key] = value
                container.places[key] = (*frame.key_place, *place)

    def _begin_key(self, frame: _Frame, key: Any, place: tuple[int, int]) -> None:
        frame.key, frame.key_place = key, place
        if isinstance(frame.value, LocatedDict) and key in frame.value.places:
            line, column, *_ = frame.value.places[key]
            message = f"the key {quote(key)} stands twice in this mapping, first in line {line}, column {column}"
            self._add(place, "duplicate-key", message, "keep one of the two")
            frame.key = _DROP

    def _bad_key(self, frame: _Frame, place: tuple[int, int], message: str) -> None:
        self._add(place, "key-not-text", message, "put quotes around what is meant as text, {{ }} included")
        frame.key = _DROP

    def _merge(self, frame: _Frame, value: Any, place: tuple[int, int]) -> None:
        merged = value if type(value) is LocatedList else [value]
        if all(type(item) is LocatedDict for item in merged):
            frame.merges.extend(merged)
        else:
            hint = "write <<: *name, where &name marks a mapping above"
            self._add(place, "bad-merge", "<< takes a mapping, or a list of mappings", hint)

    def _check_tag(self, tag: str | None, place: tuple[int, int]) -> bool:
        if tag is None or tag == "!" or tag in CORE_TAGS:
            return True
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        hint = "take the tag away; files hold plain mappings, lists, text, numbers, true and false only"
        self._add(place, "unknown-tag", f"the tag {quote(shown)[1:-1]} has no meaning here", hint)
        return False

    def _too_deep(self, place: tuple[int, int]) -> None:
        message = f"more than {MAX_DEPTH} levels of mappings and lists inside each other"
        self._add(place, "nesting-too-deep", message, "flatten it, or quote it if it is meant as text")
        raise _RefusedError

    def _add(self, place: tuple[int, int], rule: str, message: str, hint: str) -> None:
        self._problems.add(Position(self._file, *place), rule, message, hint)
