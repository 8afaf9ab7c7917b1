"""What is not ours stays as it is, and what we make bears our mark."""

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v1.applying import applied


def test_groups_and_definitions_bear_the_marks_of_their_fleet(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a"))
    tags = live.tags(aws.client, "a")
    assert tags == {
        "reconciler:fleet": "demo",
        "reconciler:template": "line",
        "reconciler:template-version": "1",
        "reconciler:template-digest": tags["reconciler:template-digest"],
        "reconciler:families": "cores devices functions subscriptions",
        "reconciler:group-version": live.groups(aws.client)["a"]["LatestVersion"],
    }
    for family, arn in live.arns(aws.client, "a").items():
        container = arn.split("/versions/")[0]
        made = aws.client("greengrass").list_tags_for_resource(ResourceArn=container)["tags"]
        assert made == {"reconciler:fleet": "demo"}, family


def test_a_group_of_somebody_else_is_blocked_before_anything_is_written(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.client("greengrass").create_group(Name="a")
    fleet.group("a").group("b").write()
    aws.clear_calls()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 3
    assert "bears no mark of fleet demo" in ran.out
    assert "adopt: true" in ran.out
    assert aws.writes() == []


def test_a_group_of_another_fleet_is_blocked_by_that_fleet_s_name(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.client("greengrass").create_group(Name="a", tags={"reconciler:fleet": "other"})
    fleet.group("a").write()
    assert "belongs to fleet other" in run_cli("plan", fleet.directory).out


def test_adopt_takes_an_existing_group_over_and_carries_the_rest_forward(fleet: FleetFiles, aws: Sandbox) -> None:
    greengrass = aws.client("greengrass")
    logger = {"Id": "l", "Component": "Lambda", "Level": "INFO", "Type": "AWSCloudWatch"}
    made = greengrass.create_logger_definition(Name="theirs", InitialVersion={"Loggers": [logger]})
    greengrass.create_group(Name="a", InitialVersion={"LoggerDefinitionVersionArn": made["LatestVersionArn"]})
    before = live.groups(aws.client)["a"]["Id"]
    applied(aws, fleet.group("a", adopt=True))
    assert live.groups(aws.client)["a"]["Id"] == before
    assert live.arns(aws.client, "a")["Logger"] == made["LatestVersionArn"]
    assert live.tags(aws.client, "a")["reconciler:fleet"] == "demo"
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_no_version_is_added_to_a_definition_that_somebody_else_made(fleet: FleetFiles, aws: Sandbox) -> None:
    greengrass = aws.client("greengrass")
    made = greengrass.create_function_definition(Name="theirs", InitialVersion={"Functions": []})
    greengrass.create_group(Name="a", InitialVersion={"FunctionDefinitionVersionArn": made["LatestVersionArn"]})
    applied(aws, fleet.group("a", adopt=True))
    versions = greengrass.list_function_definition_versions(FunctionDefinitionId=made["Id"])["Versions"]
    assert len(versions) == 1


def test_several_groups_of_one_declared_name_are_an_error_that_lists_their_ids(fleet: FleetFiles, aws: Sandbox) -> None:
    ids = sorted(aws.client("greengrass").create_group(Name="a")["Id"] for _ in range(2))
    fleet.group("a").write()
    ran = run_cli("plan", fleet.directory)
    assert ran.code == 1
    assert f"a: {ids[0]}, {ids[1]}" in ran.err


def test_several_groups_of_one_name_that_nobody_declares_do_not_matter(fleet: FleetFiles, aws: Sandbox) -> None:
    for _ in range(2):
        aws.client("greengrass").create_group(Name="other")
    fleet.group("a").write()
    assert run_cli("plan", fleet.directory).code == 0
