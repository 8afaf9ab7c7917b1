"""``reconcile runs``: the applies that had something to do."""

import json
import re

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli


def test_there_are_none_yet(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.clear_calls()
    ran = run_cli("runs", fleet.directory)
    assert ran == (0, "0 runs.\n", "")
    assert json.loads(run_cli("runs", fleet.directory, "--format", "json").out) == {"formatVersion": 1, "runs": []}
    assert aws.calls() == []


def test_they_are_listed_newest_first_without_those_that_did_nothing(fleet: FleetFiles) -> None:
    for group in ("berlin", "munich"):
        assert run_cli("apply", fleet.directory, "--yes", "--select", group).code == 0
        assert run_cli("apply", fleet.directory, "--yes", "--select", group).code == 0
    ran = run_cli("runs", fleet.directory)
    *lines, last = ran.out.rstrip().split("\n")
    assert (ran.code, ran.err, len(lines), last) == (0, "", 2, "2 runs.")
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    for line in lines:
        assert re.fullmatch(rf"\S+  succeeded  {stamp} to {stamp}  plan [0-9a-f]{{12}}", line)
    document = run_cli("runs", fleet.directory, "--format", "json", "--last", "1")
    (run,) = json.loads(document.out)["runs"]
    assert lines[0].startswith(run["run"])
    assert run["startedAt"] <= run["endedAt"]
    assert document.err == "1 run.\n"


def test_runs_of_another_fleet_in_the_directory_are_not_shown(fleet: FleetFiles) -> None:
    run_cli("apply", fleet.directory, "--yes")
    renamed = fleet.directory / "fleet.yaml"
    renamed.write_text(renamed.read_text().replace("name: demo", "name: other"))
    assert run_cli("runs", fleet.directory).out == "0 runs.\n"
