"""All operations of the service model, called with real boto3; the front checks each answer against its shape."""

from typing import Any

ROLE = "arn:aws:iam::123456789012:role/any"
KINDS = ("Core", "Device", "Function", "Subscription", "Logger", "Resource", "Connector")


def test_there_is_a_handler_for_each_operation_and_no_other(fleet: Any) -> None:
    handlers = fleet.aws.world.greengrass_in(fleet.region).handlers
    assert set(handlers) == set(fleet.gg.meta.service_model.operation_names)


def test_every_operation_answers(fleet: Any) -> None:
    fleet.aws.clear_calls()
    call_definitions(fleet.gg)
    call_groups(fleet)
    call_bulk(fleet)
    call_things(fleet)
    seen = {call["operation"]: call["status"] for call in fleet.aws.calls() if call["service"] == "greengrass"}
    assert set(seen) == set(fleet.gg.meta.service_model.operation_names)
    assert set(seen.values()) <= {200, 204}


def call_definitions(gg: Any) -> None:
    for kind in KINDS:
        name = f"{kind.lower()}_definition"
        made = getattr(gg, f"create_{name}")(Name="n", InitialVersion={}, tags={"a": "b"})
        key = {f"{kind}DefinitionId": made["Id"]}
        version = getattr(gg, f"create_{name}_version")(**key)["Version"]
        getattr(gg, f"get_{name}_version")(**key, **{f"{kind}DefinitionVersionId": version})
        getattr(gg, f"list_{name}_versions")(**key)
        getattr(gg, f"list_{name}s")()
        getattr(gg, f"get_{name}")(**key)
        getattr(gg, f"update_{name}")(**key, Name="m")
        getattr(gg, f"delete_{name}")(**key)


def call_groups(fleet: Any) -> None:
    gg, group = fleet.gg, fleet.group()
    key = {"GroupId": group.id}
    gg.update_group(**key, Name="m")
    arn = gg.get_group(**key)["Arn"]
    gg.list_groups()
    gg.create_group_version(**key)
    gg.get_group_version(**key, GroupVersionId=group.version)
    gg.list_group_versions(**key)
    gg.tag_resource(ResourceArn=arn, tags={"a": "b"})
    gg.list_tags_for_resource(ResourceArn=arn)
    gg.untag_resource(ResourceArn=arn, TagKeys=["a"])
    gg.associate_role_to_group(**key, RoleArn=ROLE)
    gg.get_associated_role(**key)
    gg.disassociate_role_from_group(**key)
    gg.create_group_certificate_authority(**key)
    (authority,) = gg.list_group_certificate_authorities(**key)["GroupCertificateAuthorities"]
    gg.get_group_certificate_authority(**key, CertificateAuthorityId=authority["GroupCertificateAuthorityId"])
    gg.get_group_certificate_configuration(**key)
    gg.update_group_certificate_configuration(**key, CertificateExpiryInMilliseconds="86400000")
    fleet.deployed(group)
    gg.list_deployments(**key)
    gg.reset_deployments(**key, Force=True)
    gg.delete_group(**key)


def call_bulk(fleet: Any) -> None:
    uri = fleet.put_input(['{"GroupId": "g", "GroupVersionId": "v", "DeploymentType": "NewDeployment"}'])
    made = fleet.gg.start_bulk_deployment(ExecutionRoleArn=ROLE, InputFileUri=uri, tags={"a": "b"})
    key = {"BulkDeploymentId": made["BulkDeploymentId"]}
    fleet.gg.stop_bulk_deployment(**key)
    fleet.gg.get_bulk_deployment_status(**key)
    fleet.gg.list_bulk_deployments()
    fleet.gg.list_bulk_deployment_detailed_reports(**key)


def call_things(fleet: Any) -> None:
    gg = fleet.gg
    gg.get_service_role_for_account()
    gg.associate_service_role_to_account(RoleArn=ROLE)
    gg.disassociate_service_role_from_account()
    gg.update_connectivity_info(ThingName="core", ConnectivityInfo=[{"HostAddress": "10.0.0.7"}])
    gg.get_connectivity_info(ThingName="core")
    gg.update_thing_runtime_configuration(ThingName="core", TelemetryConfiguration={"Telemetry": "On"})
    gg.get_thing_runtime_configuration(ThingName="core")
    gg.create_software_update_job(
        S3UrlSignerRole=ROLE,
        SoftwareToUpdate="ota_agent",
        UpdateTargets=[fleet.thing("core")],
        UpdateTargetsArchitecture="aarch64",
        UpdateTargetsOperatingSystem="raspbian",
    )


def test_reset_of_the_sandbox_forgets_everything(fleet: Any) -> None:
    fleet.deploy(fleet.group())
    fleet.aws.reset()
    assert fleet.gg.list_groups()["Groups"] == []
    assert fleet.gg.list_core_definitions()["Definitions"] == []
