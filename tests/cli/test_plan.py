"""``reconcile plan``: its last line, its exit codes, its document; and that it never writes."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.desired.schemas import validator
from reconciler.sandbox.testing import Sandbox
from tests.cli.conftest import usual_groups
from tests.fleets import FleetFiles, make_buckets, run_cli
from tests.reporting.schemas import mismatches

pytestmark = pytest.mark.sampled

TO_CREATE = "Plan: 2 groups to create, 0 to update, 0 to delete, 4 things to provision, 2 deployments; 0 unchanged."


@pytest.fixture
def applied(fleet: FleetFiles) -> FleetFiles:
    """The fleet, live and deployed."""
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    return fleet


def test_a_new_fleet(fleet: FleetFiles) -> None:
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.err, ran.last_line) == (0, "", TO_CREATE)
    assert "+ create group berlin (template line 1)" in ran.out
    assert "because no group of this name is live" in ran.out


def test_json_is_the_document_alone_and_the_summary_goes_to_stderr(fleet: FleetFiles) -> None:
    ran = run_cli("plan", fleet.directory, "--format", "json")
    document = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, f"{TO_CREATE}\n")
    assert mismatches(document, "plan") == []
    assert list(validator("plan").errors(document)) == []
    assert document["summary"]["create"] == 2
    assert [group["operation"] for group in document["groups"]] == ["create", "create"]


def test_markdown_and_html_are_documents_of_their_own(fleet: FleetFiles) -> None:
    markdown, page = (run_cli("plan", fleet.directory, "--format", name) for name in ("markdown", "html"))
    assert (markdown.code, markdown.err) == (page.code, page.err) == (0, f"{TO_CREATE}\n")
    assert markdown.out.startswith("### Fleet `demo`: changes\n")
    assert page.out.startswith("<!doctype html>")
    assert "+ create group berlin" in markdown.out
    assert "+ create group berlin" in page.out


def test_a_plan_of_the_same_state_has_the_same_digest(fleet: FleetFiles) -> None:
    first, second = (json.loads(run_cli("plan", fleet.directory, "--format", "json").out) for _ in range(2))
    assert first["digest"] == second["digest"]
    assert first["groups"] == second["groups"]


def test_the_detailed_exit_code(fleet: FleetFiles) -> None:
    assert run_cli("plan", fleet.directory).code == 0
    assert run_cli("plan", fleet.directory, "--detailed-exitcode").code == 2
    assert run_cli("plan", fleet.directory, "--detailed-exitcode", "--format", "json").code == 2
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    assert run_cli("plan", fleet.directory, "--detailed-exitcode").code == 0


def test_a_plan_that_is_refused_has_changes(fleet: FleetFiles) -> None:
    fleet.group("berlin", cores=[{"thingName": "berlin-core", "thingType": "unheard-of"}]).write()
    ran = run_cli("plan", fleet.directory, "--detailed-exitcode")
    assert ran.code == 2
    assert "unheard-of" in ran.out


def test_unchanged_groups_are_shown_on_demand(applied: FleetFiles) -> None:
    quiet, verbose = run_cli("plan", applied.directory), run_cli("plan", applied.directory, "--verbose")
    assert quiet.last_line == verbose.last_line == "No changes. 2 groups match the files."
    assert "munich" not in quiet.out
    assert "munich" in verbose.out


def unheard_of_type(files: FleetFiles, _: Sandbox) -> None:
    files.group("berlin", cores=[{"thingName": "berlin-core", "thingType": "unheard-of"}])


def drift(_: FleetFiles, aws: Sandbox) -> None:
    greengrass = aws.client("greengrass")
    for row in greengrass.list_groups()["Groups"]:
        greengrass.create_group_version(GroupId=row["Id"])
    for thing in ("berlin-core", "munich-device-1"):
        for principal in aws.client("iot").list_thing_principals(thingName=thing)["principals"]:
            aws.client("iot").detach_thing_principal(thingName=thing, principal=principal)


SITUATIONS: dict[str, Callable[[FleetFiles, Sandbox], Any]] = {
    "nothing changed": lambda files, aws: None,
    "another template version": lambda files, aws: files.template(2, timeout=9).group("berlin", 2, 1),
    "another device": lambda files, aws: files.group("berlin", devices=5),
    "no device": lambda files, aws: files.group("berlin", devices=0),
    "another group": lambda files, aws: files.group("paris"),
    "a group less": lambda files, aws: files.group("berlin", devices=1).without_group("berlin"),
    "a redeployment": lambda files, aws: files.group("berlin", devices=1, deployment={"redeploy": "2026-11-20"}),
    "a reset": lambda files, aws: files.group("berlin", devices=1, deployment={"state": "reset", "force": True}),
    "a thing type that is not there": unheard_of_type,
    "another bucket": lambda files, aws: files.fleet(artifacts={"bucket": "elsewhere"}),
    "drift": drift,
}


def test_a_plan_never_writes(applied: FleetFiles, aws: Sandbox, tmp_path: Path) -> None:
    for situation, change in SITUATIONS.items():
        files = usual_groups(FleetFiles(tmp_path / "fleet"))
        change(files, aws)
        files.write()
        aws.clear_calls()
        for options in ([], ["--format", "json", "--verbose", "--select", "*i*"]):
            assert run_cli("plan", applied.directory, *options).code == 0, situation
        assert aws.counts()["greengrass:ListGroups"] == 2, situation
        assert aws.writes() == [], situation


def test_a_plan_never_writes_into_an_empty_account(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.clear_calls()
    run_cli("plan", fleet.directory)
    run_cli("plan", fleet.directory, "--allow-empty")
    assert aws.writes() == []


def test_one_group_of_many_is_changed(applied: FleetFiles) -> None:
    applied.template(2, timeout=9).group("berlin", 2, 1).write()
    ran = run_cli("plan", applied.directory)
    assert ran.last_line == (
        "Plan: 0 groups to create, 1 to update, 0 to delete, 0 things to provision, 1 deployment; 1 unchanged."
    )
    assert "Timeout  3 → 9" in ran.out


def test_an_account_that_is_suddenly_empty_is_not_believed(applied: FleetFiles, aws: Sandbox, tmp_path: Path) -> None:
    aws.reset()
    make_buckets(aws.client)
    ran = run_cli("plan", applied.directory, "--stats", tmp_path / "stats.json")
    assert (ran.code, ran.out) == (1, "")
    assert "AWS lists no Greengrass group in eu-central-1, though this fleet made berlin, munich" in ran.err
    assert "AWS ended Greengrass V1 on 2026-10-07" in ran.err
    assert "--allow-empty" in ran.err
    assert json.loads((tmp_path / "stats.json").read_text())["calls"]["greengrass:ListGroups"] == 2
    believed = run_cli("plan", applied.directory, "--allow-empty")
    assert (believed.code, believed.last_line) == (0, TO_CREATE)


def test_groups_that_another_apply_made_since_they_were_listed_are_seen(fleet: FleetFiles, aws: Sandbox) -> None:
    once = [{"service": "greengrass", "operation": "ListGroups", "fault": "stale", "seconds": 3600, "times": 1}]
    aws.put_faults(once)
    assert run_cli("plan", fleet.directory).last_line == TO_CREATE
    aws.put_faults([])
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    aws.put_faults(once)  # what was listed before the apply
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.last_line) == (0, "No changes. 2 groups match the files.")


@pytest.mark.parametrize("content", [b"no database at all" * 200, b"SQLite format 3\x00" + bytes(5000)])
@pytest.mark.parametrize("command", ["plan", "apply", "status", "runs"])
def test_a_damaged_ledger(command: str, content: bytes, fleet: FleetFiles) -> None:
    state = fleet.directory / ".reconcile"
    state.mkdir()
    (state / "ledger.db").write_bytes(content)
    ran = run_cli(command, fleet.directory, *(["--yes"] if command == "apply" else []))
    assert (ran.code, ran.out) == (1, "")
    assert f"using the ledger {state}/ledger.db: " in ran.err
    assert "hint: if the file is damaged, delete it" in ran.err


def test_a_damaged_cache_is_begun_anew(applied: FleetFiles) -> None:
    (applied.directory / ".reconcile" / "cache.db").write_bytes(b"no database at all" * 200)
    ran = run_cli("plan", applied.directory)
    assert (ran.code, ran.last_line) == (0, "No changes. 2 groups match the files.")


def test_local_state_that_is_lost_costs_time_alone(applied: FleetFiles) -> None:
    for file in (applied.directory / ".reconcile").iterdir():
        file.unlink()
    ran = run_cli("plan", applied.directory)
    assert (ran.code, ran.last_line) == (0, "No changes. 2 groups match the files.")


def test_a_ledger_that_cannot_be_opened(fleet: FleetFiles) -> None:
    (fleet.directory / ".reconcile" / "ledger.db").mkdir(parents=True)
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.out) == (1, "")
    assert f"opening the ledger {fleet.directory}/.reconcile/ledger.db: " in ran.err
    assert "hint: the fleet directory has to be writable for ledger and cache" in ran.err


def test_local_state_that_cannot_be_made(fleet: FleetFiles) -> None:
    (fleet.directory / ".reconcile").write_text("a file in the way")
    ran = run_cli("plan", fleet.directory)
    assert (ran.code, ran.out) == (1, "")
    assert f"making {fleet.directory}/.reconcile: File exists" in ran.err
    assert "hint: the fleet directory has to be writable for ledger and cache" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("command", ["plan", "apply", "status", "runs"])
def test_a_fleet_directory_that_is_read_only(command: str, fleet: FleetFiles) -> None:
    fleet.directory.chmod(0o555)
    try:
        ran = run_cli(command, fleet.directory)
    finally:
        fleet.directory.chmod(0o755)
    assert (ran.code, ran.out) == (1, "")
    assert f"making {fleet.directory}/.reconcile: Permission denied" in ran.err


def test_what_is_local_is_kept_out_of_git(fleet: FleetFiles) -> None:
    run_cli("plan", fleet.directory)
    assert (fleet.directory / ".reconcile" / ".gitignore").read_text() == "*\n"
