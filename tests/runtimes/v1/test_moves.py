"""Cores that go from one group to another: the group that they leave has to be reset before."""

from reconciler.model.errors import RefusedError
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v1.applying import applied
from tests.runtimes.v1.pruned import prunes

MOVED = [{"thingName": "a-core"}]
A_TO_B = "a core goes to another group: a-core from a to b"


def test_a_core_whose_group_would_be_reset_after_it_was_deployed_elsewhere_is_refused(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, prunes(fleet).group("a", devices=0).group("c", devices=0))
    fleet.without_group("a").group("b", devices=0, cores=MOVED).write()
    aws.clear_calls()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == RefusedError.exit_code
    assert f"! moved-cores: {A_TO_B}; this plan resets the group that it leaves" in ran.out
    assert aws.writes() == []


def test_a_core_whose_group_was_reset_goes_to_another_without_a_word(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet).group("a", devices=0, deployment={"state": "deployed"}).group("c", devices=0))
    applied(aws, fleet.group("a", devices=0, deployment={"state": "reset"}))
    fleet.without_group("a").group("b", devices=0, cores=MOVED).write()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert "moved-cores" not in ran.out


def test_a_core_that_a_group_changes_for_another_is_warned_of(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", devices=0))
    fleet.group("a", devices=0, cores=[{"thingName": "new-core"}]).group("b", devices=0, cores=MOVED).write()
    assert f"? moved-cores: {A_TO_B}; the group that it leaves was not reset" in run_cli("plan", fleet.directory).out
