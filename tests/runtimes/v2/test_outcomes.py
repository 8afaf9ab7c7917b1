"""What cores of V2 report, however Greengrass itself calls the deployment: counts, names, errors, and who is silent."""

import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.cli.stopping import INTERRUPTED
from reconciler.runtimes.base import Outcome
from reconciler.runtimes.v2.deploy import SEEN_LATE
from reconciler.runtimes.v2.deployments import Deployments
from reconciler.runtimes.v2.outcomes import Waiter
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, Ran, run_cli
from tests.runtimes.v2.fleets import CLI, PINNED, applied, arn, group, kinds, newest, planned, template, unchanged

pytestmark = pytest.mark.sampled


def waited(fleet: FleetFiles, *options: str) -> Ran:
    fleet.write()
    return run_cli("apply", fleet.directory, "--yes", *options)


def status(fleet: FleetFiles, name: str = "a") -> dict[str, object]:
    ran = run_cli("status", fleet.directory, "--format", "json")
    assert ran.code == 0, ran.err
    return next(row for row in json.loads(ran.out)["groups"] if row["name"] == name)


def test_where_every_core_fails_the_apply_says_so_though_the_deployment_is_active(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    aws.put_devices({"a-*": {"outcome": "fail", "error": "disk full"}})
    ran = waited(group(template(fleet), cores=2))
    assert ran.code == 5
    assert newest(aws, arn("a"))["deploymentStatus"] == "ACTIVE"
    assert "2 of 2 cores failed: a-core-1: FAILED" in ran.out
    assert "disk full" in ran.out
    row = status(fleet)
    assert (row["state"], row["live"], row["deployed"]) == ("failed", 1, None)
    assert "a-core-2" in str(row["error"])
    assert row["deploymentStatus"] == "0 of 2 cores succeeded, 2 failed"


def test_what_failed_on_all_cores_is_deployed_again(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"a-*": {"outcome": "fail", "error": "disk full"}})
    assert waited(group(template(fleet))).code == 5
    found = planned(fleet)
    assert (found["operation"], kinds(found)) == ("deploy", ["deploy"])
    assert found["reasons"] == ["its last deployment failed: 0 of 1 core succeeded, 1 failed"]
    aws.put_devices({})
    assert waited(fleet).code == 0
    assert unchanged(fleet) == "No changes. 1 group matches the files."
    assert status(fleet)["deployed"] == 1


def test_where_some_cores_fail_the_others_are_left_alone(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"a-core-1": {"outcome": "fail", "error": "disk full"}})
    ran = waited(group(template(fleet), cores=3))
    assert ran.code == 5
    assert "1 of 3 cores failed (the others have it, so it is not sent again by itself): a-core-1: FAILED" in ran.out
    assert "give the group a new value of `redeploy`" in ran.out
    assert "again: what is done stays" not in ran.out
    found = planned(fleet)
    assert kinds(found) == []
    assert "2 of 3 cores succeeded, 1 failed; a new value of `redeploy`" in found["notes"][0]


def test_what_is_seen_late_is_made_once_also_by_who_is_told_to_stop(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, float] = {}

    def seen_late(_self: Deployments, deployment_id: str) -> bool:
        if not asked:
            os.kill(os.getpid(), signal.SIGINT)
        return time.monotonic() - asked.setdefault(deployment_id, time.monotonic()) >= SEEN_LATE[0]

    with monkeypatch.context() as patched:
        patched.setattr(Deployments, "is_there", seen_late)
        assert waited(group(template(fleet))).code == INTERRUPTED
    assert aws.writes().count("greengrassv2:CreateDeployment") == 1
    assert waited(fleet).code == 0


@pytest.mark.parametrize(("outcome", "words"), [("offline", "is it online?"), ("stuck", "")])
def test_cores_that_do_not_report_by_the_deadline_are_named(
    fleet: FleetFiles, aws: Sandbox, outcome: str, words: str
) -> None:
    aws.put_devices({"a-core-2": {"outcome": outcome}})
    ran = waited(group(template(fleet), cores=2), "--timeout", "3")
    assert ran.code == 5
    assert "not all cores have reported: 1 of 2 cores succeeded, 1 " in ran.out
    assert "a-core-2" in ran.out
    assert words in ran.out
    assert status(fleet)["state"] in {"deploying", "unfinished"}
    assert planned(fleet)["notes"][0].startswith("deployment ")


def test_a_core_that_waits_for_its_own_as_well_is_named_once(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"a-*": {"outcome": "offline"}})
    own = {"thingName": "a-core-2", "configuration": {CLI: {"port": 1}}}
    template(fleet, aws_greengrass_Cli="2.12.6")
    ran = waited(group(fleet, cores=[{"thingName": "a-core-1"}, own]), "--timeout", "1")
    assert ran.code == 5
    assert ran.out.count("a-core-2 has not taken it up since") == 1
    assert "more" not in ran.out.partition("has not taken it up")[2].splitlines()[0]


def test_an_overlay_that_fails_on_its_core_fails_the_group(fleet: FleetFiles, aws: Sandbox) -> None:
    template(fleet, aws_greengrass_Cli="2.12.6")
    applied(aws, group(fleet))
    aws.put_devices({"a-core-1": {"outcome": "fail", "error": "no such port"}})
    ran = waited(group(fleet, cores=[{"thingName": "a-core-1", "configuration": {CLI: {"port": 1}}}]))
    assert ran.code == 5
    assert "no such port" in ran.out


def test_a_group_without_cores_is_deployed_to_whoever_joins(fleet: FleetFiles, aws: Sandbox) -> None:
    assert waited(group(template(fleet), cores=0)).code == 0
    applied(aws, group(fleet, cores=1))
    assert aws.writes().count("greengrassv2:CreateDeployment") == 1
    aws.advance(10)  # the job comes to the new member a moment after that has joined
    assert status(fleet)["state"] == "succeeded"


def stopped_while_waiting(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, *, replaced: bool = False) -> None:
    """Have somebody cancel the deployment to group a, or put another in its place, once it is asked for."""
    real, greengrass = Waiter.outcomes, aws.client("greengrassv2")

    def outcomes(self: Waiter, *args: Any) -> Iterator[Outcome]:
        for _ in range(3):
            aws.advance(3)
        if replaced:
            greengrass.create_deployment(targetArn=arn("a"), deploymentName="theirs", components={})
        else:
            greengrass.cancel_deployment(deploymentId=newest(aws, arn("a"))["deploymentId"])
        return real(self, *args)

    monkeypatch.setattr(Waiter, "outcomes", outcomes)


@pytest.mark.parametrize("replaced", [False, True])
def test_it_is_said_who_stopped_a_deployment_and_that_it_is_sent_again(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch, replaced: bool
) -> None:
    aws.put_devices({"a-core-2": {"outcome": "offline"}})
    stopped_while_waiting(aws, monkeypatch, replaced=replaced)
    ran = waited(group(template(fleet), cores=2))
    assert ran.code == 5
    assert "1 of 2 cores failed: a-core-2: canceled before it had it; " in ran.out
    assert ("(theirs) was made to a after it, and took its place" if replaced else "; it was canceled") in ran.out
    assert "again: what is done stays" in ran.out
    assert kinds(planned(fleet)) == ["deploy"]


def test_cores_whose_turn_in_a_rollout_has_not_come_are_counted(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(rolled_out_slowly(fleet), cores=3))
    row = status(fleet)
    assert (row["state"], row["deploymentStatus"]) == ("deploying", "1 of 3 cores succeeded, 2 to come")
    assert "is on its way: 1 of 3 cores succeeded, 2 to come" in planned(fleet)["notes"][0]
    aws.advance(180)
    assert status(fleet)["deploymentStatus"] == "3 succeeded"


def rolled_out_slowly(fleet: FleetFiles) -> FleetFiles:
    slowly = {"jobExecutionsRolloutConfig": {"maximumPerMinute": 1}}
    deployment = {"components": PINNED, "iotJobConfiguration": slowly}
    return fleet.template(runtime="greengrass/v2", definitions=None, deployment=deployment)


def test_what_is_canceled_before_its_rollout_comes_to_all_has_not_succeeded(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_while_waiting(aws, monkeypatch)
    ran = waited(group(rolled_out_slowly(fleet), cores=3))
    assert ran.code == 5
    assert "only 1 of 3 cores have it; it was canceled" in ran.out
    assert kinds(planned(fleet)) == ["deploy"]


def test_a_core_that_joins_and_fails_fails_its_group(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(template(fleet), cores=2))
    assert status(fleet)["deploymentStatus"] == "2 succeeded"
    aws.put_devices({"a-core-3": {"outcome": "fail", "error": "disk full"}})
    aws.clear_calls()
    ran = waited(group(fleet, cores=3))
    assert ran.code == 5
    assert "> deployment: what the group was sent last comes to the core that joins" in ran.out
    assert "1 of 3 cores failed (the others have it, so it is not sent again by itself): a-core-3: FAILED" in ran.out
    assert "greengrassv2:CreateDeployment" not in aws.writes()
    row = status(fleet)
    assert (row["state"], row["deploymentStatus"]) == ("failed", "2 of 3 cores succeeded, 1 failed")
    assert "2 of 3 cores succeeded, 1 failed; a new value of `redeploy`" in planned(fleet)["notes"][0]
    assert run_cli("drift", fleet.directory).code == 2


def test_a_core_that_takes_the_place_of_another_is_waited_for(fleet: FleetFiles, aws: Sandbox) -> None:
    """The one that left counts in the job as before."""
    applied(aws, group(template(fleet), cores=2))
    aws.put_devices({"spare": {"outcome": "offline"}})
    ran = waited(group(fleet, cores=[{"thingName": "a-core-1"}, {"thingName": "spare"}]), "--timeout", "1")
    assert ran.code == 5
    assert "spare has not taken it up since" in ran.out
    aws.put_devices({})
    aws.advance(10)
    assert status(fleet)["deploymentStatus"] == "2 succeeded"
    ran = waited(group(fleet, cores=[{"thingName": "spare"}, {"thingName": "a-core-3"}]))
    assert "its 2 cores report success" in ran.err
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_core_that_reports_no_more_is_named_though_aws_calls_it_healthy(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, group(template(fleet), cores=2))
    aws.put_devices({"a-core-2": {"outcome": "offline"}})
    aws.advance(24 * 3600)
    assert status(fleet)["error"] is None
    aws.advance(48 * 3600)
    assert str(status(fleet)["error"]).startswith("not heard of: a-core-2 since ")
    listed = aws.client("greengrassv2").list_core_devices(status="HEALTHY")["coreDevices"]
    assert len(listed) == 2
