"""Where moto's Greengrass V1 is no model: one test for each row of what it was found to lack."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_deployment_status_moves_to_success(fleet: Any) -> None:
    group = fleet.group()
    deployment = fleet.deploy(group)
    seen = [fleet.status(group, deployment)]
    for _ in range(4):
        fleet.aws.advance(0.3)
        seen.append(fleet.status(group, deployment))
    statuses = [status["DeploymentStatus"] for status in seen]
    assert list(dict.fromkeys(statuses)) == ["Building", "InProgress", "Success"]
    assert seen[-1]["UpdatedAt"] > seen[0]["UpdatedAt"]


def test_deployment_events_are_emitted(fleet: Any, events: Any) -> None:
    fleet.deployed(fleet.group())
    assert [event["detail"]["status"] for event in events()] == ["Building", "InProgress", "Success"]


FAMILIES = ["core", "device", "function", "subscription", "logger", "resource", "connector"]


@pytest.mark.parametrize("family", FAMILIES)
def test_create_definition_without_initial_version(gg: Any, family: str) -> None:
    made = getattr(gg, f"create_{family}_definition")(Name="bare")
    assert made["Name"] == "bare"
    assert "LatestVersion" not in made
    assert "LatestVersionArn" not in made
    params = {f"{family.title()}DefinitionId": made["Id"]}
    assert getattr(gg, f"list_{family}_definition_versions")(**params)["Versions"] == []
    assert "LatestVersion" not in getattr(gg, f"get_{family}_definition")(**params)


def test_create_group_without_initial_version_has_no_version(gg: Any) -> None:
    made = gg.create_group(Name="bare")
    assert "LatestVersion" not in made
    assert gg.list_group_versions(GroupId=made["Id"])["Versions"] == []
    assert "LatestVersion" not in gg.get_group(GroupId=made["Id"])
    assert "LatestVersion" not in gg.list_groups()["Groups"][0]


def test_group_version_keeps_connector_and_logger_arns(gg: Any) -> None:
    connectors = gg.create_connector_definition(InitialVersion={"Connectors": []})["LatestVersionArn"]
    loggers = gg.create_logger_definition(InitialVersion={"Loggers": []})["LatestVersionArn"]
    arns = {"ConnectorDefinitionVersionArn": connectors, "LoggerDefinitionVersionArn": loggers}
    group = gg.create_group(Name="g", InitialVersion=arns)
    version = gg.get_group_version(GroupId=group["Id"], GroupVersionId=group["LatestVersion"])
    assert version["Definition"] == arns


def test_function_default_config_comes_back(gg: Any) -> None:
    content = {
        "DefaultConfig": {"Execution": {"IsolationMode": "NoContainer", "RunAs": {"Uid": 1, "Gid": 2}}},
        "Functions": [{"Id": "press", "FunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:press:3"}],
    }
    made = gg.create_function_definition(InitialVersion=content)
    version = gg.get_function_definition_version(
        FunctionDefinitionId=made["Id"], FunctionDefinitionVersionId=made["LatestVersion"]
    )
    assert version["Definition"] == content


def test_tags_on_create_come_back(gg: Any) -> None:
    tags = {"reconciler:fleet": "demo"}
    group = gg.create_group(Name="g", tags=tags)
    assert gg.get_group(GroupId=group["Id"])["tags"] == tags
    assert gg.list_tags_for_resource(ResourceArn=group["Arn"])["tags"] == tags
    cores = gg.create_core_definition(tags=tags)
    assert gg.get_core_definition(CoreDefinitionId=cores["Id"])["tags"] == tags
    assert gg.list_core_definitions()["Definitions"][0]["Tags"] == tags


def test_lists_are_paged(gg: Any) -> None:
    ids = {gg.create_group(Name=f"g{number}")["Id"] for number in range(123)}
    first = gg.list_groups(MaxResults="10")
    assert len(first["Groups"]) == 10
    pages = list(gg.get_paginator("list_groups").paginate(PaginationConfig={"PageSize": 50}))
    assert [len(page["Groups"]) for page in pages] == [50, 50, 23]
    assert {group["Id"] for page in pages for group in page["Groups"]} == ids


def test_client_token_is_ignored_where_aws_promises_nothing(gg: Any) -> None:
    first = gg.create_group(Name="g", AmznClientToken="one")
    assert gg.create_group(Name="g", AmznClientToken="one")["Id"] != first["Id"]


def test_client_token_makes_create_deployment_idempotent(fleet: Any) -> None:
    group = fleet.group()
    assert fleet.deploy(group, AmznClientToken="one") == fleet.deploy(group, AmznClientToken="one")


def test_last_updated_timestamp_moves(gg: Any) -> None:
    made = gg.create_group(Name="g")
    stamps = [made["LastUpdatedTimestamp"]]
    gg.create_group_version(GroupId=made["Id"])
    stamps.append(gg.get_group(GroupId=made["Id"])["LastUpdatedTimestamp"])
    gg.update_group(GroupId=made["Id"], Name="h")
    stamps.append(gg.get_group(GroupId=made["Id"])["LastUpdatedTimestamp"])
    assert stamps == sorted(set(stamps))
    assert gg.get_group(GroupId=made["Id"])["CreationTimestamp"] == made["CreationTimestamp"]


def test_create_answers_with_the_models_status(gg: Any) -> None:
    assert gg.create_group(Name="g")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_update_group_without_name_is_refused_and_keeps_the_name(gg: Any, refused: Any) -> None:
    group_id = gg.create_group(Name="g")["Id"]
    for params in ({}, {"Name": ""}):
        status, code, _ = refused(gg.update_group, GroupId=group_id, **params)
        assert (status, code) == (400, "InvalidContainerDefinitionException")
    assert gg.get_group(GroupId=group_id)["Name"] == "g"


def test_device_definition_refuses_duplicate_ids_and_garbage_arns(fleet: Any, refused: Any) -> None:
    twice = [fleet.entity("a"), fleet.entity("a")]
    garbage = [{"Id": "a", "ThingArn": "garbage", "CertificateArn": "garbage"}]
    for devices in (twice, garbage):
        status, code, message = refused(fleet.gg.create_device_definition, InitialVersion={"Devices": devices})
        assert (status, code) == (400, "400")
        assert message.startswith("The devices definition is invalid or corrupted. (ErrorDetails: [")
    assert fleet.gg.list_device_definitions()["Definitions"] == []


def test_device_definition_without_devices_is_an_empty_list(gg: Any) -> None:
    made = gg.create_device_definition(InitialVersion={})
    version = gg.get_device_definition_version(
        DeviceDefinitionId=made["Id"], DeviceDefinitionVersionId=made["LatestVersion"]
    )
    assert version["Definition"] == {"Devices": []}


def test_core_definition_refuses_two_cores(fleet: Any, refused: Any) -> None:
    cores = [fleet.entity("a"), fleet.entity("b")]
    status, _, message = refused(fleet.gg.create_core_definition, InitialVersion={"Cores": cores})
    assert status == 400
    assert "only one core" in message


def test_unknown_core_definition_is_a_404(gg: Any, refused: Any) -> None:
    calls = (gg.get_core_definition, gg.create_core_definition_version, gg.list_core_definition_versions)
    for call in calls:
        status, code, message = refused(call, CoreDefinitionId=UNKNOWN)
        assert (status, code) == (404, "IdNotFoundException")
        assert message.endswith("does not exist.")


ENDPOINTS = [
    "cloud",
    "GGShadowService",
    "arn:aws:greengrass:eu-central-1::/connectors/ModbusRTUProtocolAdapter/versions/2",
    "arn:aws:iot:eu-central-1:123456789012:thing/a_b.c:d",
    "arn:aws:lambda:eu-central-1:123456789012:function:press",
    "arn:aws:lambda:eu-central-1:123456789012:function:press:$LATEST",
    "arn:aws:lambda:::function:GGIPDetector:1",
    "arn:aws-cn:iot:cn-north-1:123456789012:thing/a",
    "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:press:live",
]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_subscription_accepts_every_valid_source_and_target(gg: Any, endpoint: str) -> None:
    subscription = {"Id": "s", "Source": endpoint, "Subject": "a/#", "Target": endpoint}
    assert gg.create_subscription_definition(InitialVersion={"Subscriptions": [subscription]})["LatestVersion"]


def test_subscription_source_errors_are_not_reported_as_target_errors(gg: Any, refused: Any) -> None:
    subscription = {"Id": "s", "Source": "somewhere", "Subject": "a", "Target": "cloud"}
    status, _, message = refused(gg.create_subscription_definition, InitialVersion={"Subscriptions": [subscription]})
    assert status == 400
    assert "Subscription source is invalid. ID is 's' and Source is 'somewhere'" in message
    assert "target" not in message


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_arns_bear_the_partition_and_the_slash(aws: Any, region: str, partition: str) -> None:
    gg = aws.client("greengrass", region)
    prefix = f"arn:{partition}:greengrass:{region}:123456789012:/greengrass"
    loggers = gg.create_logger_definition(InitialVersion={"Loggers": []})
    assert loggers["LatestVersionArn"] == (
        f"{prefix}/definition/loggers/{loggers['Id']}/versions/{loggers['LatestVersion']}"
    )
    group = gg.create_group(Name="g", InitialVersion={"LoggerDefinitionVersionArn": loggers["LatestVersionArn"]})
    assert group["LatestVersionArn"] == f"{prefix}/groups/{group['Id']}/versions/{group['LatestVersion']}"


def test_a_second_deployment_while_one_is_under_way_is_refused(fleet: Any) -> None:
    group = fleet.group()
    fleet.deploy(group)
    with pytest.raises(ClientError) as caught:
        fleet.deploy(group)
    # Any: the stubs know only the members that all errors share.
    answer: Any = caught.value.response
    assert answer["Error"]["Code"] == "BadRequestException"
    assert answer["ErrorDetails"][0]["DetailedErrorCode"] == "ConcurrentDeployment"
    assert len(fleet.gg.list_deployments(GroupId=group.id)["Deployments"]) == 1


def test_new_deployment_needs_a_group_version(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    status, code, message = refused(fleet.gg.create_deployment, GroupId=group.id, DeploymentType="NewDeployment")
    assert (status, code) == (400, "InvalidInputException")
    assert "{GroupVersionId}" in message


def test_reset_of_a_group_that_was_never_deployed_is_refused(fleet: Any, refused: Any) -> None:
    other, group = fleet.group("other"), fleet.group()
    fleet.deployed(other)
    for force in (False, True):
        status, code, message = refused(fleet.gg.reset_deployments, GroupId=group.id, Force=force)
        assert (status, code) == (404, "ResourceNotFoundException")
        assert message == f"Group id: {group.id} has not been deployed or has already been reset."


def test_forced_reset_does_not_wait_for_the_core(fleet: Any) -> None:
    group = fleet.group()
    fleet.deployed(group)
    fleet.tell(line_core={"outcome": "offline"})
    reset = fleet.gg.reset_deployments(GroupId=group.id, Force=True)["DeploymentId"]
    fleet.aws.advance(1)
    status = fleet.status(group, reset)
    assert (status["DeploymentStatus"], status["DeploymentType"]) == ("Success", "ForceResetDeployment")


def test_delete_group_is_refused_while_deployed(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    fleet.deployed(group)
    assert refused(fleet.gg.delete_group, GroupId=group.id)[0] == 400
    fleet.gg.reset_deployments(GroupId=group.id)
    assert refused(fleet.gg.delete_group, GroupId=group.id)[0] == 400
    fleet.aws.advance(2)
    fleet.gg.delete_group(GroupId=group.id)
    assert fleet.gg.list_groups()["Groups"] == []


def test_delete_definition_is_refused_while_in_use(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    definition = fleet.gg.list_core_definitions()["Definitions"][0]["Id"]
    assert refused(fleet.gg.delete_core_definition, CoreDefinitionId=definition)[0] == 400
    fleet.gg.create_group_version(GroupId=group.id)
    fleet.gg.delete_core_definition(CoreDefinitionId=definition)
    assert fleet.gg.list_core_definitions()["Definitions"] == []


def test_associate_role_refuses_what_is_no_role(gg: Any, refused: Any) -> None:
    status, code, _ = refused(gg.associate_role_to_group, GroupId=UNKNOWN, RoleArn="anything")
    assert (status, code) == (400, "BadRequestException")


def test_unmodelled_error_codes(fleet: Any, refused: Any) -> None:
    gg = fleet.gg
    group = fleet.group()
    bare = gg.create_group(Name="bare", InitialVersion={})
    found = [
        refused(gg.get_group, GroupId=UNKNOWN)[:2],
        refused(gg.get_group_version, GroupId=group.id, GroupVersionId=UNKNOWN)[:2],
        refused(fleet.deploy, group=group, GroupVersionId=UNKNOWN)[:2],
        refused(gg.update_group, GroupId=group.id)[:2],
        refused(gg.get_deployment_status, GroupId=group.id, DeploymentId=UNKNOWN)[:2],
        refused(
            gg.create_deployment,
            GroupId=bare["Id"],
            GroupVersionId=bare["LatestVersion"],
            DeploymentType="NewDeployment",
        )[:2],
        refused(gg.get_associated_role, GroupId=group.id)[:2],
    ]
    assert found == [
        (404, "IdNotFoundException"),
        (404, "VersionNotFoundException"),
        (404, "ResourceNotFoundException"),
        (400, "InvalidContainerDefinitionException"),
        (400, "InvalidInputException"),
        (400, "MissingCoreException"),
        (404, "404"),
    ]


def test_state_is_per_region(aws: Any) -> None:
    aws.client("greengrass", "eu-central-1").create_group(Name="here")
    assert aws.client("greengrass", "us-east-1").list_groups()["Groups"] == []
