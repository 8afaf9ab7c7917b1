"""The ``deployment`` of a Greengrass V2 template: CreateDeployment's own shapes, ``merge`` as a mapping."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.desired.check import check, path_text
from reconciler.desired.configuration import NOTHING, Configuration, declare_configuration
from reconciler.desired.json_text import located, parse_json
from reconciler.desired.located import LocatedDict, Path, plain
from reconciler.desired.problems import Problems
from reconciler.desired.shapes import DEPLOYMENT_PARTS, deployment_validator
from reconciler.desired.wire import MAX_LARGE_DOCUMENT, wire_size
from reconciler.model.canonical import canonical_json
from reconciler.model.position import Position

_DEPLOYMENT: Path = ("spec", "deployment")
_COMPONENTS: Path = (*_DEPLOYMENT, "components")


@dataclass(frozen=True, slots=True)
class DeclaredDeployment:
    """A template's deployment, plain; and the values that it merges, with the tokens in them."""

    content: Mapping[str, Any]
    merges: Configuration


NO_DEPLOYMENT = DeclaredDeployment({"components": {}}, NOTHING)


def declare_deployment(root: LocatedDict, spec: LocatedDict, problems: Problems) -> DeclaredDeployment:
    """The deployment of a template whose document is ``root``, each part checked against the service model."""
    section = spec["deployment"]
    found: dict[str, LocatedDict] = {}
    for part in DEPLOYMENT_PARTS:
        if part in section:
            content = check(deployment_validator(part), root, (*_DEPLOYMENT, part), problems)
            if isinstance(content, LocatedDict):
                found[part] = content
    components: Mapping[str, Any] = found.get("components", {})
    for name, component in components.items():
        update = component.get("configurationUpdate", {})
        if "merge" in update:
            _read_merge((*_COMPONENTS, name, "configurationUpdate", "merge"), update, problems)
    _check_steps(found.get("iotJobConfiguration", {}), problems)
    merges = {
        name: component["configurationUpdate"]["merge"]
        for name, component in components.items()
        if "merge" in component.get("configurationUpdate", {})
    }
    places = {name: found["components"].key_position(name) for name in merges}
    content = {"components": {}, **{part: plain(content) for part, content in found.items()}}
    check_size("the deployment", content, spec.key_position("deployment"), problems)
    return DeclaredDeployment(
        content=content,
        merges=declare_configuration(merges, places, problems, core_at_hand=False),
    )


def check_size(what: str, document: Mapping[str, Any], position: Position, problems: Problems) -> None:
    """Check that ``document``, called ``what``, is not larger than Greengrass V2 takes in any case."""
    if 8 * len(canonical_json(document)) <= MAX_LARGE_DOCUMENT:
        return  # as JSON text inside of JSON a character takes at most two, and a character at most four bytes
    size = wire_size(document)
    if size > MAX_LARGE_DOCUMENT:
        message = f"{what} has {size:,} bytes; Greengrass V2 takes {MAX_LARGE_DOCUMENT:,}"
        problems.add(position, "too-large", message, "put what is large into a component's artifact")


def _read_merge(path: Path, update: LocatedDict, problems: Problems) -> None:
    """Put the mapping in the place of ``merge`` in ``update``, which may be JSON text; none where it is no object."""
    merge, position = update["merge"], update.position("merge")
    if isinstance(merge, LocatedDict):
        return
    before = len(problems)
    value = parse_json(merge, "it", position, problems, whole_file=False)
    if len(problems) == before and not isinstance(value, dict):
        # Not shown: what stands there may be a secret.
        message = f"{path_text(path)} is JSON text, but not of an object"
        problems.add(position, "wrong-type", message, "write a mapping of keys and values")
    update["merge"] = located(value if isinstance(value, dict) else {}, position)


def _check_steps(configuration: Mapping[str, Any], problems: Problems) -> None:
    """Check the figures of which AWS IoT takes so many decimals only (``incrementFactor``, ``thresholdPercentage``)."""
    rate = configuration.get("jobExecutionsRolloutConfig", {}).get("exponentialRate", {})
    figures = [(rate, "incrementFactor", 1)] if rate else []
    criteria = configuration.get("abortConfig", {}).get("criteriaList", ())
    figures += [(criterion, "thresholdPercentage", 2) for criterion in criteria]
    for section, key, decimals in figures:
        value = section.get(key, 0)
        if round(value, decimals) != value:
            digits = "one decimal" if decimals == 1 else f"{decimals} decimals"
            hint = f"write it with at most {digits}, such as {round(value, decimals)}"
            problems.add(section.position(key), "out-of-range", f"{key} is {value}", hint)
