"""Groups of both versions of Greengrass in one fleet."""

from typing import Any

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v2.fleets import PINNED, applied, members, plan, unchanged


def mixed(fleet: FleetFiles, **spec: Any) -> FleetFiles:
    fleet.fleet(guards={"deleted": 9}, limits={"greengrass": 10000, "greengrassv2": 10000}, **spec)
    deployment = {"components": PINNED}
    return fleet.template(1).template(1, name="two", runtime="greengrass/v2", definitions=None, deployment=deployment)


def test_both_are_applied_by_one_command_and_left_alone_by_the_next(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, mixed(fleet).group("one", devices=1).group("other", devices=1, template="two"))
    assert set(live.groups(aws.client)) == {"one"}
    assert members(aws, "other") == ["other-core"]
    assert unchanged(fleet) == "No changes. 2 groups match the files."


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
