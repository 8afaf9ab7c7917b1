"""How a group gets another name: a new thing group beside it first, so that nothing leaves its cores in between."""

from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v2.fleets import (
    CLI,
    applied,
    arn,
    client_devices,
    group,
    installed,
    kinds,
    planned,
    template,
    unchanged,
)

CORES = [{"thingName": "core-1", "configuration": {CLI: {"port": 1}}}, {"thingName": "core-2"}]
PLAIN_CORES = [{"thingName": "core-1"}, {"thingName": "core-2"}]


def named(fleet: FleetFiles, name: str, cores: list[Any]) -> FleetFiles:
    return group(fleet, name, cores=cores, devices=[{"thingName": "device"}] if cores is CORES else 0)


def configuration(aws: Sandbox, core: str) -> Any:
    return aws.remote.cores()[aws.region][core]["configuration"][CLI]


@pytest.mark.parametrize("moved_with", ["the new group", "the old group's end"])
def test_a_new_group_beside_the_old_one_takes_its_cores_over(fleet: FleetFiles, aws: Sandbox, moved_with: str) -> None:
    fleet.fleet(prune=True, limits={"greengrassv2": 10000}, bulkDeployments=None, guards={"deleted": 1})
    template(fleet, aws_greengrass_Cli="2.12.6")
    applied(aws, named(fleet, "old", CORES))
    first = moved_with == "the new group"
    named(fleet, "old", PLAIN_CORES if first else CORES)
    named(fleet, "new", CORES if first else PLAIN_CORES)
    applied(aws, fleet)
    assert unchanged(fleet) == "No changes. 2 groups match the files."
    assert configuration(aws, "core-1") == {"port": 1}
    named(fleet, "new", CORES).without_group("old")
    assert kinds(planned(fleet, "old"))[:1] == ["reset-deployments"]
    ran = run_cli("apply", fleet.write().directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert unchanged(fleet) == "No changes. 1 group matches the files."
    assert configuration(aws, "core-1") == {"port": 1}
    assert CLI in installed(aws, "core-2")
    assert client_devices(aws, "core-1") == ["device"]
    deployments = aws.client("greengrassv2").list_deployments(historyFilter="LATEST_ONLY")["deployments"]
    assert {row["targetArn"] for row in deployments} == {
        arn("new"),
        arn("new").replace("thinggroup/new", "thing/core-1"),
    }
