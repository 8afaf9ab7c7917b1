"""What an apply does while something goes wrong: from what there is, to what the files say then."""

from collections.abc import Callable

from reconciler.sandbox.testing import Sandbox
from tests.faults.scenarios_v2 import MOST_CALLS_V2, SCENARIOS_V2
from tests.fleets import LAMBDA, FleetFiles
from tests.runtimes.v1.applying import applied

OWN = {"Id": "${thingName}-out", "Source": "${thingArn}", "Subject": "dt", "Target": LAMBDA}
Scenario = Callable[[Sandbox, FleetFiles], FleetFiles]


def new(_aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """A group with a core and two devices, of which nothing is there."""
    return fleet.template(1, deviceSubscriptions={"*": [OWN]}).group("a", devices=2).write()


def changed(aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """Another template version; one device comes, another goes."""
    applied(aws, new(aws, fleet))
    fleet.template(2, timeout=9, deviceSubscriptions={"*": [OWN]})
    return fleet.group("a", 2, devices=[{"thingName": "a-device-2"}, {"thingName": "a-device-3"}]).write()


def several(aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """Two groups that share definitions, deployed together; one of them is there."""
    applied(aws, fleet.group("a", devices=0))
    fleet.template(2, timeout=9).group("a", 2, devices=0).group("b", 2, devices=1)
    return fleet.write()


def redeployed(aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """The same once more, since the files ask for it."""
    applied(aws, fleet.group("a", devices=0))
    return fleet.group("a", devices=0, deployment={"redeploy": "x"}).write()


def reset(aws: Sandbox, fleet: FleetFiles) -> FleetFiles:
    """Everything taken off the core."""
    applied(aws, fleet.group("a", devices=0))
    return fleet.group("a", devices=0, deployment={"state": "reset"}).write()


SCENARIOS_V1 = (new, changed, several, redeployed, reset)
SCENARIOS: dict[str, Scenario] = {**{scenario.__name__: scenario for scenario in SCENARIOS_V1}, **SCENARIOS_V2}
MOST_CALLS = {"new": 28, "changed": 27, "several": 38, "redeployed": 14, "reset": 12} | MOST_CALLS_V2
"""No apply of a scenario makes more calls: a test says so. What lies beyond the last call strikes nothing."""
