"""Reads a fleet directory and gives back the desired state, or everything that is wrong with it."""

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from reconciler.desired.components import build_components
from reconciler.desired.documents import Checked, check_document, document_name, is_ours
from reconciler.desired.expand import GroupExpander
from reconciler.desired.files import FleetDirectory, find_yaml, open_directory, printable, read_text
from reconciler.desired.fleet import build_fleet
from reconciler.desired.groups import DeclaredGroup, GroupBuilder, Unread
from reconciler.desired.located import LocatedDict
from reconciler.desired.parse import Document, parse
from reconciler.desired.problems import Problems
from reconciler.desired.provisioning import load_provisioning_templates
from reconciler.desired.pruning import check_moves
from reconciler.desired.shared_cores import check_shared_cores
from reconciler.desired.templates import TemplateEntry, build_templates
from reconciler.model.desired import DesiredState, ProvisioningTemplate
from reconciler.model.errors import ConfigurationError, Problem
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.position import Position
from reconciler.model.template import GREENGRASS_V2, TemplateRef


@dataclass(frozen=True, slots=True)
class Written:
    """A desired state with its groups as they are written (by name) and templates, to try what else they could say."""

    state: DesiredState
    groups: Mapping[str, DeclaredGroup]
    templates: Mapping[TemplateRef, TemplateEntry]

    @property
    def fleet(self) -> Fleet:
        """The fleet."""
        return self.state.fleet

    def expand(self, declared: DeclaredGroup) -> Group | None:
        """What ``declared`` would mean, None if it could not stand in the files."""
        problems = Problems()
        provisioning: dict[str, ProvisioningTemplate | None] = dict(self.state.provisioning_templates)
        group = GroupExpander(self.fleet, provisioning, problems).expand(declared)
        return group if not len(problems) else None


def load(directory: Path, *, shown_as: str | None = None) -> DesiredState:
    """The desired state in ``directory``; messages name files below ``shown_as`` (the directory as given).

    Raises ConfigurationError with every problem at once, also for a directory that is missing or holds no Fleet.
    """
    return load_written(directory, shown_as=shown_as).state


def load_written(
    directory: Path,
    *,
    shown_as: str | None = None,
    instead: Mapping[str, str | None] | None = None,
    may_be_empty: bool = False,
) -> Written:
    """As ``load``, with the groups as they are written.

    ``instead`` has texts to read in place of files, by relative path: also of files that do not exist, and None for
    one that shall not count. A fleet without groups is a problem unless it ``may_be_empty``.
    """
    try:
        fleet_directory = open_directory(directory, shown_as)
    except (OSError, ValueError) as error:
        raise ConfigurationError([_no_directory(directory, shown_as, error)]) from error
    problems = Problems()
    with _collector_paused():
        written = _load(fleet_directory, instead or {}, problems, may_be_empty=may_be_empty)
    if written is None or len(problems):
        raise ConfigurationError(problems.all())
    return written


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python's cycle collector out: what is built here has no cycles, and looking for them takes a third."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _no_directory(directory: Path, shown_as: str | None, error: Exception) -> Problem:
    position = Position(printable(shown_as if shown_as is not None else str(directory)), 1, 1)
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    hint = "name a directory that exists"
    if isinstance(error, NotADirectoryError):
        hint = "name the directory of the fleet, and no file in it"
    return Problem(position, "no-directory", f"reading the fleet directory: {reason}", hint)


@dataclass(frozen=True, slots=True)
class _Content:
    """The documents of a directory, those of other kinds that Components name, and what could not be read of it."""

    documents: list[Checked]
    unread: Unread
    foreign: dict[PurePath, list[Document]]

    def of_kind(self, kind: str) -> list[Checked]:
        return [document for document in self.documents if document.kind == kind]


def _load(
    directory: FleetDirectory, instead: Mapping[str, str | None], problems: Problems, *, may_be_empty: bool
) -> Written | None:
    content = _read(directory, instead, problems)
    fleet = build_fleet(content.of_kind("Fleet"), directory.position(""), content.unread.everything, problems)
    templates = build_templates(content.of_kind("Template"), fleet, problems)
    components = build_components(content.of_kind("Component"), directory, fleet, content.foreign, problems)
    provisioning_templates = load_provisioning_templates(directory, problems)
    group_documents = content.of_kind("Group")
    builder = GroupBuilder(directory, fleet, templates, content.unread, problems)
    declared = builder.build(group_documents, content.of_kind("Device"))
    expander = GroupExpander(fleet, provisioning_templates, problems)
    groups = tuple(expander.expand(group) for group in declared)
    check_shared_cores([group for group, written in zip(groups, declared, strict=True) if written.complete], problems)
    if fleet is None:
        return None
    check_moves(
        fleet.moved,
        {group.name: group.position for group in declared},
        {group.name for group in declared if group.runtime == GREENGRASS_V2},
        problems,
        everything_read=content.unread.everything,
    )
    if not group_documents and content.unread.everything and not may_be_empty:
        hint = "add a document with kind: Group"
        problems.add(fleet.position, "empty-fleet", f"the fleet {fleet.name} has no group", hint)
    entries = {ref: entry for ref, entry in sorted(templates.entries.items()) if entry is not None}
    state = DesiredState(
        directory=directory.path,
        fleet=fleet,
        templates={ref: entry.template for ref, entry in entries.items()},
        components=components,
        groups=groups,
        provisioning_templates={name: found for name, found in provisioning_templates.items() if found is not None},
    )
    return Written(state, {group.name: group for group in declared}, entries)


def _read(directory: FleetDirectory, instead: Mapping[str, str | None], problems: Problems) -> _Content:
    """Every document, checked against its schema; the text and what was read from it are let go file by file."""
    texts = {PurePath(file): text for file, text in instead.items()}
    files = sorted({*find_yaml(directory, problems), *texts} - {file for file, text in texts.items() if text is None})
    content = _Content([], Unread(everything=len(problems) == 0), {})
    for relative in files:
        text = texts[relative] if relative in texts else read_text(directory, relative, problems)
        if text is None:
            content.unread.add()
            continue
        found, whole = parse(text, directory.position(relative).file, problems)
        if not whole:
            content.unread.add(text=text)
        for document in found:
            if is_ours(document):
                _take(document, content, problems)
            else:
                content.foreign.setdefault(relative, []).append(document)
    recipes = {
        PurePath(os.path.normpath(recipe))
        for document in content.of_kind("Component")
        if isinstance(recipe := _recipe(document), str)
    }
    for relative, documents in content.foreign.items():
        if relative not in recipes:
            for document in documents:
                _take(document, content, problems)
    return content


def _take(document: Document, content: _Content, problems: Problems) -> None:
    checked = check_document(document, problems)
    if checked is not None:
        content.documents.append(checked)
    else:
        content.unread.add(name=document_name(document.root))


def _recipe(document: Checked) -> Any:
    """What a Component document says under ``recipe``, however wrong it is otherwise."""
    spec = document.root.get("spec")
    return spec.get("recipe") if isinstance(spec, LocatedDict) else None
