"""``reconcile status``: wanted, live and deployed version of each group, and what the cores said."""

import json
import re

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli
from tests.reporting.schemas import mismatches

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def test_before_the_first_run(fleet: FleetFiles) -> None:
    ran = run_cli("status", fleet.directory)
    assert (ran.code, ran.err, ran.last_line) == (0, "", "No run yet; 2 groups: 2 absent.")
    document = json.loads(run_cli("status", fleet.directory, "--format", "json").out)
    assert mismatches(document, "status") == []
    assert (document["run"], document["state"]) == (None, None)


def test_wanted_live_and_deployed(fleet: FleetFiles, aws: Sandbox) -> None:
    run_cli("apply", fleet.directory, "--yes")
    aws.put_devices({"berlin-core": {"outcome": "fail", "error": "no space left"}})
    fleet.template(2, timeout=9).group("berlin", 2, 1).write()
    assert run_cli("apply", fleet.directory, "--yes").code == 5
    fleet.template(3, timeout=12).group("berlin", 3, 1).write()
    aws.clear_calls()
    ran = run_cli("status", fleet.directory)
    assert ran.code == 0
    heading, berlin, munich, empty, last = ran.out.rstrip().split("\n")
    assert heading.split() == ["group", "target", "live", "deployed", "state", "deployment", "since", "error"]
    assert re.fullmatch(rf"berlin  line 3  2     1         failed     Failure     {STAMP}  no space left", berlin)
    assert re.fullmatch(rf"munich  line 1  1     1         succeeded  Success     {STAMP}", munich)
    assert empty == ""
    assert re.fullmatch(r"Run \S+: failed; 2 groups: 1 succeeded, 1 failed\.", last)
    assert aws.writes() == []


def test_deployed_is_what_the_core_last_reported(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"berlin-core": {"outcome": "offline"}})
    run_cli("apply", fleet.directory, "--yes", "--no-wait", "--select", "berlin")
    assert _versions(fleet) == (1, None, "deploying")
    aws.put_devices({})
    aws.advance(60)
    assert _versions(fleet) == (1, 1, "succeeded")
    aws.put_devices({"berlin-core": {"outcome": "stuck"}})
    fleet.template(2, timeout=9).group("berlin", 2, 1).write()
    run_cli("apply", fleet.directory, "--yes", "--no-wait", "--select", "berlin")
    assert _versions(fleet) == (2, 1, "deploying")


def _versions(fleet: FleetFiles) -> tuple[int | None, int | None, str]:
    ran = run_cli("status", fleet.directory, "--format", "json", "--select", "berlin")
    (group,) = json.loads(ran.out)["groups"]
    return group["live"], group["deployed"], group["state"]


def test_json_is_the_document_alone(fleet: FleetFiles) -> None:
    run_cli("apply", fleet.directory, "--yes")
    ran = run_cli("status", fleet.directory, "--format", "json")
    document = json.loads(ran.out)
    assert mismatches(document, "status") == []
    assert document["state"] == "succeeded"
    assert [(group["live"], group["deployed"]) for group in document["groups"]] == [(1, 1), (1, 1)]
    assert ran.err == f"Run {document['run']}: succeeded; 2 groups: 2 succeeded.\n"


def test_a_run_by_its_id(fleet: FleetFiles) -> None:
    run_cli("apply", fleet.directory, "--yes", "--select", "berlin")
    run_cli("apply", fleet.directory, "--yes")
    newest, oldest = json.loads(run_cli("runs", fleet.directory, "--format", "json").out)["runs"]
    assert run_cli("status", fleet.directory).last_line.startswith(f"Run {newest['run']}: ")
    assert run_cli("status", fleet.directory, "--run", oldest["run"]).last_line.startswith(f"Run {oldest['run']}: ")


def test_a_run_that_nobody_knows(fleet: FleetFiles) -> None:
    ran = run_cli("status", fleet.directory, "--run", "20200101T000000-abc")
    assert (ran.code, ran.out) == (1, "")
    assert "the ledger knows no run 20200101T000000-abc" in ran.err
    assert "hint: `reconcile runs` lists them; leave --run out to see the latest" in ran.err


@pytest.mark.parametrize(("options", "names"), [(["--select", "ring=canary"], ["berlin"]), (["--exclude", "*"], [])])
def test_some_groups(options: list[str], names: list[str], fleet: FleetFiles) -> None:
    ran = run_cli("status", fleet.directory, "--format", "json", *options)
    assert [group["name"] for group in json.loads(ran.out)["groups"]] == names


def test_what_a_core_says_cannot_draw_on_the_terminal(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"berlin-core": {"outcome": "fail", "error": "\x1b[2J\r\nmunich  line 1  succeeded \u202e"}})
    run_cli("apply", fleet.directory, "--yes")
    ran = run_cli("status", fleet.directory)
    assert "\\x1b[2J\\r\\nmunich" in ran.out
    assert not {"\x1b", "\r", "\u202e"} & set(ran.out)
    assert len(ran.out.splitlines()) == 5


def test_a_group_that_failed_before_its_deployment(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_faults([{"service": "greengrass", "operation": "CreateGroup", "fault": "error"}])
    assert run_cli("apply", fleet.directory, "--yes", "--select", "berlin").code == 5
    aws.put_faults([])
    document = json.loads(run_cli("status", fleet.directory, "--format", "json").out)
    assert mismatches(document, "status") == []
    assert document["state"] == "failed"
    berlin, munich = document["groups"]
    assert (berlin["state"], munich["state"]) == ("failed", "absent")
    assert "greengrass:CreateGroup" in berlin["error"]
