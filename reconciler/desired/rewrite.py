"""Changes what one YAML document says, and of its text no more than that takes: comments, order and layout stay."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.desired.layout import Node, Part
from reconciler.desired.located import plain
from reconciler.desired.parse import parse
from reconciler.desired.problems import Problems
from reconciler.desired.yaml_text import after_key, block, document, entry, inline, member
from reconciler.model.canonical import canonical_json

_IDENTITIES = ("Id", "thingName")
"""The keys by which members of a list are told from each other."""


class _NoWayError(Exception):
    """The change cannot be made by editing the text."""


def rewritten(text: str, part: Part, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The text of the document ``part`` of ``text``, which says ``before``, so that it says ``after``.

    Where editing does not do, as with anchors that are repeated elsewhere, the document is written anew, and only what
    stands before and after it stays.
    """
    if part.root is None:
        raise ValueError("a document without content says nothing that could be changed")
    editor = _Editor(text)
    try:
        editor.change(part.root, before, after)
        edited = editor.apply(part.start, part.end)
        if _says(edited, after):
            return edited
    except _NoWayError:
        pass
    above = text[part.start : part.root.start].rstrip(" ")
    above += "\n" if above and not above.endswith("\n") else ""
    return above + document(after) + text[part.root.end : part.end].lstrip("\r\n")


def body(text: str, part: Part) -> str:
    """The text of a document alone: from its first key to the end of its last line."""
    if part.root is None:
        return ""
    end = text.find("\n", part.root.end, part.end)
    return text[part.root.start : part.end if end < 0 else end + 1]


def _says(text: str, value: Mapping[str, Any]) -> bool:
    problems = Problems()
    found, _ = parse(text, "", problems)
    return not len(problems) and len(found) == 1 and _same(plain(found[0].root), value)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one in JSON: true is not 1 there."""
    return canonical_json(one) == canonical_json(other)


def identities(items: Sequence[Any]) -> list[str] | None:
    """What each of ``items`` is told by, None where they are not told apart."""
    found: list[str] = []
    for item in items:
        if isinstance(item, Mapping):
            found += [str(item[key]) for key in _IDENTITIES if key in item][:1]
        elif isinstance(item, str):
            found.append(item)
    return found if len(found) == len(items) == len(set(found)) else None


@dataclass(slots=True)
class _Editor:
    """Gathers edits of ``text``: from, to, and what comes there; of two at one place the first comes first."""

    text: str
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def apply(self, start: int, end: int) -> str:
        """``text[start:end]`` with the edits made."""
        pieces: list[str] = []
        newline = "\r\n" if "\r\n" in self.text else "\n"
        for begin, to, new in sorted(self.edits, key=lambda edit: edit[:1]):
            if begin < start:
                raise _NoWayError
            pieces += [self.text[start:begin], new.replace("\n", newline)]
            start = to
        return "".join([*pieces, self.text[start:end]])

    def change(self, node: Node, before: Any, after: Any, place: "_Place | None" = None) -> None:
        """Make ``node``, which says ``before``, say ``after``; ``place`` is where it stands, None for the root."""
        if _same(before, after):
            return
        if node.kind == "mapping" and isinstance(after, Mapping) and after and self._mapping(node, before, after):
            return
        if node.kind == "list" and isinstance(after, list) and after and self._list(node, before, after):
            return
        if place is None:
            raise _NoWayError
        self.edits.append((place.start, node.end, place.text(after)))

    def _mapping(self, node: Node, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Change entry by entry; false where none of them stays."""
        written = {key.text for key, _ in node.entries}
        if any(key not in after for key in before.keys() - written):
            raise _NoWayError  # what a merge key brings cannot be taken away
        spans = [(key.start, value.end) for key, value in node.entries]
        kept = [key.text in after or key.text == "<<" for key, _ in node.entries]
        if not any(kept):
            return False
        indent = self._column(node.start)
        for (key, value), stays in zip(node.entries, kept, strict=True):
            if stays and key.text in before and key.text != "<<":
                place = _Place(self.text.index(":", key.end) + 1, indent, node.flow)
                self.change(value, before[key.text], after[key.text], place)
        self._remove(node, spans, kept)
        last = max(end for (_, end), stays in zip(spans, kept, strict=True) if stays)
        for key_text, value_after in after.items():
            if key_text in written or (key_text in before and _same(before[key_text], value_after)):
                continue
            if node.flow:
                self._insert(last, f", {inline({key_text: value_after})[1:-1]}")
            else:
                self._insert(self._line_end(last), "\n" + "\n".join(entry(key_text, value_after, indent)))
        return True

    def _list(self, node: Node, before: list[Any], after: list[Any]) -> bool:
        """Change member by member; false where none of them stays, or they cannot be told apart."""
        had, has = identities(before), identities(after)
        if had is None or has is None or len(node.items) != len(had):
            return False
        kept = [name in has for name in had]
        new = [name for name in has if name not in had]
        if not any(kept) or has != [name for name in had if name in has] + new:
            return False
        dash = 0 if node.flow else self.text.rindex("-", 0, node.items[0].start)
        for item, name, was in zip(node.items, had, before, strict=True):
            if name in has:
                place = _Place(item.start, self._column(item.start), node.flow, is_member=True)
                self.change(item, was, after[has.index(name)], place)
        self._remove(node, [(item.start, item.end) for item in node.items], kept)
        last = max(item.end for item, stays in zip(node.items, kept, strict=True) if stays)
        for value in after[len(has) - len(new) :]:
            if node.flow:
                self._insert(last, f", {inline(value)}")
                continue
            indent = self._column(dash)
            lines = [f"{' ' * indent}- {inline(value)}"] if node.items[-1].flow else member(value, indent)
            self._insert(self._line_end(last), "\n" + "\n".join(lines))
        return True

    def _remove(self, node: Node, spans: Sequence[tuple[int, int]], kept: Sequence[bool]) -> None:
        """Take those of the entries or members at ``spans`` away that are not ``kept``; one at least is."""
        for first, last in _runs(kept):
            begin, end = spans[first][0], spans[last][1]
            if node.flow:
                if last + 1 < len(spans):
                    self.edits.append((begin, spans[last + 1][0], ""))
                else:
                    self.edits.append((spans[first - 1][1], end, ""))
                continue
            line = self._line_start(begin)
            if self.text[line:begin].strip() and node.kind == "mapping":  # on the line of a dash
                if last + 1 == len(spans):
                    raise _NoWayError
                self.edits.append((begin, spans[last + 1][0], ""))
                continue
            # What is said of it right above goes with it, unless that may be said of all that follows.
            line = self._comment_start(line) if first else line
            self.edits.append((line, self._next_line(end), ""))

    def _insert(self, at: int, new: str) -> None:
        self.edits.append((at, at, new))

    def _line_start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1

    def _line_end(self, offset: int) -> int:
        end = self.text.find("\n", offset)
        end = len(self.text) if end < 0 else end
        return end - 1 if self.text[:end].endswith("\r") else end

    def _next_line(self, offset: int) -> int:
        return self.text.find("\n", offset) + 1 or len(self.text)

    def _column(self, offset: int) -> int:
        return offset - self._line_start(offset)

    def _comment_start(self, line: int) -> int:
        """Where the comment begins that stands right above the line which begins at ``line``, with its indentation."""
        indent = len(self.text[line:]) - len(self.text[line:].lstrip(" "))
        while line and self.text[self._line_start(line - 1) : line].startswith(f"{' ' * indent}#"):
            line = self._line_start(line - 1)
        return line


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: it is replaced from ``start`` on, that is after its key's colon, or where a member begins.

    ``indent`` is that of the key or member; ``flow`` tells that it stands inside of braces or brackets.
    """

    start: int
    indent: int
    flow: bool
    is_member: bool = False

    def text(self, value: Any) -> str:
        """``value`` as it is written there."""
        if self.flow or (self.is_member and not (isinstance(value, Mapping | list) and value)):
            return inline(value) if self.is_member else f" {inline(value)}"
        return "\n".join(block(value, self.indent) if self.is_member else after_key(value, self.indent))


def _runs(kept: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """First and last index of each run of what is not kept."""
    first: int | None = None
    for index, stays in enumerate([*kept, True]):
        if not stays and first is None:
            first = index
        elif stays and first is not None:
            yield first, index - 1
            first = None
