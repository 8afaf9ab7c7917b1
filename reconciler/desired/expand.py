"""Declared groups → groups: tokens expanded, subscriptions put together, and what only shows then checked."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.desired.arns import THING, Arn, parse_arn
from reconciler.desired.expand_v2 import check_things, deployed
from reconciler.desired.fleet import STAND_IN
from reconciler.desired.groups import DeclaredGroup
from reconciler.desired.problems import Problems, quote
from reconciler.desired.provisioning import check_parameters
from reconciler.desired.shapes import ID_WORDS
from reconciler.desired.subscriptions import ID, MAX_ID, Declared, expand_subscription
from reconciler.desired.templates import CLOUD, MAX_CLOUD_SUBSCRIPTIONS, MAX_ENTITIES, TemplateEntry
from reconciler.desired.things import DeclaredThing
from reconciler.desired.tokens import TokenContext, TokenError, expand
from reconciler.model.desired import ProvisioningTemplate
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group, Thing
from reconciler.model.position import Position
from reconciler.model.template import GREENGRASS_V1, GREENGRASS_V2, TemplateRef

SHADOW_SERVICE = "GGShadowService"
Add = Callable[[Position, str, str, str], None]
"""Notes a problem: position, rule, message, hint."""


class GroupExpander:
    """Expands the groups of one fleet; with None for the fleet, accounts and regions are not looked at."""

    def __init__(
        self,
        fleet: Fleet | None,
        provisioning_templates: Mapping[str, ProvisioningTemplate | None],
        problems: Problems,
    ) -> None:
        self._fleet = fleet or STAND_IN
        self._provisioning_templates = provisioning_templates
        self._problems = problems
        self._no_entry = TemplateRef("", 0)

    def expand(self, declared: DeclaredGroup) -> Group:
        """The group, complete. It is of use only if no problems were found."""
        cores = declared.cores
        core = cores[0].thing if len(cores) == 1 else None
        context = TokenContext.of_group(self._fleet, declared.name, declared.labels, core, several_cores=len(cores) > 1)
        expansion = _Expansion(self._fleet, declared, context, self._problems)
        things = [self._thing(thing, expansion) for thing in declared.things]
        definitions, shared = expansion.definitions()
        entry = declared.entry
        group = Group(
            name=declared.name,
            template=declared.template or self._no_entry,
            runtime=declared.runtime or GREENGRASS_V1,
            labels=declared.labels,
            cores=tuple(things[: len(cores)]),
            devices=tuple(things[len(cores) :]),
            deployment=declared.deployment,
            adopt=declared.adopt,
            pruning=declared.pruning,
            definitions=definitions,
            shared=shared,
            position=declared.position,
        )
        return self._deployed(group, declared, entry, context) if entry and group.runtime == GREENGRASS_V2 else group

    def _deployed(self, group: Group, declared: DeclaredGroup, entry: TemplateEntry, context: TokenContext) -> Group:
        """``group`` with what Greengrass V2 deploys to it."""
        check_things(declared, self._problems)
        contexts = {
            core.thing.thing_name: context.of_thing(self._fleet, core.thing, core.labels)
            for core in declared.cores
            if core.configuration.values
        }
        found = deployed(declared, entry, context, contexts, self._problems)
        cores = (
            replace(core, configuration=found.configurations[core.thing_name])
            if core.thing_name in found.configurations
            else core
            for core in group.cores
        )
        return replace(group, cores=tuple(cores), document=found.document, core_documents=found.core_documents)

    def _thing(self, declared: DeclaredThing, expansion: "_Expansion") -> Thing:
        context = expansion.context.of_thing(self._fleet, declared.thing, declared.labels)
        values = {
            name: expansion.parameter(text, context, declared.places[name])
            for name, text in declared.parameters.items()
        }
        parameters = {name: value for name, value in values.items() if value is not None}
        subscriptions = expansion.subscribe_thing(declared, context)
        thing = declared.thing
        if parameters or subscriptions:
            thing = replace(thing, parameters=parameters, subscriptions=subscriptions)
        name = declared.thing.provisioning_template
        if len(parameters) == len(values) and expansion.complete:
            template = self._provisioning_templates.get(name) if name is not None else None
            check_parameters(thing, template, declared.places, self._problems)
        return thing


class _Expansion:
    """One group on its way: the subscriptions it has so far."""

    def __init__(self, fleet: Fleet, group: DeclaredGroup, context: TokenContext, problems: Problems) -> None:
        self.context = context
        self._entry: TemplateEntry | None = group.entry
        self.complete = group.complete and (self._entry is None or self._entry.complete)
        self._fleet = fleet
        self._group = group
        self._problems = problems
        self._subscriptions: list[dict[str, str]] = []
        self._ids: set[str] = set()
        self._things = {fleet.thing_arn(declared.thing.thing_name) for declared in group.things}
        self._own = False
        if self._entry is not None:
            for subscription in self._entry.subscriptions:
                self._subscribe(subscription, context, self._add_for_template)

    def subscribe_thing(self, declared: DeclaredThing, context: TokenContext) -> tuple[Mapping[str, Any], ...]:
        """Add the subscriptions that the template has for such a thing, then its own; returns its own."""
        if self._entry is not None and self._entry.device_subscriptions:
            of_all = self._entry.device_subscriptions.get("*", ())
            of_type = self._entry.device_subscriptions.get(declared.thing.thing_type or "", ())
            for subscription in (*of_all, *of_type):
                self._subscribe(subscription, context, self._add_for_template)
        own = [self._subscribe(subscription, context, self._problems.add) for subscription in declared.subscriptions]
        self._own = self._own or bool(own)
        return tuple(subscription for subscription in own if subscription is not None)

    def parameter(self, text: str, context: TokenContext, position: Position) -> str | None:
        """A provisioning parameter's value; None, with a problem, where a token has none."""
        try:
            return expand(text, context)
        except TokenError as error:
            if self.complete and error.rule != "unknown-token":  # those were told where they were read
                self._problems.add(position, error.rule, error.message, error.hint)
            return None

    def definitions(self) -> tuple[dict[str, Mapping[str, Any]], frozenset[str]]:
        """The content of each managed family, and which families are as in the template."""
        if self._entry is None:
            return {}, frozenset()
        template = self._entry.template
        found: dict[str, Mapping[str, Any]] = dict(template.definitions)
        shared = set(found)
        if self._entry.variables:
            functions = self._functions(self._entry)
            if functions != template.definitions["functions"]:
                found["functions"] = functions
                shared.discard("functions")
        if "subscriptions" in found or template.device_subscriptions or self._own:
            subscriptions = {"Subscriptions": sorted(self._subscriptions, key=lambda entity: entity["Id"])}
            if found.get("subscriptions") != subscriptions:
                found["subscriptions"] = subscriptions
                shared.discard("subscriptions")
            self._check_counts(self._entry)
        return found, frozenset(shared)

    def _functions(self, entry: TemplateEntry) -> dict[str, Any]:
        """The functions with the tokens in their variables expanded; what has none stays the template's own object."""
        content: dict[str, Any] = dict(entry.template.definitions["functions"])
        functions = content["Functions"] = list(content["Functions"])
        copied: dict[int, dict[str, str]] = {}
        for variable in entry.variables:
            try:
                value = expand(variable.text, self.context, secrets=True)
            except TokenError as error:
                if self.complete:
                    self._add_for_template(variable.position, error.rule, error.message, error.hint)
                continue
            if variable.function not in copied:
                functions[variable.function], copied[variable.function] = _copy_function(functions[variable.function])
            copied[variable.function][variable.name] = value
        return content

    def _add_for_template(self, position: Position, rule: str, message: str, hint: str) -> None:
        self._problems.add_in_group(self._group.name, position, rule, message, hint)

    def _subscribe(self, declared: Declared, context: TokenContext, add: Add) -> dict[str, str] | None:
        """Expand one subscription, check it and take it up."""
        if not declared.sound:
            return None

        def no_value(position: Position, error: TokenError) -> None:
            if self.complete:
                add(position, error.rule, error.message, error.hint)

        subscription = expand_subscription(declared, context, no_value)
        if subscription is None:
            return None
        self._check_id(subscription["Id"], declared, add)
        for member in ("Source", "Target"):
            self._check_endpoint(member, subscription[member], declared, add)
        self._ids.add(subscription["Id"])
        self._subscriptions.append(subscription)
        return subscription

    def _check_id(self, value: str, declared: Declared, add: Add) -> None:
        position, written = declared.places["Id"], declared.members["Id"]
        if value in self._ids:
            hint = "give each an Id of its own"
            if declared.has_tokens or add == self._add_for_template:
                hint += ", with ${thingName} in it if it is for each device"
            add(position, "duplicate-id", f"the subscription Id {quote(written)} comes up twice", hint)
        if len(value) > MAX_ID:
            add(
                position,
                "too-long",
                f"the subscription Id {quote(written)} gets too long",
                f"use at most {MAX_ID} characters",
            )
        elif not ID.match(value):
            message = f"the subscription Id {quote(written)} becomes {quote(value)}, which is not allowed"
            add(position, "bad-name", message, f"write {ID_WORDS}")

    def _check_endpoint(self, member: str, value: str, declared: Declared, add: Add) -> None:
        """Check that a source or target names something in the group."""
        if value in self._things or value in {CLOUD, SHADOW_SERVICE}:
            return
        endpoints = self._entry.endpoints if self._entry is not None else None
        if endpoints is not None and value in endpoints:
            return
        position = declared.places[member]
        arn = parse_arn(value)
        if arn is not None and arn.is_thing:
            self._check_thing(member, arn, position, add)
        elif arn is None or endpoints is not None:
            if not self.complete and arn is not None:
                return
            known = [CLOUD, SHADOW_SERVICE, *(endpoints or ())]
            hint = "write cloud, GGShadowService, or the ARN of a function, connector or thing of the group"
            written = declared.members[member]
            message = f"{member} {quote(written)} names nothing that is there"
            add(position, "unknown-endpoint", message, self._problems.did_you_mean(value, known, hint))

    def _check_thing(self, member: str, arn: Arn, position: Position, add: Add) -> None:
        fleet = self._fleet
        name = arn.resource.removeprefix(THING)
        if fleet is STAND_IN and any(name == declared.thing.thing_name for declared in self._group.things):
            return
        if arn.account != fleet.account and fleet is not STAND_IN:
            message = (
                f"{member} is a thing of the account {arn.account or '(none)'}, but the fleet's is {fleet.account}"
            )
            add(position, "other-account", message, "write ${accountId} in its place")
        elif arn.region != fleet.region and fleet is not STAND_IN:
            message = f"{member} is a thing in the region {arn.region or '(none)'}, but the fleet is in {fleet.region}"
            add(position, "other-region", message, "write ${region} in its place")
        elif self.complete:
            hint = "name its core or one of its devices, or declare this one"
            known = [declared.thing.thing_name for declared in self._group.things]
            message = f"{member} names the thing {quote(name)}, which is not a core or device"
            add(position, "unknown-endpoint", message, self._problems.did_you_mean(name, known, hint))

    def _check_counts(self, entry: TemplateEntry) -> None:
        name, position = self._group.name, self._group.position
        hint = "take several topics together with a wildcard, or spread the devices over several groups"
        count, most = len(self._subscriptions), MAX_ENTITIES["subscriptions"]
        if count > most and "subscriptions" not in entry.over_limit:
            message = f"the group {name} has {count:,} subscriptions; Greengrass V1 takes {most:,}"
            self._problems.add(position, "too-many-subscriptions", message, hint)
        cloud = sum(subscription["Source"] == CLOUD for subscription in self._subscriptions)
        if cloud > MAX_CLOUD_SUBSCRIPTIONS and CLOUD not in entry.over_limit:
            message = (
                f"the group {name} has {cloud} subscriptions with the source cloud; "
                f"Greengrass V1 takes {MAX_CLOUD_SUBSCRIPTIONS}"
            )
            self._problems.add(position, "too-many-cloud-subscriptions", message, hint)


def _copy_function(function: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A copy of a function down to its variables, which may be changed then; and those variables."""
    configuration = dict(function["FunctionConfiguration"])
    environment = dict(configuration["Environment"])
    variables = dict(environment["Variables"])
    environment["Variables"] = variables
    configuration["Environment"] = environment
    return {**function, "FunctionConfiguration": configuration}, variables
