"""How things come into groups, in both runtimes: the actions that bring them in, and what has to be asked for them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reconciler.aws.client import Aws, is_not_found
from reconciler.model.desired import DesiredState, ProvisioningTemplate
from reconciler.model.errors import AwsError, ConfigurationError, Problem
from reconciler.model.group import Group, Thing
from reconciler.model.plan import Action, GuardFinding
from reconciler.provisioning.iot import Existing
from reconciler.provisioning.requests import parse_template, provisioning_inputs

THING_KINDS = ("provision-thing", "associate-thing")
"""The kinds of action that bring a thing into a group."""

Provisioning = Callable[[Thing], dict[str, Any]]
"""The inputs of the action that provisions a thing."""


def bring_in(
    group: Group,
    thing: Thing,
    thing_arn: str,
    existing: Existing | None,
    needs: tuple[str, ...],
    provisioning: Provisioning,
    more: Mapping[str, Any] | None = None,
) -> Action:
    """The action that brings ``thing`` into ``group``: one that exists and has a certificate is only associated.

    ``more`` are further inputs of the action, whichever it is.
    """
    if existing is not None and existing.certificate_arn is not None:
        inputs: dict[str, Any] = {
            "thingName": thing.thing_name,
            "thingArn": thing_arn,
            "role": thing.role,
            "certificateArn": existing.certificate_arn,
        }
        kind = "associate-thing"
    else:
        inputs = provisioning(thing) | ({"exists": True} if existing is not None else {})
        kind = "provision-thing"
    return Action(f"{group.name}/{kind}/{thing.thing_name}", kind, thing.thing_name, needs, {**inputs, **(more or {})})


def provisioning_by(aws: Aws, desired: DesiredState, *, is_v2: bool = False) -> Provisioning:
    """What provisions a thing of ``desired``, by its template, which AWS IoT may have to be asked for."""
    templates = RemoteTemplates(aws)
    return lambda thing: provisioning_inputs(desired, thing, lambda name: templates.read(name, thing), is_v2=is_v2)


def missing_type_findings(group: Group, to_add: Iterable[Action], missing: frozenset[str]) -> list[GuardFinding]:
    """A finding for each thing that is to be provisioned with one of the types that AWS IoT does not have."""
    provisioned = {action.subject for action in to_add if action.kind == "provision-thing"}
    return [
        GuardFinding(
            "thing-type",
            "error",
            f"{group.name}: AWS IoT has no thing type {thing.thing_type}, which {thing.thing_name} shall be of; create "
            f"it (`aws iot create-thing-type --thing-type-name {thing.thing_type}`) or leave thingType out",
            limit=thing.thing_type,
            source=thing.position.line_only,
        )
        for thing in group.things
        if thing.thing_name in provisioned and thing.thing_type in missing
    ]


def missing_types(aws: Aws, groups: Iterable[Group], existing: Mapping[str, Existing | None]) -> frozenset[str]:
    """The types of things that do not exist yet which AWS IoT does not have. Raises AwsError."""
    types = {
        thing.thing_type
        for group in groups
        for thing in group.things
        if thing.thing_type and thing.thing_name in existing and existing[thing.thing_name] is None
    }
    return frozenset(name for name in sorted(types) if not _has_type(aws, name))


class RemoteTemplates:
    """Provisioning templates of AWS IoT, each read once."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._read: dict[str, ProvisioningTemplate] = {}

    def read(self, name: str, thing: Thing) -> ProvisioningTemplate:
        """The template ``name``, for ``thing``. Raises ConfigurationError if AWS IoT has none, AwsError otherwise."""
        if (known := self._read.get(name)) is not None:
            return known
        try:
            answer = self._aws.call("iot", "DescribeProvisioningTemplate", templateName=name)
        except AwsError as error:
            if not is_not_found(error):
                raise
            problem = Problem(
                thing.position,
                "unknown-provisioning-template",
                f"neither provisioning/{name}.json nor AWS IoT has the provisioning template {name}",
                "write that file, or name a template that exists",
            )
            raise ConfigurationError([problem]) from error
        self._read[name] = parse_template(name, answer["templateBody"])
        return self._read[name]


def _has_type(aws: Aws, name: str) -> bool:
    try:
        aws.call("iot", "DescribeThingType", thingTypeName=name)
    except AwsError as error:
        if is_not_found(error):
            return False
        raise
    return True
