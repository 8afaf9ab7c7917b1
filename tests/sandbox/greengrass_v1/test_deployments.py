import json
from typing import Any

import pytest

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_lists_newest_first_with_the_version_and_the_plain_group_for_resets(fleet: Any) -> None:
    group = fleet.group()
    first = fleet.deployed(group)
    reset = fleet.gg.reset_deployments(GroupId=group.id)["DeploymentId"]
    listed = fleet.gg.list_deployments(GroupId=group.id)["Deployments"]
    assert [deployment["DeploymentId"] for deployment in listed] == [reset, first]
    arn = f"arn:aws:greengrass:eu-central-1:123456789012:/greengrass/groups/{group.id}"
    assert [deployment["GroupArn"] for deployment in listed] == [arn, f"{arn}/versions/{group.version}"]
    assert listed[0]["DeploymentArn"] == f"{arn}/deployments/{reset}"
    assert fleet.gg.list_deployments(GroupId=group.id, MaxResults="1")["Deployments"] == listed[:1]


def test_list_pages_stay_whole_when_a_deployment_comes_between(fleet: Any) -> None:
    group = fleet.group()
    made = [fleet.deployed(group) for _ in range(3)]
    first = fleet.gg.list_deployments(GroupId=group.id, MaxResults="2")
    fleet.deployed(group)
    second = fleet.gg.list_deployments(GroupId=group.id, MaxResults="2", NextToken=first["NextToken"])
    ids = [deployment["DeploymentId"] for page in (first, second) for deployment in page["Deployments"]]
    assert ids == made[::-1]
    assert "NextToken" not in second


def test_unknown_group_has_an_empty_list(gg: Any) -> None:
    assert gg.list_deployments(GroupId=UNKNOWN)["Deployments"] == []


def test_redeployment_brings_the_version_of_the_named_deployment(fleet: Any) -> None:
    group = fleet.group()
    first = fleet.deployed(group)
    fleet.gg.create_group_version(GroupId=group.id)
    again = fleet.gg.create_deployment(GroupId=group.id, DeploymentType="Redeployment", DeploymentId=first)
    fleet.aws.advance(2)
    status = fleet.status(group, again["DeploymentId"])
    assert (status["DeploymentStatus"], status["DeploymentType"]) == ("Success", "Redeployment")
    newest = fleet.gg.list_deployments(GroupId=group.id)["Deployments"][0]
    assert newest["GroupArn"].endswith(f"/versions/{group.version}")


def test_redeployment_needs_a_deployment_of_this_group(fleet: Any, refused: Any) -> None:
    group, other = fleet.group(), fleet.group("other")
    elsewhere = fleet.deployed(other)
    fleet.deployed(group)
    reset = fleet.gg.reset_deployments(GroupId=group.id, Force=True)["DeploymentId"]
    fleet.aws.advance(2)
    for params in ({}, {"DeploymentId": UNKNOWN}, {"DeploymentId": elsewhere}, {"DeploymentId": reset}):
        status, code, _ = refused(fleet.gg.create_deployment, GroupId=group.id, DeploymentType="Redeployment", **params)
        assert (status, code) == (400, "InvalidInputException")


@pytest.mark.parametrize("kind", ["ResetDeployment", "ForceResetDeployment", "Rollback"])
def test_other_types_are_refused(fleet: Any, refused: Any, kind: str) -> None:
    group = fleet.group()
    assert refused(fleet.deploy, group=group, DeploymentType=kind)[0] == 400
    assert fleet.gg.list_deployments(GroupId=group.id)["Deployments"] == []


def test_unknown_group_and_version_are_404(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    params = {"DeploymentType": "NewDeployment", "GroupVersionId": UNKNOWN}
    for group_id in (UNKNOWN, group.id):
        status, code, _ = refused(fleet.gg.create_deployment, GroupId=group_id, **params)
        assert (status, code) == (404, "ResourceNotFoundException")
    assert refused(fleet.gg.reset_deployments, GroupId=UNKNOWN)[:2] == (404, "ResourceNotFoundException")


def test_without_a_core_there_is_gg_303(fleet: Any, refused: Any) -> None:
    nobody = fleet.gg.create_core_definition(InitialVersion={"Cores": []})["LatestVersionArn"]
    for content in ({}, {"CoreDefinitionVersionArn": nobody}):
        made = fleet.gg.create_group(Name="g", InitialVersion=content)
        status, code, message = refused(
            fleet.gg.create_deployment,
            GroupId=made["Id"],
            GroupVersionId=made["LatestVersion"],
            DeploymentType="NewDeployment",
        )
        assert (status, code) == (400, "MissingCoreException")
        assert json.loads(message)["ErrorDetails"][0]["DetailedErrorCode"] == "GG-303"


def test_version_that_refers_to_a_deleted_definition_cannot_be_deployed(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    definition = fleet.gg.list_core_definitions()["Definitions"][0]["Id"]
    fleet.gg.create_group_version(GroupId=group.id)
    fleet.gg.delete_core_definition(CoreDefinitionId=definition)
    status, _, message = refused(fleet.deploy, group=group)
    assert status == 400
    assert "Cores definition reference does not exist" in message


def test_without_a_service_role_nothing_is_deployed(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    fleet.gg.disassociate_service_role_from_account()
    status, code, message = refused(fleet.deploy, group=group)
    assert (status, code) == (400, "BadRequestException")
    assert "service role" in message


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_reset_is_refused_while_a_deployment_is_under_way(fleet: Any, refused: Any, seconds: float) -> None:
    fleet.tell(line_core={"outcome": "offline"})
    group = fleet.group()
    fleet.deploy(group)
    fleet.aws.advance(seconds)
    assert refused(fleet.gg.reset_deployments, GroupId=group.id)[:2] == (400, "BadRequestException")


def test_forced_reset_recovers_a_group_whose_core_is_offline(fleet: Any) -> None:
    fleet.tell(line_core={"outcome": "offline"})
    group = fleet.group()
    lost = fleet.deploy(group)
    fleet.aws.advance(1)
    fleet.gg.reset_deployments(GroupId=group.id, Force=True)
    fleet.aws.advance(1)
    fleet.tell()
    fleet.aws.advance(10)
    assert fleet.status(group, lost)["DeploymentStatus"] == "InProgress"
    fleet.deployed(group)


def test_second_reset_is_refused(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    fleet.deployed(group)
    fleet.gg.reset_deployments(GroupId=group.id)
    fleet.aws.advance(2)
    status, code, _ = refused(fleet.gg.reset_deployments, GroupId=group.id)
    assert (status, code) == (404, "ResourceNotFoundException")


def test_status_of_a_deployment_is_asked_with_its_own_group(fleet: Any, refused: Any) -> None:
    group, other = fleet.group(), fleet.group("other")
    deployment = fleet.deploy(group)
    call = fleet.gg.get_deployment_status
    assert refused(call, GroupId=other.id, DeploymentId=deployment)[:2] == (400, "InvalidInputException")


def test_client_token_answers_again_and_only_for_the_same_parameters(fleet: Any, refused: Any) -> None:
    group, other = fleet.group(), fleet.group("other")
    first = fleet.deploy(group, AmznClientToken="run-1")
    fleet.aws.advance(60)
    assert fleet.deploy(group, AmznClientToken="run-1") == first
    assert refused(fleet.deploy, group=other, AmznClientToken="run-1")[:2] == (400, "BadRequestException")
    assert fleet.deploy(group, AmznClientToken="RUN-1") != first


def test_client_token_of_a_refused_deployment_can_be_used_again(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    fleet.deploy(group)
    refused(fleet.deploy, group=group, AmznClientToken="run-2")
    fleet.aws.advance(2)
    assert fleet.deploy(group, AmznClientToken="run-2")


@pytest.mark.parametrize("token", ["x" * 65, "tökén"])
def test_malformed_client_token_is_refused(fleet: Any, refused: Any, token: str) -> None:
    group = fleet.group()
    assert refused(fleet.deploy, group=group, AmznClientToken=token)[0] == 400
