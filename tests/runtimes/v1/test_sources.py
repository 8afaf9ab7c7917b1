"""A template may be an existing group and version: the way of the AWS Connected Device Framework."""

from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import LAMBDA, FleetFiles, run_cli
from tests.runtimes.v1.applying import applied

pytestmark = pytest.mark.sampled


@pytest.fixture
def source(aws: Sandbox) -> dict[str, str]:
    """A hand-made group with a core of its own, functions with tokens, subscriptions and a connector."""
    return make_source(aws, {"CORE": "${coreThingName}", "PLAIN": "x"})


def make_source(aws: Sandbox, variables: dict[str, str]) -> dict[str, str]:
    greengrass = aws.client("greengrass")
    configuration = {"Timeout": 3, "MemorySize": 16384, "Environment": {"Variables": variables}}
    function = {"Id": "f", "FunctionArn": LAMBDA, "FunctionConfiguration": configuration}
    functions = greengrass.create_function_definition(InitialVersion={"Functions": [function]})
    alarms = {"Id": "alarms", "Source": LAMBDA, "Subject": "alarms", "Target": "cloud"}
    subscriptions = greengrass.create_subscription_definition(InitialVersion={"Subscriptions": [alarms]})
    connector = {"Id": "sns", "ConnectorArn": "arn:aws:greengrass:eu-central-1::/connectors/SNS/versions/4"}
    connectors = greengrass.create_connector_definition(InitialVersion={"Connectors": [connector]})
    group = greengrass.create_group(
        Name="golden",
        InitialVersion={
            "FunctionDefinitionVersionArn": functions["LatestVersionArn"],
            "SubscriptionDefinitionVersionArn": subscriptions["LatestVersionArn"],
            "ConnectorDefinitionVersionArn": connectors["LatestVersionArn"],
        },
    )
    return {"groupId": group["Id"], "groupVersionId": group["LatestVersion"]}


def from_source(fleet: FleetFiles, source: dict[str, str], **template: Any) -> FleetFiles:
    return fleet.template(1, definitions=None, source=source, **template)


def test_definitions_of_the_source_are_used_as_they_are(fleet: FleetFiles, aws: Sandbox) -> None:
    source = make_source(aws, {"PLAIN": "x"})
    golden = live.arns(aws.client, "golden")
    applied(aws, from_source(fleet, source).group("a"))
    arns = live.arns(aws.client, "a")
    assert {family: arns[family] for family in golden} == golden
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_tokens_in_functions_of_the_source_become_each_group_s_own(
    fleet: FleetFiles, aws: Sandbox, source: dict[str, str]
) -> None:
    applied(aws, from_source(fleet, source).group("a").group("b"))
    for name in ("a", "b"):
        (function,) = live.contents(aws.client, name)["Function"]["Functions"]
        assert function["FunctionConfiguration"]["Environment"]["Variables"] == {"CORE": f"{name}-core", "PLAIN": "x"}
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_device_subscriptions_are_added_to_a_definition_of_our_own(
    fleet: FleetFiles, aws: Sandbox, source: dict[str, str]
) -> None:
    golden = live.arns(aws.client, "golden")["Subscription"]
    own = {"Id": "${thingName}-out", "Source": "${thingArn}", "Subject": "dt", "Target": "cloud"}
    applied(aws, from_source(fleet, source, deviceSubscriptions={"*": [own]}).group("a", devices=0))
    subscriptions = live.contents(aws.client, "a")["Subscription"]["Subscriptions"]
    assert [row["Id"] for row in subscriptions] == ["a-core-out", "alarms"]
    assert live.arns(aws.client, "golden")["Subscription"] == golden
    greengrass = aws.client("greengrass")
    versions = greengrass.list_subscription_definition_versions(SubscriptionDefinitionId=golden.split("/")[-3])
    assert len(versions["Versions"]) == 1


def test_a_family_gone_from_the_source_goes_from_the_groups(fleet: FleetFiles, aws: Sandbox) -> None:
    source = make_source(aws, {"PLAIN": "x"})
    arns = live.arns(aws.client, "golden")
    later = aws.client("greengrass").create_group_version(
        GroupId=source["groupId"], FunctionDefinitionVersionArn=arns["Function"]
    )
    from_source(fleet, source).template(2, definitions=None, source={**source, "groupVersionId": later["Version"]})
    applied(aws, fleet.group("a", version=1))
    assert {"Connector", "Function", "Subscription"} <= live.arns(aws.client, "a").keys()
    applied(aws, fleet.group("a", version=2))
    assert live.arns(aws.client, "a").keys() == {"Core", "Device", "Function"}
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_a_source_that_does_not_exist_is_named_with_its_place(fleet: FleetFiles, aws: Sandbox) -> None:
    missing = {
        "groupId": "11111111-0000-4000-8000-000000000000",
        "groupVersionId": "22222222-0000-4000-8000-000000000000",
    }
    from_source(fleet, missing).group("a").write()
    ran = run_cli("plan", fleet.directory)
    assert ran.code == 1
    assert "templates.yaml:" in ran.err
    assert "22222222-0000-4000-8000-000000000000" in ran.err


def test_a_subscription_id_that_the_source_has_already_is_a_problem(
    fleet: FleetFiles, aws: Sandbox, source: dict[str, str]
) -> None:
    own = {"Id": "alarms", "Source": "${thingArn}", "Subject": "dt", "Target": "cloud"}
    from_source(fleet, source, deviceSubscriptions={"*": [own]}).group("a", devices=0).write()
    ran = run_cli("plan", fleet.directory)
    assert ran.code == 1
    assert "[duplicate-subscription]" in ran.err


def test_an_unknown_token_in_the_source_is_a_problem(fleet: FleetFiles, aws: Sandbox) -> None:
    from_source(fleet, make_source(aws, {"X": "${nonsense}"})).group("a").write()
    ran = run_cli("plan", fleet.directory)
    assert ran.code == 1
    assert "unknown token ${nonsense}" in ran.err
