"""Ways from one wanted state of a deployment to another: what is asked for, and that nobody else gets the blame."""

import json
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v1.applying import applied

pytestmark = pytest.mark.sampled

DEPLOY, REDEPLOY, RESET = ["tag-group", "deploy"], ["tag-group", "redeploy"], ["tag-group", "reset-deployments"]
NEW, AGAIN, GONE = "NewDeployment", "Redeployment", "ResetDeployment"

WALK: list[tuple[str, list[str], str]] = [
    # to which state, by which actions, and the type of the newest deployment then; it begins at `newest`
    ("pinned", DEPLOY, NEW),
    ("newest", DEPLOY, NEW),
    ("reset", RESET, GONE),
    ("newest", DEPLOY, NEW),
    ("none", [], NEW),
    ("newest", [], NEW),
    ("redeploy", REDEPLOY, AGAIN),
    ("newest", [], AGAIN),
    ("pinned", DEPLOY, NEW),
    ("reset", RESET, GONE),
    ("pinned", DEPLOY, NEW),
    ("redeploy", DEPLOY, NEW),
    ("pinned", DEPLOY, NEW),
    ("pinned, redeploy", REDEPLOY, AGAIN),
    ("reset", RESET, GONE),
    ("none", [], GONE),
    ("reset", [], GONE),
    ("redeploy", DEPLOY, NEW),
    ("none", [], NEW),
    ("reset", RESET, GONE),
    ("forced reset", [], GONE),
]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Aws, "back_off", lambda _self, _attempt: None)


def planned(fleet: FleetFiles) -> dict[str, Any]:
    ran = run_cli("plan", fleet.write().directory, "--format", "json")
    assert ran.code == 0, ran.err
    (group,) = json.loads(ran.out)["groups"]
    return dict(group)


def asked(fleet: FleetFiles) -> list[str]:
    return [action["kind"] for action in planned(fleet)["actions"]]


def test_each_transition_asks_for_what_it_takes_once_and_is_no_drift(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.template(1).template(2, timeout=9)
    applied(aws, fleet.group("a", version=1, devices=0))
    older = live.groups(aws.client)["a"]["LatestVersion"]
    applied(aws, fleet.group("a", version=2, devices=0))
    newest = live.groups(aws.client)["a"]["LatestVersion"]
    came_by = ["newest"]
    for number, (state, kinds, kind_after) in enumerate(WALK):
        came_by.append(state)
        spec = {
            "newest": {},
            "pinned": {"groupVersionId": older},
            "pinned, redeploy": {"groupVersionId": older, "redeploy": str(number)},
            "redeploy": {"redeploy": str(number)},
            "reset": {"state": "reset"},
            "forced reset": {"state": "reset", "force": True},
            "none": {"state": "none"},
        }[state]
        group = planned(fleet.group("a", version=2, devices=0, deployment=spec))
        assert [action["kind"] for action in group["actions"]] == kinds, came_by
        assert (group["operation"], group["drift"]) == ("deploy" if kinds else "none", False), came_by
        if kinds:
            applied(aws, fleet)
            assert asked(fleet) == [], came_by
        last = live.deployments(aws.client, "a")[0]
        assert last["DeploymentType"] == kind_after, came_by
        if kind_after != GONE and state != "none":
            assert last["GroupArn"].endswith(older if state.startswith("pinned") else newest), came_by


def test_going_back_to_an_earlier_redeploy_value_redeploys(fleet: FleetFiles, aws: Sandbox) -> None:
    for value in ("x", "y", "x"):
        applied(aws, fleet.group("a", devices=0, deployment={"redeploy": value}))
    assert [row["DeploymentType"] for row in live.deployments(aws.client, "a")] == [AGAIN, AGAIN, NEW]
    assert live.tags(aws.client, "a")["reconciler:redeploy"] == "x"


@pytest.mark.parametrize("fault", ["error", "refused"])
def test_a_redeployment_that_came_to_nothing_is_asked_for_again(fleet: FleetFiles, aws: Sandbox, fault: str) -> None:
    applied(aws, fleet.group("a", devices=0))
    fleet.group("a", devices=0, deployment={"redeploy": "x"}).write()
    aws.put_faults([{"service": "greengrass", "operation": "CreateDeployment", "fault": "error"}])
    assert run_cli("apply", fleet.directory, "--yes", "--no-wait").code == 5
    aws.put_faults([{"service": "greengrass", "operation": "CreateDeployment", "fault": fault, "times": 1}])
    assert asked(fleet) == ["redeploy"]
    applied(aws, fleet)
    assert [row["DeploymentType"] for row in live.deployments(aws.client, "a")] == [AGAIN, NEW]
    assert asked(fleet) == []


def test_a_reset_that_waits_for_its_core_can_be_forced(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=0))
    aws.put_devices({"a-core": {"outcome": "offline"}})
    applied(aws, fleet.group("a", devices=0, deployment={"state": "reset"}))
    assert asked(fleet) == []
    applied(aws, fleet.group("a", devices=0, deployment={"state": "reset", "force": True}))
    assert live.deployments(aws.client, "a")[0]["DeploymentType"] == "ForceResetDeployment"
    assert asked(fleet) == []


@pytest.mark.parametrize("wanted", ["newest", "pinned", "reset"])
def test_what_somebody_else_deploys_is_undone_and_called_drift(fleet: FleetFiles, aws: Sandbox, wanted: str) -> None:
    fleet.template(1).template(2, timeout=8).template(3, timeout=9)
    versions = []
    for version in (1, 2, 3):
        applied(aws, fleet.group("a", version=version, devices=0))
        versions.append(live.groups(aws.client)["a"]["LatestVersion"])
    specs = {"newest": {}, "pinned": {"groupVersionId": versions[0]}, "reset": {"state": "reset"}}
    applied(aws, fleet.group("a", version=3, devices=0, deployment=specs[wanted]))
    group_id = live.groups(aws.client)["a"]["Id"]
    aws.client("greengrass").create_deployment(
        GroupId=group_id, GroupVersionId=versions[1], DeploymentType="NewDeployment"
    )
    aws.advance(10)
    assert planned(fleet)["drift"] is True
    applied(aws, fleet)
    assert planned(fleet)["operation"] == "none"


def test_a_run_cut_off_before_it_marked_its_version_is_not_taken_for_somebody_else(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, fleet.group("a", devices=0))
    aws.put_faults([{"service": "greengrass", "operation": "TagResource", "fault": "error"}])
    fleet.group("a", devices=1).write()
    assert run_cli("apply", fleet.directory, "--yes", "--no-wait").code == 5
    aws.put_faults([])
    applied(aws, fleet)
    assert live.tags(aws.client, "a")["reconciler:group-version"] == live.groups(aws.client)["a"]["LatestVersion"]
    assert planned(fleet.group("a", devices=2))["drift"] is False
