"""What an apply of a Greengrass V2 fleet does while something goes wrong, and no core is waited for.

What waits for cores is in ``tests/runtimes/v2/test_faults.py``.
"""

from typing import Any

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v2.conftest import BUDGETS
from tests.runtimes.v2.fleets import applied, group, template

CONFIGURED = {"componentVersion": "2.12.6", "configurationUpdate": {"reset": [""], "merge": {"level": "info"}}}


def v2_fleet(fleet: FleetFiles, **spec: Any) -> FleetFiles:
    """A fleet that no quota holds up, and which may take components off its cores."""
    return fleet.fleet(limits=dict.fromkeys(BUDGETS, 10000), bulkDeployments=None, guards={"components": 99}, **spec)


def v2_several(aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """Two groups that share a core; one of them is there."""
    applied(aws, group(template(v2_fleet(fleet)), cores=[{"thingName": "shared"}]))
    template(fleet, 2, aws_greengrass_Cli=CONFIGURED)
    group(fleet, version=2, cores=[{"thingName": "shared"}])
    return group(fleet, "b", cores=[{"thingName": "shared"}, {"thingName": "b-core"}]).write()


def v2_reset(aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """Everything taken off the cores of a group."""
    applied(aws, group(template(v2_fleet(fleet))))
    return group(fleet, deployment={"state": "reset"}).write()


def v2_pruned(aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """A group that is gone from the files, and off its cores, with everything that was made for it."""
    group(template(v2_fleet(fleet, prune=True, deprovision=True)), "a", devices=1)
    applied(aws, group(fleet, "b"))
    fleet.without_group("a").write()
    run_cli("apply", fleet.directory, "--yes", "--no-wait")
    aws.advance(10)
    return fleet


def v2_again(aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """A group that was deleted, with all that was made for it, and is brought back."""
    v2_pruned(aws, fleet)
    run_cli("apply", fleet.directory, "--yes", "--no-wait")
    aws.advance(10)
    return group(fleet, "a", devices=1).write()


SCENARIOS_V2 = {scenario.__name__: scenario for scenario in (v2_several, v2_reset, v2_pruned, v2_again)}
MOST_CALLS_V2 = {"v2_several": 30, "v2_reset": 10, "v2_pruned": 52, "v2_again": 30}
