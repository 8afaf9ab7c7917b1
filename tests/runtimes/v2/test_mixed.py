"""Groups of both versions of Greengrass in one fleet."""

import shutil
import signal
import subprocess
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.cli.processes import PROGRAM
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v2.fleets import PINNED, applied, guards, members, plan, unchanged


def mixed(fleet: FleetFiles, **spec: Any) -> FleetFiles:
    fleet.fleet(guards={"deleted": 9}, limits={"greengrass": 10000, "greengrassv2": 10000}, **spec)
    deployment = {"components": PINNED}
    return fleet.template(1).template(1, name="two", runtime="greengrass/v2", definitions=None, deployment=deployment)


def test_both_are_applied_by_one_command_and_left_alone_by_the_next(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, mixed(fleet).group("one", devices=1).group("other", devices=1, template="two"))
    assert set(live.groups(aws.client)) == {"one"}
    assert members(aws, "other") == ["other-core"]
    assert unchanged(fleet) == "No changes. 2 groups match the files."


def test_an_order_to_a_group_that_is_to_be_of_v2_and_still_is_of_v1_finds_none_of_v2(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, mixed(fleet).group("one", devices=0))
    fleet.group("one", devices=0, template="two").write()
    ran = run_cli("deploy", fleet.directory, "one", "--type", "NewDeployment", "--yes")
    assert ran.code == 3
    assert "no thing group of this name is live" in ran.out


def test_cores_of_one_wait_for_none_of_the_other(fleet: FleetFiles, aws: Sandbox) -> None:
    mixed(fleet).group("one", devices=0).group("other", devices=0, template="two").write()
    aws.put_devices({"one-core": {"outcome": "offline"}})
    words = [*PROGRAM, "apply", str(fleet.directory), "--yes", "--timeout", "60"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stderr is not None
        ends = (line for line in process.stderr if "reports success" in line or "not deployed" in line)
        assert "  other  its core reports success" in next(ends)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert "? one unfinished: the apply was stopped before its deployment had ended" in out
    assert out.endswith("Apply incomplete: 1 group done, 0 failed, 1 unfinished; 0 unchanged.\n")


def test_a_group_that_is_gone_from_the_files_is_deleted_beside_groups_of_the_other_version(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    for name, template in (("one", "line"), ("first", "line"), ("two", "two"), ("second", "two")):
        mixed(fleet, prune=True).group(name, devices=0, template=template)
    applied(aws, fleet)
    fleet.without_group("first").without_group("second")
    document = plan(fleet)
    assert {found["name"]: found["operation"] for found in document["groups"] if found["operation"] != "none"} == {
        "first": "delete",
        "second": "delete",
    }
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert set(live.groups(aws.client)) == {"one"}
    assert unchanged(fleet) == "No changes. 2 groups match the files."


def test_a_first_group_of_the_other_version_meets_an_empty_list_that_is_no_wonder(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, mixed(fleet).group("other", devices=0, template="two"))
    applied(aws, fleet.group("one", devices=0))
    assert unchanged(fleet) == "No changes. 2 groups match the files."


def of_both(fleet: FleetFiles, aws: Sandbox) -> FleetFiles:
    mixed(fleet, prune=True).group("one", devices=0).group("two", devices=0, template="two")
    applied(aws, fleet)
    return fleet


def planned_by(fleet: FleetFiles) -> dict[str, str]:
    return {found["name"]: found["operation"] for found in plan(fleet)["groups"]}


@pytest.mark.parametrize("gone", ["one", "two"])
@pytest.mark.parametrize("fresh", [False, True], ids=["same machine", "fresh machine"])
def test_the_last_group_of_a_version_that_is_gone_from_the_files_is_deleted(
    fleet: FleetFiles, aws: Sandbox, gone: str, fresh: bool
) -> None:
    of_both(fleet, aws).without_group(gone)
    if fresh:
        shutil.rmtree(fleet.directory / ".reconcile")
    stays = "two" if gone == "one" else "one"
    assert planned_by(fleet) == {gone: "delete", stays: "none"}
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert list(live.groups(aws.client)) == (["one"] if stays == "one" else [])
    thing_groups = aws.client("iot").list_thing_groups()["thingGroups"]
    assert [row["groupName"] for row in thing_groups] == (["two"] if stays == "two" else [])
    assert unchanged(fleet) == "No changes. 1 group matches the files."


@pytest.mark.parametrize("gone", ["one", "two"])
def test_the_last_group_of_a_version_that_stays_is_named_by_every_plan(
    fleet: FleetFiles, aws: Sandbox, gone: str
) -> None:
    of_both(fleet, aws).without_group(gone)
    mixed(fleet)
    shutil.rmtree(fleet.directory / ".reconcile")
    for _ in range(2):
        assert f"1 group of this fleet ({gone}) is in no file, and stays" in guards(plan(fleet))["not-pruned"]


@pytest.mark.parametrize(("name", "look"), [("one", "greengrassv2:ListDeployments"), ("two", "greengrass:ListGroups")])
def test_a_fleet_that_never_had_groups_of_the_other_version_looks_for_them_once(
    fleet: FleetFiles, aws: Sandbox, name: str, look: str
) -> None:
    applied(aws, mixed(fleet).group(name, devices=0, template="two" if name == "two" else "line"))
    aws.clear_calls()
    unchanged(fleet)
    assert look not in aws.counts()
    shutil.rmtree(fleet.directory / ".reconcile")
    for count in (1, 0):
        aws.clear_calls()
        unchanged(fleet)
        assert aws.counts().get(look, 0) == count


def test_selected_groups_are_planned_without_a_look_for_those_of_the_other_version(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    mixed(fleet, prune=True).group("one", devices=0).group("more", devices=0).group("two", devices=0, template="two")
    applied(aws, fleet)
    document = plan(fleet.without_group("two"), "--select", "one")
    assert [found["name"] for found in document["groups"]] == ["one"]


def test_groups_of_v1_that_it_does_not_tell_of_any_more_do_not_stand_in_the_way(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.aws.client.ATTEMPTS", 1)  # for which one would only wait here
    of_both(fleet, aws).without_group("one")
    aws.put_faults([{"service": "greengrass", "operation": "ListGroups", "fault": "error"}])
    document = plan(fleet)
    assert [found["operation"] for found in document["groups"]] == ["none"]
    assert "this fleet made one in Greengrass V1" in guards(document)["not-seen"]
    shutil.rmtree(fleet.directory / ".reconcile")
    assert guards(plan(fleet)) == {}


def test_a_group_that_goes_back_to_v1_leaves_something_in_v2_which_is_told(fleet: FleetFiles, aws: Sandbox) -> None:
    of_both(fleet, aws)
    for _ in range(2):
        applied(aws, fleet.group("two", devices=0))
        assert guards(plan(fleet))["same-name"].startswith("two: this fleet's thing group of Greengrass V2 is live")
    assert planned_by(fleet) == {"one": "none", "two": "none"}


def test_what_is_left_of_a_group_that_is_of_the_other_version_now_is_told_and_deleted_once_its_name_is_free(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, mixed(fleet, prune=True).group("one", devices=0).group("two", devices=0, template="two"))
    fleet.group("one", devices=0, template="two")
    document = plan(fleet)
    moved = next(found for found in document["groups"] if found["name"] == "one")
    assert (moved["operation"], moved["drift"]) == ("create", False)
    assert guards(document)["same-name"].startswith("one (")
    applied(aws, fleet)
    assert "this fleet's group of Greengrass V1 is live" in guards(plan(fleet))["same-name"]
    assert unchanged(fleet) == "No changes. 2 groups match the files."
    fleet.without_group("one")
    for left in (["one"], []):  # that of V2 goes first, as both bear one name
        assert planned_by(fleet) == {"one": "delete", "two": "none"}
        ran = run_cli("apply", fleet.directory, "--yes")
        assert ran.code == 0, ran.out + ran.err
        assert list(live.groups(aws.client)) == left
        assert members(aws, "two") == ["two-core"]
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_fleet_that_moves_to_the_other_version_as_a_whole_is_no_account_that_is_suddenly_empty(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, mixed(fleet).group("one", devices=0))
    fleet.group("one", devices=0, template="two")
    assert planned_by(fleet) == {"one": "create"}
    assert "others" not in guards(plan(fleet))
