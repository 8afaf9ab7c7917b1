"""Things that are gone from a group which stays: their own goes once the core runs a version without them."""

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v1.applying import applied
from tests.runtimes.v1.pruned import certificates, prunes, stored, things


def test_a_device_that_is_gone_is_deprovisioned_after_the_deployment(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet, deprovision=True).group("a", devices=2))
    fleet.group("a", devices=1).write()
    plan = run_cli("plan", fleet.directory).out
    assert "1 thing gone from the files" in plan
    assert plan.index("> deployment: send the new group version") < plan.index("- thing a-device-2: delete")
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert things(aws) == {"a-core", "a-device-1"} == stored(aws)
    assert certificates(aws) == 2
    aws.clear_calls()
    assert run_cli("apply", fleet.directory, "--yes").last_line.startswith("No changes.")
    assert aws.writes() == []


def test_a_core_that_does_not_report_keeps_the_device_s_thing_until_it_does(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet, deprovision=True).group("a", devices=2))
    aws.put_devices({"a-core": {"outcome": "succeed", "delay": 60}})
    fleet.group("a", devices=1).write()
    assert run_cli("apply", fleet.directory, "--yes", "--no-wait").code == 5
    assert "a-device-2" in things(aws)
    assert "a-device-2: thing and certificate stay for now" in run_cli("plan", fleet.directory, "--verbose").out
    aws.advance(120)
    assert "- thing a-device-2" in run_cli("plan", fleet.directory).out
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    assert things(aws) == {"a-core", "a-device-1"}


def test_a_device_that_comes_back_meanwhile_keeps_its_thing(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet, deprovision=True).group("a", devices=2))
    fleet.group("a", devices=1).write()
    assert run_cli("apply", fleet.directory, "--yes", "--no-wait").code == 5
    aws.advance(10)
    applied(aws, fleet.group("a", devices=2))
    assert things(aws) == {"a-core", "a-device-1", "a-device-2"}
    assert certificates(aws) == 3


def test_without_deprovision_it_stays(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, prunes(fleet).group("a", devices=1))
    applied(aws, fleet.group("a", devices=0))
    assert things(aws) == {"a-core", "a-device-1"}
