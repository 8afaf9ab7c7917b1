"""What core devices do with deployments: the union of their targets, what floats, what leaves, what goes wrong."""

import json
from typing import Any

import pytest

CLI, LOGS, NUCLEUS = "aws.greengrass.Cli", "aws.greengrass.LogManager", "aws.greengrass.Nucleus"


def test_a_core_runs_the_union_of_its_targets(fleet: Any) -> None:
    for name in ("com.A", "com.B", "com.C"):
        fleet.component(name)
    line, site = fleet.group("line", "core"), fleet.group("site", "core")
    fleet.deploy(line, "com.A@1.0.0")
    fleet.deploy(site, "com.B@1.0.0")
    fleet.deploy(fleet.thing("core"), "com.C@1.0.0")
    assert fleet.installed("core") == {"com.A": "1.0.0", "com.B": "1.0.0", "com.C": "1.0.0"}
    assert [item["coreDeviceExecutionStatus"] for item in fleet.effective("core")] == [
        "COMPLETED",
        "SUCCEEDED",
        "SUCCEEDED",
    ]


def test_a_core_is_in_the_groups_above_its_own(fleet: Any) -> None:
    fleet.component("com.A")
    plant = fleet.group("plant")
    fleet.group("line", "core", parent="plant")
    made = fleet.deploy(plant, "com.A@1.0.0")
    assert fleet.statuses(made) == {"core": "SUCCEEDED"}


def test_what_a_new_revision_lacks_leaves_the_core(fleet: Any) -> None:
    fleet.component("com.A")
    fleet.component("com.B", dependencies={"com.A": "^1.0.0"})
    line = fleet.group("line", "core")
    fleet.deploy(line, "com.B@1.0.0")
    assert fleet.installed("core", "ALL") == {"com.A": "1.0.0", "com.B": "1.0.0", NUCLEUS: "2.12.0"}
    fleet.deploy(line)
    assert fleet.installed("core", "ALL") == {NUCLEUS: "2.12.0"}


def test_dependencies_float_to_the_greatest_version_that_will_do(fleet: Any) -> None:
    for version in ("1.0.0", "1.4.0", "2.0.0"):
        fleet.component("com.A", version)
    fleet.component("com.B", dependencies={"com.A": ">=1.0.0 <2.0.0"})
    line = fleet.group("line", "core")
    fleet.deploy(line, "com.B@1.0.0")
    assert fleet.installed("core", "ALL")["com.A"] == "1.4.0"
    assert fleet.installed("core") == {"com.B": "1.0.0"}
    fleet.component("com.A", "1.5.0")
    fleet.deploy(line, "com.B@1.0.0")
    assert fleet.installed("core", "ALL")["com.A"] == "1.5.0"
    fleet.deploy(line, "com.B@1.0.0", "com.A@1.0.0")
    assert fleet.installed("core") == {"com.A": "1.0.0", "com.B": "1.0.0"}


def test_a_public_component_that_is_not_listed_comes_at_a_version_that_is_asked_for(fleet: Any) -> None:
    fleet.component("com.A", dependencies={"aws.greengrass.NobodyKnowsIt": "~3.1", CLI: ">=2.77.0 <3.0.0"})
    fleet.deploy(fleet.group("line", "core"), "com.A@1.0.0")
    installed = fleet.installed("core", "ALL")
    assert (installed["aws.greengrass.NobodyKnowsIt"], installed[CLI]) == ("3.1.0", "2.77.0")


def test_a_nucleus_that_is_not_pinned_is_upgraded_as_a_side_effect(fleet: Any, gg: Any) -> None:
    line = fleet.group("line", "core")
    fleet.deploy(line)
    assert gg.get_core_device(coreDeviceThingName="core")["coreVersion"] == "2.12.0"
    fleet.deploy(line, f"{LOGS}@2.3.9")
    assert gg.get_core_device(coreDeviceThingName="core")["coreVersion"] > "2.12.0"
    fleet.deploy(line, f"{LOGS}@2.3.9", f"{NUCLEUS}@2.12.6")
    assert gg.get_core_device(coreDeviceThingName="core")["coreVersion"] == "2.12.6"
    assert fleet.installed("core") == {LOGS: "2.3.9", NUCLEUS: "2.12.6"}


def test_versions_that_two_groups_cannot_agree_on_fail_and_change_nothing(fleet: Any, gg: Any) -> None:
    line, site = fleet.group("line", "core"), fleet.group("site", "core")
    fleet.deploy(line, f"{CLI}@2.9.0")
    made = fleet.deploy(site, f"{CLI}@2.12.0")
    assert fleet.statuses(made) == {"core": "FAILED"}
    failed, worked = fleet.effective("core")
    assert (failed["coreDeviceExecutionStatus"], worked["coreDeviceExecutionStatus"]) == ("FAILED", "SUCCEEDED")
    assert failed["statusDetails"] == {
        "errorStack": [
            "DEPLOYMENT_FAILURE",
            "NO_AVAILABLE_COMPONENT_VERSION",
            "COMPONENT_VERSION_REQUIREMENTS_NOT_MET",
        ],
        "errorTypes": ["DEPENDENCY_ERROR"],
    }
    assert failed["reason"].startswith("FAILED_NO_STATE_CHANGE: ")
    assert "thinggroup/line requires =2.9.0, thinggroup/site requires =2.12.0" in failed["reason"]
    assert "statusDetails" not in worked
    assert fleet.installed("core") == {CLI: "2.9.0"}
    details = fleet.execution(made, "core")["statusDetails"]["detailsMap"]
    assert details["detailed-deployment-status"] == "FAILED_NO_STATE_CHANGE"
    assert json.loads(details["deployment-error-stack"])[-1] == "COMPONENT_VERSION_REQUIREMENTS_NOT_MET"
    assert gg.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "ACTIVE"


def test_what_failed_for_one_target_stays_visible_and_out_of_the_others(fleet: Any) -> None:
    line, site = fleet.group("line", "core"), fleet.group("site", "core")
    fleet.deploy(line, f"{CLI}@2.9.0")
    fleet.deploy(site, f"{CLI}@2.12.0", f"{LOGS}@2.3.9")
    fleet.deploy(line, f"{CLI}@2.10.0")
    assert fleet.installed("core") == {CLI: "2.10.0"}
    assert [(item["targetArn"], item["coreDeviceExecutionStatus"]) for item in fleet.effective("core")] == [
        (line, "SUCCEEDED"),
        (site, "FAILED"),
    ]


def test_requirements_of_recipes_count_too(fleet: Any) -> None:
    for version in ("1.0.0", "2.0.0"):
        fleet.component("com.Base", version)
    fleet.component("com.Old", dependencies={"com.Base": "<2.0.0"})
    fleet.component("com.New", dependencies={"com.Base": ">= 2.0.0"})
    line = fleet.group("line", "core")
    assert fleet.statuses(fleet.deploy(line, "com.Old@1.0.0", "com.New@1.0.0")) == {"core": "FAILED"}
    assert "com.New requires >= 2.0.0, com.Old requires <2.0.0" in fleet.effective("core")[0]["reason"]
    assert fleet.statuses(fleet.deploy(line, "com.Old@1.0.0", "com.Base@1.0.0")) == {"core": "SUCCEEDED"}


def test_a_version_that_is_not_there_or_was_deleted_fails(fleet: Any, gg: Any) -> None:
    arn = fleet.component("com.A")
    line = fleet.group("line", "core")
    assert fleet.statuses(fleet.deploy(line, "com.A@1.0.1")) == {"core": "FAILED"}
    assert fleet.statuses(fleet.deploy(line, "com.A@1.0.0")) == {"core": "SUCCEEDED"}
    gg.delete_component(arn=arn)
    assert fleet.statuses(fleet.deploy(line, "com.A@1.0.0")) == {"core": "FAILED"}
    assert fleet.installed("core") == {"com.A": "1.0.0"}


def test_a_failure_is_rolled_back_unless_the_deployment_says_no(fleet: Any, gg: Any) -> None:
    line = fleet.group("line", "core")
    fleet.deploy(line, f"{CLI}@2.9.0")
    fleet.tell(core={"outcome": "fail", "error": "disk full"})
    made = fleet.deploy(line, f"{CLI}@2.12.0")
    (failed,) = fleet.effective("core")
    assert (failed["coreDeviceExecutionStatus"], failed["reason"]) == ("FAILED", "FAILED_ROLLBACK_COMPLETE: disk full")
    assert failed["statusDetails"]["errorStack"] == ["DEPLOYMENT_FAILURE", "COMPONENT_UPDATE_ERROR", "COMPONENT_BROKEN"]
    assert fleet.execution(made, "core")["statusDetails"]["detailsMap"]["detailed-deployment-status"] == (
        "FAILED_ROLLBACK_COMPLETE"
    )
    assert fleet.installed("core") == {CLI: "2.9.0"}
    assert gg.get_core_device(coreDeviceThingName="core")["status"] == "HEALTHY"
    fleet.deploy(line, f"{CLI}@2.12.0", deploymentPolicies={"failureHandlingPolicy": "DO_NOTHING"})
    assert fleet.effective("core")[0]["reason"] == "FAILED_ROLLBACK_NOT_REQUESTED: disk full"
    (installed,) = gg.list_installed_components(coreDeviceThingName="core")["installedComponents"]
    assert (installed["componentVersion"], installed["lifecycleState"]) == ("2.12.0", "BROKEN")
    assert (installed["lifecycleStateDetails"], installed["lifecycleStatusCodes"]) == ("disk full", ["STARTUP_ERROR"])
    assert [core["status"] for core in gg.list_core_devices(status="UNHEALTHY")["coreDevices"]] == ["UNHEALTHY"]
    fleet.tell()
    fleet.deploy(line, f"{CLI}@2.12.0")
    assert gg.list_core_devices(status="UNHEALTHY")["coreDevices"] == []
    (installed,) = gg.list_installed_components(coreDeviceThingName="core")["installedComponents"]
    assert installed["lifecycleState"] != "BROKEN"


def test_an_offline_core_is_queued_until_it_is_back_and_then_gets_only_the_last(fleet: Any) -> None:
    line = fleet.group("line", "core")
    fleet.deploy(line, f"{CLI}@2.9.0")
    fleet.tell(core={"outcome": "offline"})
    first, second = (fleet.deploy(line, f"{CLI}@{version}") for version in ("2.10.0", "2.12.0"))
    assert (fleet.statuses(first), fleet.statuses(second)) == ({"core": "CANCELED"}, {"core": "QUEUED"})
    (effective,) = fleet.effective("core")
    assert effective["coreDeviceExecutionStatus"] == "QUEUED"
    fleet.tell()
    fleet.settle()
    assert fleet.statuses(second) == {"core": "SUCCEEDED"}
    assert fleet.installed("core") == {CLI: "2.12.0"}


def test_a_dead_core_stays_healthy_with_an_old_time_stamp(fleet: Any, gg: Any) -> None:
    def last() -> Any:
        return gg.get_core_device(coreDeviceThingName="core")["lastStatusUpdateTimestamp"]

    fleet.deploy(fleet.group("line", "core"))
    first = last()
    fleet.aws.advance(3600)
    assert last() == first
    fleet.aws.advance(24 * 3600)
    assert (last() - first).total_seconds() == 24 * 3600
    fleet.tell(core={"outcome": "offline"})
    fleet.aws.advance(72 * 3600)
    assert (last() - first).total_seconds() == 24 * 3600
    assert gg.get_core_device(coreDeviceThingName="core")["status"] == "HEALTHY"
    fleet.tell()
    assert (last() - first).total_seconds() > 90 * 3600


def test_a_core_that_never_was_there_is_not_listed(fleet: Any, gg: Any, refused: Any) -> None:
    fleet.tell(core={"outcome": "offline"})
    made = fleet.deploy(fleet.group("line", "core"))
    assert fleet.statuses(made) == {"core": "QUEUED"}
    assert gg.list_core_devices()["coreDevices"] == []
    for operation in (gg.get_core_device, gg.list_effective_deployments, gg.list_installed_components):
        status, code, answer = refused(operation, coreDeviceThingName="core")
        assert (status, code, answer["resourceType"]) == (404, "ResourceNotFoundException", "coreDevice")


def test_a_thing_is_a_core_once_it_has_an_active_certificate(fleet: Any) -> None:
    fleet.aws.put_devices({})
    made = fleet.deploy(fleet.group("line", "core"))
    assert fleet.statuses(made) == {"core": "QUEUED"}
    certificate = fleet.iot.create_keys_and_certificate(setAsActive=False)
    fleet.iot.attach_thing_principal(thingName="core", principal=certificate["certificateArn"])
    fleet.settle()
    assert fleet.statuses(made) == {"core": "QUEUED"}
    fleet.iot.update_certificate(certificateId=certificate["certificateId"], newStatus="ACTIVE")
    fleet.settle()
    assert fleet.statuses(made) == {"core": "SUCCEEDED"}


def test_a_stuck_core_takes_nothing_else_up_until_it_is_freed(fleet: Any) -> None:
    line, site = fleet.group("line", "core"), fleet.group("site", "core")
    fleet.tell(core={"outcome": "stuck"})
    first = fleet.deploy(line, f"{CLI}@2.9.0")
    second, other = fleet.deploy(line, f"{CLI}@2.12.0"), fleet.deploy(site)
    assert [fleet.statuses(made) for made in (first, second, other)] == [
        {"core": "IN_PROGRESS"},
        {"core": "QUEUED"},
        {"core": "QUEUED"},
    ]
    fleet.tell()
    fleet.settle()
    assert [fleet.statuses(made) for made in (first, second, other)] == [{"core": "SUCCEEDED"}] * 3
    assert fleet.installed("core") == {CLI: "2.12.0"}


def test_a_timeout_ends_what_is_stuck(fleet: Any) -> None:
    line = fleet.group("line", "core")
    fleet.tell(core={"outcome": "stuck"})
    made = fleet.deploy(line, iotJobConfiguration={"timeoutConfig": {"inProgressTimeoutInMinutes": 5}})
    fleet.aws.advance(290)
    assert fleet.statuses(made) == {"core": "IN_PROGRESS"}
    fleet.aws.advance(20)
    assert fleet.statuses(made) == {"core": "TIMED_OUT"}
    assert fleet.effective("core")[0]["coreDeviceExecutionStatus"] == "TIMED_OUT"


def test_a_forced_cancel_frees_a_stuck_core(fleet: Any) -> None:
    line = fleet.group("line", "core")
    fleet.tell(core={"outcome": "stuck"})
    made = fleet.deploy(line, f"{CLI}@2.9.0")
    fleet.iot.cancel_job(jobId=made["iotJobId"], force=True, reasonCode="STUCK", comment="by hand")
    assert fleet.execution(made, "core")["forceCanceled"] is True
    fleet.tell()
    assert fleet.statuses(fleet.deploy(line, f"{CLI}@2.12.0")) == {"core": "SUCCEEDED"}


def test_a_slow_core_takes_its_time(fleet: Any) -> None:
    fleet.tell(core={"delay": 60})
    made = fleet.deploy(fleet.group("line", "core"))
    assert fleet.statuses(made) == {"core": "IN_PROGRESS"}
    fleet.aws.advance(60)
    assert fleet.statuses(made) == {"core": "SUCCEEDED"}


def test_whoever_joins_a_group_receives_its_deployment(fleet: Any) -> None:
    line = fleet.group("line")
    made = fleet.deploy(line, f"{CLI}@2.9.0")
    fleet.thing("late")
    fleet.iot.add_thing_to_thing_group(thingGroupName="line", thingName="late")
    fleet.settle()
    assert fleet.statuses(made) == {"late": "SUCCEEDED"}
    assert fleet.installed("late") == {CLI: "2.9.0"}


def test_whoever_joins_a_group_whose_deployment_was_canceled_receives_nothing(fleet: Any, gg: Any) -> None:
    made = fleet.deploy(fleet.group("line"), f"{CLI}@2.9.0")
    gg.cancel_deployment(deploymentId=made["deploymentId"])
    fleet.group("line", "late")
    fleet.settle()
    assert fleet.statuses(made) == {}


def test_leaving_a_group_takes_effect_at_the_next_deployment_only(fleet: Any, gg: Any) -> None:
    line, site = fleet.group("line", "core"), fleet.group("site", "core")
    fleet.deploy(line, f"{CLI}@2.9.0")
    fleet.iot.remove_thing_from_thing_group(thingGroupName="line", thingName="core")
    fleet.settle()
    assert fleet.installed("core") == {CLI: "2.9.0"}
    assert [item["targetArn"] for item in fleet.effective("core")] == [line]
    fleet.deploy(site, f"{LOGS}@2.3.9")
    assert fleet.installed("core") == {LOGS: "2.3.9"}
    assert [item["targetArn"] for item in fleet.effective("core")] == [site]
    # The list by group goes by who once deployed for it, and by nobody's membership.
    assert len(gg.list_core_devices(thingGroupArn=line)["coreDevices"]) == 1


def test_a_core_that_comes_back_to_a_group_receives_its_deployment_again(fleet: Any) -> None:
    line = fleet.group("line", "core")
    made = fleet.deploy(line, f"{CLI}@2.9.0")
    fleet.iot.remove_thing_from_thing_group(thingGroupName="line", thingName="core")
    fleet.deploy(fleet.thing("core"))
    assert fleet.installed("core") == {}
    fleet.iot.add_thing_to_thing_group(thingGroupName="line", thingName="core")
    fleet.settle()
    assert fleet.execution(made, "core")["executionNumber"] == 2
    assert fleet.installed("core") == {CLI: "2.9.0"}


def test_who_leaves_before_it_begins_or_is_deleted_is_removed(fleet: Any) -> None:
    fleet.tell(a={"outcome": "offline"}, b={"outcome": "offline"})
    made = fleet.deploy(fleet.group("line", "a", "b"))
    fleet.iot.remove_thing_from_thing_group(thingGroupName="line", thingName="a")
    fleet.iot.delete_thing(thingName="b")
    assert fleet.statuses(made) == {"a": "REMOVED", "b": "REMOVED"}
    details = fleet.iot.describe_job(jobId=made["iotJobId"])["job"]["jobProcessDetails"]
    assert (details["numberOfRemovedThings"], details["numberOfQueuedThings"]) == (2, 0)


def test_listing_by_group_shows_who_succeeded(fleet: Any, gg: Any) -> None:
    fleet.tell(b={"outcome": "fail"})
    line = fleet.group("line", "a", "b")
    fleet.deploy(line)
    assert [core["coreDeviceThingName"] for core in gg.list_core_devices()["coreDevices"]] == ["a", "b"]
    assert [core["coreDeviceThingName"] for core in gg.list_core_devices(thingGroupArn=line)["coreDevices"]] == ["a"]


def test_a_deleted_core_device_is_back_with_its_next_deployment(fleet: Any, gg: Any) -> None:
    line = fleet.group("line", "core")
    fleet.deploy(line, f"{CLI}@2.9.0")
    gg.delete_core_device(coreDeviceThingName="core")
    assert gg.list_core_devices()["coreDevices"] == []
    assert fleet.iot.describe_thing(thingName="core")["thingName"] == "core"
    fleet.deploy(line, f"{CLI}@2.12.0")
    assert [core["coreDeviceThingName"] for core in gg.list_core_devices()["coreDevices"]] == ["core"]


def test_core_devices_bear_tags(fleet: Any, gg: Any, refused: Any) -> None:
    arn = "arn:aws:greengrass:eu-central-1:123456789012:coreDevices:core"
    assert refused(gg.tag_resource, resourceArn=arn, tags={"a": "b"})[1] == "ResourceNotFoundException"
    fleet.deploy(fleet.group("line", "core"))
    gg.tag_resource(resourceArn=arn, tags={"a": "b"})
    assert gg.get_core_device(coreDeviceThingName="core")["tags"] == {"a": "b"}


def test_a_rollout_goes_out_by_the_minute(fleet: Any) -> None:
    line = fleet.group("line", "a", "b", "c")
    rollout = {"jobExecutionsRolloutConfig": {"maximumPerMinute": 2}}
    made = fleet.deploy(line, iotJobConfiguration=rollout)
    assert fleet.statuses(made) == {"a": "SUCCEEDED", "b": "SUCCEEDED"}
    fleet.aws.advance(60)
    fleet.settle()
    assert fleet.statuses(made) == {"a": "SUCCEEDED", "b": "SUCCEEDED", "c": "SUCCEEDED"}


def test_a_rollout_keeps_its_pace_whatever_happens_to_who_waits(fleet: Any) -> None:
    rollout = {"jobExecutionsRolloutConfig": {"maximumPerMinute": 1}}
    made = fleet.deploy(fleet.group("line", "a", "b"), iotJobConfiguration=rollout)
    certificate = fleet.iot.create_keys_and_certificate(setAsActive=True)
    fleet.iot.attach_thing_principal(thingName="b", principal=certificate["certificateArn"])
    fleet.settle()
    assert fleet.statuses(made) == {"a": "SUCCEEDED"}
    fleet.aws.advance(60)
    assert fleet.execution(made, "b")["executionNumber"] == 1


def test_a_core_does_one_thing_after_the_other(fleet: Any) -> None:
    line, site = fleet.group("line", "core"), fleet.group("site", "core")
    fleet.tell(core={"delay": 10})
    first, second = (fleet.gg.create_deployment(targetArn=target) for target in (line, site))
    fleet.settle(60)
    assert fleet.execution(second, "core")["startedAt"] >= fleet.execution(first, "core")["lastUpdatedAt"]


def test_a_rollout_is_given_up_when_too_many_fail(fleet: Any, gg: Any) -> None:
    fleet.tell(a={"outcome": "fail"})
    criterion = {
        "failureType": "FAILED",
        "action": "CANCEL",
        "thresholdPercentage": 50.0,
        "minNumberOfExecutedThings": 2,
    }
    configuration = {
        "jobExecutionsRolloutConfig": {"maximumPerMinute": 2},
        "abortConfig": {"criteriaList": [criterion]},
    }
    made = fleet.deploy(fleet.group("line", "a", "b", "c"), iotJobConfiguration=configuration)
    fleet.settle(120)
    assert fleet.statuses(made) == {"a": "FAILED", "b": "SUCCEEDED"}
    assert gg.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "CANCELED"


def test_nucleus_lite_takes_deployments_to_groups_only(fleet: Any, gg: Any) -> None:
    fleet.tell(core={"runtime": "aws_nucleus_lite"})
    line = fleet.group("line", "core")
    assert fleet.statuses(fleet.deploy(line, f"{LOGS}@2.3.9")) == {"core": "SUCCEEDED"}
    made = fleet.deploy(fleet.thing("core"))
    assert fleet.statuses(made) == {"core": "REJECTED"}
    assert fleet.effective("core")[0]["statusDetails"]["errorStack"] == ["DEPLOYMENT_REJECTED"]
    assert [core["runtime"] for core in gg.list_core_devices(runtime="aws_nucleus_lite")["coreDevices"]] == [
        "aws_nucleus_lite"
    ]
    assert fleet.installed("core", "ALL") == {LOGS: "2.3.9", "aws.greengrass.NucleusLite": "2.1.0"}


@pytest.mark.parametrize(
    ("platform", "told", "fits"),
    [
        ({"os": "linux"}, {}, True),
        ({"os": "windows"}, {}, False),
        ({"os": "windows"}, {"platform": {"os": "windows"}}, True),
        ({"os": "linux", "architecture": "aarch64"}, {}, False),
        ({"os": "linux", "architecture": "aarch64"}, {"platform": {"architecture": "aarch64"}}, True),
        ({"os": "/linux|darwin/", "architecture": "*"}, {}, True),
        ({"os": "/win.*/"}, {}, False),
        ({"os": "/(/"}, {}, False),
        ({"os": "all"}, {}, True),
        ({"board": "pi"}, {}, False),
        ({"board": "pi"}, {"platform": {"board": "pi"}}, True),
        ({"os": "linux"}, {"runtime": "aws_nucleus_lite"}, False),
        ({"os": "linux", "runtime": "aws_nucleus_lite"}, {"runtime": "aws_nucleus_lite"}, True),
        ({"os": "linux", "runtime": "*"}, {"runtime": "aws_nucleus_lite"}, True),
        ({"os": "linux", "runtime": "aws_nucleus_lite"}, {}, False),
    ],
)
def test_a_component_has_to_be_for_its_core(
    fleet: Any, platform: dict[str, str], told: dict[str, Any], fits: bool
) -> None:
    fleet.tell(core=told)
    fleet.component("com.A", Manifests=[{"Platform": platform, "Lifecycle": {"Run": "true"}}])
    made = fleet.deploy(fleet.group("line", "core"), "com.A@1.0.0")
    assert fleet.statuses(made) == {"core": "SUCCEEDED" if fits else "FAILED"}
    if not fits:
        (failed,) = fleet.effective("core")
        assert failed["statusDetails"]["errorStack"][1] == "NO_AVAILABLE_COMPONENT_VERSION"
        assert "does not claim platform compatibility. Component com.A 1.0.0" in failed["reason"]
        assert fleet.installed("core") == {}


def test_what_floats_floats_to_a_version_for_the_core(fleet: Any, gg: Any) -> None:
    fleet.tell(core={"platform": {"architecture": "aarch64"}})
    fleet.component("com.B", "1.0.0")
    fleet.component("com.B", "1.1.0", Manifests=[{"Platform": {"architecture": "amd64"}, "Lifecycle": {}}])
    fleet.component("com.A", dependencies={"com.B": "^1.0.0"})
    fleet.deploy(fleet.group("line", "core"), "com.A@1.0.0")
    assert fleet.installed("core", "ALL")["com.B"] == "1.0.0"
    assert gg.get_core_device(coreDeviceThingName="core")["architecture"] == "aarch64"


@pytest.mark.parametrize(("version", "status"), [("2.2.0", "FAILED"), ("2.9.0", "SUCCEEDED")])
def test_a_large_document_needs_a_nucleus_that_can_fetch_it(fleet: Any, version: str, status: str) -> None:
    line = fleet.group("line", "core")
    fleet.deploy(line, f"{NUCLEUS}@{version}")
    merge = json.dumps({"text": "x" * 32_000})
    wanted = {NUCLEUS: {"componentVersion": version, "configurationUpdate": {"merge": merge}}}
    assert fleet.statuses(fleet.deploy(line, components=wanted)) == {"core": status}


def test_configurations_live_on_the_core(fleet: Any) -> None:
    default = {"ComponentConfiguration": {"DefaultConfiguration": {"level": "info", "topics": ["a"]}}}
    for version in ("1.0.0", "2.0.0"):
        fleet.component("com.A", version, **default)
    line = fleet.group("line", "core")

    def deploy(version: str = "1.0.0", **update: Any) -> Any:
        wanted = {"com.A": {"componentVersion": version, "configurationUpdate": update}}
        fleet.deploy(line, components=wanted)
        return fleet.aws.remote.cores()[fleet.aws.region]["core"]["configuration"]["com.A"]

    assert deploy(merge='{"level": "debug", "own": 1}') == {"level": "debug", "own": 1, "topics": ["a"]}
    # A merge that is no more in the document stays on the device, through upgrades, too.
    assert deploy(merge='{"topics": ["b"]}') == {"level": "debug", "own": 1, "topics": ["b"]}
    assert deploy("2.0.0") == {"level": "debug", "own": 1, "topics": ["b"]}
    assert deploy("2.0.0", reset=[""], merge='{"level": "warn"}') == {"level": "warn", "topics": ["a"]}


def test_a_configuration_is_gone_with_its_component(fleet: Any) -> None:
    fleet.component("com.A")
    line = fleet.group("line", "core")
    update = {"configurationUpdate": {"merge": '{"own": 1}'}}
    fleet.deploy(line, components={"com.A": {"componentVersion": "1.0.0", **update}})
    fleet.deploy(line)
    fleet.deploy(line, "com.A@1.0.0")
    core = fleet.aws.remote.cores()[fleet.aws.region]["core"]
    assert core["configuration"]["com.A"] == {}
    assert core["components"] == {"com.A": "1.0.0", NUCLEUS: "2.12.0"}


def test_the_source_of_a_component_is_the_last_deployment_with_it(fleet: Any, gg: Any) -> None:
    line, site = fleet.group("line", "core"), fleet.group("site", "core")
    fleet.deploy(line, f"{CLI}@2.9.0")
    second = fleet.deploy(site, f"{CLI}@2.9.0")
    (installed,) = gg.list_installed_components(coreDeviceThingName="core")["installedComponents"]
    assert installed["lastInstallationSource"] == second["deploymentId"]
