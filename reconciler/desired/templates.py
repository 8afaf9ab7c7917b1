"""Template documents → templates, with what group after group will need of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.desired.applicable import check_applicable
from reconciler.desired.arns import check_function, check_home
from reconciler.desired.check import check
from reconciler.desired.configuration import NOTHING, Configuration
from reconciler.desired.deployments import NO_DEPLOYMENT, declare_deployment
from reconciler.desired.documents import Checked, duplicate
from reconciler.desired.located import LocatedDict, LocatedList, plain
from reconciler.desired.problems import Problems, quote
from reconciler.desired.shapes import FAMILIES, family_validator
from reconciler.desired.subscriptions import Declared, declare
from reconciler.desired.tokens import thing_tokens, unknown_token, unknown_tokens
from reconciler.model.fleet import Fleet
from reconciler.model.position import Position
from reconciler.model.template import GREENGRASS_V1, GREENGRASS_V2, Source, Template, TemplateRef

MAX_ENTITIES = {"functions": 200, "resources": 200, "subscriptions": 10_000}
"""Per group (AWS General Reference, AWS IoT Greengrass V1 quotas: L-F7F6CD87, L-56EE2BF6, L-AC2D5DCC)."""
MAX_CLOUD_SUBSCRIPTIONS = 50
"""Subscriptions with source ``cloud`` per group (the same page, L-59276CBA)."""
CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable of a Lambda function whose value has tokens."""

    function: int
    name: str
    text: str
    position: Position


@dataclass(frozen=True, slots=True)
class TemplateEntry:
    """A template, and what is worked out of it once for all groups.

    ``endpoints`` are the ARNs of its functions and connectors, None where they are not known (``source``, or something
    was left out). ``complete`` is false where the template has problems; ``over_limit`` names the limits that it breaks
    by itself, whatever the group. ``merges`` are the configurations that a V2 deployment merges.
    """

    template: Template
    complete: bool
    subscriptions: tuple[Declared, ...] = ()
    device_subscriptions: Mapping[str, tuple[Declared, ...]] | None = None
    variables: tuple[Variable, ...] = ()
    endpoints: frozenset[str] | None = None
    over_limit: frozenset[str] = frozenset()
    merges: Configuration = NOTHING


class Templates:
    """All templates by name and version, those that could not be used included, so that they are not "unknown"."""

    def __init__(self) -> None:
        self.entries: dict[TemplateRef, TemplateEntry | None] = {}
        self.broken_names: set[str] = set()


def build_templates(documents: Iterable[Checked], fleet: Fleet | None, problems: Problems) -> Templates:
    """The templates that ``documents`` (of kind Template) describe. ``fleet`` is None where it is not known."""
    templates = Templates()
    places: dict[TemplateRef, Position] = {}
    for document in documents:
        if document.value is None:
            if document.name is not None:
                templates.broken_names.add(document.name)
            continue
        ref = TemplateRef(document.metadata["name"], document.spec["version"])
        if ref in places:
            duplicate("template", str(ref), document.metadata.position("name"), places[ref], problems)
            continue
        places[ref] = document.metadata.position("name")
        templates.entries[ref] = _build(ref, document, fleet, problems)
    return templates


def _build(ref: TemplateRef, document: Checked, fleet: Fleet | None, problems: Problems) -> TemplateEntry:
    before = len(problems)
    root, spec = document.value, document.spec
    if root is None:
        raise TypeError("a document without a value is no template")
    check_applicable(spec["runtime"], "template", spec, problems)
    if spec["runtime"] == GREENGRASS_V2:
        return _build_v2(ref, document, root, before, problems)
    located = _definitions(root, spec, problems)
    _check_definitions(located, fleet, problems)
    declared = declare(_entities(located, "subscriptions"), problems, thing_at_hand=False)
    device_subscriptions = {
        key: declare(entries, problems, thing_at_hand=True)
        for key, entries in spec.get("deviceSubscriptions", {}).items()
    }
    source = spec.get("source")
    template = Template(
        name=ref.name,
        version=ref.version,
        runtime=GREENGRASS_V1,
        definitions={family: _content(family, content) for family, content in located.items()},
        source=Source(source["groupId"], source["groupVersionId"], source.position()) if source is not None else None,
        device_subscriptions={key: _plain_entries(spec, key) for key in device_subscriptions},
        position=document.position,
    )
    complete = document.complete and len(problems) == before
    return TemplateEntry(
        template=template,
        complete=complete,
        subscriptions=declared,
        device_subscriptions=device_subscriptions,
        variables=_variables(template, located, problems),
        endpoints=_endpoints(template) if complete and source is None else None,
        over_limit=_over_limit(located, problems),
    )


def _build_v2(
    ref: TemplateRef, document: Checked, root: LocatedDict, problems_before: int, problems: Problems
) -> TemplateEntry:
    spec = document.spec
    deployment = declare_deployment(root, spec, problems) if "deployment" in spec else NO_DEPLOYMENT
    return TemplateEntry(
        template=Template(
            name=ref.name,
            version=ref.version,
            runtime=GREENGRASS_V2,
            deployment=deployment.content,
            position=document.position,
        ),
        complete=document.complete and len(problems) == problems_before,
        merges=deployment.merges,
    )


def _definitions(root: LocatedDict, spec: LocatedDict, problems: Problems) -> dict[str, LocatedDict]:
    """The families of definitions, each checked against the service model."""
    found: dict[str, LocatedDict] = {}
    for family in FAMILIES:
        if family in spec.get("definitions", {}):
            content = check(family_validator(family), root, ("spec", "definitions", family), problems)
            if isinstance(content, LocatedDict):
                found[family] = content
    return found


def _entities(located: Mapping[str, LocatedDict], family: str) -> LocatedList:
    content = located.get(family)
    entities = content.get(FAMILIES[family][1]) if content is not None else None
    return entities if isinstance(entities, LocatedList) else LocatedList("", (0, 0))


def _content(family: str, content: LocatedDict) -> dict[str, Any]:
    """The family's content, plain: its entities are there, if only as an empty list, and sorted by Id."""
    value: dict[str, Any] = plain(content)
    member = FAMILIES[family][1]
    value[member] = sorted(value.get(member, []), key=lambda entity: str(entity["Id"]))
    return value


def _plain_entries(spec: LocatedDict, key: str) -> tuple[Mapping[str, Any], ...]:
    return tuple(plain(spec["deviceSubscriptions"][key]))


def _variables(template: Template, located: Mapping[str, LocatedDict], problems: Problems) -> tuple[Variable, ...]:
    """The environment variables that have tokens; ``function`` counts in the template's own (sorted) order."""
    order = {
        entity["Id"]: index
        for index, entity in enumerate(template.definitions.get("functions", {}).get("Functions", ()))
    }
    found: list[Variable] = []
    for entity in _entities(located, "functions"):
        variables = entity.get("FunctionConfiguration", {}).get("Environment", {}).get("Variables", {})
        for name, text in variables.items():
            if "${" not in text:
                continue
            position = variables.position(name)
            if _check_variable(text, position, problems):
                found.append(Variable(order[entity["Id"]], name, text, position))
    return tuple(found)


def _check_variable(text: str, position: Position, problems: Problems) -> bool:
    """Check a variable's tokens; whether they can be expanded."""
    unknown = unknown_tokens(text, secrets=True)
    for token in unknown:
        error = unknown_token(token)
        problems.add(position, error.rule, f"{error.message} in an environment variable", error.hint)
    of_things = thing_tokens(text)
    for token in of_things:
        hint = f"use ${{core{token[2].upper()}{token[3:]} for the group's core"
        problems.add(position, "token-without-value", f"{token} has no value in an environment variable", hint)
    return not unknown and not of_things


def _check_parameters(parameters: Any, problems: Problems) -> None:
    """A connector's parameters may name secrets; what else looks like a token is the connector's own business."""
    for name, text in parameters.items():
        for token in unknown_tokens(text, secrets=True):
            if token.startswith("${secret."):
                error = unknown_token(token)
                problems.add(parameters.position(name), error.rule, f"{error.message} in a parameter", error.hint)


def _endpoints(template: Template) -> frozenset[str]:
    functions = template.definitions.get("functions", {}).get("Functions", ())
    connectors = template.definitions.get("connectors", {}).get("Connectors", ())
    arns = [entity.get("FunctionArn") for entity in functions] + [entity["ConnectorArn"] for entity in connectors]
    return frozenset(arn for arn in arns if arn)


def _check_definitions(located: Mapping[str, LocatedDict], fleet: Fleet | None, problems: Problems) -> None:
    for family in FAMILIES:
        if family != "subscriptions":  # their Ids are compared once their tokens are expanded
            _check_ids(family, _entities(located, family), problems)
    resources = {entity["Id"] for entity in _entities(located, "resources")}
    for entity in _entities(located, "functions"):
        if fleet and "FunctionArn" in entity:
            check_function(entity["FunctionArn"], entity.position("FunctionArn"), fleet, problems)
        if "resources" in located:
            _check_policies(entity, resources, problems)
    for entity in _entities(located, "connectors"):
        _check_parameters(entity.get("Parameters", {}), problems)
        if fleet:
            check_home(entity["ConnectorArn"], "ConnectorArn", entity.position("ConnectorArn"), fleet, problems)
    for entity in _entities(located, "resources"):
        _check_resource(entity, fleet, problems)


def _check_ids(family: str, entities: LocatedList, problems: Problems) -> None:
    first: dict[str, Position] = {}
    for entity in entities:
        position = entity.position("Id")
        if entity["Id"] in first:
            message = f"the Id {quote(entity['Id'])} stands twice among {family}, first at {first[entity['Id']]}"
            problems.add(position, "duplicate-id", message, "give each an Id of its own")
        first.setdefault(entity["Id"], position)


def _check_policies(function: LocatedDict, resources: set[str], problems: Problems) -> None:
    environment = function.get("FunctionConfiguration", {}).get("Environment", {})
    for policy in environment.get("ResourceAccessPolicies", ()):
        if policy["ResourceId"] not in resources:
            message = f"the resource {quote(policy['ResourceId'])} is not among this template's resources"
            hint = problems.did_you_mean(policy["ResourceId"], resources, "declare it there, or take the policy away")
            problems.add(policy.position("ResourceId"), "unknown-resource", message, hint)


def _check_resource(entity: LocatedDict, fleet: Fleet | None, problems: Problems) -> None:
    container = entity["ResourceDataContainer"]
    if len(container) != 1:
        message = f"the resource {quote(entity['Id'])} has {len(container) or 'no'} kinds of data"
        hint = "give it exactly one, such as LocalVolumeResourceData"
        problems.add(entity.key_position("ResourceDataContainer"), "wrong-shape", message, hint)
    for data in container.values():
        for key in ("ARN", "SageMakerJobArn"):
            if fleet and key in data:
                check_home(data[key], key, data.position(key), fleet, problems)


def _over_limit(located: Mapping[str, LocatedDict], problems: Problems) -> frozenset[str]:
    """The limits of a group that the template breaks by itself."""
    over = set[str]()
    for family, most in MAX_ENTITIES.items():
        count = len(_entities(located, family))
        if count > most:
            place = located[family].key_position(FAMILIES[family][1])
            message = f"the template has {count:,} {family}; Greengrass V1 takes {most:,} in a group"
            problems.add(place, f"too-many-{family}", message, "take some away, or spread them over several groups")
            over.add(family)
    cloud = sum(entity.get("Source") == CLOUD for entity in _entities(located, "subscriptions"))
    if cloud > MAX_CLOUD_SUBSCRIPTIONS:
        most = MAX_CLOUD_SUBSCRIPTIONS
        message = f"the template has {cloud} subscriptions with the source cloud; Greengrass V1 takes {most}"
        place = located["subscriptions"].key_position("Subscriptions")
        problems.add(place, "too-many-cloud-subscriptions", message, "take several topics together with a wildcard")
        over.add(CLOUD)
    return frozenset(over)
