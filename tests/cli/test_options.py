"""Options that several commands share: which groups, which format, which colours, and where they come from."""

import json
from pathlib import Path

import pytest

from reconciler.aws import client
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, Ran, run_cli
from tests.reporting.schemas import mismatches

pytestmark = pytest.mark.sampled

ESCAPE = "\x1b["


@pytest.fixture
def four(fleet: FleetFiles) -> FleetFiles:
    """Two groups more: ``berlin-2`` and ``munich-2``."""
    fleet.group("berlin-2", devices=0, labels={"ring": "broad", "hall": "7"})
    return fleet.group("munich-2", devices=0, labels={"hall": "12"}).write()


def planned(ran: Ran) -> list[str]:
    assert ran.code == 0, ran.err
    return [group["name"] for group in json.loads(ran.out)["groups"]]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], ["berlin", "berlin-2", "munich", "munich-2"]),
        (["--select", "munich"], ["munich"]),
        (["--select", "munich*"], ["munich", "munich-2"]),
        (["--select", "*-?"], ["berlin-2", "munich-2"]),
        (["--select", "munich", "--select", "berlin"], ["berlin", "munich"]),
        (["--select", "ring=broad"], ["berlin-2", "munich"]),
        (["--select", "ring=*"], ["berlin", "berlin-2", "munich"]),
        (["--select", "hall=1?"], ["munich-2"]),
        (["--exclude", "berlin"], ["berlin-2", "munich", "munich-2"]),
        (["--exclude", "*-2", "--exclude", "ring=canary"], ["munich"]),
        (["--select", "berlin*", "--exclude", "ring=broad"], ["berlin"]),
        (["--select", "ring=broad", "--select", "hall=12", "--exclude", "munich"], ["berlin-2", "munich-2"]),
    ],
)
def test_groups_are_chosen_by_name_glob_and_label(options: list[str], names: list[str], four: FleetFiles) -> None:
    assert planned(run_cli("plan", four.directory, "--format", "json", *options)) == names


@pytest.mark.parametrize("command", ["plan", "apply", "status"])
@pytest.mark.parametrize("option", ["--select", "--exclude"])
@pytest.mark.parametrize("pattern", ["berln", "BERLIN", "ring=canari", "rink=canary", "berlin=", ""])
def test_a_pattern_that_matches_nothing_is_wrong_usage(
    command: str, option: str, pattern: str, fleet: FleetFiles, aws: Sandbox
) -> None:
    aws.clear_calls()
    ran = run_cli(command, fleet.directory, "--select", "berlin", option, pattern)
    assert (ran.code, ran.out) == (64, "")
    assert f"{pattern!r} matches no group of the fleet" in ran.err
    assert "hint: give a name, a glob such as berlin-*, or label=value" in ran.err
    assert aws.calls() == []


def test_all_groups_may_be_left_out(fleet: FleetFiles) -> None:
    ran = run_cli("plan", fleet.directory, "--exclude", "*")
    assert (ran.code, ran.last_line) == (0, "No changes. 0 groups match the files.")


def test_everything_may_come_from_the_environment(
    four: FleetFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stats = tmp_path / "stats.json"
    variables = {
        "RECONCILE_DIR": str(four.directory),
        "RECONCILE_FORMAT": "json",
        "RECONCILE_SELECT": "berlin* munich",
        "RECONCILE_EXCLUDE": "berlin",
        "RECONCILE_STATS": str(stats),
        "RECONCILE_DETAILED_EXITCODE": "true",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = run_cli("plan")
    assert ran.code == 2
    assert [group["name"] for group in json.loads(ran.out)["groups"]] == ["berlin-2", "munich"]
    assert mismatches(json.loads(stats.read_text()), "stats") == []


def test_an_option_goes_before_its_variable(four: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_SELECT", "berlin*")
    monkeypatch.setenv("RECONCILE_FORMAT", "text")
    monkeypatch.setenv("RECONCILE_DIR", "/nowhere")
    assert planned(run_cli("plan", four.directory, "--format", "json", "--select", "munich")) == ["munich"]


@pytest.mark.parametrize(("name", "value"), [("RECONCILE_FORMAT", "xml"), ("RECONCILE_DETAILED_EXITCODE", "perhaps")])
def test_a_bad_variable_is_wrong_usage(
    name: str, value: str, fleet: FleetFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.out) == (64, "")
    assert value in ran.err


@pytest.mark.parametrize(
    ("options", "variables", "coloured"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "auto"], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"CLICOLOR_FORCE": "1"}, True),
        ([], {"RECONCILE_COLOR": "always"}, True),
        (["--color", "never"], {"RECONCILE_COLOR": "always"}, False),
    ],
)
@pytest.mark.parametrize("command", ["plan", "status"])
def test_colour(
    command: str,
    options: list[str],
    variables: dict[str, str],
    *,
    coloured: bool,
    fleet: FleetFiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = run_cli(command, fleet.directory, *options)
    assert ran.code == 0
    assert (ESCAPE in ran.out) == coloured


def test_json_has_no_colour(fleet: FleetFiles) -> None:
    ran = run_cli("plan", fleet.directory, "--format", "json", "--color", "always")
    assert ESCAPE not in ran.out
    assert mismatches(json.loads(ran.out), "plan") == []


@pytest.mark.parametrize("what", ["plan", "broken files", "another account", "a refusal of AWS", "wrong selection"])
def test_stats_are_written_whatever_happens(
    what: str, fleet: FleetFiles, tmp_path: Path, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ATTEMPTS", 1)
    options: list[str] = []
    if what == "broken files":
        fleet.path_of("berlin").write_text("kind: [")
    elif what == "another account":
        fleet.fleet(account="210987654321").write()
    elif what == "a refusal of AWS":
        aws.put_faults([{"service": "greengrass", "operation": "ListGroups", "fault": "error"}])
    elif what == "wrong selection":
        options = ["--select", "nobody"]
    stats = tmp_path / "stats.json"
    stats.write_text("what was there before")
    ran = run_cli("plan", fleet.directory, "--stats", stats, *options)
    assert ran.code == {"plan": 0, "wrong selection": 64}.get(what, 1)
    document = json.loads(stats.read_text())
    assert mismatches(document, "stats") == []
    assert document["writes"] == 0
    assert ("greengrass:ListGroups" in document["calls"]) == (what in {"plan", "a refusal of AWS"})


def test_stats_count_what_the_account_was_asked(fleet: FleetFiles, tmp_path: Path, aws: Sandbox) -> None:
    aws.clear_calls()
    run_cli("apply", fleet.directory, "--yes", "--stats", tmp_path / "stats.json")
    document = json.loads((tmp_path / "stats.json").read_text())
    assert document["calls"] == aws.counts()
    assert document["writes"] == len(aws.writes())
    assert {"account", "plan", "apply", "deploy"} <= document["seconds"].keys()


@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_stats_that_cannot_be_written_are_told_before_there_is_work(
    command: str, fleet: FleetFiles, tmp_path: Path, aws: Sandbox
) -> None:
    aws.clear_calls()
    ran = run_cli(command, fleet.directory, "--stats", tmp_path / "nowhere" / "stats.json")
    assert (ran.code, ran.out) == (1, "")
    assert f"writing {tmp_path}/nowhere/stats.json: No such file or directory" in ran.err
    assert "hint: name a file that can be written" in ran.err
    assert aws.calls() == []
