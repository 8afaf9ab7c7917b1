"""Artifacts of components: the files, where in S3 they go, and the references to them in recipes."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.desired.files import FleetDirectory, file_digest, named_file
from reconciler.desired.located import LocatedDict, LocatedList
from reconciler.desired.problems import Problems, quote
from reconciler.desired.recipes import artifact_uris
from reconciler.model.component import Artifact, Component
from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Artifacts, Fleet
from reconciler.model.position import Position

MAX_ARTIFACTS = 2 * 1024**3
"""Bytes of all artifacts of a component (AWS General Reference, AWS IoT Greengrass V2 quotas)."""
_TOKEN = "${artifacts}/"  # noqa: S105 # begins a reference
_REFERENCE = re.compile(r"\$\{artifacts\}/(.+)\Z", re.DOTALL)
_FILE_NAME = re.compile(r"[A-Za-z0-9!_.*'()-]+\Z")
"""Characters that are safe in object keys (Amazon S3 user guide, "Naming Amazon S3 objects")."""


def read_artifacts(
    spec: LocatedDict, directory: FleetDirectory, problems: Problems
) -> dict[str, tuple[Artifact, Position]]:
    """The files that ``spec`` lists under ``artifacts`` by file name, with their places; where they go is left open."""
    entries = spec.get("artifacts")
    if not isinstance(entries, LocatedList):
        return {}
    found: dict[str, tuple[Artifact, Position]] = {}
    total = 0
    for index, entry in enumerate(entries):
        position = entries.position(index)
        relative = named_file(
            directory, entry, "artifacts", position, "write the path of a file in the fleet directory", problems
        )
        if relative is None:
            continue
        if not _FILE_NAME.match(relative.name):
            message = f"the artifact's file name is {quote(relative.name)}"
            problems.add(position, "bad-name", message, "write letters, digits and ! _ . * ' ( ) - in it")
        elif relative.name in found:
            message = f"a second artifact is called {quote(relative.name)}"
            problems.add(position, "duplicate-artifact", message, "a core keeps them side by side: rename one")
        elif (digest := file_digest(directory, relative, problems)) is not None:
            found[relative.name] = (Artifact(directory.path / relative, None, digest[0]), position)
            total += digest[1]
    if total > MAX_ARTIFACTS:
        message = f"the artifacts have {total:,} bytes; Greengrass V2 takes {MAX_ARTIFACTS:,} of a component"
        problems.add(spec.key_position("artifacts"), "too-large", message, "spread them over several components")
    return found


def check_references(recipe: LocatedDict, listed: Mapping[str, tuple[Artifact, Position]], problems: Problems) -> None:
    """Check that ``recipe`` refers to each of the artifacts in ``listed``, and to no other."""
    used: set[str] = set()
    for entry in artifact_uris(recipe):
        uri, place = entry["Uri"], entry.position("Uri")
        reference = _REFERENCE.match(uri)
        if reference is not None:
            used.add(reference[1])
        if reference is None and "${" in uri:
            hint = f"write {_TOKEN}FILE, or a URI without ${{"
            problems.add(place, "unknown-token", f"the URI of an artifact is {quote(uri)}", hint)
        elif reference is not None and reference[1] not in listed:
            message = f"{quote(uri)} is none of the component's artifacts"
            hint = problems.did_you_mean(reference[1], listed, "add the file to spec.artifacts")
            problems.add(place, "unknown-artifact", message, hint)
    for name, (_, position) in listed.items():
        if name not in used:
            message = f"the recipe never refers to the artifact {quote(name)}"
            hint = f"write URI: {_TOKEN}{name} in Artifacts of a manifest, or take it away"
            problems.add(position, "unused-artifact", message, hint)


def place_artifacts(component: Component, place: Artifacts) -> Component:
    """``component`` with its artifacts at ``place``, and the references of its recipe to them as URIs in S3.

    One without artifacts, or whose artifacts have a place, stays as it is.
    """
    if component.recipe is None or all(item.uri is not None for item in component.artifacts):
        return component
    folder = f"s3://{place.bucket}/{place.prefix}components/{component.name}/{component.version}"
    artifacts = tuple(replace(item, uri=f"{folder}/{item.file.name}") for item in component.artifacts)
    return replace(component, recipe=_with_folder(component.recipe, folder), artifacts=artifacts)


def with_fleet(desired: DesiredState, fleet: Fleet) -> DesiredState:
    """``desired`` with ``fleet`` in place of its own, once it is known what the fleet file leaves open."""
    if fleet.artifacts is None:
        return replace(desired, fleet=fleet)
    components = {ref: place_artifacts(component, fleet.artifacts) for ref, component in desired.components.items()}
    return replace(desired, fleet=fleet, components=components)


def _with_folder(recipe: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """``recipe`` with the references in URIs of artifacts led to ``folder``; nothing else in it is expanded."""

    def artifact(entry: Mapping[str, Any]) -> dict[str, Any]:
        return {**entry, "Uri": _REFERENCE.sub(lambda match: f"{folder}/{match[1]}", entry["Uri"])}

    def manifest(entry: Mapping[str, Any]) -> dict[str, Any]:
        artifacts = entry.get("Artifacts")
        return {**entry, "Artifacts": [artifact(item) for item in artifacts]} if artifacts else dict(entry)

    return {**recipe, "Manifests": [manifest(item) for item in recipe["Manifests"]]}
