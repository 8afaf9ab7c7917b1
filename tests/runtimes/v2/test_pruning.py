"""What is gone from the files is deleted, if they say so: by an empty revision first, and so that nothing is lost."""

from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import ARTIFACTS_BUCKET, FleetFiles, Ran, run_cli
from tests.runtimes.v2.fleets import (
    CLI,
    applied,
    arn,
    client_devices,
    group,
    guards,
    installed,
    kinds,
    plan,
    planned,
    template,
    unchanged,
)

pytestmark = pytest.mark.sampled


def pruning(fleet: FleetFiles, **spec: Any) -> FleetFiles:
    limits = {"greengrassv2": 10000, "iot:DescribeJob": 10000}
    return fleet.fleet(prune=True, limits=limits, bulkDeployments=None, guards={"deleted": 5, "components": 5}, **spec)


def waited(fleet: FleetFiles) -> Ran:
    fleet.write()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    return ran


def deployments(aws: Sandbox, target: str) -> list[dict[str, Any]]:
    return list(aws.client("greengrassv2").list_deployments(targetArn=target, historyFilter="ALL")["deployments"])


def groups(aws: Sandbox) -> list[str]:
    return sorted(row["groupName"] for row in aws.client("iot").list_thing_groups()["thingGroups"])


def test_without_a_word_a_group_that_is_gone_from_the_files_stays_and_is_named(fleet: FleetFiles, aws: Sandbox) -> None:
    group(template(fleet), "a")
    applied(aws, group(fleet, "b"))
    document = plan(fleet.without_group("b"))
    assert "1 group of this fleet (b) is in no file, and stays" in guards(document)["not-pruned"]
    assert len(document["groups"]) == 1


def test_a_group_that_is_gone_leaves_nothing_on_its_devices_and_nothing_in_the_account(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    group(pruning(template(fleet, aws_greengrass_Cli="2.12.6"), deprovision=True), "a")
    applied(aws, group(fleet, "b", cores=2, devices=1))
    found = planned(fleet.without_group("b"), "b")
    assert found["operation"] == "delete"
    assert kinds(found) == [
        *["associate-devices"] * 2,
        "reset-deployments",
        "delete-deployments",
        "delete-group",
        *["deprovision-thing"] * 3,
        "delete-artifacts",
    ]
    waited(fleet)
    assert groups(aws) == ["a"]
    assert deployments(aws, arn("b")) == []
    cores = aws.client("greengrassv2").list_core_devices()["coreDevices"]
    assert [row["coreDeviceThingName"] for row in cores] == ["a-core-1"]
    things = aws.client("iot").list_things()["things"]
    assert sorted(row["thingName"] for row in things) == ["a-core-1"]
    keys = aws.client("s3").list_objects_v2(Bucket=ARTIFACTS_BUCKET)["Contents"]
    assert all(row["Key"].startswith("demo/a/") for row in keys)
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_cores_that_stay_when_their_group_goes_lose_its_client_devices(fleet: FleetFiles, aws: Sandbox) -> None:
    shared = [{"thingName": "shared"}]
    group(pruning(template(fleet)), "a", cores=shared, devices=1)
    group(fleet, "b", cores=[*shared, {"thingName": "b-core-1"}], devices=[{"thingName": "b-device-1"}])
    applied(aws, fleet)
    assert client_devices(aws, "shared") == ["a-device-1", "b-device-1"]
    found = planned(fleet.without_group("b"), "b")
    paths = [change["path"] for change in found["changes"] if change["kind"] == "remove"]
    assert [path for path in paths if path.startswith("devices")] == ["devices[b-device-1]"]
    waited(fleet)
    assert client_devices(aws, "b-core-1") == []
    assert client_devices(aws, "shared") == ["a-device-1"]
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_device_that_leaves_the_files_with_its_core_is_taken_from_it(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(template(fleet), cores=2, devices=[{"thingName": "d", "cores": ["a-core-2"]}]))
    found = planned(group(fleet, cores=1))
    assert {change["path"]: change["kind"] for change in found["changes"]} == {
        "cores[a-core-2]": "remove",
        "devices[d]": "remove",
    }
    applied(aws, fleet)
    assert client_devices(aws, "a-core-2") == []
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_device_that_is_gone_from_the_files_is_deprovisioned(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(pruning(template(fleet), deprovision=True), cores=1, devices=2))
    found = planned(group(fleet, cores=1, devices=1))
    assert kinds(found) == ["associate-devices", "deprovision-thing", "delete-artifacts"]
    waited(fleet)
    names = sorted(row["thingName"] for row in aws.client("iot").list_things()["things"])
    assert names == ["a-core-1", "a-device-1"]
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_an_overlay_that_a_core_has_no_more_is_given_up(fleet: FleetFiles, aws: Sandbox) -> None:
    template(fleet, aws_greengrass_Cli="2.12.6")
    applied(aws, group(fleet, cores=[{"thingName": "a-core-1", "configuration": {CLI: {"port": 1}}}]))
    thing = arn("a").replace("thinggroup/a", "thing/a-core-1")
    assert len(deployments(aws, thing)) == 1
    waited(group(fleet))
    assert deployments(aws, thing) == []
    assert CLI in installed(aws, "a-core-1")  # as the group has it
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_deletion_that_was_cut_off_is_finished(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.aws.client.ATTEMPTS", 1)  # for which one would only wait here
    group(pruning(template(fleet), deprovision=True), "a")
    applied(aws, group(fleet, "b"))
    fleet.without_group("b").write()
    aws.put_faults([{"service": "iot", "operation": "DeleteThing", "fault": "error"}])
    assert run_cli("apply", fleet.directory, "--yes").code == 5
    aws.put_faults([])
    found = planned(fleet, "b")
    assert (found["operation"], found["reasons"]) == ("delete", ["its deletion was begun and not finished"])
    waited(fleet)
    assert unchanged(fleet) == "No changes. 1 group matches the files."
    assert [row["thingName"] for row in aws.client("iot").list_things()["things"]] == ["a-core-1"]


def test_tags_of_a_group_that_was_deleted_are_not_taken_for_those_of_a_new_one(fleet: FleetFiles, aws: Sandbox) -> None:
    group(pruning(template(fleet)), "a")
    applied(aws, group(fleet, "b"))
    waited(fleet.without_group("b"))
    birth = {"reconciler:fleet": "demo", "reconciler:template": "line"}  # what an apply makes it with, that is cut off
    rows = [{"Key": key, "Value": value} for key, value in birth.items()]
    aws.client("iot").create_thing_group(thingGroupName="b", tags=rows)
    assert "tag-group" in kinds(planned(group(fleet, "b"), "b"))


def test_a_group_whose_deletion_is_taken_back_is_deployed_anew(fleet: FleetFiles, aws: Sandbox) -> None:
    """AWS answers the token of the first deployment for hours with that one, which is deleted."""
    group(pruning(template(fleet, aws_greengrass_Cli="2.12.6")), "a")
    applied(aws, group(fleet, "b"))
    for times in (1, 2):
        waited(fleet.without_group("b"))
        assert CLI not in installed(aws, "b-core-1")
        aws.advance(10)
        assert waited(group(fleet, "b")).last_line.startswith("Apply complete: 1 group created, "), times
        assert installed(aws, "b-core-1")[CLI] == "2.12.6"
        assert len(deployments(aws, arn("b"))) == 1
        assert unchanged(fleet) == "No changes. 2 groups match the files."


@pytest.mark.parametrize("stays", [True, False], ids=["one group stays", "both go"])
def test_a_core_of_several_groups_keeps_its_certificate_until_it_is_off_all_of_them(
    fleet: FleetFiles, aws: Sandbox, stays: bool
) -> None:
    shared = [{"thingName": "shared"}]
    group(pruning(template(fleet, aws_greengrass_Cli="2.12.6"), deprovision=True), "kept")
    group(fleet, "base", cores=[*shared, {"thingName": "base-core"}])
    applied(aws, group(fleet, "line", cores=shared))
    fleet.without_group("line")
    group(fleet, "base", cores=[{"thingName": "base-core"}]) if stays else fleet.without_group("base")
    document = plan(fleet)
    of_shared = [
        (found["name"], action["inputs"])
        for found in document["groups"]
        for action in found["actions"]
        if (action["kind"], action["subject"]) == ("deprovision-thing", "shared")
    ]
    own = ("line", {"groupId": "base"}) if stays else ("base", {"groupId": "base", "after": ["line"]})
    assert of_shared == [own]
    aws.clear_calls()
    waited(fleet)
    made = [call["operation"] for call in aws.calls() if call["write"]]
    assert made.index("DeleteThing") > max(at for at, name in enumerate(made) if name == "DeleteThingGroup")
    assert "shared" not in {row["thingName"] for row in aws.client("iot").list_things()["things"]}
    keys = [row["Key"] for row in aws.client("s3").list_objects_v2(Bucket=ARTIFACTS_BUCKET)["Contents"]]
    assert not any("/shared/" in key for key in keys)
    assert unchanged(fleet).startswith("No changes.")


def test_a_core_that_another_group_gives_up_is_deprovisioned_after_a_crash_too(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.aws.client.ATTEMPTS", 1)  # for which one would only wait here
    shared = [{"thingName": "shared"}]
    group(pruning(template(fleet), deprovision=True), "base", cores=[*shared, {"thingName": "base-core"}])
    applied(aws, group(fleet, "line", cores=shared))
    group(fleet.without_group("line"), "base", cores=[{"thingName": "base-core"}]).write()
    aws.put_faults([{"service": "iot", "operation": "DeleteThing", "fault": "error"}])
    assert run_cli("apply", fleet.directory, "--yes").code == 5
    aws.put_faults([])
    assert planned(fleet, "line")["reasons"] == ["its deletion was begun and not finished"]
    waited(fleet)
    assert "shared" not in {row["thingName"] for row in aws.client("iot").list_things()["things"]}
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_core_keeps_its_certificate_until_it_has_given_up_what_it_alone_has(fleet: FleetFiles, aws: Sandbox) -> None:
    group(pruning(template(fleet, aws_greengrass_Cli="2.12.6"), deprovision=True), "base", cores=2)
    own = {"thingName": "base-core-2", "configuration": {CLI: {"port": 1}}}
    applied(aws, group(fleet, "line", cores=[{"thingName": "line-core"}, own]))
    group(group(fleet, "base", cores=1), "line", cores=[{"thingName": "line-core"}])
    found = planned(fleet, "line")
    assert kinds(found)[-3:] == ["delete-deployments", "deprovision-thing", "delete-artifacts"]
    assert found["actions"][-2]["inputs"] == {"groupId": "base"}
    waited(fleet)
    assert "base-core-2" not in {row["thingName"] for row in aws.client("iot").list_things()["things"]}
    assert deployments(aws, arn("x").replace("thinggroup/x", "thing/base-core-2")) == []
    assert unchanged(fleet) == "No changes. 2 groups match the files."


def test_what_a_core_alone_had_is_deleted_though_somebody_has_deleted_its_thing(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    template(fleet, aws_greengrass_Cli="2.12.6")
    own = {"thingName": "a-core-2", "configuration": {CLI: {"port": 1}}}
    applied(aws, group(fleet, cores=[{"thingName": "a-core-1"}, own]))
    iot = aws.client("iot")
    for principal in iot.list_thing_principals(thingName="a-core-2")["principals"]:
        iot.detach_thing_principal(thingName="a-core-2", principal=principal)
    iot.delete_thing(thingName="a-core-2")
    waited(group(fleet))
    assert deployments(aws, arn("x").replace("thinggroup/x", "thing/a-core-2")) == []
    assert unchanged(fleet) == "No changes. 1 group matches the files."
