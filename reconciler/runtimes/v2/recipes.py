"""Component recipes: when two are equal though the service has reformatted one, and what they depend on. Pure."""

from collections.abc import Mapping
from typing import Any

from reconciler.model.canonical import digest
from reconciler.model.component import Component, ComponentRef

_OF_ARTIFACTS: Mapping[str, Any] = {
    # Component recipe reference, "Artifacts": what counts where a recipe says nothing.
    "Unarchive": "NONE",
    "Permission": {"Read": "OWNER", "Execute": "NONE"},
}
_MADE_BY_AWS = frozenset({"Digest", "Algorithm"})
"""What AWS adds to each artifact when it takes a recipe in (same page)."""
_GENERIC = "aws.greengrass.generic"


def comparable_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """``recipe`` so that equal meaning is equal data: without defaults, what is empty, and what AWS adds to it."""
    compared = {name: value for name, value in recipe.items() if name != "ComponentSource"}
    if compared.get("ComponentType") == _GENERIC:
        del compared["ComponentType"]
    if manifests := compared.get("Manifests"):
        compared["Manifests"] = [_manifest(manifest) for manifest in manifests]
    if dependencies := compared.get("ComponentDependencies"):
        compared["ComponentDependencies"] = {
            name: {"DependencyType": "HARD"} | dict(dependency or {}) for name, dependency in dependencies.items()
        }
    return dict(_without_empty(compared))


def _manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    artifacts = [_artifact(artifact) for artifact in manifest.get("Artifacts") or ()]
    return {**manifest, "Artifacts": artifacts}


def _artifact(artifact: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in artifact.items() if name not in _MADE_BY_AWS}
    if isinstance(permission := kept.get("Permission"), Mapping):
        kept["Permission"] = {**_OF_ARTIFACTS["Permission"], **permission}
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


def dependencies(component: Component) -> dict[str, str]:
    """The components that one depends on, with its requirement on their version (empty: any)."""
    if component.recipe is not None:
        declared = component.recipe.get("ComponentDependencies") or {}
        return {name: str((entry or {}).get("VersionRequirement") or "") for name, entry in declared.items()}
    declared = (component.lambda_function or {}).get("componentDependencies") or {}
    return {name: str(entry.get("versionRequirement") or "") for name, entry in declared.items()}


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
