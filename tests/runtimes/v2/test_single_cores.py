"""What a core has alone, beside its group: it comes, it gives way, and whatever the group is sent does not cover it."""

from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v2.fleets import (
    CLI,
    applied,
    arn,
    group,
    guards,
    installed,
    kinds,
    newest,
    plan,
    planned,
    revised,
    template,
    unchanged,
)

pytestmark = pytest.mark.sampled

OWN = {"thingName": "a-core-2", "configuration": {CLI: {"level": "debug"}}}
ALONE = arn("a").replace("thinggroup/a", "thing/a-core-2")


def levels(aws: Sandbox) -> list[Any]:
    cores = aws.remote.cores()[aws.region]
    return [cores[f"a-core-{number}"]["configuration"][CLI].get("level") for number in (1, 2)]


@pytest.fixture
def live(fleet: FleetFiles, aws: Sandbox) -> FleetFiles:
    """A group of two cores, the second of which has a configuration of its own."""
    for version in (1, 2):
        spec = {"componentVersion": "2.12.6", "configurationUpdate": {"merge": {"level": "info", "n": version}}}
        template(fleet, version, aws_greengrass_Cli=spec)
    applied(aws, group(fleet, cores=[{"thingName": "a-core-1"}, OWN]))
    assert levels(aws) == ["info", "debug"]
    return fleet


def test_a_core_with_a_configuration_of_its_own_gets_a_deployment_of_its_own_and_loses_it(
    live: FleetFiles, aws: Sandbox
) -> None:
    assert newest(aws, ALONE)["components"][CLI]["configurationUpdate"]["merge"] == '{"level":"debug","n":1}'
    assert unchanged(live) == "No changes. 1 group matches the files."
    found = planned(group(live, cores=2))
    assert kinds(found) == ["deploy", "delete-deployments"]
    assert found["reasons"][0] == "a-core-2 no longer has a configuration of its own"
    assert [change["path"] for change in found["changes"]] == ["cores[a-core-2].deployment", "deployment"]
    ran = run_cli("apply", live.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert levels(aws) == ["info", "info"]
    assert unchanged(live) == "No changes. 1 group matches the files."


def test_what_its_own_configuration_leaves_behind_is_said(live: FleetFiles, aws: Sandbox) -> None:
    own = {"thingName": "a-core-2", "configuration": {CLI: {"mine": 1}}}
    applied(aws, group(live, cores=[{"thingName": "a-core-1"}, own]))
    assert f"{CLI} keeps /mine on a-core-2" in guards(plan(group(live, cores=2)))["left-over"]


def again_by_a_new_version(fleet: FleetFiles, aws: Sandbox) -> None:
    group(fleet, version=2, cores=[{"thingName": "a-core-1"}, OWN])


def again_by_redeploying(fleet: FleetFiles, aws: Sandbox) -> None:
    group(fleet, cores=[{"thingName": "a-core-1"}, OWN], deployment={"redeploy": "1"})


def again_as_drift_is_taken_back(fleet: FleetFiles, aws: Sandbox) -> None:
    revised(aws, aws_greengrass_LogManager="2.3.9")


def again_as_somebody_else_sent_the_same(fleet: FleetFiles, aws: Sandbox) -> None:
    revised(aws)


def again_as_it_left_and_joins(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.client("iot").remove_thing_from_thing_group(thingGroupName="a", thingName="a-core-2")


@pytest.mark.parametrize(
    "change",
    [
        again_by_a_new_version,
        again_by_redeploying,
        again_as_drift_is_taken_back,
        again_as_somebody_else_sent_the_same,
        again_as_it_left_and_joins,
    ],
)
def test_what_the_group_is_sent_again_does_not_cover_it(live: FleetFiles, aws: Sandbox, change: Any) -> None:
    live.fleet(guards={"components": 1}, limits={"greengrassv2": 10000}, bulkDeployments=None)
    change(live, aws)
    aws.advance(10)
    applied(aws, live)
    assert levels(aws) == ["info", "debug"]
    assert unchanged(live) == "No changes. 1 group matches the files."


def test_why_it_is_sent_once_more_is_said(live: FleetFiles, aws: Sandbox) -> None:
    revised(aws)
    aws.advance(10)
    assert levels(aws) == ["info", "info"]
    found = planned(live)
    assert found["reasons"] == ["what the group was sent came to a-core-2 after what it has alone"]
    assert (kinds(found), found["operation"]) == (["deploy"], "deploy")
    assert found["changes"][0]["path"] == "cores[a-core-2].deployment"


def test_orders_leave_it_above_what_the_group_gets(live: FleetFiles, aws: Sandbox) -> None:
    for kind in ("Redeployment", "NewDeployment"):
        ran = run_cli("deploy", live.directory, "a", "--type", kind, "--yes")
        assert ran.code == 0, ran.out + ran.err
        assert levels(aws) == ["info", "debug"]
    assert unchanged(live) == "No changes. 1 group matches the files."
    ran = run_cli("deploy", live.directory, "a", "--type", "ResetDeployment", "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert CLI not in installed(aws, "a-core-2")


def test_what_a_core_alone_has_gives_way_to_a_new_version_and_comes_back(fleet: FleetFiles, aws: Sandbox) -> None:
    template(template(fleet, aws_greengrass_Cli="2.12.5"), 2, aws_greengrass_Cli="2.12.6")
    own = {"thingName": "a-core-1", "configuration": {CLI: {"level": "debug"}}}
    applied(aws, group(fleet, cores=[own]))
    found = planned(group(fleet, version=2, cores=[own]))
    assert kinds(found) == ["tag-group", "deploy", "deploy-cores"]
    text = run_cli("plan", fleet.directory).out
    assert (
        "deployment: take from a-core-1 what it has alone, then send it to its core, by way of the thing group" in text
    )
    assert "deployment: once that has succeeded, send a-core-1 what is for it alone" in text
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out
    assert installed(aws, "a-core-1")[CLI] == "2.12.6"
    thing = newest(aws, arn("a").replace("thinggroup/a", "thing/a-core-1"))
    assert thing["components"][CLI]["componentVersion"] == "2.12.6"
    assert unchanged(fleet) == "No changes. 1 group matches the files."
