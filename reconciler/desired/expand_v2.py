"""Declared Greengrass V2 groups → what is deployed to the thing group, and to cores with something of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.desired.configuration import Configuration, expand_configuration, overlay
from reconciler.desired.deployments import check_size
from reconciler.desired.groups import DeclaredGroup
from reconciler.desired.problems import Problems, quote
from reconciler.desired.templates import TemplateEntry
from reconciler.desired.tokens import TokenContext, TokenError
from reconciler.model.position import Position


@dataclass(frozen=True, slots=True)
class Deployed:
    """``Group.document`` and ``Group.core_documents``, and each core's own configuration, by thing name."""

    document: Mapping[str, Any]
    core_documents: Mapping[str, Mapping[str, Any]]
    configurations: Mapping[str, Mapping[str, Any]]


def check_things(group: DeclaredGroup, problems: Problems) -> None:
    """Check what Greengrass V2 wants of a group's names, and that its devices name cores of the group."""
    for what, name, position in (
        ("group's name", group.name, group.position),
        *(("core's thingName", core.thing.thing_name, core.thing.position) for core in group.cores),
    ):
        if ":" in name:
            message = f"the {what} {quote(name)} has a colon, which Greengrass V2 does not take"
            problems.add(position, "bad-name", message, "write letters, digits, underscore and hyphen")
    cores = {core.thing.thing_name for core in group.cores}
    for device in group.devices:
        for name, position in device.core_places.items():
            if name not in cores and group.complete:
                message = f"the group {group.name} has no core {quote(name)}"
                hint = problems.did_you_mean(name, cores, "name a core of the group, or leave cores out for all")
                problems.add(position, "unknown-core", message, hint)


def deployed(
    group: DeclaredGroup,
    entry: TemplateEntry,
    context: TokenContext,
    core_contexts: Mapping[str, TokenContext],
    problems: Problems,
) -> Deployed:
    """What ``entry`` means for ``group``; ``context`` and ``core_contexts`` (by thing name) are what tokens mean."""
    template = entry.template.deployment
    complete = group.complete and entry.complete

    def told_for_group(position: Position, error: TokenError) -> None:
        if complete:
            problems.add_in_group(group.name, position, error.rule, error.message, error.hint)

    def told(position: Position, error: TokenError) -> None:
        if complete:
            problems.add(position, error.rule, error.message, error.hint)

    values = expand_configuration(entry.merges, context, told_for_group)
    if group.configuration.values:
        _check_components(group.configuration, entry, problems)
        values = overlay(values, expand_configuration(group.configuration, context, told))
    document = template if values is entry.merges.values else _with_values(template, values)
    if document is not template and complete:
        check_size(f"the deployment of the group {group.name}", document, group.position, problems)
    documents: dict[str, Mapping[str, Any]] = {}
    configurations: dict[str, Mapping[str, Any]] = {}
    for core in group.cores:
        if core.configuration.values:
            name = core.thing.thing_name
            _check_components(core.configuration, entry, problems)
            own = configurations[name] = expand_configuration(core.configuration, core_contexts[name], told)
            documents[name] = _core_document(document, overlay(values, own), own)
            if complete:
                check_size(f"the deployment of the core {name}", documents[name], core.thing.position, problems)
    return Deployed(document, documents, configurations)


def _check_components(configuration: Configuration, entry: TemplateEntry, problems: Problems) -> None:
    """Check that the template deploys the components that ``configuration`` is for."""
    known = entry.template.deployment["components"]
    if not entry.complete:
        return
    for name, position in configuration.places.items():
        if name not in known:
            message = f"the template {entry.template.ref} does not deploy the component {quote(name)}"
            hint = problems.did_you_mean(name, known, "add it to the template's components, or take this away")
            problems.add(position, "unknown-component", message, hint)


def _with_values(document: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """``document`` with ``values`` (component name → value) to merge."""
    components = {
        name: _with_merge(spec, values[name]) if name in values else spec
        for name, spec in document["components"].items()
    }
    return {**document, "components": components}


def _with_merge(spec: Mapping[str, Any], merge: Any) -> Mapping[str, Any]:
    return {**spec, "configurationUpdate": {**spec.get("configurationUpdate", {}), "merge": merge}}


def _core_document(document: Mapping[str, Any], values: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a core is deployed alone: the components in ``own``, as the group has them but for their ``values``.

    Of the job's configuration only the time a device has is left: a single one needs no rollout and no abort.
    """
    components = document["components"]
    found: dict[str, Any] = {
        "components": {name: _with_merge(components[name], values[name]) for name in own if name in components}
    }
    if "deploymentPolicies" in document:
        found["deploymentPolicies"] = document["deploymentPolicies"]
    timeout = document.get("iotJobConfiguration", {}).get("timeoutConfig")
    return {**found, "iotJobConfiguration": {"timeoutConfig": timeout}} if timeout else found
