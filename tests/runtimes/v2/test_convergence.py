"""A fleet of V2 is brought to what the files say, once, and then left alone."""

import json

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles
from tests.runtimes.v2.fleets import (
    CLI,
    NUCLEUS,
    applied,
    arn,
    client_devices,
    group,
    guards,
    installed,
    kinds,
    members,
    newest,
    plan,
    planned,
    template,
    unchanged,
)

pytestmark = pytest.mark.sampled


def test_an_apply_makes_groups_cores_devices_and_deployments_and_the_next_has_nothing_to_do(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    template(fleet, aws_greengrass_Cli="2.12.6")
    group(fleet, "a", cores=2, devices=2)
    applied(aws, group(fleet, "b"))
    assert members(aws, "a") == ["a-core-1", "a-core-2"]
    assert client_devices(aws, "a-core-1") == client_devices(aws, "a-core-2") == ["a-device-1", "a-device-2"]
    assert installed(aws, "b-core-1").keys() >= {NUCLEUS, CLI}
    assert aws.writes().count("greengrassv2:CreateDeployment") == 2
    aws.clear_calls()
    assert unchanged(fleet) == "No changes. 2 groups match the files."
    applied(aws, fleet)
    assert aws.writes() == []


def test_a_new_template_version_is_one_deployment_for_all_cores_of_a_group(fleet: FleetFiles, aws: Sandbox) -> None:
    template(template(fleet), 2, aws_greengrass_Cli="2.12.6")
    applied(aws, group(fleet, cores=3))
    found = planned(group(fleet, version=2, cores=3))
    assert (found["operation"], found["reasons"]) == ("update", ["target version 1 → 2"])
    assert kinds(found) == ["tag-group", "deploy"]
    assert [change["path"] for change in found["changes"]][:1] == [f"components[{CLI}]"]
    aws.clear_calls()
    applied(aws, fleet)
    assert aws.writes() == ["iot:TagResource", "greengrassv2:CreateDeployment"]
    assert newest(aws, arn("a"))["deploymentName"].startswith("reconciler/demo/line@2/")
    assert all(CLI in installed(aws, f"a-core-{number}") for number in (1, 2, 3))


def test_going_back_within_eight_hours_deploys_again(fleet: FleetFiles, aws: Sandbox) -> None:
    template(template(fleet), 2, aws_greengrass_Cli="2.12.6").fleet(
        limits={"greengrassv2": 10000}, guards={"components": 1}, bulkDeployments=None
    )
    applied(aws, group(fleet, version=1))
    applied(aws, group(fleet, version=2))
    applied(aws, group(fleet, version=1))
    assert aws.writes().count("greengrassv2:CreateDeployment") == 3
    assert CLI not in installed(aws, "a-core-1")
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_configuration_is_compared_as_data_and_told_key_by_key(fleet: FleetFiles, aws: Sandbox) -> None:
    spec = {"componentVersion": "2.12.6", "configurationUpdate": {"merge": {"port": 8080, "deep": {"level": 1.0}}}}
    template(fleet, aws_greengrass_Cli=spec)
    other = {"componentVersion": "2.12.6", "configurationUpdate": {"merge": {"port": 8081, "deep": {"level": 1}}}}
    template(fleet, 2, aws_greengrass_Cli=other)
    applied(aws, group(fleet))
    assert unchanged(fleet) == "No changes. 1 group matches the files."
    (change,) = [c for c in planned(group(fleet, version=2))["changes"] if c["path"].startswith("components")]
    assert change["path"] == f"components[{CLI}].configurationUpdate.merge.port"
    assert (change["before"], change["after"]) == (8080, 8081)


def test_members_and_client_devices_join_and_leave(fleet: FleetFiles, aws: Sandbox) -> None:
    template(fleet)
    applied(aws, group(fleet, cores=2, devices=2))
    found = planned(group(fleet, cores=[{"thingName": "a-core-1"}, {"thingName": "a-core-3"}], devices=1))
    assert kinds(found) == [
        "provision-thing",
        "associate-devices",  # from the core that leaves
        "update-members",
        *["associate-devices"] * 2,
        "deploy",  # what the group has comes to the core that joins
    ]
    assert found["notes"] == ["a-core-2: what the group brought it leaves at its next deployment, not before"]
    assert {change["path"]: change["kind"] for change in found["changes"]} == {
        "cores[a-core-2]": "remove",
        "cores[a-core-3]": "add",
        "devices[a-device-1].cores": "change",
        "devices[a-device-2]": "remove",
    }
    applied(aws, fleet)
    assert members(aws) == ["a-core-1", "a-core-3"]
    assert client_devices(aws, "a-core-3") == ["a-device-1"]
    assert client_devices(aws, "a-core-2") == []
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_core_of_several_groups_is_provisioned_once_and_its_devices_are_those_of_both(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    template(fleet)
    shared = [{"thingName": "shared"}]
    group(fleet, "a", cores=shared, devices=1)
    applied(aws, group(fleet, "b", cores=shared, devices=1))
    assert aws.writes().count("iot:RegisterThing") == 3
    assert client_devices(aws, "shared") == ["a-device-1", "b-device-1"]
    assert members(aws, "a") == members(aws, "b") == ["shared"]
    assert unchanged(fleet) == "No changes. 2 groups match the files."


def test_a_device_that_no_file_has_at_a_core_shows_at_the_group_that_has_devices(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    template(fleet)
    shared = [{"thingName": "shared"}]
    group(fleet, "a", cores=shared)
    applied(aws, group(fleet, "b", cores=shared, devices=2))
    found = plan(group(fleet, "b", cores=shared, devices=1))["groups"]
    assert [(row["name"], row["operation"], row["reasons"]) for row in found] == [
        ("a", "none", []),
        ("b", "update", ["1 device not in its files"]),
    ]
    applied(aws, fleet)
    assert client_devices(aws, "shared") == ["b-device-1"]
    assert unchanged(fleet) == "No changes. 2 groups match the files."


def test_what_floats_and_what_stays_on_devices_is_said(fleet: FleetFiles, aws: Sandbox) -> None:
    spec = {"componentVersion": "2.12.6", "configurationUpdate": {"merge": {"old": 1, "kept": 2}}}
    fleet.template(1, runtime="greengrass/v2", definitions=None, deployment={"components": {CLI: spec}})
    without = {"componentVersion": "2.12.6", "configurationUpdate": {"merge": {"kept": 2}}}
    fleet.template(2, runtime="greengrass/v2", definitions=None, deployment={"components": {CLI: without}})
    applied(aws, group(fleet))
    found = guards(plan(group(fleet, version=2)))
    assert "aws.greengrass.Nucleus is not among the components" in found["floating"]
    assert "keeps /old on its devices" in found["left-over"]


DOCUMENTS: dict[str, str] = {
    # AWS IoT Greengrass V2 guide, "Create deployments", with a component that the sandbox has.
    "reset-and-merge": """{
  "components": {
    "aws.greengrass.Cli": {
      "componentVersion": "2.12.6",
      "configurationUpdate": {
        "reset": ["/network/useHttps", "/tags"],
        "merge": "{\\"tags\\":[\\"/boiler/1/temperature\\",\\"/boiler/1/pressure\\"]}"
      }
    }
  },
  "deploymentPolicies": {
    "componentUpdatePolicy": {"action": "NOTIFY_COMPONENTS", "timeoutInSeconds": 30},
    "configurationValidationPolicy": {"timeoutInSeconds": 60},
    "failureHandlingPolicy": "ROLLBACK"
  }
}""",
    # The same page, job options: AWS gives whole numbers back as floats.
    "rollout": """{
  "components": {"aws.greengrass.Cli": {"componentVersion": "2.12.6"}},
  "iotJobConfiguration": {
    "abortConfig": {"criteriaList": [
      {"action": "CANCEL", "failureType": "ALL", "minNumberOfExecutedThings": 100, "thresholdPercentage": 5}
    ]},
    "jobExecutionsRolloutConfig": {
      "exponentialRate": {
        "baseRatePerMinute": 5, "incrementFactor": 2, "rateIncreaseCriteria": {"numberOfNotifiedThings": 10}
      },
      "maximumPerMinute": 50
    },
    "timeoutConfig": {"inProgressTimeoutInMinutes": 5}
  }
}""",
    # "Configure the AWS IoT Greengrass Core software", users and resource limits.
    "run-with": """{
  "components": {"aws.greengrass.Cli": {
    "componentVersion": "2.12.6",
    "runWith": {"posixUser": "ggc_user:ggc_group", "systemResourceLimits": {"cpus": 1.5, "memory": 102400}}
  }}
}""",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_the_public_documentation_is_deployed_and_then_unchanged(
    fleet: FleetFiles, aws: Sandbox, name: str
) -> None:
    fleet.template(runtime="greengrass/v2", definitions=None, deployment=json.loads(DOCUMENTS[name]))
    applied(aws, group(fleet))
    assert CLI in installed(aws, "a-core-1")
    assert unchanged(fleet) == "No changes. 1 group matches the files."
