"""What AWS checks in the entities of a definition version, family by family.

Numbers: AWS General Reference, Greengrass V1 quotas. That members are there and of the right type and enum
is checked before, from the service model.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.sandbox.greengrass_v1 import forms

Entity = Mapping[str, Any]

MOST_DEVICES = 2_500
MOST_FUNCTIONS = 200
MOST_RESOURCES = 200
MOST_RESOURCES_OF_A_FUNCTION = 20
MOST_SUBSCRIPTIONS = 10_000
MOST_FROM_CLOUD = 50
LONGEST_SUBJECT = 256
"""Bytes of UTF-8 in a topic."""


def core_problems(cores: Sequence[Entity]) -> Iterator[str]:
    """At most one core, whose thing name fits."""
    if len(cores) > 1:
        yield f"A group can have only one core, but the definition has {len(cores)}"
    yield from _thing_problems("Core", cores)
    for core in cores:
        name = forms.thing_name(core["ThingArn"])
        if name and len(name.encode()) > forms.LONGEST_CORE_NAME:
            yield f"Core thing name '{name}' is longer than {forms.LONGEST_CORE_NAME} bytes"


def device_problems(devices: Sequence[Entity]) -> Iterator[str]:
    """Devices within the quota, with things and certificates."""
    yield from _too_many("devices", len(devices), MOST_DEVICES)
    yield from _thing_problems("Device", devices)


def function_problems(functions: Sequence[Entity]) -> Iterator[str]:
    """Functions within the quota, each with a Lambda ARN and not too many resources."""
    yield from _too_many("Lambda functions", len(functions), MOST_FUNCTIONS)
    yield from forms.bad_names("Lambda", "Id", functions)
    for function in functions:
        arn = function.get("FunctionArn")
        if arn is not None and not forms.is_function(arn):
            yield f"Lambda function ARN is invalid. ID is '{function['Id']}' and FunctionArn is '{arn}'"
        environment = function.get("FunctionConfiguration", {}).get("Environment", {})
        resources = len(environment.get("ResourceAccessPolicies", ()))
        if resources > MOST_RESOURCES_OF_A_FUNCTION:
            yield (
                f"Lambda '{function['Id']}' has {resources} resources, but the limit is {MOST_RESOURCES_OF_A_FUNCTION}"
            )


def subscription_problems(subscriptions: Sequence[Entity]) -> Iterator[str]:
    """Subscriptions within both quotas, each between things that can send and receive."""
    yield from _too_many("subscriptions", len(subscriptions), MOST_SUBSCRIPTIONS)
    from_cloud = sum(subscription["Source"] == "cloud" for subscription in subscriptions)
    yield from _too_many("subscriptions with source cloud", from_cloud, MOST_FROM_CLOUD)
    yield from forms.bad_names("Subscription", "Id", subscriptions)
    for subscription in subscriptions:
        for end in ("Source", "Target"):
            if not forms.is_endpoint(subscription[end]):
                yield (
                    f"Subscription {end.lower()} is invalid. ID is '{subscription['Id']}'"
                    f" and {end} is '{subscription[end]}'"
                )
        if not 0 < len(subscription["Subject"].encode()) <= LONGEST_SUBJECT:
            yield (
                f"Subscription subject is invalid. ID is '{subscription['Id']}'"
                f" and Subject must have 1 to {LONGEST_SUBJECT} bytes"
            )


def logger_problems(loggers: Sequence[Entity]) -> Iterator[str]:
    """Loggers with space that can be had."""
    yield from forms.bad_names("Logger", "Id", loggers)
    for logger in loggers:
        if logger.get("Space", 1) <= 0:
            yield f"Logger space must be greater than 0. ID is '{logger['Id']}'"


def connector_problems(connectors: Sequence[Entity]) -> Iterator[str]:
    """Connectors that name a version of a connector."""
    yield from forms.bad_names("Connector", "Id", connectors)
    for connector in connectors:
        if not forms.is_connector(connector["ConnectorArn"]):
            yield (
                f"Connector ARN is invalid. ID is '{connector['Id']}' and ConnectorArn is '{connector['ConnectorArn']}'"
            )


def resource_problems(resources: Sequence[Entity]) -> Iterator[str]:
    """Resources within the quota, each with one container of data that fits its kind."""
    yield from _too_many("resources", len(resources), MOST_RESOURCES)
    yield from forms.bad_names("Resource", "Id", resources)
    yield from forms.bad_names("Resource", "Name", resources)
    for resource in resources:
        container = resource["ResourceDataContainer"]
        if len(container) != 1:
            yield (
                f"Resource '{resource['Id']}' must have exactly one type of data"
                f" in ResourceDataContainer, but has {len(container)}"
            )
        for kind, data in container.items():
            yield from _data_problems(resource["Id"], kind, data)


def _data_problems(resource_id: str, kind: str, data: Entity) -> Iterator[str]:
    for member in _NEEDED_DATA[kind]:
        if not data.get(member):
            yield f"Resource '{resource_id}' lacks {member} in {kind}"
    path = data.get("SourcePath", "")
    if kind == "LocalDeviceResourceData" and path and not _below("/dev", path):
        yield f"Device resource path should begin with /dev, but got: {path}"
    if kind == "LocalVolumeResourceData":
        if _below("/sys", path):
            yield "Accessing /sys is prohibited"
        elif path and not path.startswith("/"):
            yield f"Volume resource path should be absolute, but got: {path}"
    if kind == "SecretsManagerSecretResourceData" and data.get("ARN") and not forms.is_secret(data["ARN"]):
        yield f"Secret ARN is invalid: {data['ARN']}"


_NEEDED_DATA: Mapping[str, tuple[str, ...]] = {
    "LocalDeviceResourceData": ("SourcePath",),
    "LocalVolumeResourceData": ("SourcePath", "DestinationPath"),
    "S3MachineLearningModelResourceData": ("S3Uri", "DestinationPath"),
    "SageMakerMachineLearningModelResourceData": ("SageMakerJobArn", "DestinationPath"),
    "SecretsManagerSecretResourceData": ("ARN",),
}


def _below(folder: str, path: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _thing_problems(what: str, entities: Sequence[Entity]) -> Iterator[str]:
    yield from forms.bad_names(what, "Id", entities)
    for entity in entities:
        for member, is_right in (("ThingArn", forms.is_thing), ("CertificateArn", forms.is_certificate)):
            if not is_right(entity[member]):
                yield f"{what} {member} is invalid. ID is '{entity['Id']}' and {member} is '{entity[member]}'"


def _too_many(what: str, count: int, most: int) -> Iterator[str]:
    if count > most:
        yield f"The definition has {count} {what}, but the limit is {most}"
