"""Templates and groups of Greengrass V2 for small fleets, applied, and what the sandbox's account then holds."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.sandbox.testing import Sandbox
from tests.fleets import ACCOUNT, REGION, FleetFiles, Ran, run_cli

NUCLEUS = "aws.greengrass.Nucleus"
CLI = "aws.greengrass.Cli"
PINNED = {NUCLEUS: {"componentVersion": "2.12.6"}}


def template(fleet: FleetFiles, version: int = 1, **components: Any) -> FleetFiles:
    """Declare one version of the usual template: the nucleus, and ``components`` (``_`` for ``.``; version or spec)."""
    specs = {
        name.replace("_", "."): {"componentVersion": spec} if isinstance(spec, str) else spec
        for name, spec in components.items()
    }
    return fleet.template(
        version, runtime="greengrass/v2", definitions=None, deployment={"components": {**PINNED, **specs}}
    )


def group(
    fleet: FleetFiles,
    name: str = "a",
    version: int = 1,
    cores: int | Sequence[Mapping[str, Any]] = 1,
    devices: int | Sequence[Mapping[str, Any]] = 0,
    **spec: Any,
) -> FleetFiles:
    """Declare a group with so many cores ``<name>-core-1`` …, or those given."""
    if isinstance(cores, int):
        cores = [{"thingName": f"{name}-core-{number}"} for number in range(1, cores + 1)]
    return fleet.group(name, version, devices, cores=[dict(core) for core in cores], **spec)


def applied(aws: Sandbox, fleet: FleetFiles, *options: str) -> Ran:
    """Write and apply ``fleet``, which must work; its cores have reported when this returns."""
    fleet.write()
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait", *options)
    assert ran.code == 0, ran.out + ran.err
    aws.advance(10)
    return ran


def plan(fleet: FleetFiles, *options: str) -> dict[str, Any]:
    """The plan of ``fleet`` as a document."""
    fleet.write()
    ran = run_cli("plan", fleet.directory, "--format", "json", *options)
    assert ran.code == 0, ran.out + ran.err
    return dict(json.loads(ran.out))


def planned(fleet: FleetFiles, name: str = "a", *options: str) -> dict[str, Any]:
    """What the plan of ``fleet`` has for one group."""
    return next(found for found in plan(fleet, *options)["groups"] if found["name"] == name)


def kinds(found: Mapping[str, Any]) -> list[str]:
    """The kinds of a planned group's actions, in order."""
    return [action["kind"] for action in found["actions"]]


def guards(document: Mapping[str, Any]) -> dict[str, str]:
    """The findings of a plan: guard to message."""
    return {finding["guard"]: finding["message"] for finding in document["guards"]}


def unchanged(fleet: FleetFiles) -> str:
    """The last line of a plan of ``fleet``."""
    fleet.write()
    return run_cli("plan", fleet.directory).last_line


def arn(name: str) -> str:
    """The ARN of a thing group."""
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:thinggroup/{name}"


def newest(aws: Sandbox, target_arn: str) -> dict[str, Any]:
    """The newest deployment to a target, whole."""
    client = aws.client("greengrassv2")
    (row,) = client.list_deployments(targetArn=target_arn, historyFilter="LATEST_ONLY")["deployments"]
    return dict(client.get_deployment(deploymentId=row["deploymentId"]))


def revised(aws: Sandbox, name: str = "a", **components: Any) -> None:
    """Revise the deployment of a group by hand, as AWS's console does: under the name that it has."""
    live = newest(aws, arn(name))
    added = {key.replace("_", "."): {"componentVersion": version} for key, version in components.items()}
    aws.client("greengrassv2").create_deployment(
        targetArn=arn(name), deploymentName=live["deploymentName"], components={**live["components"], **added}
    )


def members(aws: Sandbox, name: str = "a") -> list[str]:
    """The things in a thing group."""
    return sorted(aws.client("iot").list_things_in_thing_group(thingGroupName=name)["things"])


def client_devices(aws: Sandbox, core: str) -> list[str]:
    """The client devices of a core."""
    answer = aws.client("greengrassv2").list_client_devices_associated_with_core_device(coreDeviceThingName=core)
    return sorted(row["thingName"] for row in answer["associatedClientDevices"])


def installed(aws: Sandbox, core: str) -> dict[str, str]:
    """The components that were deployed to a core, and runs: name to version."""
    answer = aws.client("greengrassv2").list_installed_components(coreDeviceThingName=core)
    return {row["componentName"]: row["componentVersion"] for row in answer["installedComponents"]}
