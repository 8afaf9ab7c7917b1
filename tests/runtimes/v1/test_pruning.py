"""What is gone from the files is deleted only where somebody says so, only where it is ours, and in the right order."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v1.applying import applied
from tests.runtimes.v1.pruned import certificates, definitions, policies, pruned, prunes, stored, things

pytestmark = pytest.mark.sampled

GROUPS_OF_A = {"demo/a/cores", "demo/a/devices", "demo/line/functions", "demo/line/subscriptions"}
THINGS_OF_A = {"a-core", "a-device-1", "a-device-2"}


def order_of(calls: Iterable[str]) -> list[str]:
    """Each call once, in the order in which it came first."""
    return list(dict.fromkeys(calls))


def test_without_prune_a_group_that_is_gone_stays_and_the_plan_says_so(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a").group("b"))
    fleet.without_group("b").write()
    ran = run_cli("plan", fleet.directory)
    assert "? not-pruned: 1 group of this fleet (b) is in no file, and stays; `prune: true`" in ran.out
    assert ran.last_line == "No changes. 1 group matches the files."
    aws.clear_calls()
    run_cli("plan", fleet.directory)
    assert aws.counts() == {"sts:GetCallerIdentity": 1, "greengrass:ListGroups": 1, "greengrass:ListDeployments": 1}
    applied(aws, fleet)
    assert set(live.groups(aws.client)) == {"a", "b"}


def test_with_prune_a_group_that_is_gone_is_reset_and_deleted_with_its_own_definitions(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, prunes(fleet).group("a").group("b"))
    fleet.without_group("b").write()
    ran = run_cli("plan", fleet.directory)
    assert ran.last_line == (
        "Plan: 0 groups to create, 0 to update, 1 to delete, 0 things to provision, 1 deployment; 1 unchanged."
    )
    assert "- cores: delete definition demo/b/cores" in ran.out
    assert "note: stays: definition demo/line/functions, which other groups use" in ran.out
    aws.clear_calls()
    assert "1 deleted" in pruned(aws, fleet)
    assert order_of(aws.writes()) == [
        "greengrass:ResetDeployments",
        "greengrass:DeleteGroup",
        "greengrass:DeleteCoreDefinition",
        "greengrass:DeleteDeviceDefinition",
    ]
    assert set(live.groups(aws.client)) == {"a"}
    assert definitions(aws) == GROUPS_OF_A
    assert things(aws) == stored(aws) == THINGS_OF_A | {"b-core", "b-device-1", "b-device-2"}
    aws.clear_calls()
    assert run_cli("apply", fleet.directory, "--yes").last_line == "No changes. 1 group matches the files."
    assert aws.writes() == []
    assert json.loads(run_cli("status", fleet.directory, "--format", "json").out)["state"] == "succeeded"


def test_deprovision_takes_things_certificates_policies_and_last_of_all_keys(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet, deprovision=True).group("a").group("b", devices=0))
    fleet.without_group("b").write()
    assert "- thing b-core: delete the certificate, policy and thing" in run_cli("plan", fleet.directory).out
    aws.clear_calls()
    pruned(aws, fleet)
    assert [call for call in order_of(aws.writes()) if not call.startswith("greengrass:")] == [
        "iot:DetachThingPrincipal",
        "iot:UpdateCertificate",
        "iot:DetachPolicy",
        "iot:DeleteCertificate",
        "iot:DeletePolicy",
        "iot:DeleteThing",
        "s3:DeleteObjects",
    ]
    assert things(aws) == stored(aws) == THINGS_OF_A
    assert (certificates(aws), len(policies(aws))) == (3, 3)


def test_what_others_made_is_left_alone(fleet: FleetFiles, aws: Sandbox) -> None:
    iot, greengrass = aws.client("iot"), aws.client("greengrass")
    iot.create_thing(thingName="theirs")
    certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    iot.attach_thing_principal(thingName="theirs", principal=certificate)
    logger = {"Id": "l", "Component": "Lambda", "Level": "INFO", "Type": "AWSCloudWatch"}
    made = greengrass.create_logger_definition(Name="theirs", InitialVersion={"Loggers": [logger]})
    greengrass.create_group(Name="b", InitialVersion={"LoggerDefinitionVersionArn": made["LatestVersionArn"]})
    greengrass.create_group(Name="c", tags={"reconciler:fleet": "other"})
    device = [{"thingName": "theirs"}]
    applied(aws, prunes(fleet, deprovision=True).group("a").group("b", devices=device, adopt=True))
    fleet.without_group("b").write()
    plan = run_cli("plan", fleet.directory).out
    assert "stays: thing theirs, which this fleet did not make" in plan
    assert f"stays: loggers definition {made['Id']}, which this fleet did not make" in plan
    pruned(aws, fleet)
    assert set(live.groups(aws.client)) == {"a", "c"}
    assert things(aws) == THINGS_OF_A | {"theirs"}
    assert iot.list_thing_principals(thingName="theirs")["principals"] == [certificate]
    assert len(greengrass.list_logger_definitions()["Definitions"]) == 1


def test_a_thing_that_was_there_before_stays_without_the_certificate_that_was_made_for_it(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    aws.client("iot").create_thing(thingName="b-core")
    applied(aws, prunes(fleet, deprovision=True).group("a").group("b", devices=0))
    fleet.without_group("b").write()
    assert "b-core stays: it was there before" in pruned(aws, fleet)
    assert things(aws) == THINGS_OF_A | {"b-core"}
    assert certificates(aws) == 3
    assert stored(aws) == THINGS_OF_A


def test_a_policy_and_a_certificate_that_somebody_else_uses_stay(fleet: FleetFiles, aws: Sandbox) -> None:
    iot = aws.client("iot")
    applied(aws, prunes(fleet, deprovision=True).group("a", devices=0).group("b", devices=1))
    (shared,) = iot.list_thing_principals(thingName="b-core")["principals"]
    iot.create_thing(thingName="twin")
    iot.attach_thing_principal(thingName="twin", principal=shared)
    (device,) = iot.list_thing_principals(thingName="b-device-1")["principals"]
    (policy,) = iot.list_attached_policies(target=device)["policies"]
    iot.attach_policy(policyName=policy["policyName"], target=shared)
    fleet.without_group("b").write()
    said = pruned(aws, fleet)
    assert "b-core stays: twin has the same certificate" in said
    assert things(aws) == {"a-core", "b-core", "twin"}
    assert stored(aws) == {"a-core", "b-core"}
    assert policy["policyName"] in policies(aws)


def test_a_thing_that_moves_to_another_group_keeps_everything(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet, deprovision=True).group("a", devices=0).group("b", devices=1))
    fleet.without_group("b").group("a", devices=[{"thingName": "b-device-1"}]).write()
    assert "stays: thing b-device-1, which group a has" in run_cli("plan", fleet.directory).out
    pruned(aws, fleet)
    assert things(aws) == {"a-core", "b-device-1"} == stored(aws)


def test_shared_definitions_go_with_the_last_group_that_uses_them(fleet: FleetFiles, aws: Sandbox) -> None:
    prunes(fleet).template(1).template(1, name="other").group("a").group("b", template="other")
    other: dict[str, Any] = {"functions": {"Functions": []}, "loggers": {"Loggers": []}}
    applied(aws, fleet.template(1, name="other", definitions=other).group("c", template="other"))
    assert "demo/other/functions" in definitions(aws)
    fleet.without_group("b").write()
    pruned(aws, fleet)
    assert "demo/other/functions" in definitions(aws)
    fleet.without_group("c").write()
    pruned(aws, fleet)
    assert definitions(aws) == GROUPS_OF_A
    assert aws.client("greengrass").list_logger_definitions()["Definitions"] == []


def test_a_core_that_never_answers_is_reset_by_force(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet).group("a").group("b"))
    aws.put_devices({"b-core": {"outcome": "offline"}})
    fleet.without_group("b").write()
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code == 5
    assert "b unfinished: its deployment was not waited for" in ran.out
    plan = run_cli("plan", fleet.directory).out
    assert "> deployment: wait for reset" in plan
    ran = run_cli("apply", fleet.directory, "--yes", "--timeout", "0")
    assert ran.code == 5
    assert set(live.groups(aws.client)) == {"a", "b"}
    prunes(fleet, forceReset=True).write()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert set(live.groups(aws.client)) == {"a"}


def test_a_group_s_own_word_goes_before_the_fleet_s(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a").group("b", prune=True, forceReset=True).group("c", prune=False))
    assert live.tags(aws.client, "b")["reconciler:prune"] == "prune force-reset"
    fleet.without_group("b").without_group("c").write()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert "its mark reconciler:prune says prune: true" in ran.out
    assert set(live.groups(aws.client)) == {"a", "c"}
    assert "not-pruned: 1 group of this fleet (c)" in run_cli("plan", prunes(fleet).write().directory).out


def test_a_word_that_is_taken_back_counts_no_more(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a").group("b", prune=True))
    applied(aws, fleet.group("b"))
    assert live.tags(aws.client, "b")["reconciler:prune"] == "as the fleet says"
    aws.clear_calls()
    applied(aws, fleet)
    assert aws.writes() == []
    fleet.without_group("b").write()
    assert run_cli("plan", fleet.directory).last_line == "No changes. 1 group matches the files."


def test_a_plan_of_some_groups_deletes_none(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet).group("a").group("b").group("c"))
    fleet.without_group("c").write()
    assert run_cli("plan", fleet.directory, "--select", "a").last_line == "No changes. 1 group matches the files."


def test_files_without_any_group_delete_nothing(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet).group("a"))
    fleet.without_group("a").write()
    aws.clear_calls()
    assert run_cli("apply", fleet.directory, "--yes").code == 1
    assert aws.writes() == []


def test_two_live_groups_of_one_name_are_a_warning_and_stay(fleet: FleetFiles, aws: Sandbox) -> None:
    for _ in range(2):
        aws.client("greengrass").create_group(Name="b", tags={"reconciler:fleet": "demo"})
    ran = run_cli("plan", prunes(fleet).group("a").write().directory)
    assert "? same-name: b: several live groups of this fleet bear this name" in ran.out
    assert "0 to delete" in ran.last_line


def test_a_group_that_is_deployed_again_meanwhile_is_not_deleted(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet).group("a").group("b"))
    fleet.without_group("b").write()
    plan = fleet.directory.parent / "plan.json"
    run_cli("apply", fleet.directory, "--yes", "--no-wait")
    aws.advance(10)
    assert run_cli("plan", fleet.directory, "--out", plan).code == 0
    row = live.groups(aws.client)["b"]
    aws.client("greengrass").create_deployment(
        GroupId=row["Id"], DeploymentType="NewDeployment", GroupVersionId=row["LatestVersion"]
    )
    ran = run_cli("apply", plan, "--dir", fleet.directory, "--yes")
    assert ran.code == 4, ran.out + ran.err
    assert set(live.groups(aws.client)) == {"a", "b"}


def test_the_plan_as_json_has_the_deletion_in_order(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet, deprovision=True).group("a").group("b", devices=0))
    fleet.without_group("b").write()
    document: dict[str, Any] = json.loads(run_cli("plan", fleet.directory, "--format", "json").out)
    assert document["summary"]["delete"] == 1
    (group,) = (group for group in document["groups"] if group["name"] == "b")
    assert group["operation"] == "delete"
    assert [action["kind"] for action in group["actions"]] == [
        "reset-deployments",
        "delete-group",
        "delete-definition",
        "deprovision-thing",
        "delete-artifacts",
    ]
    assert [change["path"] for change in group["changes"]] == ["cores[b-core]", "group"]
