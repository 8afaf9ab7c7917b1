"""Fleets that prune, and what is left in the account after it, read with plain boto3."""

from typing import Any

from reconciler.sandbox.testing import Sandbox
from tests.fleets import ARTIFACTS_BUCKET, FleetFiles, run_cli

LIMITS = {"greengrass": 10000, "greengrass:CreateDeployment": 10000}


def prunes(fleet: FleetFiles, **spec: Any) -> FleetFiles:
    """``fleet`` with ``prune: true``."""
    return fleet.fleet(limits=LIMITS, prune=True, **spec)


def pruned(aws: Sandbox, fleet: FleetFiles) -> str:
    """Apply for the resets, and once more after the cores have answered; what the second one printed."""
    fleet.write()
    run_cli("apply", fleet.directory, "--yes", "--no-wait")
    aws.advance(10)
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code == 0, ran.out + ran.err
    aws.advance(10)
    return ran.out + ran.err


def definitions(aws: Sandbox) -> set[str]:
    """The names of all core, device, function and subscription definitions."""
    greengrass = aws.client("greengrass")
    return {
        row["Name"]
        for family in ("core", "device", "function", "subscription")
        for row in getattr(greengrass, f"list_{family}_definitions")()["Definitions"]
    }


def things(aws: Sandbox) -> set[str]:
    """The names of all things."""
    return {row["thingName"] for row in aws.client("iot").list_things()["things"]}


def certificates(aws: Sandbox) -> int:
    """How many certificates there are."""
    return len(aws.client("iot").list_certificates()["certificates"])


def policies(aws: Sandbox) -> set[str]:
    """The names of all policies."""
    return {row["policyName"] for row in aws.client("iot").list_policies()["policies"]}


def stored(aws: Sandbox) -> set[str]:
    """The things of which the artifact bucket has something."""
    rows = aws.client("s3").list_objects_v2(Bucket=ARTIFACTS_BUCKET).get("Contents", [])
    return {row["Key"].split("/")[2] for row in rows}
