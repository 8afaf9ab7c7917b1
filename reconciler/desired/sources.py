"""The texts of a fleet directory's files, the documents in them, and what the texts are once some documents change."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.desired.documents import document_name
from reconciler.desired.files import find_yaml, open_directory, read_text
from reconciler.desired.layout import Part, parts_of
from reconciler.desired.located import LocatedDict, plain
from reconciler.desired.parse import parse
from reconciler.desired.problems import Problems

_MARK = re.compile(r"^---", re.MULTILINE)
MODELINE = "# yaml-language-server:"
"""What the line begins with that tells editors the schema of a whole file."""


@dataclass(frozen=True, slots=True)
class Source:
    """One document of the fleet: the file that it stands in (relative, with slashes), and what it says.

    ``number`` counts the documents of the file that are mappings.
    """

    file: str
    number: int
    kind: str
    name: str
    value: Mapping[str, Any]

    @property
    def spec(self) -> Mapping[str, Any]:
        """Its spec."""
        return dict(self.value.get("spec") or {})


@dataclass(frozen=True, slots=True)
class Sources:
    """The YAML files of a fleet directory by relative path, and their documents in order."""

    texts: Mapping[str, str]
    documents: tuple[Source, ...]
    _parts: dict[str, list[Part]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> Iterator[Source]:
        """The documents of that kind."""
        return (document for document in self.documents if document.kind == kind)

    def parts(self, file: str) -> list[Part]:
        """Where the documents of a file stand in its text; worked out for those files alone that are asked for."""
        if file not in self._parts:
            self._parts[file] = parts_of(self.texts[file]) if file in self.texts else []
        return self._parts[file]

    def part_number(self, source: Source) -> int:
        """Which of its file's parts a document is."""
        parts = self.parts(source.file)
        return [at for at, part in enumerate(parts) if part.root and part.root.kind == "mapping"][source.number]

    def part(self, source: Source) -> Part:
        """Where a document stands in its file."""
        return self.parts(source.file)[self.part_number(source)]


def read_sources(directory: Path) -> Sources:
    """What stands in ``directory``, which ``load`` has read without a problem."""
    fleet_directory, problems = open_directory(directory), Problems()
    texts: dict[str, str] = {}
    documents: list[Source] = []
    for relative in find_yaml(fleet_directory, problems):
        text = read_text(fleet_directory, relative, problems)
        if text is None:
            continue
        file = relative.as_posix()
        texts[file] = text
        roots = [found.root for found in parse(text, file, problems)[0] if isinstance(found.root, LocatedDict)]
        documents += [
            Source(file, number, str(root.get("kind")), document_name(root) or "", plain(root))
            for number, root in enumerate(roots)
        ]
    return Sources(texts, tuple(documents))


@dataclass(slots=True)
class Revision:
    """Changes to documents, gathered: what documents become (None: they go), and what comes after them or is new."""

    sources: Sources
    changed: dict[tuple[str, int], str | None] = field(default_factory=dict)
    added: dict[tuple[str, int], list[str]] = field(default_factory=lambda: defaultdict(list))
    created: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def replace(self, source: Source, text: str) -> None:
        """Put ``text`` in the place of a document, what stands before and after it included."""
        self.changed[self._key(source)] = text

    def remove(self, source: Source) -> None:
        """Take a document out."""
        self.changed[self._key(source)] = None

    def add_after(self, source: Source, text: str) -> None:
        """Put a new document after one that is there."""
        self.added[self._key(source)].append(text)

    def create(self, file: str, text: str) -> None:
        """Put a new document into a file of its own, or at the end of one that is there."""
        self.created[file].append(text)

    def _key(self, source: Source) -> tuple[str, int]:
        return source.file, self.sources.part_number(source)

    def files(self) -> dict[str, str | None]:
        """The files that change: new text, or None for one that goes."""
        names = {file for file, _ in (*self.changed, *self.added)} | self.created.keys()
        found = {file: self._file(file) for file in sorted(names)}
        return {file: text for file, text in found.items() if text != self.sources.texts.get(file)}

    def _file(self, file: str) -> str | None:
        before = self.sources.texts.get(file, "")
        pieces: list[str] = []
        header = ""
        for number, part in enumerate(self.sources.parts(file)):
            text = self.changed.get((file, number), before[part.start : part.end])
            if text is not None:
                pieces.append(text)
            elif number == 0:
                header = _header(before[: part.root.start if part.root else part.end])
            pieces += self.added.get((file, number), ())
        pieces += self.created.get(file, ())
        if not any(piece.strip() for piece in pieces):
            return None
        return header + _joined(pieces)


def _header(text: str) -> str:
    """What of the ``text`` before a file's first document is about the file: up to the ``---`` or the last blank line,
    and the line for editors.
    """
    mark = _MARK.search(text)
    end = mark.start() if mark else max(text.rfind("\n\n") + 2, text.rfind("\n\r\n") + 3)
    kept = text[:end] if mark or end > 2 else ""
    return kept or "".join(line for line in text.splitlines(keepends=True) if line.startswith(MODELINE))


def _joined(pieces: list[str]) -> str:
    """Documents one after the other: a ``---`` before each but the first."""
    text = ""
    for piece in pieces:
        has_mark = piece.startswith("---")
        if not text:
            text = piece.removeprefix("---").lstrip("\r\n") if has_mark else piece
            continue
        text = text if text.endswith("\n") else f"{text}\n"
        text += piece if has_mark else f"---\n{piece}"
    return text
