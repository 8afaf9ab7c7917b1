"""Component recipes: when two are equal though the service has reformatted one, and what they depend on. Pure."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from reconciler.model.canonical import digest
from reconciler.model.component import Artifact, Component, ComponentRef

_OF_ARTIFACTS: Mapping[str, Any] = {
    # Component recipe reference, "Artifacts": what counts where a recipe says nothing.
    "unarchive": "NONE",
    "permission": {"read": "OWNER", "execute": "NONE"},
}
_MADE_BY_AWS = frozenset({"digest", "algorithm"})
"""What AWS adds to each artifact when it takes a recipe in (same page)."""
_SHA256_IN_HEX = 64
_GENERIC = "aws.greengrass.generic"


def comparable_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """``recipe`` so that equal meaning is equal data: without defaults, what is empty, and what AWS adds to it.

    The keys of its sections mean the same in any case.
    """
    compared = _folded(recipe)
    compared.pop("componentsource", None)
    if str(compared.get("componenttype", _GENERIC)).casefold() == _GENERIC:
        compared.pop("componenttype", None)
    compared["manifests"] = [_manifest(manifest) for manifest in compared.get("manifests") or ()]
    compared["componentdependencies"] = {
        name: {"dependencytype": "HARD"} | _folded(dependency or {})
        for name, dependency in (compared.get("componentdependencies") or {}).items()
    }
    compared["componentconfiguration"] = _folded(compared.get("componentconfiguration") or {})
    return dict(_without_empty(compared))


def _folded(section: Mapping[str, Any]) -> dict[str, Any]:
    """A section of a recipe with its keys in lower case; what stands under them keeps its own."""
    return {str(name).casefold(): value for name, value in section.items()}


def _manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    folded = _folded(manifest)
    return {**folded, "artifacts": [_artifact(artifact) for artifact in folded.get("artifacts") or ()]}


def _artifact(artifact: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in _folded(artifact).items() if name not in _MADE_BY_AWS}
    if isinstance(permission := kept.get("permission"), Mapping):
        kept["permission"] = {**_OF_ARTIFACTS["permission"], **_folded(permission)}
    return {name: value for name, value in kept.items() if value != _OF_ARTIFACTS.get(name)}


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {str(name): _without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not None and item not in ({}, [], "")}
    if isinstance(value, list | tuple):
        return [_without_empty(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def recipe_digest(recipe: Mapping[str, Any]) -> str:
    """The digest of what a recipe says."""
    return digest(comparable_recipe(recipe))


def changed_artifacts(published: Mapping[str, Any], artifacts: Iterable[Artifact]) -> list[str]:
    """The names of those of ``artifacts`` that were other files when AWS took the recipe ``published`` in.

    The recipe reference says that AWS puts a SHA-256 beside each artifact, and not in which form; one in another form
    than those that are usual tells nothing.
    """
    digests = {
        str(folded["uri"]): str(folded["digest"])
        for manifest in _folded(published).get("manifests") or ()
        for artifact in _folded(manifest).get("artifacts") or ()
        if {"uri", "digest"} <= (folded := _folded(artifact)).keys()
    }
    return [
        artifact.file.name
        for artifact in artifacts
        if (found := _sha256(digests.get(artifact.uri or "", ""))) is not None
        and found != bytes.fromhex(artifact.sha256)
    ]


def _sha256(text: str) -> bytes | None:
    """A SHA-256 written in hexadecimal or in base64, None if it is neither."""
    try:
        found = bytes.fromhex(text) if len(text) == _SHA256_IN_HEX else base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return found if len(found) == _SHA256_IN_HEX // 2 else None


class Dependency(NamedTuple):
    """What a component needs of another one: versions (empty: any), and whether it has to be there."""

    requirement: str
    is_hard: bool


def dependencies(component: Component) -> dict[str, Dependency]:
    """The components that one depends on."""
    if component.recipe is not None:
        declared = _folded(component.recipe).get("componentdependencies") or {}
    else:
        declared = (component.lambda_function or {}).get("componentDependencies") or {}
    found = {}
    for name, entry in declared.items():
        folded = _folded(entry or {})
        requirement = str(folded.get("versionrequirement") or "")
        found[name] = Dependency(requirement, str(folded.get("dependencytype", "HARD")).upper() == "HARD")
    return found


def used_by(
    document: Mapping[str, Any], components: Mapping[ComponentRef, Component]
) -> tuple[tuple[Component, ...], Mapping[str, str]]:
    """The declared components that a deployment document needs, what they depend on first, and what would float.

    The second are the dependencies that the document does not pin: name to who depends on it.
    """
    pinned = {name: entry["componentVersion"] for name, entry in document.get("components", {}).items()}
    ordered: dict[ComponentRef, Component] = {}
    floating: dict[str, str] = {}
    seen: set[ComponentRef] = set()

    def take(ref: ComponentRef) -> None:
        component = components.get(ref)
        if component is None or ref in seen:
            return
        seen.add(ref)
        for name in sorted(dependencies(component)):
            if name in pinned:
                take(ComponentRef(name, pinned[name]))
            else:
                floating.setdefault(name, ref.name)
        ordered[ref] = component

    for name in sorted(pinned):
        take(ComponentRef(name, pinned[name]))
    return tuple(ordered.values()), floating
