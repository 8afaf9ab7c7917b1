"""``reconcile apply``: asking, refusing, carrying out, and what is said of groups that did not get there."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from reconciler.cli.stopping import INTERRUPTED
from reconciler.model.errors import StaleError
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.cli.processes import PROGRAM, run_on_terminal
from tests.fleets import FleetFiles, Ran, make_buckets, run_cli
from tests.reporting.schemas import mismatches

pytestmark = pytest.mark.sampled

DONE = "Apply complete: 2 groups created, 0 updated, 4 things provisioned, 2 deployments succeeded; 0 unchanged."


def runs_of(fleet: FleetFiles) -> list[str]:
    """The states of the fleet's runs, newest first."""
    return [run["state"] for run in json.loads(run_cli("runs", fleet.directory, "--format", "json").out)["runs"]]


def test_a_new_fleet_is_brought_up_and_stays(fleet: FleetFiles, aws: Sandbox, tmp_path: Path) -> None:
    first = run_cli("apply", fleet.directory, "--yes")
    assert (first.code, first.last_line) == (0, DONE)
    assert "  berlin  its core reports success" in first.err
    aws.clear_calls()
    stats = tmp_path / "stats.json"
    second = run_cli("apply", fleet.directory, "--stats", stats)
    assert (second.code, second.err, second.last_line) == (0, "", "No changes. 2 groups match the files.")
    assert aws.writes() == []
    assert json.loads(stats.read_text())["writes"] == 0
    assert runs_of(fleet) == ["succeeded"]


def test_without_a_terminal_yes_has_to_be_given(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.clear_calls()
    ran = run_cli("apply", fleet.directory)
    assert ran.code == 64
    assert ran.last_line.startswith("Plan: 2 groups to create")
    assert ran.err == "error: there is no terminal to ask on\nhint: give --yes to apply without asking\n"
    assert aws.writes() == []
    assert runs_of(fleet) == []


def test_yes_may_come_from_the_environment(fleet: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_YES", "1")
    assert run_cli("apply", fleet.directory).code == 0


def test_a_terminal_is_asked_and_shown_the_progress(fleet: FleetFiles) -> None:
    fleet.path_of("munich").unlink()
    ran = run_on_terminal("apply", fleet.directory, answer="yes\n")
    assert ran.code == 0, ran.shown
    before, asked, after = ran.shown.partition("Apply this? Only `yes` goes on")
    assert asked
    assert before.count("Plan: 1 group to create") == 1
    assert "berlin-core provisioned" in after
    assert "━" in after
    assert "1/1" in after
    assert "Apply complete: 1 group created" in after


def test_what_changes_while_a_person_thinks_is_not_written_over(fleet: FleetFiles, aws: Sandbox) -> None:
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    fleet.template(2, timeout=9).group("berlin", 2).write()
    ran = run_on_terminal(
        "apply", fleet.directory, answer="yes\n", meanwhile=lambda: live.new_version(aws.client, "berlin")
    )
    assert ran.code == StaleError.exit_code
    assert "stale, moved since the plan was made" in ran.shown


@pytest.mark.parametrize(
    "answer", ["y\n", "\n", *(pytest.param(text, marks=pytest.mark.long) for text in ("no\n", "YES\n", "yes please\n"))]
)
def test_any_other_answer_applies_nothing(answer: str, fleet: FleetFiles, aws: Sandbox) -> None:
    aws.clear_calls()
    ran = run_on_terminal("apply", fleet.directory, answer=answer)
    assert ran.code == 1
    assert "Nothing was applied." in ran.shown
    assert "rror" not in ran.shown
    assert aws.writes() == []


def test_control_c_applies_nothing(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.clear_calls()
    ran = run_on_terminal("apply", fleet.directory, answer="yes\n", interrupted=True)
    assert ran.code == INTERRUPTED
    assert "Traceback" not in ran.shown
    assert aws.writes() == []


@pytest.mark.parametrize(("times", "number"), [(1, signal.SIGINT), (1, signal.SIGTERM), (2, signal.SIGINT)])
def test_it_can_be_stopped_while_it_waits_and_goes_on_later(
    fleet: FleetFiles, aws: Sandbox, times: int, number: signal.Signals
) -> None:
    aws.put_devices({"berlin-core": {"outcome": "offline"}})
    words = [*PROGRAM, "apply", str(fleet.directory), "--yes"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "munich  its core reports success" in line:
                break
        for _ in range(times):
            process.send_signal(number)
            line = process.stderr.readline() if times == 2 else line
        out, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    if times == 1:
        assert "stopping: what is in hand is finished; once more stops at once" in err
        assert "? berlin unfinished: the apply was stopped before its deployment had ended" in out
        assert "Stopped. What is done stays" in err
        assert runs_of(fleet) == ["stopped"]
    aws.put_devices({})
    aws.advance(10)
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    assert len(live.deployments(aws.client, "berlin")) == 1


def test_a_thing_type_that_is_not_there_refuses_everything(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.group("berlin", cores=[{"thingName": "berlin-core", "thingType": "unheard-of"}]).write()
    aws.clear_calls()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 3
    assert "Guards:" in ran.out
    assert "unheard-of" in ran.out
    assert ran.err.startswith("error: nothing was applied: 1 finding refuses the plan\nhint: ")
    assert "--exclude" in ran.err
    assert aws.writes() == []
    assert runs_of(fleet) == []


def test_what_is_refused_may_be_left_out(fleet: FleetFiles) -> None:
    fleet.group("berlin", cores=[{"thingName": "berlin-core", "thingType": "unheard-of"}]).write()
    ran = run_cli("apply", fleet.directory, "--yes", "--exclude", "berlin")
    assert (ran.code, ran.last_line[:31]) == (0, "Apply complete: 1 group created")


def test_a_group_that_is_somebody_elses_refuses_everything(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.client("greengrass").create_group(Name="berlin", tags={"reconciler:fleet": "another"})
    aws.clear_calls()
    ran = run_cli("apply", fleet.directory, "--yes", "--format", "json")
    assert (ran.code, ran.out) == (3, "")
    assert "berlin" in ran.err
    assert "another" in ran.err
    assert aws.writes() == []


def test_one_core_fails_the_others_finish_and_the_next_apply_mends_it(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"berlin-core": {"outcome": "fail", "error": "disk\x1b[2J full"}})
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 5
    *_, failed, hint, last = ran.out.rstrip().split("\n")
    assert failed.startswith("! berlin failed: disk\\x1b[2J full (deployment ")
    assert hint == (
        f"Mend what failed, then run `reconcile apply {fleet.directory}` again: what is done stays, the rest is tried "
        "again."
    )
    assert last == "Apply incomplete: 1 group done, 1 failed, 0 unfinished; 0 unchanged."
    aws.put_devices({})
    again = run_cli("apply", fleet.directory, "--yes")
    assert (again.code, again.last_line) == (
        0,
        "Apply complete: 0 groups created, 0 updated, 0 things provisioned, 1 deployment succeeded; 1 unchanged.",
    )
    assert runs_of(fleet) == ["succeeded", "partial"]


def test_the_hint_repeats_what_was_chosen(aws: Sandbox, tmp_path: Path) -> None:
    make_buckets(aws.client)
    fleet = FleetFiles(tmp_path / "my fleet").group("berlin", devices=0).write()
    aws.put_devices({"*": {"outcome": "fail"}})
    ran = run_cli("apply", fleet.directory, "--yes", "--select", "ber*")
    assert ran.code == 5
    assert f"run `reconcile apply '{fleet.directory}' --select 'ber*'` again" in ran.out


def test_a_core_that_stays_away_until_the_deadline(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"berlin-core": {"outcome": "offline"}})
    ran = run_cli("apply", fleet.directory, "--yes", "--timeout", "1")
    assert ran.code == 5
    assert "? berlin unfinished: the core has not reported: deployment InProgress" in ran.out
    assert f"Cores may still report what is with Greengrass: `reconcile status {fleet.directory}` shows it." in ran.out
    assert ran.last_line == "Apply incomplete: 1 group done, 0 failed, 1 unfinished; 0 unchanged."
    assert "unfinished" in run_cli("status", fleet.directory).out
    aws.put_devices({})
    assert reports(fleet, "succeeded")["state"] == "succeeded"


def test_nobody_waits(fleet: FleetFiles) -> None:
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code == 0
    assert "> berlin deploying: with Greengrass, its deployment has not ended yet (deployment " in ran.out
    assert f"`reconcile status {fleet.directory}` shows it" in ran.out
    assert ran.last_line == (
        "Apply complete: 2 groups created, 0 updated, 4 things provisioned, 0 deployments succeeded, 2 still open; "
        "0 unchanged."
    )
    assert runs_of(fleet) == ["running"]
    assert reports(fleet, "succeeded")["state"] == "succeeded"
    assert runs_of(fleet) == ["succeeded"]


def reports(fleet: FleetFiles, state: str) -> dict[str, object]:
    """The status document once every core has reported; each must stand in ``state`` then."""
    for _ in range(200):
        document: dict[str, object] = json.loads(run_cli("status", fleet.directory, "--format", "json").out)
        states = {group["state"] for group in document["groups"]}  # type: ignore[attr-defined]  # a list
        if not states & {"deploying", "unfinished"}:
            assert states == {state}
            return document
    raise AssertionError("the cores never reported")


def test_json_is_the_status_alone(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"berlin-core": {"outcome": "fail", "error": "no"}})
    ran = run_cli("apply", fleet.directory, "--yes", "--format", "json")
    document = json.loads(ran.out)
    assert ran.code == 5
    assert mismatches(document, "status") == []
    assert document["state"] == "partial"
    assert [
        [group[key] for key in ("name", "target", "live", "deployed", "state", "deploymentStatus", "error")]
        for group in document["groups"]
    ] == [["berlin", 1, 1, None, "failed", "Failure", "no"], ["munich", 1, 1, 1, "succeeded", "Success", None]]
    assert ran.err.rstrip().endswith("Apply incomplete: 1 group done, 1 failed, 0 unfinished; 0 unchanged.")


def test_json_of_an_apply_without_changes(fleet: FleetFiles) -> None:
    run_cli("apply", fleet.directory, "--yes")
    ran = run_cli("apply", fleet.directory, "--format", "json")
    document = json.loads(ran.out)
    assert ran.code == 0
    assert mismatches(document, "status") == []
    assert (document["run"], document["state"]) == (None, None)
    assert ran.err.rstrip().endswith("No changes. 2 groups match the files.")


def test_a_group_whose_things_cannot_be_provisioned(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_faults([{"service": "iot", "operation": "RegisterThing", "fault": "error"}])
    ran = run_cli("apply", fleet.directory, "--yes")
    assert (ran.code, ran.last_line) == (5, "Apply incomplete: 0 groups done, 2 failed, 0 unfinished; 0 unchanged.")
    assert "! berlin failed: " in ran.out
    assert "iot:RegisterThing" in ran.out
    aws.put_faults([])
    again = run_cli("apply", fleet.directory, "--yes")
    assert again.code == 0
    assert run_cli("plan", fleet.directory).last_line == "No changes. 2 groups match the files."


def test_a_bucket_that_is_not_there_fails_each_group_with_its_reason(aws: Sandbox, tmp_path: Path) -> None:
    fleet = FleetFiles(tmp_path / "fleet").group("berlin", devices=0).write()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 5
    assert "! berlin failed: " in ran.out
    assert "NoSuchBucket" in ran.out
    assert "iot:RegisterThing" not in aws.counts()
    assert ran.last_line == "Apply incomplete: 0 groups done, 1 failed, 0 unfinished; 0 unchanged."
    assert runs_of(fleet) == ["failed"]
    assert "failed" in run_cli("status", fleet.directory).out


def test_each_line_of_progress_is_one_line(fleet: FleetFiles) -> None:
    ran: Ran = run_cli("apply", fleet.directory, "--yes")
    for line in ran.err.splitlines():
        seconds, _, what = line.strip().partition("  ")
        assert seconds.removesuffix("s").isdecimal()
        assert what.startswith(("berlin  ", "munich  ", "bulk deployment "))


def test_the_demo_uses_no_option_that_is_not_there() -> None:
    demo = Path(__file__).parents[2] / "examples" / "demo.sh"
    subprocess.run(["bash", "-n", demo], check=True)
    commands = [line.split()[2] for line in demo.read_text().splitlines() if line.startswith("run reconcile ")]
    assert {"plan", "apply", "status"} <= set(commands)
