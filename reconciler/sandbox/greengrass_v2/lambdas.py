"""Components from Lambda functions: the recipe that the service makes of one (import-lambda-function-cli.md)."""

import re
from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.greengrass_v2.recipes import FORMAT
from reconciler.sandbox.greengrass_v2.refusals import invalid
from reconciler.sandbox.greengrass_v2.versions import is_version, requirement

_ARN = re.compile(r"arn:aws[\w-]*:lambda:[a-z0-9-]+:\d{12}:function:(?P<name>[\w-]+):(?P<version>\d+)")

DEPENDENCIES = {
    "aws.greengrass.LambdaLauncher": {"VersionRequirement": ">=2.0.0 <3.0.0", "DependencyType": "HARD"},
    "aws.greengrass.LambdaRuntimes": {"VersionRequirement": ">=2.0.0 <3.0.0", "DependencyType": "SOFT"},
    "aws.greengrass.TokenExchangeService": {"VersionRequirement": ">=2.0.0 <3.0.0", "DependencyType": "HARD"},
}
"""What every Lambda component needs on its core device."""

PARAMETERS: Mapping[str, Any] = {
    "pinned": True,
    "timeoutInSeconds": 3,
    "maxIdleTimeInSeconds": 60,
    "statusTimeoutInSeconds": 60,
    "maxInstancesCount": 100,
    "maxQueueSize": 1000,
    "inputPayloadEncodingType": "json",
}
"""The defaults of LambdaExecutionParameters (API reference)."""

MEMORY_KB = 16384


def recipe_of(source: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe for a LambdaFunctionRecipeSource. Raises ValidationException for what the service refuses.

    That there is such a function is not checked. Its version N gives version N.0.0 unless told otherwise.
    """
    found = _ARN.fullmatch(source["lambdaArn"])
    if found is None:
        text = f"The Lambda function must be given by the ARN of one of its versions, not {source['lambdaArn']}"
        raise invalid(text, "lambdaFunction.lambdaArn")
    version = source.get("componentVersion", f"{found['version']}.0.0")
    if not is_version(version):
        raise invalid(f"{version} is no semantic version", "lambdaFunction.componentVersion")
    name = source.get("componentName", found["name"])
    parameters = source.get("componentLambdaParameters", {})
    platforms = source.get("componentPlatforms") or [{"attributes": {"os": "linux"}}]
    return {
        "RecipeFormatVersion": FORMAT,
        "ComponentName": name,
        "ComponentVersion": version,
        "ComponentType": "aws.greengrass.lambda",
        "ComponentDescription": "",
        "ComponentPublisher": "AWS Lambda",
        "ComponentSource": source["lambdaArn"],
        "ComponentConfiguration": {"DefaultConfiguration": _configuration(parameters)},
        "ComponentDependencies": DEPENDENCIES | _dependencies(source.get("componentDependencies", {})),
        "Manifests": [_manifest(platform, name) for platform in platforms],
        "Lifecycle": {},
    }


def _configuration(parameters: Mapping[str, Any]) -> dict[str, Any]:
    process = parameters.get("linuxProcessParams", {})
    container = process.get("containerParams", {})
    return {
        "lambdaExecutionParameters": {"EnvironmentVariables": dict(parameters.get("environmentVariables", {}))},
        "containerParams": {
            "memorySize": container.get("memorySizeInKB", MEMORY_KB),
            "mountROSysfs": container.get("mountROSysfs", False),
            "volumes": _numbered(container.get("volumes", [])),
            "devices": _numbered(container.get("devices", [])),
        },
        "containerMode": process.get("isolationMode", "GreengrassContainer"),
        **{name: parameters.get(name, usual) for name, usual in PARAMETERS.items()},
        "execArgs": _numbered(parameters.get("execArgs", [])),
        "pubsubTopics": _numbered(parameters.get("eventSources", [])),
    }


def _numbered(items: list[Any]) -> dict[str, Any]:
    return {str(number): item for number, item in enumerate(items)}


def _dependencies(given: Mapping[str, Any]) -> dict[str, Any]:
    for name, needed in given.items():
        try:
            requirement(needed.get("versionRequirement", ""))
        except ValueError as problem:
            text = f"{needed['versionRequirement']} is no semantic version constraint"
            raise invalid(text, f"lambdaFunction.componentDependencies.{name}") from problem
    return {
        name: {
            "VersionRequirement": needed.get("versionRequirement", "*"),
            "DependencyType": needed.get("dependencyType", "HARD"),
        }
        for name, needed in given.items()
    }


def _manifest(platform: Mapping[str, Any], name: str) -> dict[str, Any]:
    artifact = {
        "Uri": f"greengrass:lambda-artifact/{name}.zip",
        "Unarchive": "ZIP",
        "Permission": {"Read": "OWNER", "Execute": "NONE"},
    }
    manifest: dict[str, Any] = {"Platform": dict(platform.get("attributes", {})), "Lifecycle": {}}
    if "name" in platform:
        manifest = {"Name": platform["name"], **manifest}
    return {**manifest, "Artifacts": [artifact]}
