"""What each family of a group shall hold, from the files, the live group and the template's source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.desired.tokens import TokenContext, TokenError, expand
from reconciler.model.desired import DesiredState
from reconciler.model.errors import ConfigurationError, Problem
from reconciler.model.group import Group, Thing
from reconciler.model.plan import KNOWN_AFTER_APPLY
from reconciler.provisioning.iot import Existing
from reconciler.runtimes.v1.families import FAMILIES, thing_name
from reconciler.runtimes.v1.live import LiveDefinition, LiveFleet, LiveGroup


@dataclass(frozen=True, slots=True)
class Wanted:
    """The content that a family of a group shall have.

    ``name`` is the name of the definition that it is published under. ``arn`` is there where a definition version
    of the template's source is used as it is, so that nothing is to be published.
    """

    content: Mapping[str, Any]
    name: str
    shared: bool
    arn: str | None = None


def wanted_definitions(
    desired: DesiredState, group: Group, live: LiveFleet, things: Mapping[str, Existing | None]
) -> dict[str, Wanted]:
    """The families that the files manage for ``group``, with their content.

    ``things`` are the answers for the things that the live group does not have; the certificate of one that is not
    among them, or has none, is known after the apply. Raises ConfigurationError where the source of the template and
    the files both declare one subscription id.
    """
    live_group = live.groups.get(group.name)
    own_name = f"{desired.fleet.name}/{group.name}"
    wanted = {}
    for family, members in (("cores", group.cores), ("devices", group.devices)):
        if members:
            entries = _entries(desired, members, live_group, family, things)
            wanted[family] = Wanted({FAMILIES[family].entities: entries}, f"{own_name}/{family}", shared=False)
    template_name = f"{desired.fleet.name}/{group.template.name}"
    for family, content in group.definitions.items():
        shared = family in group.shared
        wanted[family] = Wanted(content, f"{template_name if shared else own_name}/{family}", shared)
    if (source := live.sources.get(group.template)) is not None:
        wanted |= _from_source(desired, group, source, wanted.get("subscriptions"))
    return wanted


def _entries(
    desired: DesiredState,
    members: tuple[Thing, ...],
    live: LiveGroup | None,
    family: str,
    things: Mapping[str, Existing | None],
) -> list[dict[str, Any]]:
    present = live_entries(live, family)
    entries = []
    for thing in sorted(members, key=lambda member: member.thing_name):
        entry = {"Id": thing.thing_name, "ThingArn": desired.fleet.thing_arn(thing.thing_name)}
        if (known := present.get(thing.thing_name)) is not None:
            entry |= {"Id": known["Id"], "CertificateArn": known["CertificateArn"]}
        else:
            existing = things.get(thing.thing_name)
            entry["CertificateArn"] = (existing and existing.certificate_arn) or KNOWN_AFTER_APPLY
        entries.append({**entry, "SyncShadow": thing.sync_shadow})
    return entries


def live_entries(live: LiveGroup | None, family: str) -> dict[str, Mapping[str, Any]]:
    """The cores or devices of a live group by thing name."""
    if live is None or family not in live.definitions:
        return {}
    entities = live.definitions[family].content.get(FAMILIES[family].entities, [])
    return {thing_name(entry["ThingArn"]): entry for entry in entities}


def _from_source(
    desired: DesiredState, group: Group, source: Mapping[str, LiveDefinition], own: Wanted | None
) -> dict[str, Wanted]:
    wanted = {}
    own_name = f"{desired.fleet.name}/{group.name}"
    for family, definition in source.items():
        if family in ("cores", "devices"):
            continue  # those of the group that serves as the template, not of this one
        content = definition.content
        if family == "functions":
            content = _expanded(desired, group, content)
        if family == "subscriptions" and own is not None:
            content = _merged(desired, group, content, own.content)
        as_it_is = content == definition.content
        wanted[family] = Wanted(
            content, f"{own_name}/{family}", shared=as_it_is, arn=definition.arn if as_it_is else None
        )
    return wanted


def _expanded(desired: DesiredState, group: Group, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Functions of a source, tokens in their environment variables expanded; the same object if there are none."""
    core = group.cores[0] if group.cores else None
    context = TokenContext.of_group(desired.fleet, group.name, group.labels, core)
    functions = []
    for function in content.get("Functions", []):
        configuration = function.get("FunctionConfiguration") or {}
        environment = configuration.get("Environment") or {}
        variables = environment.get("Variables") or {}
        try:
            expanded = {name: expand(text, context, secrets=True) for name, text in variables.items()}
        except TokenError as error:
            template = desired.templates[group.template]
            message = f"the source of template {group.template}: function {function['Id']}: {error.message}"
            raise ConfigurationError([Problem(template.position, error.rule, message, error.hint)]) from error
        if expanded == variables:
            functions.append(function)
            continue
        environment = {**environment, "Variables": expanded}
        functions.append({**function, "FunctionConfiguration": {**configuration, "Environment": environment}})
    return content if functions == content.get("Functions", []) else {**content, "Functions": functions}


def _merged(desired: DesiredState, group: Group, source: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    theirs, ours = source.get("Subscriptions", []), own["Subscriptions"]
    both = sorted({entry["Id"] for entry in theirs} & {entry["Id"] for entry in ours})
    if both:
        template = desired.templates[group.template]
        raise ConfigurationError(
            [
                Problem(
                    template.position,
                    "duplicate-subscription",
                    f"the source of template {group.template} and the files both declare subscription {identifier} "
                    f"for group {group.name}",
                    "give the one in the files another id",
                )
                for identifier in both
            ]
        )
    return {**source, "Subscriptions": sorted([*theirs, *ours], key=lambda entry: str(entry["Id"]))}
