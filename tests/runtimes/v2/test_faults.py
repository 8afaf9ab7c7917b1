"""An apply of V2 that is disturbed or cut off at any of its calls: applying again ends where an undisturbed one does.

Nothing is missing then, nothing is there twice, and the key of every certificate is kept.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from reconciler.aws.client import Aws
from reconciler.sandbox.testing import Sandbox
from tests.faults.accounts import key_fits
from tests.faults.calls import at_every_call
from tests.fleets import ARTIFACTS_BUCKET, FleetFiles, make_buckets, run_cli
from tests.runtimes.v1.faults import Killed, cut_off_at
from tests.runtimes.v2.conftest import BUDGETS
from tests.runtimes.v2.fleets import CLI, applied, group, template
from tests.runtimes.v2.test_components import component

Scenario = Callable[[Sandbox, FleetFiles], FleetFiles]
EVERY = 101
"""`make test` takes one case in so many."""


def new(_aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """A group with two cores, one of them with something of its own, a device, and a component to publish."""
    component(template(fleet, com_example_Logger="1.0.0", aws_greengrass_Cli="2.12.6"))
    own = {"thingName": "a-core-2", "configuration": {CLI: {"port": 1}}}
    return group(fleet, cores=[{"thingName": "a-core-1"}, own], devices=1).write()


def changed(aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """Another template version; a core and a device come, others go, and so does what one core had of its own."""
    applied(aws, new(aws, fleet))
    template(fleet, 2, com_example_Logger="1.0.0", aws_greengrass_Cli="2.12.5")
    cores = [{"thingName": "a-core-2"}, {"thingName": "a-core-3"}]
    return group(fleet, version=2, cores=cores, devices=[{"thingName": "a-device-2"}]).write()


def redeployed(aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """The same once more, since the files ask for it."""
    applied(aws, group(template(fleet)))
    return group(fleet, deployment={"redeploy": "x"}).write()


SCENARIOS: dict[str, Scenario] = {scenario.__name__: scenario for scenario in (new, changed, redeployed)}
MOST_CALLS = {"new": 55, "changed": 60, "redeployed": 16}
"""No apply of a scenario makes more calls: a test says so."""
FAULTS = ("lost", "refused", "error", "throttle")


def cases(*kinds: str) -> list[ParameterSet]:
    return at_every_call(((kind, scenario) for kind in kinds for scenario in SCENARIOS), MOST_CALLS, EVERY)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Aws, "back_off", lambda _self, _attempt: None)


def empty(aws: Sandbox, directory: Path) -> FleetFiles:
    aws.reset()
    make_buckets(aws.client)
    limits = dict.fromkeys(BUDGETS, 10000)
    return FleetFiles(directory).fleet(limits=limits, bulkDeployments=None, guards={"components": 9})


_ENDS: dict[str, tuple[dict[str, Any], int]] = {}


@pytest.fixture
def undisturbed(aws: Sandbox, tmp_path: Path) -> Callable[[str], tuple[dict[str, Any], int]]:
    """The account in which a scenario ends, and how many calls its apply makes; found out once a process."""

    def end(name: str) -> tuple[dict[str, Any], int]:
        if name not in _ENDS:
            fleet = SCENARIOS[name](aws, empty(aws, tmp_path / f"undisturbed-{name}"))
            aws.clear_calls()
            assert run_cli("apply", fleet.directory, "--yes").code == 0
            calls = len(aws.calls())
            finish(aws, fleet)
            _ENDS[name] = account(aws), calls
        return _ENDS[name]

    return end


def finish(aws: Sandbox, fleet: FleetFiles) -> None:
    """Apply again with nothing going wrong, and plan."""
    aws.put_faults([])
    aws.advance(10)
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    aws.advance(10)
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def account(aws: Sandbox, bucket: str = ARTIFACTS_BUCKET) -> dict[str, Any]:
    """What an account holds, without what AWS makes up."""
    iot, greengrass = aws.client("iot"), aws.client("greengrassv2")
    things = sorted(row["thingName"] for row in iot.list_things()["things"])
    rows = iot.list_thing_groups()["thingGroups"]
    newest = greengrass.list_deployments(historyFilter="LATEST_ONLY")["deployments"]
    return {
        "groups": {row["groupName"]: sorted(iot.list_things_in_thing_group(**_named(row))["things"]) for row in rows},
        "tags": {row["groupName"]: _tags(iot, row["groupArn"]) for row in rows},
        "documents": {row["targetArn"]: _document(greengrass, row) for row in newest},
        "revisions": len(greengrass.list_deployments(historyFilter="ALL")["deployments"]),
        "components": [row["componentName"] for row in greengrass.list_components()["components"]],
        "client devices": {name: _devices(greengrass, name) for name in things if "core" in name},
        "certificates": {name: len(iot.list_thing_principals(thingName=name)["principals"]) for name in things},
        "all certificates": len(iot.list_certificates()["certificates"]),
        "policies": len(iot.list_policies()["policies"]),
        "keys": {name: key_fits(aws, name, bucket) for name in things},
    }


def _named(row: dict[str, str]) -> dict[str, str]:
    return {"thingGroupName": row["groupName"]}


def _tags(iot: Any, arn: str) -> dict[str, str]:
    rows = iot.list_tags_for_resource(resourceArn=arn)["tags"]
    return {row["Key"]: row["Value"] for row in rows if row["Key"] != "reconciler:redeploy-of"}


def _document(greengrass: Any, row: dict[str, str]) -> Any:
    return greengrass.get_deployment(deploymentId=row["deploymentId"]).get("components")


def _devices(greengrass: Any, core: str) -> list[str]:
    answer = greengrass.list_client_devices_associated_with_core_device(coreDeviceThingName=core)
    return sorted(row["thingName"] for row in answer["associatedClientDevices"])


Undisturbed = Callable[[str], tuple[dict[str, Any], int]]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_scenario_makes_more_calls_than_the_cases_have(scenario: str, undisturbed: Undisturbed) -> None:
    assert undisturbed(scenario)[1] <= MOST_CALLS[scenario]


@pytest.mark.disturbed(where="local")
@pytest.mark.parametrize(("scenario", "fault", "call"), cases(*FAULTS))
def test_one_bad_answer_changes_nothing_about_the_end(
    aws: Sandbox, tmp_path: Path, undisturbed: Undisturbed, scenario: str, fault: str, call: int
) -> None:
    wanted, _ = undisturbed(scenario)
    fleet = SCENARIOS[scenario](aws, empty(aws, tmp_path / "fleet"))
    aws.put_faults([{"service": "*", "operation": "*", "fault": fault, "after": call - 1, "times": 1}])
    assert run_cli("apply", fleet.directory, "--yes").code in {0, 1, 5}
    finish(aws, fleet)
    assert account(aws) == wanted


@pytest.mark.disturbed(where="local")
@pytest.mark.parametrize(("scenario", "moment", "call"), cases("before", "after"))
def test_a_run_that_ends_at_a_call_is_finished_by_the_next(
    aws: Sandbox, tmp_path: Path, undisturbed: Undisturbed, scenario: str, moment: str, call: int
) -> None:
    wanted, _ = undisturbed(scenario)
    fleet = SCENARIOS[scenario](aws, empty(aws, tmp_path / "fleet"))
    try:
        with cut_off_at(call, after=moment == "after"):
            run_cli("apply", fleet.directory, "--yes")
    except Killed:
        pass
    finish(aws, fleet)
    assert account(aws) == wanted
