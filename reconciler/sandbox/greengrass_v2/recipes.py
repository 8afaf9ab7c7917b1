"""Recipes of components: read, checked, and written out as the service keeps them (component-recipe-reference.md)."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from reconciler.sandbox.greengrass_v2.refusals import invalid
from reconciler.sandbox.greengrass_v2.versions import is_version, requirement

FORMAT = "2020-01-25"
LARGEST = 16 * 1024
"""Bytes of a recipe (Greengrass quotas)."""

KEYS: Mapping[str, Any] = {
    "RecipeFormatVersion": "",
    "ComponentName": "",
    "ComponentVersion": "",
    "ComponentType": "aws.greengrass.generic",
    "ComponentDescription": None,
    "ComponentPublisher": None,
    "ComponentSource": None,
    "ComponentConfiguration": None,
    "ComponentDependencies": None,
    "Manifests": None,
    "Lifecycle": {},
}
"""The keys of a recipe in the service's order, with what it puts where the author wrote nothing (None: nothing)."""
TYPES = ("aws.greengrass.generic", "aws.greengrass.lambda", "aws.greengrass.plugin", "aws.greengrass.nucleus")

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")
_MANIFEST_KEYS = ("Name", "Platform", "Lifecycle", "Selections", "Artifacts")
_ARTIFACT_KEYS = ("Uri", "Digest", "Algorithm", "Unarchive", "Permission")


def read_recipe(content: bytes) -> dict[str, Any]:
    """The recipe in JSON or YAML text, normalised. Raises ValidationException for all that the service refuses."""
    if len(content) > LARGEST:
        raise _bad(f"the recipe has {len(content)} bytes, more than {LARGEST}")
    recipe = _parsed(content)
    if not isinstance(recipe, Mapping):
        raise _bad("the recipe is no mapping")
    _check(recipe)
    return _normalised(recipe)


def write_recipe(recipe: Mapping[str, Any], form: str) -> bytes:
    """The recipe as text, in ``JSON`` or ``YAML``."""
    if form == "YAML":
        return yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True, explicit_start=True).encode()
    return json.dumps(recipe, ensure_ascii=False, separators=(",", ":")).encode()


def artifacts_of(recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The artifacts of all manifests."""
    return [artifact for manifest in recipe.get("Manifests", []) for artifact in manifest.get("Artifacts", [])]


def dependencies_of(recipe: Mapping[str, Any]) -> dict[str, str]:
    """What a component needs: names of components and the versions that will do."""
    found: Mapping[str, Any] = recipe.get("ComponentDependencies") or {}
    return {name: str(needed["VersionRequirement"]) for name, needed in found.items()}


def platforms_of(recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The platforms of the manifests, as the API shows them."""
    found = []
    for manifest in recipe.get("Manifests", []):
        attributes = {key: str(value) for key, value in (manifest.get("Platform") or {}).items()}
        found.append({"name": manifest.get("Name"), "attributes": attributes or {"os": "*"}})
    return found


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        pass  # JSON first: YAML would stumble over its tabs
    try:
        # By way of JSON, which is how the service answers: what YAML alone can say is no recipe.
        return json.loads(json.dumps(yaml.load(content, _TextLoader), allow_nan=False))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError) as problem:
        raise _bad(f"the recipe is neither JSON nor YAML: {problem}") from problem


def _check(recipe: Mapping[str, Any]) -> None:
    if str(recipe.get("RecipeFormatVersion")) != FORMAT:
        raise _bad(f"RecipeFormatVersion must be {FORMAT}")
    unknown = sorted(str(key) for key in recipe if key not in KEYS)
    if unknown:
        raise _bad(f"unknown key {', '.join(unknown)}; keys are case-sensitive")
    if not isinstance(recipe.get("ComponentName"), str) or not _NAME.fullmatch(recipe["ComponentName"]):
        raise _bad("ComponentName must have 1 to 128 letters, digits, dots, hyphens or underscores")
    if not isinstance(recipe.get("ComponentVersion"), str) or not is_version(recipe["ComponentVersion"]):
        raise _bad("ComponentVersion must be a semantic version such as 1.0.0")
    if recipe.get("ComponentType", TYPES[0]) not in TYPES:
        raise _bad(f"ComponentType must be one of {', '.join(TYPES)}")
    configuration = _mapping(recipe, "ComponentConfiguration")
    _mapping(configuration, "DefaultConfiguration")
    for name, needed in _mapping(recipe, "ComponentDependencies").items():
        _check_dependency(name, needed)
    manifests = recipe.get("Manifests")
    if not isinstance(manifests, list) or not manifests:
        raise _bad("Manifests must be a list of at least one manifest")
    for manifest in manifests:
        _check_manifest(manifest)


def _check_dependency(name: str, needed: Any) -> None:
    if not isinstance(needed, Mapping) or not isinstance(needed.get("VersionRequirement"), str):
        raise _bad(f"ComponentDependencies.{name} must have a VersionRequirement")
    if needed.get("DependencyType", "HARD") not in ("HARD", "SOFT"):
        raise _bad(f"ComponentDependencies.{name}.DependencyType must be HARD or SOFT")
    try:
        requirement(needed["VersionRequirement"])
    except ValueError as problem:
        raise _bad(f"ComponentDependencies.{name}.VersionRequirement is no semantic version constraint") from problem


def _check_manifest(manifest: Any) -> None:
    if not isinstance(manifest, Mapping):
        raise _bad("a manifest must be a mapping")
    unknown = sorted(str(key) for key in manifest if key not in _MANIFEST_KEYS)
    if unknown:
        raise _bad(f"unknown key {', '.join(unknown)} in a manifest; keys are case-sensitive")
    for artifact in manifest.get("Artifacts") or []:
        uri = artifact.get("Uri") or artifact.get("URI") if isinstance(artifact, Mapping) else None
        if not isinstance(uri, str) or not re.match(r"(s3|docker|greengrass):", uri):
            raise _bad("an artifact must have a Uri that starts with s3:, docker: or greengrass:")


def _mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise _bad(f"{key} must be a mapping")
    return value or {}


def _normalised(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe in the service's order of keys, with its defaults."""
    whole = {key: recipe.get(key, default) for key, default in KEYS.items()}
    whole["RecipeFormatVersion"] = FORMAT
    if whole["ComponentDependencies"]:
        whole["ComponentDependencies"] = {
            name: {"VersionRequirement": needed["VersionRequirement"], "DependencyType": _dependency_type(needed)}
            for name, needed in whole["ComponentDependencies"].items()
        }
    whole["Manifests"] = [_manifest(manifest) for manifest in whole["Manifests"]]
    return {key: value for key, value in whole.items() if value is not None}


def _dependency_type(needed: Mapping[str, Any]) -> str:
    return str(needed.get("DependencyType", "HARD"))


def _manifest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    whole = {key: manifest.get(key) for key in _MANIFEST_KEYS}
    whole["Lifecycle"] = whole["Lifecycle"] or {}
    whole["Artifacts"] = [_artifact(artifact) for artifact in whole["Artifacts"] or []] or None
    return {key: value for key, value in whole.items() if value is not None}


def _artifact(artifact: Mapping[str, Any]) -> dict[str, Any]:
    given = {"Uri": artifact.get("Uri") or artifact.get("URI"), **artifact}
    permission = given.get("Permission") or {}
    return {
        "Uri": given["Uri"],
        "Unarchive": given.get("Unarchive", "NONE"),
        "Permission": {"Read": permission.get("Read", "OWNER"), "Execute": permission.get("Execute", "NONE")},
    }


def _bad(problem: str) -> Exception:
    return invalid(f"Invalid recipe: {problem}", "inlineRecipe")


class _TextLoader(yaml.CSafeLoader):
    """libyaml's safe loader, for which dates are text."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
