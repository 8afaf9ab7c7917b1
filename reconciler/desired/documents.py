"""Documents → our kinds: what each one is, checked against its schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.desired.check import check, describe
from reconciler.desired.located import LocatedDict, Path, key_position_at, position_at
from reconciler.desired.parse import Document
from reconciler.desired.problems import Problems, names, quote
from reconciler.desired.schemas import validator
from reconciler.model.position import Position

API_VERSION = "reconciler/v1"
KINDS = ("Fleet", "Template", "Component", "Group", "Device")
_LATER_KINDS = {
    "GroupSet": "write each group as a Group document",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A document of one of our kinds whose content fits its schema.

    ``complete`` is false where problems were found and what has them was left out: nothing then follows from what is
    not there. ``value`` is None where nothing could remain; ``root`` is the document as it stands.
    """

    kind: str
    root: LocatedDict
    value: LocatedDict | None
    name: str | None
    position: Position
    complete: bool

    @property
    def spec(self) -> LocatedDict:
        """The document's spec. Only for documents that have a value."""
        return self._part("spec")

    @property
    def metadata(self) -> LocatedDict:
        """The document's metadata. Only for documents that have a value."""
        return self._part("metadata")

    def _part(self, key: str) -> LocatedDict:
        part = self.value.get(key) if self.value is not None else None
        if not isinstance(part, LocatedDict):
            raise TypeError(f"a checked document has a mapping under {key}")
        return part


def check_document(document: Document, problems: Problems) -> Checked | None:
    """Check one document; None if it is of no kind that we know."""
    root = document.root
    if not isinstance(root, LocatedDict):
        hint = f"begin it with apiVersion: {API_VERSION} and kind: …"
        problems.add(
            document.position, "wrong-type", f"this document is {describe(root)} where a mapping is wanted", hint
        )
        return None
    kind = _kind(root, problems)
    if kind is None:
        return None
    before = len(problems)
    later = _later(kind, root, problems)
    name = document_name(root)
    value = check(validator(kind.lower()), root, (), problems, ignore=later)
    complete = document.complete and len(problems) == before
    return Checked(kind, root, value, name, document.position, complete)


def is_ours(document: Document) -> bool:
    """Whether a document says that it is one of ours, whatever else is wrong with it."""
    return isinstance(document.root, LocatedDict) and "apiVersion" in document.root


def document_name(root: Any) -> str | None:
    """The metadata.name of a document, if it has one, whatever else it is."""
    metadata = root.get("metadata") if isinstance(root, LocatedDict) else None
    name = metadata.get("name") if isinstance(metadata, LocatedDict) else None
    return name if isinstance(name, str) else None


def _kind(root: LocatedDict, problems: Problems) -> str | None:
    """The document's kind, if apiVersion and kind are ours."""
    start = root.position()
    if "apiVersion" not in root:
        hint = f"add apiVersion: {API_VERSION}, or move files that are not the fleet's out of its directory"
        if close := next((key for key in root if key.casefold() in {"apiversion", "api_version", "version"}), None):
            hint = f"write apiVersion: {API_VERSION} in place of {close}"
        elif any(key.casefold() == "recipeformatversion" for key in root):
            hint = "name this file under spec.recipe of a Component document, or move it out of the fleet's directory"
        problems.add(start, "missing-key", "this document lacks the key apiVersion", hint)
        return None
    version = root["apiVersion"]
    if version != API_VERSION:
        position = position_at(root, ("apiVersion",))
        message = f"unknown apiVersion: {describe(version)}"
        problems.add(position, "unknown-api-version", message, f"write apiVersion: {API_VERSION}")
        return None
    if "kind" not in root:
        problems.add(start, "missing-key", "this document lacks the key kind", f"add kind: one of {names(KINDS)}")
        return None
    kind = root["kind"]
    if kind in KINDS:
        return str(kind)
    position = position_at(root, ("kind",))
    if isinstance(kind, str) and kind in _LATER_KINDS:
        _not_yet(position, f"kind: {kind}", _LATER_KINDS[kind], problems)
    else:
        hint = f"the kinds are {names(KINDS)}"
        if isinstance(kind, str):
            hint = problems.did_you_mean(kind, KINDS, hint)
        problems.add(position, "unknown-kind", f"unknown kind: {describe(kind)}", hint)
    return None


_LATER_KEYS: Mapping[tuple[str, Path], str] = {
    ("Fleet", ("spec", "rollout")): "take it away; all groups of a run are deployed together",
}


def _later(kind: str, root: LocatedDict, problems: Problems) -> set[Path]:
    """Refuse by name what a later version brings; returns the paths that the schema shall not complain about, too."""
    ignore: set[Path] = set()
    for (of, path), hint in _LATER_KEYS.items():
        parent = _get(root, path[:-1])
        if of == kind and isinstance(parent, LocatedDict) and path[-1] in parent:
            _not_yet(key_position_at(root, path), ".".join(map(str, path)), hint, problems)
            ignore.add(path)
    return ignore


def _get(root: Any, path: Path) -> Any:
    value = root
    for step in path:
        value = value.get(str(step)) if isinstance(value, LocatedDict) else None
    return value


def _not_yet(position: Position, what: str, hint: str, problems: Problems) -> None:
    problems.add(position, "not-yet", f"{what} is not supported yet; a later version brings it", hint)


def duplicate(what: str, name: str, position: Position, first: Position, problems: Problems) -> None:
    """Note that two documents bear one name."""
    message = f"the {what} {quote(name)} is declared twice, first at {first}"
    problems.add(position, "duplicate-name", message, "rename one of the two, or take it away")
