"""A saved plan of V2 is carried out once, as it is, or says what moved."""

import json
from pathlib import Path

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, Ran, run_cli
from tests.runtimes.v2.fleets import CLI, applied, arn, client_devices, group, members, newest, revised, template

pytestmark = pytest.mark.sampled


@pytest.fixture
def fleet_of_two(fleet: FleetFiles, aws: Sandbox) -> FleetFiles:
    """Two groups that are live at version 1, and are to be brought to version 2 with a new core and device each."""
    template(template(fleet), 2, aws_greengrass_Cli="2.12.6")
    for name in ("a", "b"):
        group(fleet, name, devices=1)
    applied(aws, fleet)
    for name in ("a", "b"):
        group(fleet, name, 2, cores=2, devices=2)
    return fleet.write()


def save(fleet: FleetFiles) -> Path:
    file = fleet.directory / "plan.json"
    ran = run_cli("plan", fleet.directory, "--out", file)
    assert ran.code == 0, ran.err
    return file


def apply(file: Path, *options: str) -> Ran:
    return run_cli("apply", file, "--yes", *options)


def test_it_is_carried_out_once_and_then_nothing_is_left(fleet_of_two: FleetFiles, aws: Sandbox) -> None:
    file = save(fleet_of_two)
    first = apply(file)
    assert first.code == 0, first.out + first.err
    assert client_devices(aws, "b-core-2") == ["b-device-1", "b-device-2"]
    aws.clear_calls()
    second = apply(file)
    assert (second.code, second.last_line) == (0, "No changes. 2 groups already converged.")
    assert aws.writes() == []
    assert run_cli("plan", fleet_of_two.directory).last_line == "No changes. 2 groups match the files."


def test_a_new_group_is_made_once(fleet: FleetFiles, aws: Sandbox) -> None:
    file = save(group(template(fleet), cores=2, devices=1).write())
    assert apply(file).code == 0
    aws.clear_calls()
    assert apply(file).last_line == "No changes. 1 group already converged."
    assert aws.writes() == []


def test_a_group_that_is_deleted_is_deleted_once(fleet_of_two: FleetFiles, aws: Sandbox) -> None:
    fleet_of_two.fleet(prune=True, deprovision=True, guards={"deleted": 1}, bulkDeployments=None)
    file = save(fleet_of_two.without_group("b").write())
    first = apply(file)
    assert first.code == 0, first.out + first.err
    aws.clear_calls()
    second = apply(file)
    assert (second.code, second.last_line) == (0, "No changes. 2 groups already converged.")
    assert aws.writes() == []


def test_one_that_was_not_waited_for_is_waited_for(fleet_of_two: FleetFiles, aws: Sandbox) -> None:
    file = save(fleet_of_two)
    aws.put_devices({"a-*": {"outcome": "stuck"}})
    assert apply(file, "--no-wait").code == 0
    aws.put_devices({})
    aws.clear_calls()
    second = apply(file)
    assert second.code == 0, second.out + second.err
    assert "greengrassv2:CreateDeployment" not in aws.counts()


def test_a_revision_by_hand_makes_it_stale(fleet_of_two: FleetFiles, aws: Sandbox) -> None:
    file = save(fleet_of_two)
    revised(aws, "a", aws_greengrass_LogManager="2.3.7")
    aws.clear_calls()
    ran = apply(file)
    assert ran.code == 4
    assert f"deployment {newest(aws, arn('a'))['deploymentId']} (reconciler/demo/line@1/" in ran.out + ran.err
    assert aws.writes() == []
    assert apply(file, "--allow-partial").code == 5
    assert CLI in newest(aws, arn("b"))["components"]
    assert CLI not in newest(aws, arn("a"))["components"]


def test_a_member_that_somebody_added_makes_it_stale(fleet_of_two: FleetFiles, aws: Sandbox) -> None:
    file = save(fleet_of_two)
    aws.client("iot").create_thing(thingName="stranger")
    aws.client("iot").add_thing_to_thing_group(thingGroupName="b", thingName="stranger")
    ran = apply(file)
    assert ran.code == 4
    assert "stranger joined the group" in ran.out + ran.err
    assert members(aws, "b") == ["b-core-1", "stranger"]


def test_a_saved_plan_holds_each_document_once(fleet_of_two: FleetFiles, aws: Sandbox) -> None:
    document = json.loads(save(fleet_of_two).read_text(encoding="utf-8"))
    (content,) = document["contents"].values()
    assert CLI in content["components"]
    (_, deploy) = (next(act for act in found["actions"] if act["kind"] == "deploy") for found in document["groups"])
    assert deploy["inputs"]["document"] in document["contents"]
