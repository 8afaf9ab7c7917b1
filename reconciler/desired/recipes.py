"""Recipes of components: read from where they are written, completed and checked.

Greengrass takes the keys of recipes in any case (``Manifests``, ``manifests``), and so does this.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from reconciler.desired.check import describe
from reconciler.desired.files import FleetDirectory, named_file, read_text
from reconciler.desired.json_text import located, parse_json
from reconciler.desired.located import LocatedDict, LocatedList, plain
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


def complete_recipe(recipe: LocatedDict, name: str, version: str, problems: Problems) -> dict[str, Any]:
    """``recipe``, plain, with ``name`` and ``version`` filled in where it leaves them out; what is wrong is told."""
    _check_keys(recipe, problems)
    content: dict[str, Any] = plain(recipe)
    for key, value, place in (("ComponentName", name, "metadata.name"), ("ComponentVersion", version, "spec.version")):
        written, found = _find(recipe, key)
        if written is None:
            content[key] = value
        elif found != value:
            message = f"{written} is {describe(found)}, but {place} is {quote(value)}"
            problems.add(recipe.position(written), "recipe-differs", message, "write the same, or take it away here")
    return content


def check_size(recipe: Mapping[str, Any], position: Position, problems: Problems) -> None:
    """Check that ``recipe`` is not larger than Greengrass takes."""
    size = len(inline_recipe(recipe))
    if size > MAX_RECIPE:
        message = f"the recipe has {size:,} bytes; Greengrass V2 takes {MAX_RECIPE:,}"
        problems.add(position, "too-large", message, "put what is large, such as scripts, into artifacts")


def artifact_uris(recipe: LocatedDict) -> Iterator[tuple[LocatedDict, str]]:
    """Each artifact of each manifest, with the key that its URI stands under."""
    for manifest in _mappings(_find(recipe, "Manifests")[1]):
        for artifact in _mappings(_find(manifest, "Artifacts")[1]):
            key, uri = _find(artifact, "URI")
            if key is not None and isinstance(uri, str):
                yield artifact, key


def _find(section: LocatedDict, key: str) -> tuple[str | None, Any]:
    """The key as it is written in ``section``, in whatever case, and its value; None and None where it is not there."""
    if key in section:
        return key, section[key]
    folded = key.casefold()
    written = next((known for known in section if known.casefold() == folded), None)
    return written, section[written] if written is not None else None


def _mappings(value: Any) -> list[LocatedDict]:
    return [item for item in value if isinstance(item, LocatedDict)] if isinstance(value, LocatedList) else []


def _check_keys(recipe: LocatedDict, problems: Problems) -> None:
    written, version = _find(recipe, "RecipeFormatVersion")
    if written is None:
        _missing(recipe, "the recipe", "RecipeFormatVersion", f'"{FORMAT_VERSION}"', problems)
    elif version != FORMAT_VERSION:
        message = f"{written} is {describe(version)}"
        problems.add(recipe.position(written), "unknown-value", message, f'write "{FORMAT_VERSION}"')
    _check_one_of(recipe, "ComponentType", _TYPES, problems)
    _of_type(recipe, "ComponentConfiguration", LocatedDict, problems)
    dependencies = _of_type(recipe, "ComponentDependencies", LocatedDict, problems)
    for name in dependencies or ():
        dependency = _of_type(dependencies, name, LocatedDict, problems)
        if dependency is not None:
            _check_dependency(name, dependency, problems)
    manifests = _of_type(recipe, "Manifests", LocatedList, problems)
    if _find(recipe, "Manifests")[1] is None:
        _missing(recipe, "the recipe", "Manifests", "[…]", problems)
    elif manifests is not None and not manifests:
        problems.add(manifests.position(), "empty", "the recipe has no manifest", "add one, such as {Lifecycle: {…}}")
    for index, manifest in enumerate(manifests or ()):
        if not isinstance(manifest, LocatedDict):
            message = f"Manifests[{index}] is no mapping of keys and values"
            problems.add(manifests.position(index), "wrong-type", message, "write Platform, Lifecycle and Artifacts")
            continue
        _of_type(manifest, "Platform", LocatedDict, problems)
        _of_type(manifest, "Lifecycle", LocatedDict, problems)
        _of_type(manifest, "Artifacts", LocatedList, problems)


def _check_dependency(name: str, dependency: LocatedDict, problems: Problems) -> None:
    written, requirement = _find(dependency, "VersionRequirement")
    if written is None:
        _missing(dependency, f"the dependency on {name}", "VersionRequirement", '">=1.0.0 <2.0.0"', problems)
    elif not isinstance(requirement, str) or not is_requirement(requirement):
        message = f"{written} is {describe(requirement)}"
        problems.add(dependency.position(written), "bad-requirement", message, f"write {REQUIREMENT_WORDS}")
    _check_one_of(dependency, "DependencyType", _DEPENDENCY_TYPES, problems)


def _missing(section: LocatedDict, what: str, key: str, example: str, problems: Problems) -> None:
    """Tell that ``section`` lacks a key; one that looks like it is taken for a slip."""
    slip = closest(key, section)
    hint = f"write {key} in place of {slip}" if slip else f"add {key}: {example}"
    problems.add(section.position(), "missing-key", f"{what} lacks the key {key}", hint)


def _of_type(section: LocatedDict, key: str, kind: type[Any], problems: Problems) -> Any:
    """The value of ``key`` if it is of ``kind``, else None: with a problem, unless nothing stands there."""
    written, value = _find(section, key)
    if value is None or isinstance(value, kind):
        return value
    what = "list" if kind is LocatedList else "mapping of keys and values"
    message = f"{written} is no {what}"  # what it is instead may be a secret
    problems.add(section.position(written), "wrong-type", message, "mend it, or leave the key out")
    return None


def _check_one_of(section: LocatedDict, key: str, allowed: Sequence[str], problems: Problems) -> None:
    written, value = _find(section, key)
    if written is not None and str(value).casefold() not in {entry.casefold() for entry in allowed}:
        hint = problems.did_you_mean(str(value), allowed, f"write one of {names(allowed)}")
        problems.add(section.position(written), "unknown-value", f"{written} is {describe(value)}", hint)
