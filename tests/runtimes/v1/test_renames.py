"""A group that bears another name than it did is renamed, with its definitions, and never deleted."""

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v1.applying import applied
from tests.runtimes.v1.pruned import LIMITS, definitions, things

MOVED = [{"from": "a", "to": "b"}]
DEVICES = [{"thingName": "a-device-1"}]


def renamed(fleet: FleetFiles) -> FleetFiles:
    """The group a, called b now, with the things that it has."""
    fleet.without_group("a").group("b", cores=[{"thingName": "a-core"}], devices=DEVICES)
    return fleet.fleet(limits=LIMITS, prune=True, deprovision=True, moved=MOVED)


def test_a_rename_is_an_update_of_names_alone(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=DEVICES))
    before = live.groups(aws.client)["a"]
    renamed(fleet).write()
    ran = run_cli("plan", fleet.directory)
    assert "~ update group b" in ran.out
    assert "because renamed from a" in ran.out
    assert ran.last_line == (
        "Plan: 0 groups to create, 1 to update, 0 to delete, 0 things to provision, 0 deployments; 0 unchanged."
    )
    aws.clear_calls()
    applied(aws, fleet)
    assert aws.writes() == [
        "greengrass:UpdateCoreDefinition",
        "greengrass:UpdateDeviceDefinition",
        "greengrass:UpdateGroup",
    ]
    after = live.groups(aws.client)
    assert (set(after), after["b"]["Id"], after["b"]["LatestVersion"]) == ({"b"}, before["Id"], before["LatestVersion"])
    assert {"demo/b/cores", "demo/b/devices"} < definitions(aws)
    aws.clear_calls()
    applied(aws, fleet)
    assert aws.writes() == []


def test_a_renamed_group_s_new_content_goes_into_its_definitions(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=DEVICES))
    renamed(fleet).group("b", cores=[{"thingName": "a-core"}], devices=[*DEVICES, {"thingName": "new"}])
    applied(aws, fleet)
    assert definitions(aws) == {"demo/b/cores", "demo/b/devices", "demo/line/functions", "demo/line/subscriptions"}
    assert things(aws) == {"a-core", "a-device-1", "new"}
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_a_saved_plan_renames(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=DEVICES))
    plan = fleet.directory.parent / "plan.json"
    assert run_cli("plan", renamed(fleet).write().directory, "--out", plan).code == 0
    ran = run_cli("apply", plan, "--dir", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert set(live.groups(aws.client)) == {"b"}
    aws.clear_calls()
    assert run_cli("apply", plan, "--dir", fleet.directory, "--yes").code == 0
    assert aws.writes() == []


def test_both_live_is_an_error_at_its_place(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=DEVICES))
    aws.client("greengrass").create_group(Name="b", tags={"reconciler:fleet": "demo"})
    ran = run_cli("plan", renamed(fleet).write().directory)
    assert ran.code == 1
    assert "[bad-move] both a and b are live, so a cannot be renamed to b" in ran.err
    assert "fleet.yaml:" in ran.err


def test_a_group_of_somebody_else_is_not_renamed(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.client("greengrass").create_group(Name="a")
    ran = run_cli("plan", renamed(fleet.group("a")).write().directory)
    assert "! foreign-group: b: the live group" in ran.out
