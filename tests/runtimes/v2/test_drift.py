"""What others did to groups of V2: it shows, and what would do harm is refused without a word in the files."""

from typing import Any

import pytest

from reconciler.cli import carrying_out
from reconciler.execution.executor import Carried, execute
from reconciler.sandbox.testing import Sandbox
from tests.fleets import ACCOUNT, REGION, FleetFiles, run_cli
from tests.runtimes.v2.fleets import (
    CLI,
    PINNED,
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


def test_a_component_that_was_added_by_hand_is_a_removal_that_the_guard_refuses(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, group(template(fleet), cores=2))
    revised(aws, aws_greengrass_Cli="2.12.6")
    aws.advance(10)
    document = plan(fleet)
    (found,) = document["groups"]
    assert found["drift"] is True
    assert [(change["path"], change["kind"]) for change in found["changes"]] == [(f"components[{CLI}]", "remove")]
    assert "1 component would be taken out of groups" in guards(document)["components"]
    ran = run_cli("plan", fleet.directory, "--color", "always")
    assert f"\x1b[31m{CLI} 2.12.6: remove it from 2 cores\x1b[0m" in ran.out
    refused = run_cli("apply", fleet.directory, "--yes")
    assert refused.code == 3
    assert CLI in installed(aws, "a-core-1")
    applied(aws, fleet, "--guard", "components=1")
    assert CLI not in installed(aws, "a-core-1")
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_deployment_that_is_made_once_the_plan_stands_is_not_replaced(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"thingName": "a-core-1", "configuration": {CLI: {"port": 1}}}
    template(template(fleet, aws_greengrass_Cli="2.12.6"), 2, aws_greengrass_Cli="2.12.5")
    applied(aws, group(group(fleet, cores=[own]), "b"))
    group(group(fleet, version=2, cores=[own]), "b", 2).write()

    def meanwhile(*args: Any, **options: Any) -> Carried:
        revised(aws, aws_greengrass_LogManager="2.3.7")
        aws.advance(10)
        return execute(*args, **options)

    monkeypatch.setattr(carrying_out, "execute", meanwhile)
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code == 5
    assert "! a failed: not deployed: somebody has made deployment " in ran.out
    aws.advance(10)
    assert "aws.greengrass.LogManager" in installed(aws, "a-core-1")
    assert newest(aws, f"arn:aws:iot:{REGION}:{ACCOUNT}:thing/a-core-1")["components"], "it keeps what it has alone"
    assert installed(aws, "b-core-1")[CLI] == "2.12.5"


def test_a_deployment_of_somebody_else_to_a_group_of_ours_is_drift(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(template(fleet)))
    aws.client("greengrassv2").create_deployment(
        targetArn=arn("a"),
        deploymentName="by hand",
        components=PINNED,
        deploymentPolicies={"failureHandlingPolicy": "DO_NOTHING"},
    )
    found = planned(fleet)
    assert found["drift"] is True
    assert found["reasons"][0].endswith("(by hand) was made outside")
    assert [change["path"] for change in found["changes"]] == ["deploymentPolicies[failureHandlingPolicy]"]


def test_what_somebody_else_deployed_to_a_core_alone_is_named(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(template(fleet), cores=2))
    alone, gg = arn("a").replace("thinggroup/a", "thing/a-core-2"), aws.client("greengrassv2")
    made = gg.create_deployment(
        targetArn=alone, deploymentName="a test", components={CLI: {"componentVersion": "2.12.6"}}
    )
    aws.advance(10)
    said = guards(plan(fleet))["made-outside"]
    assert said.startswith(
        "1 core has what somebody else has deployed to it alone, beside what the files say: a-core-2"
    )
    assert f"({CLI} 2.12.6; deployment {made['deploymentId']}, a test)" in said
    gg.create_deployment(targetArn=alone, components={})
    assert "made-outside" not in guards(plan(fleet))


def test_a_deployment_that_says_the_same_is_no_drift_whoever_made_it(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(template(fleet)))
    aws.client("greengrassv2").create_deployment(targetArn=arn("a"), deploymentName="by hand", components=PINNED)
    aws.advance(10)
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_thing_group_of_somebody_else_needs_a_word_to_be_taken_over(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.client("iot").create_thing_group(thingGroupName="a")
    aws.client("greengrassv2").create_deployment(targetArn=arn("a"), components=PINNED)
    document = plan(group(template(fleet)))
    assert document["groups"][0]["blocked"] is True
    assert "bears no mark of fleet demo" in guards(document)["foreign-group"]
    applied(aws, group(fleet, adopt=True))
    assert aws.writes().count("greengrassv2:CreateDeployment") == 1  # what was there is as the files say
    assert unchanged(group(fleet)) == "No changes. 1 group matches the files."


def test_a_deployment_that_outlived_its_thing_group_needs_a_word_too(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.client("iot").create_thing_group(thingGroupName="a")
    aws.client("greengrassv2").create_deployment(targetArn=arn("a"), components=PINNED)
    aws.client("iot").delete_thing_group(thingGroupName="a")
    document = plan(group(template(fleet)))
    assert "has a deployment" in guards(document)["foreign-group"]


def test_a_cancelled_deployment_is_made_again(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(template(fleet)))
    live = newest(aws, arn("a"))
    aws.client("greengrassv2").cancel_deployment(deploymentId=live["deploymentId"])
    found = planned(fleet)
    assert (kinds(found), found["reasons"]) == (["deploy"], ["its last deployment is CANCELED"])
    applied(aws, fleet)
    assert newest(aws, arn("a"))["deploymentId"] != live["deploymentId"]


def test_a_group_that_was_deleted_outside_is_made_again(fleet: FleetFiles, aws: Sandbox) -> None:
    group(fleet, "b")
    applied(aws, group(template(fleet)))
    aws.client("iot").delete_thing_group(thingGroupName="a")
    found = planned(fleet)
    assert (found["operation"], found["drift"]) == ("create", True)
    assert kinds(found)[:1] == ["create-group"]


def test_an_account_that_holds_nothing_any_more_is_an_error(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(template(fleet)))
    aws.reset()
    ran = run_cli("plan", fleet.directory)
    assert ran.code == 1
    assert "neither thing groups nor deployments" in ran.err
    assert run_cli("plan", fleet.directory, "--allow-empty").code == 0


@pytest.mark.parametrize("state", ["reset", "none"])
def test_the_state_that_files_ask_for(fleet: FleetFiles, aws: Sandbox, state: str) -> None:
    applied(aws, group(template(fleet)))
    group(fleet, deployment={"state": state})
    if state == "none":
        assert unchanged(fleet) == "No changes. 1 group matches the files."
        return
    assert kinds(planned(fleet)) == ["reset-deployments"]
    applied(aws, fleet)
    assert newest(aws, arn("a")).get("components", {}) == {}
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_new_value_of_redeploy_sends_the_same_once_more(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(template(fleet)))
    group(fleet, deployment={"redeploy": "monday"})
    found = planned(fleet)
    assert (found["operation"], kinds(found)) == ("deploy", ["tag-group", "redeploy"])
    applied(aws, fleet)
    assert aws.writes().count("greengrassv2:CreateDeployment") == 2
    assert unchanged(fleet) == "No changes. 1 group matches the files."
