from datetime import datetime, timedelta
from typing import Any

import pytest


def outcome(fleet: Any, group: Any, deployment: str) -> str:
    return str(fleet.status(group, deployment)["DeploymentStatus"])


def test_untold_core_with_active_certificate_succeeds_within_two_seconds(fleet: Any) -> None:
    group = fleet.group()
    certify(fleet, group.core)
    fleet.aws.put_devices({})
    deployment = fleet.deploy(group)
    fleet.aws.advance(2)
    assert outcome(fleet, group, deployment) == "Success"


def test_core_connects_as_soon_as_its_certificate_is_active(fleet: Any) -> None:
    group = fleet.group()
    certificate = certify(fleet, group.core, active=False)
    fleet.aws.put_devices({})
    deployment = fleet.deploy(group)
    fleet.aws.advance(3600)
    assert outcome(fleet, group, deployment) == "InProgress"
    fleet.aws.client("iot").update_certificate(certificateId=certificate, newStatus="ACTIVE")
    fleet.aws.advance(0)
    assert outcome(fleet, group, deployment) == "InProgress"
    fleet.aws.advance(1)
    assert outcome(fleet, group, deployment) == "Success"


def test_untold_core_without_a_thing_never_connects(fleet: Any) -> None:
    group = fleet.group()
    fleet.aws.put_devices({})
    deployment = fleet.deploy(group)
    fleet.aws.advance(86_400)
    assert outcome(fleet, group, deployment) == "InProgress"


def test_slow_core_succeeds_later(fleet: Any) -> None:
    fleet.tell(line_core={"outcome": "succeed", "delay": 60})
    group = fleet.group()
    deployment = fleet.deploy(group)
    fleet.aws.advance(59)
    assert outcome(fleet, group, deployment) == "InProgress"
    fleet.aws.advance(3)
    assert outcome(fleet, group, deployment) == "Success"


def test_core_that_is_told_to_hurry_up_reports_now_and_not_in_the_past(fleet: Any) -> None:
    fleet.tell(line_core={"outcome": "succeed", "delay": 3600})
    group = fleet.group()
    deployment = fleet.deploy(group)
    created = fleet.gg.list_deployments(GroupId=group.id)["Deployments"][0]["CreatedAt"]
    fleet.aws.advance(600)
    fleet.tell()
    fleet.aws.advance(0)
    status = fleet.status(group, deployment)
    assert status["DeploymentStatus"] == "Success"
    took = datetime.fromisoformat(status["UpdatedAt"]) - datetime.fromisoformat(created)
    assert took >= timedelta(seconds=600)


def test_failing_core_reports_its_error(fleet: Any) -> None:
    fleet.tell(line_core={"outcome": "fail", "error": "no space left on device"})
    group = fleet.group()
    deployment = fleet.deploy(group)
    fleet.aws.advance(2)
    status = fleet.status(group, deployment)
    assert (status["DeploymentStatus"], status["ErrorMessage"]) == ("Failure", "no space left on device")
    assert status["ErrorDetails"][0]["DetailedErrorMessage"] == "no space left on device"


def test_failing_core_without_a_told_error_still_explains_itself(fleet: Any) -> None:
    fleet.tell(line_core={"outcome": "fail"})
    group = fleet.group()
    deployment = fleet.deploy(group)
    fleet.aws.advance(2)
    assert fleet.status(group, deployment)["ErrorMessage"]


def test_successful_deployment_has_no_error(fleet: Any) -> None:
    group = fleet.group()
    status = fleet.status(group, fleet.deployed(group))
    assert not {"ErrorMessage", "ErrorDetails"} & status.keys()


def test_offline_core_goes_on_when_it_is_told_otherwise(fleet: Any) -> None:
    fleet.tell(line_core={"outcome": "offline"})
    group = fleet.group()
    deployment = fleet.deploy(group)
    fleet.aws.advance(3600)
    assert outcome(fleet, group, deployment) == "InProgress"
    fleet.tell()
    fleet.aws.advance(2)
    status = fleet.status(group, deployment)
    assert status["DeploymentStatus"] == "Success"
    listed = fleet.gg.list_deployments(GroupId=group.id)["Deployments"][0]
    assert status["UpdatedAt"] > listed["CreatedAt"]


def test_stuck_core_stays_stuck_also_when_told_otherwise(fleet: Any) -> None:
    fleet.tell(line_core={"outcome": "stuck"})
    group, other = fleet.group(), fleet.group("other")
    deployment = fleet.deploy(group)
    fleet.deployed(other)
    fleet.tell()
    fleet.aws.advance(86_400)
    assert outcome(fleet, group, deployment) == "InProgress"


def test_stuck_core_is_freed_by_a_forced_reset(fleet: Any) -> None:
    fleet.tell(line_core={"outcome": "stuck"})
    group = fleet.group()
    stuck = fleet.deploy(group)
    fleet.aws.advance(2)
    fleet.gg.reset_deployments(GroupId=group.id, Force=True)
    fleet.tell()
    fleet.aws.advance(2)
    fleet.deployed(group)
    assert outcome(fleet, group, stuck) == "InProgress"


def test_reset_goes_to_the_core_as_well(fleet: Any) -> None:
    group = fleet.group()
    fleet.deployed(group)
    fleet.tell(line_core={"outcome": "offline"})
    reset = fleet.gg.reset_deployments(GroupId=group.id)["DeploymentId"]
    fleet.aws.advance(60)
    assert outcome(fleet, group, reset) == "InProgress"
    fleet.tell()
    fleet.aws.advance(2)
    assert outcome(fleet, group, reset) == "Success"


def test_failed_reset_leaves_the_group_deployed(fleet: Any, refused: Any) -> None:
    group = fleet.group()
    fleet.deployed(group)
    fleet.tell(line_core={"outcome": "fail", "error": "busy"})
    reset = fleet.gg.reset_deployments(GroupId=group.id)["DeploymentId"]
    fleet.aws.advance(2)
    assert outcome(fleet, group, reset) == "Failure"
    assert refused(fleet.gg.delete_group, GroupId=group.id)[0] == 400


def test_clock_moved_far_does_all_steps_at_their_own_times(fleet: Any, events: Any) -> None:
    group = fleet.group()
    deployment = fleet.deploy(group)
    created = fleet.gg.list_deployments(GroupId=group.id)["Deployments"][0]["CreatedAt"]
    fleet.aws.advance(3600)
    assert outcome(fleet, group, deployment) == "Success"
    took = datetime.fromisoformat(fleet.status(group, deployment)["UpdatedAt"]) - datetime.fromisoformat(created)
    assert took == timedelta(seconds=1)
    assert len(events()) == 3


def test_events_are_as_aws_writes_them(fleet: Any, events: Any) -> None:
    fleet.tell(line_core={"outcome": "fail"})
    group = fleet.group()
    deployment = fleet.deploy(group)
    fleet.aws.advance(2)
    fleet.gg.reset_deployments(GroupId=group.id, Force=True)
    fleet.aws.advance(2)
    taken = events()
    for event in taken:
        assert event["source"] == "aws.greengrass"
        assert event["detail-type"] == "Greengrass Deployment Status Change"
        assert event["account"] == "123456789012"
        assert event["region"] == "eu-central-1"
        assert event["resources"] == []
        assert event["detail"].keys() == {"group-id", "deployment-id", "deployment-type", "status"}
        assert event["detail"]["group-id"] == group.id
    assert [event["time"] for event in taken] == sorted(event["time"] for event in taken)
    first, forced = taken[:3], taken[3:]
    assert {event["detail"]["deployment-id"] for event in first} == {deployment}
    assert [(event["detail"]["deployment-type"], event["detail"]["status"]) for event in first] == [
        ("NewDeployment", "Building"),
        ("NewDeployment", "InProgress"),
        ("NewDeployment", "Failure"),
    ]
    assert [(event["detail"]["deployment-type"], event["detail"]["status"]) for event in forced] == [
        ("ForceResetDeployment", "Building"),
        ("ForceResetDeployment", "InProgress"),
        ("ForceResetDeployment", "Success"),
    ]


def test_deployments_of_a_deleted_group_tell_nothing_more(fleet: Any, events: Any) -> None:
    group = fleet.group()
    fleet.deployed(group)
    fleet.gg.reset_deployments(GroupId=group.id, Force=True)
    fleet.gg.delete_group(GroupId=group.id)
    told = len(events())
    fleet.aws.advance(10)
    assert told >= 4
    assert events() == []


def test_more_open_deployments_than_a_tick_looks_at(fleet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.sandbox.greengrass_v1.cores.LOOKS_PER_TICK", 2)
    groups = [fleet.group(f"line-{number}") for number in range(5)]
    deployments = [fleet.deploy(group) for group in groups]
    for _ in range(12):
        fleet.aws.advance(1)
    assert [outcome(fleet, *pair) for pair in zip(groups, deployments, strict=True)] == ["Success"] * 5


def certify(fleet: Any, name: str, *, active: bool = True) -> str:
    """Give the thing a certificate, and answer with the certificate's id."""
    iot = fleet.aws.client("iot")
    iot.create_thing(thingName=name)
    made = iot.create_keys_and_certificate(setAsActive=active)
    iot.attach_thing_principal(thingName=name, principal=made["certificateArn"])
    return str(made["certificateId"])
