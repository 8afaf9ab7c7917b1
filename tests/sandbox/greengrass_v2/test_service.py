"""All operations of the service model, called with real boto3; the front checks each answer against its shape."""

from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox

ROLE = "arn:aws:iam::123456789012:role/any"
# One path, one state, two services: nothing in a request tells which of the two clients it came from.
SHARED = {
    "AssociateServiceRoleToAccount",
    "GetServiceRoleForAccount",
    "DisassociateServiceRoleFromAccount",
    "GetConnectivityInfo",
    "UpdateConnectivityInfo",
}
REFUSED = {"ResolveComponentCandidates"}


def test_there_is_a_handler_for_each_operation_and_no_other(fleet: Any) -> None:
    handlers = fleet.aws.world.greengrass_v2_in(fleet.aws.region).handlers
    assert set(handlers) == set(fleet.gg.meta.service_model.operation_names) - SHARED


def test_every_operation_answers(fleet: Any, refused: Any) -> None:
    group = fleet.group("line", "core")
    fleet.thing("press")
    fleet.aws.clear_calls()
    call_components(fleet)
    call_deployments(fleet, group)
    call_core_devices(fleet)
    call_shared(fleet.gg)
    assert refused(fleet.gg.resolve_component_candidates)[:2] == (403, "AccessDeniedException")
    seen = {call["operation"]: call["status"] for call in fleet.aws.calls()}
    assert set(seen) == set(fleet.gg.meta.service_model.operation_names)
    assert {status for name, status in seen.items() if name not in REFUSED} <= {200, 201, 204}
    own = {call["operation"] for call in fleet.aws.calls() if call["service"] == "greengrassv2"}
    assert own == set(seen) - SHARED


def call_components(fleet: Any) -> None:
    gg = fleet.gg
    arn = fleet.component("com.example.Hello")
    gg.describe_component(arn=arn)
    gg.get_component(arn=arn)
    gg.list_components()
    gg.list_component_versions(arn=arn.rpartition(":versions:")[0])
    gg.tag_resource(resourceArn=arn, tags={"a": "b"})
    gg.list_tags_for_resource(resourceArn=arn)
    gg.untag_resource(resourceArn=arn, tagKeys=["a"])
    made = gg.create_component_version(
        lambdaFunction={"lambdaArn": "arn:aws:lambda:eu-central-1:123456789012:function:hello:3"}
    )
    gg.get_component_version_artifact(arn=made["arn"], artifactName="hello.zip")


def call_deployments(fleet: Any, target: str) -> None:
    gg = fleet.gg
    key = {"deploymentId": fleet.deploy(target, "com.example.Hello@1.0.0")["deploymentId"]}
    gg.get_deployment(**key)
    gg.list_deployments()
    gg.cancel_deployment(**key)
    gg.delete_deployment(**key)
    gg.delete_component(arn=gg.list_components()["components"][0]["latestVersion"]["arn"])


def call_core_devices(fleet: Any) -> None:
    gg, key, entries = fleet.gg, {"coreDeviceThingName": "core"}, [{"thingName": "press"}]
    gg.list_core_devices()
    gg.get_core_device(**key)
    gg.list_installed_components(**key)
    gg.list_effective_deployments(**key)
    gg.batch_associate_client_device_with_core_device(**key, entries=entries)
    gg.list_client_devices_associated_with_core_device(**key)
    gg.batch_disassociate_client_device_from_core_device(**key, entries=entries)
    gg.delete_core_device(**key)


def call_shared(gg: Any) -> None:
    gg.get_service_role_for_account()
    gg.associate_service_role_to_account(roleArn=ROLE)
    gg.disassociate_service_role_from_account()
    gg.update_connectivity_info(thingName="core", connectivityInfo=[{"hostAddress": "10.0.0.7"}])
    gg.get_connectivity_info(thingName="core")


def test_both_versions_share_the_service_role_and_connectivity(fleet: Any) -> None:
    v1, v2 = fleet.aws.client("greengrass"), fleet.gg
    v2.associate_service_role_to_account(roleArn=ROLE)
    assert v1.get_service_role_for_account()["RoleArn"] == ROLE
    where = [{"id": "lan", "hostAddress": "10.0.0.7", "portNumber": 8883, "metadata": "eth0"}]
    v2.update_connectivity_info(thingName="core", connectivityInfo=where)
    assert v1.get_connectivity_info(ThingName="core")["ConnectivityInfo"] == [
        {"Id": "lan", "HostAddress": "10.0.0.7", "PortNumber": 8883, "Metadata": "eth0"}
    ]
    assert v2.get_connectivity_info(thingName="core")["connectivityInfo"] == where


def test_tags_are_whose_the_arn_is(fleet: Any) -> None:
    group = fleet.aws.client("greengrass").create_group(Name="old")["Arn"]
    arn = fleet.component("com.example.Hello")
    fleet.aws.clear_calls()
    fleet.aws.client("greengrass").tag_resource(ResourceArn=group, tags={"v": "1"})
    fleet.gg.tag_resource(resourceArn=arn, tags={"v": "2"})
    assert fleet.aws.counts() == {"greengrass:TagResource": 1, "greengrassv2:TagResource": 1}
    assert fleet.aws.client("greengrass").list_tags_for_resource(ResourceArn=group)["tags"] == {"v": "1"}
    assert fleet.gg.list_tags_for_resource(resourceArn=arn)["tags"] == {"v": "2"}


def test_the_log_tells_what_writes(fleet: Any) -> None:
    fleet.deploy(fleet.group("line"))
    fleet.gg.list_deployments()
    assert fleet.aws.writes()[-1] == "greengrassv2:CreateDeployment"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("throttle", 429, "ThrottlingException"), ("error", 500, "InternalServerException")],
)
def test_faults_speak_as_the_service_does(fleet: Any, once: Any, fault: str, status: int, code: str) -> None:
    fleet.aws.put_faults([{"service": "greengrassv2", "operation": "ListDeployments", "fault": fault}])
    with pytest.raises(once.exceptions.ClientError) as caught:
        once.list_deployments()
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (status, code)
    assert answer.get("retryAfterSeconds") == (1 if fault == "throttle" else None)


def test_what_the_model_refuses_names_the_fields(gg: Any, fleet: Any, refused: Any, unchecked: Any) -> None:
    status, code, answer = refused(
        unchecked.create_deployment, targetArn="arn:x", components={"a": {"componentVersion": ""}}
    )
    assert (status, code, answer["reason"]) == (400, "ValidationException", "FIELD_VALIDATION_FAILED")
    assert [field["name"] for field in answer["fields"]] == ["targetArn", "components.a.value.componentVersion"]


def test_a_limit_holds_for_all_operations_together(fleet: Any, once: Any) -> None:
    fleet.aws.put_limits({"greengrassv2": 2, "greengrassv2:CreateComponentVersion": 1})
    once.list_deployments()
    once.list_components()
    with pytest.raises(once.exceptions.ThrottlingException) as caught:
        once.list_core_devices()
    assert caught.value.response["retryAfterSeconds"] == 1


def test_reset_of_the_sandbox_forgets_everything(fleet: Any, aws: Sandbox) -> None:
    fleet.component("com.example.Hello")
    fleet.deploy(fleet.group("line", "core"))
    aws.reset()
    assert fleet.gg.list_deployments()["deployments"] == []
    assert fleet.gg.list_components()["components"] == []
    assert fleet.gg.list_core_devices()["coreDevices"] == []
