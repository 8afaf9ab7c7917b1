"""A group that CDF made of a template is taken over by setting tags: nothing is made anew or deployed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.docs.markdown import REPOSITORY, blocks
from tests.docs.test_examples import applied, steady
from tests.fleets import LAMBDA, FleetFiles, run_cli

TELEMETRY = {"Id": "${thingName}-out", "Source": "${thingArn}", "Subject": "dt/${thingName}", "Target": "cloud"}
ALARMS = {"Id": "alarms", "Source": LAMBDA, "Subject": "alarms", "Target": "cloud"}


def function(core: str) -> dict[str, Any]:
    environment = {"Variables": {"CORE": core}}
    return {
        "Id": "monitor",
        "FunctionArn": LAMBDA,
        "FunctionConfiguration": {"Timeout": 3, "MemorySize": 16384, "Environment": environment},
    }


def telemetry(thing_arn: str) -> dict[str, str]:
    name = thing_arn.rpartition("/")[2]
    return {"Id": f"{name}-out", "Source": thing_arn, "Subject": f"dt/{name}", "Target": "cloud"}


def make_thing(client: Callable[[str], Any], name: str) -> dict[str, Any]:
    iot = client("iot")
    certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    thing = iot.create_thing(thingName=name)
    iot.attach_thing_principal(thingName=name, principal=certificate)
    return {"Id": thing["thingId"], "ThingArn": thing["thingArn"], "CertificateArn": certificate, "SyncShadow": True}


@pytest.fixture
def golden(aws: Sandbox) -> dict[str, str]:
    """A golden group, and ``plant-7`` as CDF makes it of that: by facts of its code, down to whose versions it uses."""
    greengrass = aws.client("greengrass")
    functions = greengrass.create_function_definition(InitialVersion={"Functions": [function("${coreThingName}")]})
    subscriptions = greengrass.create_subscription_definition(InitialVersion={"Subscriptions": [ALARMS]})
    template = greengrass.create_group(
        Name="golden",
        InitialVersion={
            "FunctionDefinitionVersionArn": functions["LatestVersionArn"],
            "SubscriptionDefinitionVersionArn": subscriptions["LatestVersionArn"],
        },
    )
    core, press = make_thing(aws.client, "plant-7-core"), make_thing(aws.client, "plant-7-press")
    # CDF adds a version to the template's own definition, and makes a function definition a group.
    own_subscriptions = greengrass.create_subscription_definition_version(
        SubscriptionDefinitionId=subscriptions["Id"],
        Subscriptions=[telemetry(press["ThingArn"]), telemetry(core["ThingArn"]), ALARMS],
    )
    own_functions = greengrass.create_function_definition(
        Name="functions", InitialVersion={"Functions": [function("plant-7-core")]}
    )
    cores = greengrass.create_core_definition(InitialVersion={"Cores": [core]})
    devices = greengrass.create_device_definition(InitialVersion={"Devices": [press]})
    group = greengrass.create_group(
        Name="plant-7",
        tags={"cdf_template": "line", "cdf_template_version": "1"},
        InitialVersion={
            "CoreDefinitionVersionArn": cores["LatestVersionArn"],
            "DeviceDefinitionVersionArn": devices["LatestVersionArn"],
            "FunctionDefinitionVersionArn": own_functions["LatestVersionArn"],
            "SubscriptionDefinitionVersionArn": own_subscriptions["Arn"],
        },
    )
    greengrass.create_deployment(
        GroupId=group["Id"], GroupVersionId=group["LatestVersion"], DeploymentType="NewDeployment"
    )
    aws.advance(10)
    return {"groupId": template["Id"], "groupVersionId": template["LatestVersion"]}


@pytest.fixture
def fleet(tmp_path: Path, golden: dict[str, str]) -> FleetFiles:
    """The files of the page's five steps."""
    files = FleetFiles(tmp_path / "moved", name="my-fleet")
    files.template(1, definitions=None, source=golden, deviceSubscriptions={"*": [TELEMETRY]})
    return files.group("plant-7", devices=[{"thingName": "plant-7-press"}], adopt=True).write()


def test_a_group_of_cdfs_is_taken_over_with_tags_alone(fleet: FleetFiles, aws: Sandbox) -> None:
    page = REPOSITORY / "docs/migrating-from-cdf.md"
    (shown,) = [block for block in blocks(page) if block.lines[0] == "$ reconcile plan moved"]
    assert steady(run_cli("plan", fleet.directory).out) == steady("\n".join(shown.lines[1:]))
    before = live.groups(aws.client)["plant-7"]["LatestVersion"]
    aws.clear_calls()
    applied(aws, fleet.directory, "--select", "plant-7")
    assert aws.writes() == ["greengrass:TagResource"]
    assert live.groups(aws.client)["plant-7"]["LatestVersion"] == before
    assert live.tags(aws.client, "plant-7")["cdf_template"] == "line"


def test_adopt_may_go_once_it_is_applied(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.directory)
    fleet.group("plant-7", devices=[{"thingName": "plant-7-press"}]).write()
    assert run_cli("plan", fleet.directory).last_line == "No changes. 1 group matches the files."


def test_what_the_group_has_and_the_files_lack_shows(fleet: FleetFiles) -> None:
    fleet.group("plant-7", devices=0, adopt=True).write()
    assert "plant-7-press" in run_cli("plan", fleet.directory).out
