"""Applies a fleet without waiting for the cores, and then moves the sandbox's time on until they have reported."""

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, Ran, run_cli


def applied(aws: Sandbox, fleet: FleetFiles, *options: str) -> Ran:
    """Write and apply ``fleet``, which must work; its cores have reported when this returns."""
    fleet.write()
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait", *options)
    assert ran.code == 0, ran.out + ran.err
    aws.advance(10)
    return ran
