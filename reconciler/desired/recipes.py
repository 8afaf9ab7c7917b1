"""Recipes of components: read from where they are written, completed and checked.

AWS's own tool for components takes their keys in any case (``Manifests``, ``manifests``), the service in one: what is
read here is spelled as the service has it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from reconciler.desired.check import describe
from reconciler.desired.files import FleetDirectory, named_file, read_text
from reconciler.desired.json_text import located, parse_json
from reconciler.desired.located import LocatedDict, LocatedList
from reconciler.desired.parse import Document, parse
from reconciler.desired.problems import Problems, closest, names, quote
from reconciler.desired.semver import REQUIREMENT_WORDS, is_requirement
from reconciler.desired.wire import inline_recipe
from reconciler.model.position import Position

FORMAT_VERSION = "2020-01-25"
MAX_RECIPE = 16 * 1024
"""Bytes of a recipe (AWS General Reference, AWS IoT Greengrass V2 quotas)."""
_TYPES = tuple(map("aws.greengrass.{}".format, ["generic", "lambda", "plugin", "nucleus"]))
_DEPENDENCY_TYPES = ("HARD", "SOFT")
_DEPENDENCY = {"VersionRequirement": None, "DependencyType": None}
_ARTIFACT = {
    "Uri": None,
    "Unarchive": None,
    "Permission": {"Read": None, "Execute": None},
    "Digest": None,
    "Algorithm": None,
}
_MANIFEST = {"Name": None, "Platform": None, "Lifecycle": None, "Selections": None, "Artifacts": [_ARTIFACT]}
_RECIPE = {
    "RecipeFormatVersion": None,
    "ComponentName": None,
    "ComponentVersion": None,
    "ComponentType": None,
    "ComponentDescription": None,
    "ComponentPublisher": None,
    "ComponentSource": None,
    "ComponentConfiguration": {"DefaultConfiguration": None},
    "ComponentDependencies": {"*": _DEPENDENCY},
    "Manifests": [_MANIFEST],
    "Lifecycle": None,
}
"""The keys of a recipe as the service spells them (component recipe reference); ``*`` is any key, None anything."""
_FILLED_IN = {"ComponentName": (None, "{COMPONENT_NAME}"), "ComponentVersion": (None, "{COMPONENT_VERSION}")}
"""What the Greengrass Development Kit fills in, too; None: left out."""
_NO_FILE = "write the path of a YAML or JSON file in the fleet directory, or the recipe itself"
Foreign = Mapping[PurePath, Sequence[Document]]
"""The documents of YAML files that are none of ours, by the path of the file in the fleet directory."""


def read_recipe(
    spec: LocatedDict, directory: FleetDirectory, foreign: Foreign, problems: Problems
) -> LocatedDict | None:
    """The recipe in ``spec``, or in the file that ``spec`` names; None, with a problem, if that is none."""
    recipe = spec["recipe"]
    if isinstance(recipe, LocatedDict):
        return recipe
    position = spec.position("recipe")
    relative = named_file(directory, recipe, "recipe", position, _NO_FILE, problems)
    if relative is None:
        return None
    start, before = directory.position(relative), len(problems)
    documents = foreign.get(relative, ())
    roots = [document.root for document in documents]
    if not roots:
        text = read_text(directory, relative, problems)
        roots = _parse(relative, text, start, problems) if text is not None else []
    if len(problems) > before or not all(document.complete for document in documents):
        return None
    if len(roots) != 1 or not isinstance(roots[0], LocatedDict):
        found = f"{len(roots)} documents" if len(roots) != 1 else describe(roots[0])
        message = f"the recipe is {found} where one mapping is wanted"
        problems.add(start, "wrong-type", message, f"begin it with RecipeFormatVersion: {quote(FORMAT_VERSION)}")
        return None
    return roots[0]


def _parse(relative: PurePath, text: str, start: Position, problems: Problems) -> list[Any]:
    """The documents in ``text``. What JSON is gets its places by being read as YAML, which it nearly always is."""
    if relative.suffix.lower() != ".json":
        return [document.root for document in parse(text, start.file, problems)[0]]
    before = len(problems)
    value = parse_json(text, "the recipe", start, problems)
    if len(problems) > before:
        return []
    documents, _ = parse(text, start.file, Problems())
    return [documents[0].root if len(documents) == 1 and documents[0].root == value else located(value, start)]


def complete_recipe(recipe: LocatedDict, name: str, version: str, problems: Problems) -> LocatedDict:
    """``recipe`` spelled as the service has it, with ``name`` and ``version`` filled in where it leaves them out.

    What is wrong with it is told.
    """
    spelled: LocatedDict = _spelled(recipe, _RECIPE, problems)
    _check(spelled, problems)
    for key, value, place in (("ComponentName", name, "metadata.name"), ("ComponentVersion", version, "spec.version")):
        if spelled.get(key) in _FILLED_IN[key]:
            spelled[key] = value
        elif spelled[key] != value:
            message = f"{key} is {describe(spelled[key])}, but {place} is {quote(value)}"
            problems.add(spelled.position(key), "recipe-differs", message, "write the same, or take it away here")
    return spelled


def _spelled(value: Any, keys: Any, problems: Problems) -> Any:
    """``value`` with those of its keys that ``keys`` knows in whatever case spelled as they are there.

    One of them that nothing stands under is left out.
    """
    if isinstance(value, LocatedDict) and isinstance(keys, dict):
        folded = {key.casefold(): key for key in keys}
        mapping = LocatedDict(value.file, value.start)
        for written, item in value.items():
            key = folded.get(written.casefold(), written)
            if item is None and key in keys:
                continue
            if key in mapping:
                message = f"the key {quote(written)} stands twice in this mapping, as {key} too"
                problems.add(value.key_position(written), "duplicate-key", message, "keep one of the two")
            mapping[key] = _spelled(item, keys.get(key, keys.get("*")), problems)
            mapping.places[key] = value.places[written]
        return mapping
    if isinstance(value, LocatedList) and isinstance(keys, list):
        items = LocatedList(value.file, value.start)
        items.extend(_spelled(item, keys[0], problems) for item in value)
        items.places.extend(value.places)
        return items
    return value


def check_size(recipe: Mapping[str, Any], position: Position, problems: Problems) -> None:
    """Check that ``recipe`` is not larger than Greengrass takes."""
    size = len(inline_recipe(recipe))
    if size > MAX_RECIPE:
        message = f"the recipe has {size:,} bytes; Greengrass V2 takes {MAX_RECIPE:,}"
        problems.add(position, "too-large", message, "put what is large, such as scripts, into artifacts")


def artifact_uris(recipe: LocatedDict) -> Iterator[LocatedDict]:
    """Each artifact of each manifest that has a URI."""
    for manifest in _mappings(recipe.get("Manifests")):
        for artifact in _mappings(manifest.get("Artifacts")):
            if isinstance(artifact.get("Uri"), str):
                yield artifact


def _mappings(value: Any) -> list[LocatedDict]:
    return [item for item in value if isinstance(item, LocatedDict)] if isinstance(value, LocatedList) else []


def _check(recipe: LocatedDict, problems: Problems) -> None:
    if "RecipeFormatVersion" not in recipe:
        _missing(recipe, "the recipe", "RecipeFormatVersion", f'"{FORMAT_VERSION}"', problems)
    elif "Manifests" not in recipe:
        _missing(recipe, "the recipe", "Manifests", "[…]", problems)
    else:
        _check_known(recipe, _RECIPE, "the recipe", problems)
    if recipe.get("RecipeFormatVersion", FORMAT_VERSION) != FORMAT_VERSION:
        message = f"RecipeFormatVersion is {describe(recipe['RecipeFormatVersion'])}"
        problems.add(recipe.position("RecipeFormatVersion"), "unknown-value", message, f'write "{FORMAT_VERSION}"')
    _check_one_of(recipe, "ComponentType", _TYPES, problems)
    _of_type(recipe, "ComponentConfiguration", LocatedDict, problems)
    dependencies = _of_type(recipe, "ComponentDependencies", LocatedDict, problems)
    for name in dependencies or ():
        dependency = _of_type(dependencies, name, LocatedDict, problems)
        if dependency is not None:
            _check_dependency(name, dependency, problems)
    manifests = _of_type(recipe, "Manifests", LocatedList, problems)
    if manifests is not None and not manifests:
        problems.add(manifests.position(), "empty", "the recipe has no manifest", "add one, such as {Lifecycle: {…}}")
    for index, manifest in enumerate(manifests or ()):
        if isinstance(manifest, LocatedDict):
            _check_manifest(index, manifest, problems)
        else:
            message = f"Manifests[{index}] is no mapping of keys and values"
            problems.add(manifests.position(index), "wrong-type", message, "write Platform, Lifecycle and Artifacts")


def _check_manifest(index: int, manifest: LocatedDict, problems: Problems) -> None:
    _check_known(manifest, _MANIFEST, f"Manifests[{index}]", problems)
    _of_type(manifest, "Platform", LocatedDict, problems)
    _of_type(manifest, "Lifecycle", LocatedDict, problems)
    artifacts = _of_type(manifest, "Artifacts", LocatedList, problems)
    for number, artifact in enumerate(artifacts or ()):
        if not isinstance(artifact, LocatedDict) or not isinstance(artifact.get("Uri"), str):
            message = f"Artifacts[{number}] of Manifests[{index}] has no URI"
            problems.add(artifacts.position(number), "wrong-type", message, "write {URI: …}")


def _check_dependency(name: str, dependency: LocatedDict, problems: Problems) -> None:
    requirement = dependency.get("VersionRequirement")
    if "VersionRequirement" not in dependency:
        _missing(dependency, f"the dependency on {name}", "VersionRequirement", '">=1.0.0 <2.0.0"', problems)
    elif not isinstance(requirement, str) or not is_requirement(requirement):
        message = f"VersionRequirement is {describe(requirement)}"
        place = dependency.position("VersionRequirement")
        problems.add(place, "bad-requirement", message, f"write {REQUIREMENT_WORDS}")
    _check_one_of(dependency, "DependencyType", _DEPENDENCY_TYPES, problems)


def _check_known(section: LocatedDict, keys: Mapping[str, Any], what: str, problems: Problems) -> None:
    """Check that ``section``, called ``what``, has no keys but those in ``keys``."""
    for key in section:
        if key not in keys:
            hint = problems.did_you_mean(key, keys, f"the keys here are {names(keys, 20)}")
            problems.add(section.key_position(key), "unknown-key", f"unknown key {quote(key)} in {what}", hint)


def _missing(section: LocatedDict, what: str, key: str, example: str, problems: Problems) -> None:
    """Tell that ``section`` lacks a key; one that looks like it is taken for a slip."""
    slip = closest(key, section)
    hint = f"write {key} in place of {slip}" if slip else f"add {key}: {example}"
    problems.add(section.position(), "missing-key", f"{what} lacks the key {key}", hint)


def _of_type(section: LocatedDict, key: str, kind: type[Any], problems: Problems) -> Any:
    """The value of ``key`` if it is of ``kind``, else None: with a problem, unless nothing stands there."""
    value = section.get(key)
    if value is None or isinstance(value, kind):
        return value
    what = "list" if kind is LocatedList else "mapping of keys and values"
    message = f"{key} is no {what}"  # what it is instead may be a secret
    problems.add(section.position(key), "wrong-type", message, "mend it, or leave the key out")
    return None


def _check_one_of(section: LocatedDict, key: str, allowed: Sequence[str], problems: Problems) -> None:
    value = section.get(key, allowed[0])
    if value not in allowed:
        hint = problems.did_you_mean(str(value), allowed, f"write one of {names(allowed)}")
        problems.add(section.position(key), "unknown-value", f"{key} is {describe(value)}", hint)
