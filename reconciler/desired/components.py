"""Component documents → components: a recipe with its artifacts, or a Lambda function."""

from collections.abc import Iterable

from reconciler.desired.arns import check_function_version
from reconciler.desired.artifacts import check_references, place_artifacts, read_artifacts
from reconciler.desired.check import check
from reconciler.desired.documents import Checked, duplicate
from reconciler.desired.files import FleetDirectory
from reconciler.desired.located import LocatedDict, plain
from reconciler.desired.problems import Problems, quote
from reconciler.desired.recipes import Foreign, check_size, complete_recipe, read_recipe
from reconciler.desired.semver import REQUIREMENT_WORDS, is_requirement
from reconciler.desired.shapes import lambda_validator
from reconciler.model.component import Component, ComponentRef
from reconciler.model.fleet import Fleet
from reconciler.model.position import Position

_RESERVED, _LABS = "aws.greengrass.", "aws.greengrass.labs."
"""What names of AWS's own components begin with, and those of its examples, which everybody publishes themselves."""


def build_components(
    documents: Iterable[Checked], directory: FleetDirectory, fleet: Fleet | None, foreign: Foreign, problems: Problems
) -> dict[ComponentRef, Component]:
    """The components that ``documents`` (of kind Component) describe, but for those that have problems."""
    places: dict[ComponentRef, Position] = {}
    found: dict[ComponentRef, Component] = {}
    for document in documents:
        if document.value is None:
            continue
        ref = ComponentRef(document.metadata["name"], document.spec["version"])
        position = document.metadata.position("name")
        if ref in places:
            duplicate("component", str(ref), position, places[ref], problems)
            continue
        places[ref] = position
        before = len(problems)
        if ref.name.startswith(_RESERVED) and not ref.name.startswith(_LABS):
            message = f"the name {quote(ref.name)} begins with {_RESERVED}, as those of AWS's own components do"
            problems.add(position, "reserved-name", message, "give it a name of your own, such as com.example.Logger")
        component = _build(ref, document, directory, fleet, foreign, problems)
        if component is not None and document.complete and len(problems) == before:
            found[ref] = component if not fleet or not fleet.artifacts else place_artifacts(component, fleet.artifacts)
    return dict(sorted(found.items()))


def _build(
    ref: ComponentRef,
    document: Checked,
    directory: FleetDirectory,
    fleet: Fleet | None,
    foreign: Foreign,
    problems: Problems,
) -> Component | None:
    root, spec = document.value, document.spec
    if root is None:
        raise TypeError("a document without a value is no component")
    if "lambda" in spec:
        return _lambda(ref, root, spec, document.position, fleet, problems)
    recipe = read_recipe(spec, directory, foreign, problems)
    artifacts = read_artifacts(spec, directory, problems)
    if recipe is None:
        return None
    complete = complete_recipe(recipe, ref.name, ref.version, problems)
    check_size(complete, recipe.position(), problems)
    check_references(complete, artifacts, problems)
    return Component(
        name=ref.name,
        version=ref.version,
        recipe=plain(complete),
        artifacts=tuple(artifact for artifact, _ in artifacts.values()),
        position=document.position,
    )


def _lambda(
    ref: ComponentRef, root: LocatedDict, spec: LocatedDict, position: Position, fleet: Fleet | None, problems: Problems
) -> Component | None:
    """A component that Greengrass makes of a Lambda function."""
    if "artifacts" in spec:
        message = "artifacts has no meaning with lambda"
        problems.add(
            spec.key_position("artifacts"), "unknown-key", message, "take it away: the function brings its own"
        )
    function = check(lambda_validator(), root, ("spec", "lambda"), problems)
    if not isinstance(function, LocatedDict):
        return None
    if fleet:
        check_function_version(function["lambdaArn"], function.position("lambdaArn"), fleet, problems)
    for dependency in function.get("componentDependencies", {}).values():
        requirement = dependency.get("versionRequirement", "*")
        if not is_requirement(requirement):
            message = f"versionRequirement is {quote(requirement)}"
            place = dependency.position("versionRequirement")
            problems.add(place, "bad-requirement", message, f"write {REQUIREMENT_WORDS}")
    source = {**plain(function), "componentName": ref.name, "componentVersion": ref.version}
    return Component(ref.name, ref.version, lambda_function=source, position=position)
