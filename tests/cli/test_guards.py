"""Guards and policies on the command line: plan reports, apply refuses, and what lets a plan pass."""

import json
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from reconciler.execution import guarding
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, make_buckets, run_cli

pytestmark = pytest.mark.sampled

LIMITED = {"updated": 0, "deployed": "50%"}


@pytest.fixture
def applied(fleet: FleetFiles) -> FleetFiles:
    """The fleet of two groups, live and deployed."""
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    return fleet


@pytest.fixture
def raised(applied: FleetFiles) -> FleetFiles:
    """The same with another template version for both groups, and guards against that."""
    applied.template(2, timeout=9).fleet(guards=LIMITED)
    return applied.group("berlin", 2, 1).group("munich", 2, 1).write()


def plan_document(files: FleetFiles, *options: str) -> dict[str, Any]:
    return dict(json.loads(run_cli("plan", files.directory, "--format", "json", *options).out))


def line_of(files: FleetFiles, text: str) -> str:
    """``file:line`` of the line of the Fleet that holds ``text``."""
    path = files.directory / "fleet.yaml"
    (line,) = (number for number, row in enumerate(path.read_text().splitlines(), 1) if text in row)
    return f"{path}:{line}"


def test_plan_reports_and_apply_refuses_with_numbers_place_and_remedies(raised: FleetFiles, aws: Sandbox) -> None:
    document = plan_document(raised)
    assert [(found["guard"], found["limit"], found["actual"], found["source"]) for found in document["guards"]] == [
        ("deployed", "50%", 2, line_of(raised, "deployed:")),
        ("updated", 0, 2, line_of(raised, "updated:")),
    ]
    planned = run_cli("plan", raised.directory)
    assert planned.code == 0
    digest = document["digest"][:12]
    said = (
        "  ! updated: 2 of 2 groups (100%) would be updated, and 0 may be; set `updated: 2` in spec.guards "
        f"({line_of(raised, 'guards:')}), or let this plan alone pass with `--waive updated@{digest}` "
        f"(limit 0, actual 2, at {line_of(raised, 'updated:')})"
    )
    assert said in planned.out
    aws.clear_calls()
    ran = run_cli("apply", raised.directory, "--yes")
    assert (ran.code, aws.writes()) == (3, [])
    assert said in ran.out
    assert "error: nothing was applied: 2 findings refuse the plan" in ran.err


def test_the_key_lifts_a_guard(raised: FleetFiles) -> None:
    raised.fleet(guards={"updated": 2, "deployed": "100%"}).write()
    ran = run_cli("apply", raised.directory, "--yes")
    assert (ran.code, "Guards:" in ran.out) == (0, False)


def test_the_option_lifts_a_guard_for_one_command(raised: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan_document(raised, "--guard", "updated=2", "--guard", "deployed=off")["guards"] == []
    (found,) = plan_document(raised, "--guard", "updated=1", "--guard", "deployed=off")["guards"]
    assert (found["limit"], found["source"]) == (1, "--guard")
    monkeypatch.setenv("RECONCILE_GUARD", "updated=warning deployed=100%")
    ran = run_cli("apply", raised.directory, "--yes")
    assert ran.code == 0
    assert "  ? updated: 2 of 2 groups (100%) would be updated, and 0 may be (" in ran.out


def test_a_waiver_holds_for_this_plan_alone(raised: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = plan_document(raised)["digest"]
    waived = ["--waive", f"updated@{digest[:12]}"]
    ran = run_cli("apply", raised.directory, "--yes", *waived)
    assert ran.code == 3
    assert f"(waived: --waive updated@{digest[:12]}, limit 0" in ran.out
    assert "1 finding refuses the plan" in ran.err
    other = raised.template(2, timeout=10).write()
    aws.clear_calls()
    ran = run_cli("apply", other.directory, "--yes", *waived, "--guard", "updated=off", "--guard", "deployed=off")
    assert (ran.code, aws.writes()) == (3, [])
    assert f"waiver: --waive updated@{digest[:12]} is for another plan" in ran.out
    raised.template(2, timeout=9).write()
    monkeypatch.setenv("RECONCILE_WAIVE", f"updated@{digest} deployed@{digest}")
    ran = run_cli("apply", raised.directory, "--yes")
    assert ran.code == 0
    assert ran.out.count("waived: --waive") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--waive", "updatet@0123456789ab"], "there is no guard or policy 'updatet'"),
        (["--waive", "updated"], "not of the form NAME@DIGEST"),
        (["--waive", "thing-type@0123456789ab"], "thing-type cannot be waived"),
        (["--guard", "updatet=3"], "there is no guard 'updatet'"),
        (["--guard", "updated"], "--guard updated: "),
        (["--guard", "failing=3"], '"3" is no value of the guard failing, which takes error, warning, off'),
        (["--guard", "components=30%"], "components are counted by number alone"),
        (["--guard", "updated=101%"], '"101%" is more than 100%'),
    ],
)
def test_wrong_usage(fleet: FleetFiles, options: list[str], message: str) -> None:
    ran = run_cli("apply", fleet.directory, "--yes", *options)
    assert (ran.code, ran.out) == (64, "")
    assert message in ran.err
    assert "hint: " in ran.err


def test_a_saved_plan_is_checked_again_when_it_is_applied(raised: FleetFiles, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    lifted = ["--guard", "updated=off", "--guard", "deployed=off"]
    assert run_cli("plan", raised.directory, "--out", path, *lifted).code == 0
    saved = json.loads(path.read_text())
    assert saved["guards"] == []
    ran = run_cli("apply", path, "--dir", raised.directory, "--yes")
    assert ran.code == 3
    assert "! updated: 2 of 2 groups (100%) would be updated" in ran.out
    begin = datetime.now(UTC) - timedelta(minutes=5)
    cron = f"{begin.minute} {begin.hour} {begin.day} {begin.month} *"
    raised.fleet(guards={"freeze": [{"name": "now", "cron": cron, "duration": "1h"}]}).write()
    frozen = run_cli("apply", path, "--dir", raised.directory, "--yes")
    assert frozen.code == 3
    assert "! freeze: now: nothing is applied until" in frozen.out
    waived = run_cli("apply", path, "--dir", raised.directory, "--yes", "--waive", f"freeze@{saved['digest']}")
    assert waived.code == 0, waived.out + waived.err


def test_a_template_version_that_was_edited_after_its_release(applied: FleetFiles, aws: Sandbox) -> None:
    applied.template(1, timeout=9).write()
    ran = run_cli("apply", applied.directory, "--yes")
    assert ran.code == 3
    assert "because template line 1 was edited after its release" in ran.out
    assert "! edited: template line 1 (" in ran.out
    assert "2 groups are at it (berlin, munich)" in ran.out
    assert run_cli("apply", applied.directory, "--yes", "--guard", "edited=off").code == 0
    assert run_cli("plan", applied.directory).last_line == "No changes. 2 groups match the files."


def test_a_fix_gets_through_to_failing_devices(raised: FleetFiles, aws: Sandbox) -> None:
    raised.template(3, timeout=12).fleet(guards=None).write()
    aws.put_devices({"berlin-core": {"outcome": "fail", "error": "disk full"}})
    assert run_cli("apply", raised.directory, "--yes").code == 5
    raised.group("berlin", 3, 1).write()
    aws.put_devices({})
    strict = run_cli("apply", raised.directory, "--yes", "--guard", "failing=error")
    assert strict.code == 3
    ran = run_cli("apply", raised.directory, "--yes")
    assert ran.code == 0
    assert (
        "? failing: 1 group would be sent a deployment while its last one has failed (berlin; berlin says: disk full)"
        in ran.out
    )


def test_a_first_apply_among_groups_of_others(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.client("greengrass").create_group(Name="somebody-elses")
    warned = run_cli("plan", fleet.directory)
    assert (warned.code, "? others: fleet demo was never applied" in warned.out) == (0, True)
    fleet.fleet(guards={"others": "error"}).write()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 3
    assert "! others: fleet demo was never applied to account 123456789012 in eu-central-1" in ran.out
    assert "where others have 1 group (somebody-elses)" in ran.out
    digest = plan_document(fleet)["digest"]
    assert run_cli("apply", fleet.directory, "--yes", "--waive", f"others@{digest}").code == 0
    for file in (fleet.directory / ".reconcile").iterdir():
        file.unlink()
    assert run_cli("apply", fleet.group("paris", devices=0).write().directory, "--yes").code == 0


def test_nothing_is_deleted_by_losing_files_a_typo_or_a_wrong_region(applied: FleetFiles, aws: Sandbox) -> None:
    live = {row["Id"] for row in aws.client("greengrass").list_groups()["Groups"]}
    aws.clear_calls()
    assert run_cli("apply", f"{applied.directory}x", "--yes").code == 1
    applied.fleet(region="us-east-1", bulkDeployments=None, artifacts=None).write()
    (applied.directory / "templates.yaml").write_text(
        (applied.directory / "templates.yaml").read_text().replace("eu-central-1", "us-east-1")
    )
    moved = run_cli("apply", applied.directory, "--yes")
    assert moved.code == 1
    assert "AWS lists no Greengrass group in us-east-1, though this fleet made berlin, munich" in moved.err
    applied.fleet().write()
    for name in ("berlin", "munich"):
        applied.path_of(name).unlink()
    emptied = run_cli("apply", applied.directory, "--yes")
    assert emptied.code == 1
    assert "[empty-fleet] the fleet demo has no group" in emptied.err
    assert aws.writes() == []
    assert {row["Id"] for row in aws.client("greengrass").list_groups()["Groups"]} == live


POLICY = {"name": "calm", "expression": "plan.summary.update < 2", "message": "one group at a time"}


def test_a_policy_in_the_file(raised: FleetFiles) -> None:
    raised.fleet(policies=[POLICY]).write()
    ran = run_cli("apply", raised.directory, "--yes")
    digest = plan_document(raised)["digest"]
    assert ran.code == 3
    assert f"  ! calm: one group at a time; `--waive calm@{digest[:12]}` lets this plan alone pass (at " in ran.out
    assert run_cli("apply", raised.directory, "--yes", "--approve", f"calm@{digest}").code == 3
    assert run_cli("apply", raised.directory, "--yes", "--waive", f"calm@{digest}").code == 0


def test_what_needs_approval(raised: FleetFiles) -> None:
    raised.fleet(policies=[{**POLICY, "severity": "needs-approval"}]).write()
    digest = plan_document(raised)["digest"]
    ran = run_cli("apply", raised.directory, "--yes", "--waive", f"calm@{digest}")
    assert ran.code == 3
    assert "(needs approval, at " in ran.out
    approved = run_cli("apply", raised.directory, "--yes", "--approve", f"calm@{digest}")
    assert approved.code == 0
    assert f"  ? calm: one group at a time; `--approve calm@{digest[:12]}`" in approved.out


def test_waivers_in_the_file(raised: FleetFiles) -> None:
    over = {"until": "2020-01-01", "reason": "line 3 is rebuilt"}
    raised.fleet(policies=[{**POLICY, "waivers": [over]}]).write()
    ran = run_cli("apply", raised.directory, "--yes")
    assert ran.code == 3
    assert "its waiver is over since 2020-01-01" in ran.out
    raised.fleet(policies=[{**POLICY, "waivers": [{**over, "until": "2999-12-31"}]}]).write()
    assert run_cli("apply", raised.directory, "--yes").code == 0


def test_a_policy_of_an_installed_package(raised: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("no-such", "no.such.module:check", guarding.ENTRY_POINTS)
    monkeypatch.setattr(guarding, "entry_points", lambda group: [point] if group == guarding.ENTRY_POINTS else [])
    guarding.installed_policies.cache_clear()
    try:
        ran = run_cli("apply", raised.fleet(guards=None).write().directory, "--yes")
    finally:
        guarding.installed_policies.cache_clear()
    assert ran.code == 3
    assert "! no-such: the policy could not be checked: it raised ModuleNotFoundError" in ran.out


def test_an_order_meets_what_the_fleet_sets_alone(applied: FleetFiles) -> None:
    order = ["deploy", "*", "--dir", str(applied.directory), "--type", "Redeployment", "--yes"]
    assert run_cli(*order).code == 0
    applied.fleet(guards={"deployed": 1}).write()
    ran = run_cli(*order)
    assert ran.code == 3
    assert "! deployed: 2 of 2 groups (100%) would be sent a deployment or reset, and 1 may be" in ran.out
    assert run_cli(*order, "--guard", "deployed=2").code == 0


def test_an_empty_account_is_never_a_first_apply_among_others(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.reset()
    make_buckets(aws.client)
    assert plan_document(fleet)["guards"] == []
