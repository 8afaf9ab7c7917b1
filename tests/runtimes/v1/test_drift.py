"""What others do to groups shows as a change back, marked drift; what nobody manages in the files is left alone."""

import json
from typing import Any

import pytest

from reconciler.cli import carrying_out
from reconciler.execution.executor import Carried, execute
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v1.applying import applied

SNS = "arn:aws:greengrass:eu-central-1::/connectors/SNS/versions/4"


def planned(fleet: FleetFiles) -> dict[str, dict[str, Any]]:
    fleet.write()
    ran = run_cli("plan", fleet.directory, "--format", "json")
    assert ran.code == 0, ran.err
    return {group["name"]: group for group in json.loads(ran.out)["groups"]}


def with_connector(aws: Sandbox, name: str) -> str:
    connector = {"Id": "sns", "ConnectorArn": SNS, "Parameters": {"DefaultSNSArn": "arn:aws:sns:eu-central-1:1:t"}}
    made = aws.client("greengrass").create_connector_definition(
        Name="by hand", InitialVersion={"Connectors": [connector]}
    )
    live.new_version(aws.client, name, Connector=made["LatestVersionArn"])
    return str(made["LatestVersionArn"])


def test_a_device_changed_outside_is_changed_back(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=1).group("b", devices=1))
    arn = live.arns(aws.client, "a")["Device"]
    devices = live.definition(aws.client, "Device", arn)["Devices"]
    devices[0]["SyncShadow"] = False
    made = aws.client("greengrass").create_device_definition_version(
        DeviceDefinitionId=arn.split("/")[-3], Devices=devices
    )
    live.new_version(aws.client, "a", Device=made["Arn"])

    found = planned(fleet)
    assert (found["a"]["operation"], found["a"]["drift"]) == ("update", True)
    assert {"path": "devices[a-device-1].SyncShadow", "kind": "change", "before": False, "after": True} in found["a"][
        "changes"
    ]
    assert (found["b"]["operation"], found["b"]["drift"]) == ("none", False)

    applied(aws, fleet)
    assert live.contents(aws.client, "a")["Device"]["Devices"][0]["SyncShadow"] is True
    assert planned(fleet)["a"]["operation"] == "none"


def test_a_device_taken_out_outside_comes_back_without_a_new_certificate(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=2))
    arn = live.arns(aws.client, "a")["Device"]
    devices = live.definition(aws.client, "Device", arn)["Devices"]
    made = aws.client("greengrass").create_device_definition_version(
        DeviceDefinitionId=arn.split("/")[-3], Devices=devices[:1]
    )
    live.new_version(aws.client, "a", Device=made["Arn"])
    aws.clear_calls()
    applied(aws, fleet)
    assert "iot:RegisterThing" not in aws.writes()
    assert live.definition(aws.client, "Device", live.arns(aws.client, "a")["Device"])["Devices"] == devices


def test_a_group_deleted_outside_is_made_again_and_marked_drift(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a").group("b"))
    group_id = live.groups(aws.client)["a"]["Id"]
    aws.client("greengrass").reset_deployments(GroupId=group_id, Force=True)
    aws.advance(10)
    aws.client("greengrass").delete_group(GroupId=group_id)
    found = planned(fleet)["a"]
    assert (found["operation"], found["drift"]) == ("create", True)


def test_a_deployment_made_outside_is_deployed_over(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.template(1).template(2, timeout=9)
    applied(aws, fleet.group("a", version=1))
    first = live.groups(aws.client)["a"]["LatestVersion"]
    applied(aws, fleet.group("a", version=2))
    group_id = live.groups(aws.client)["a"]["Id"]
    aws.client("greengrass").create_deployment(GroupId=group_id, GroupVersionId=first, DeploymentType="NewDeployment")
    aws.advance(10)
    found = planned(fleet)["a"]
    assert (found["operation"], found["drift"]) == ("deploy", True)
    applied(aws, fleet)
    assert live.deployments(aws.client, "a")[0]["GroupArn"].endswith(live.groups(aws.client)["a"]["LatestVersion"])


def test_a_version_that_is_made_once_the_plan_stands_is_not_written_over(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(aws, fleet.group("a", devices=0).group("b", devices=0))
    fleet.template(2, timeout=9).group("a", 2, devices=0).group("b", 2, devices=0).write()

    def meanwhile(*args: Any, **options: Any) -> Carried:
        with_connector(aws, "a")
        return execute(*args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(carrying_out, "execute", meanwhile)
        ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code == 5
    assert "! a failed: no group version was made: somebody has made " in ran.out
    assert "Connector" in live.arns(aws.client, "a")
    aws.advance(10)
    assert planned(fleet)["b"]["operation"] == "none"
    applied(aws, fleet)
    assert "Connector" in live.arns(aws.client, "a")


def test_a_change_of_the_files_is_no_drift(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=1))
    found = planned(fleet.group("a", devices=2))["a"]
    assert (found["operation"], found["drift"]) == ("update", False)


def test_a_definition_that_nobody_manages_is_carried_forward_and_named(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.template(1).template(2, timeout=9)
    applied(aws, fleet.group("a", version=1))
    connector = with_connector(aws, "a")
    fleet.group("a", version=2).write()
    ran = run_cli("plan", fleet.directory, "--verbose")
    assert f"connectors ({connector})" in ran.out
    applied(aws, fleet)
    assert live.arns(aws.client, "a")["Connector"] == connector
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_a_version_made_outside_that_means_the_same_only_has_to_be_deployed_as_it_is(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, fleet.group("a"))
    live.new_version(aws.client, "a")
    assert planned(fleet)["a"]["operation"] == "none"
