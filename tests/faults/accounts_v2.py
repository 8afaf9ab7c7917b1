"""What an account holds of Greengrass V2 after an apply, without what AWS makes up: equal accounts are equal data."""

from typing import Any

from reconciler.sandbox.testing import Sandbox

SAYING = ("reconciler:fleet", "reconciler:template", "reconciler:template-version", "reconciler:redeploy")
"""The tags whose values are no ids."""


def account_v2(aws: Sandbox) -> dict[str, Any]:
    """Thing groups with members, marks and deployments; cores with their client devices and what runs on them."""
    iot, greengrass = aws.client("iot"), aws.client("greengrassv2")
    groups = sorted(row["groupName"] for row in iot.list_thing_groups()["thingGroups"])
    cores = sorted(row["coreDeviceThingName"] for row in greengrass.list_core_devices()["coreDevices"])
    components = greengrass.list_components()["components"]
    return {
        **{f"thing group {name}": _thing_group(aws, name) for name in groups},
        **{f"core {name}": _core(aws, name) for name in cores},
        "deployments": _deployments(aws),
        "components": sorted((row["componentName"], row["latestVersion"]["componentVersion"]) for row in components),
    }


def _thing_group(aws: Sandbox, name: str) -> dict[str, Any]:
    iot = aws.client("iot")
    arn = iot.describe_thing_group(thingGroupName=name)["thingGroupArn"]
    tags = {row["Key"]: row["Value"] for row in iot.list_tags_for_resource(resourceArn=arn)["tags"]}
    return {
        "members": sorted(iot.list_things_in_thing_group(thingGroupName=name)["things"]),
        "tags": {key: value for key, value in tags.items() if key in SAYING},
    }


def _core(aws: Sandbox, name: str) -> dict[str, Any]:
    greengrass = aws.client("greengrassv2")
    associated = greengrass.list_client_devices_associated_with_core_device(coreDeviceThingName=name)
    installed = greengrass.list_installed_components(coreDeviceThingName=name, topologyFilter="ALL")
    return {
        "client devices": sorted(row["thingName"] for row in associated["associatedClientDevices"]),
        "installed": {row["componentName"]: row["componentVersion"] for row in installed["installedComponents"]},
    }


def _deployments(aws: Sandbox) -> list[tuple[str, str]]:
    """Every deployment there ever was and is not deleted: its target, and our name for what it holds."""
    rows = aws.client("greengrassv2").list_deployments(historyFilter="ALL")["deployments"]
    return sorted((row["targetArn"].rpartition(":")[2], row.get("deploymentName", "")) for row in rows)
