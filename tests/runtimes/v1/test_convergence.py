"""An apply ends in what the files say, whichever way it got there, and then there is nothing left to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import LAMBDA, FleetFiles, run_cli
from tests.runtimes.v1.applying import applied

pytestmark = pytest.mark.sampled


def test_a_second_apply_makes_no_writing_call(fleet: FleetFiles, aws: Sandbox, tmp_path: Path) -> None:
    fleet.group("a").group("b", devices=0)
    applied(aws, fleet)
    aws.clear_calls()
    applied(aws, fleet, "--stats", str(tmp_path / "stats.json"))
    assert json.loads((tmp_path / "stats.json").read_text())["writes"] == 0
    assert [call for call in aws.calls() if call["write"]] == []


def test_a_plan_after_an_apply_says_no_changes(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.group("a").group("b")
    applied(aws, fleet)
    assert run_cli("plan", fleet.directory, "--detailed-exitcode").last_line == "No changes. 2 groups match the files."


def test_devices_added_one_by_one_end_as_those_added_together(fleet: FleetFiles, aws: Sandbox) -> None:
    template: dict[str, Any] = {"deviceSubscriptions": {"*": [telemetry("${thingName}-out")]}}
    fleet.template(1, **template).group("whole", devices=3)
    for count in range(4):
        applied(aws, fleet.group("parts", devices=count))
    whole, parts = live.contents(aws.client, "whole"), live.contents(aws.client, "parts")
    assert json.dumps(parts, sort_keys=True).replace("parts", "whole") == json.dumps(whole, sort_keys=True)


def test_a_device_gone_from_the_files_leaves_the_group_and_stays_a_thing(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=2))
    applied(aws, fleet.group("a", devices=1))
    assert [device["Id"] for device in live.contents(aws.client, "a")["Device"]["Devices"]] == ["a-device-1"]
    assert aws.client("iot").describe_thing(thingName="a-device-2")["thingName"] == "a-device-2"


def test_when_the_last_device_goes_so_does_the_device_definition(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=1))
    applied(aws, fleet.group("a", devices=0))
    assert "Device" not in live.arns(aws.client, "a")


def test_a_family_gone_from_the_template_goes_from_the_group(fleet: FleetFiles, aws: Sandbox) -> None:
    logger = {"Id": "system", "Component": "GreengrassSystem", "Level": "INFO", "Type": "FileSystem", "Space": 1024}
    with_logger = {"loggers": {"Loggers": [logger]}}
    fleet.template(1, definitions=with_logger).template(2)
    applied(aws, fleet.group("a", version=1, devices=0))
    assert "Logger" in live.arns(aws.client, "a")
    applied(aws, fleet.group("a", version=2, devices=0))
    assert "Logger" not in live.arns(aws.client, "a")


def test_a_definition_deleted_since_nobody_used_it_is_made_again(fleet: FleetFiles, aws: Sandbox) -> None:
    logger = {"Id": "system", "Component": "GreengrassSystem", "Level": "INFO", "Type": "FileSystem", "Space": 1024}
    with_logger = {"loggers": {"Loggers": [logger]}}
    fleet.template(1, definitions=with_logger).template(2).template(3, definitions=with_logger)
    applied(aws, fleet.group("a", version=1, devices=0))
    made_first = live.arns(aws.client, "a")["Logger"]
    applied(aws, fleet.group("a", version=2, devices=0))
    aws.client("greengrass").delete_logger_definition(LoggerDefinitionId=made_first.split("/")[-3])
    applied(aws, fleet.group("a", version=3, devices=0))
    assert live.arns(aws.client, "a")["Logger"] != made_first


def test_content_that_was_published_before_is_not_published_again(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.template(1).template(2, timeout=9)
    applied(aws, fleet.group("a", version=1, devices=0))
    first = live.arns(aws.client, "a")["Function"]
    applied(aws, fleet.group("a", version=2, devices=0))
    applied(aws, fleet.group("a", version=1, devices=0))
    assert live.arns(aws.client, "a")["Function"] == first


def test_a_family_gone_from_the_files_goes_also_where_somebody_else_made_the_definition(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, fleet.group("a", devices=1, cores=[]))
    devices = live.definition(aws.client, "Device", live.arns(aws.client, "a")["Device"])["Devices"]
    theirs = aws.client("greengrass").create_device_definition(InitialVersion={"Devices": devices})
    live.new_version(aws.client, "a", Device=theirs["LatestVersionArn"])
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")
    applied(aws, fleet.group("a", devices=0, cores=[]))
    assert "Device" not in live.arns(aws.client, "a")


def test_a_device_that_moves_to_another_group_keeps_its_certificate(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=1).group("b", devices=0))
    before = certificate_of(aws, "a")
    fleet.group("a", devices=0).group("b", devices=[{"thingName": "a-device-1"}])
    applied(aws, fleet)
    assert certificate_of(aws, "b") == before
    assert "Device" not in live.arns(aws.client, "a")


def test_a_subscription_that_is_only_added_is_applied(fleet: FleetFiles, aws: Sandbox) -> None:
    more = {"Id": "more", "Source": LAMBDA, "Subject": "more", "Target": "cloud"}
    fleet.template(1).template(2)
    applied(aws, fleet.group("a"))
    fleet.template(2, definitions=usual_definitions(more))
    applied(aws, fleet.group("a", version=2))
    subscriptions = live.contents(aws.client, "a")["Subscription"]["Subscriptions"]
    assert [subscription["Id"] for subscription in subscriptions] == ["alarms", "more"]


def test_the_first_device_subscription_ever_added_to_a_template_is_applied(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.template(1).template(2, deviceSubscriptions={"*": [telemetry("${thingName}-out")]})
    applied(aws, fleet.group("a", version=1, devices=1).group("b", version=1, devices=1))
    applied(aws, fleet.group("a", version=2, devices=1).group("b", version=2, devices=1))
    for name in ("a", "b"):
        subscriptions = live.contents(aws.client, name)["Subscription"]["Subscriptions"]
        assert {row["Id"] for row in subscriptions} == {f"{name}-core-out", f"{name}-device-1-out", "alarms"}


def test_groups_of_one_template_updated_together_each_get_their_own_core(fleet: FleetFiles, aws: Sandbox) -> None:
    variables = {"CORE": "${coreThingName}-${coreThingArn}"}
    fleet.template(1, definitions=usual_definitions(variables=variables))
    fleet.template(2, definitions=usual_definitions(variables=variables, timeout=9))
    applied(aws, fleet.group("a").group("b").group("c"))
    applied(aws, fleet.group("a", version=2).group("b", version=2).group("c", version=2))
    for name in ("a", "b", "c"):
        (function,) = live.contents(aws.client, name)["Function"]["Functions"]
        arn = f"arn:aws:iot:eu-central-1:123456789012:thing/{name}-core"
        assert function["FunctionConfiguration"]["Environment"]["Variables"] == {"CORE": f"{name}-core-{arn}"}
        assert function["FunctionConfiguration"]["Timeout"] == 9


def test_a_replaced_core_changes_what_was_said_of_it(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.template(1, definitions=usual_definitions(variables={"CORE": "${coreThingName}"}))
    applied(aws, fleet.group("a", devices=0))
    applied(aws, fleet.group("a", devices=0, cores=[{"thingName": "spare"}]))
    found = live.contents(aws.client, "a")
    assert [core["Id"] for core in found["Core"]["Cores"]] == ["spare"]
    (function,) = found["Function"]["Functions"]
    assert function["FunctionConfiguration"]["Environment"]["Variables"] == {"CORE": "spare"}


def test_with_ledger_and_cache_gone_the_next_plan_is_the_same(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a").group("b"))
    for file in (fleet.directory / ".reconcile").iterdir():
        file.unlink()
    assert run_cli("plan", fleet.directory).last_line == "No changes. 2 groups match the files."


def certificate_of(aws: Sandbox, group: str) -> str:
    (device,) = live.definition(aws.client, "Device", live.arns(aws.client, group)["Device"])["Devices"]
    return str(device["CertificateArn"])


def telemetry(identifier: str) -> dict[str, str]:
    return {"Id": identifier, "Source": "${thingArn}", "Subject": "dt/${thingName}", "Target": LAMBDA}


def usual_definitions(
    *more: dict[str, str], variables: dict[str, str] | None = None, timeout: int = 3
) -> dict[str, object]:
    configuration: dict[str, object] = {"Pinned": True, "Timeout": timeout, "MemorySize": 16384}
    if variables:
        configuration |= {"Environment": {"Variables": variables}}
    alarms = {"Id": "alarms", "Source": LAMBDA, "Subject": "alarms", "Target": "cloud"}
    return {
        "functions": {"Functions": [{"Id": "monitor", "FunctionArn": LAMBDA, "FunctionConfiguration": configuration}]},
        "subscriptions": {"Subscriptions": [alarms, *more]},
    }
