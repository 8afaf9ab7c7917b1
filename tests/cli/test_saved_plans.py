"""Saved plans: what is shown, what is refused, and what moved between plan and apply."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, Ran, run_cli

pytestmark = pytest.mark.sampled

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def saved(fleet: FleetFiles) -> Path:
    """The plan that creates both groups."""
    return save(fleet)


def save(fleet: FleetFiles) -> Path:
    file = fleet.directory / "plan.json"
    ran = run_cli("plan", fleet.directory, "--out", file)
    assert ran.code == 0, ran.err
    assert f"Apply it with `reconcile apply {file}`." in ran.err
    return file


def raised(fleet: FleetFiles) -> Path:
    """A fleet that is live, and the plan that raises both groups to version 2."""
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    fleet.template(1).template(2, timeout=9).group("berlin", 2, devices=1).group("munich", 2, devices=1).write()
    return save(fleet)


def refused(aws: Sandbox, file: Path, *options: str, code: int = 4) -> Ran:
    """Apply a plan that must be refused before anything is written."""
    aws.clear_calls()
    ran = run_cli("apply", file, "--yes", *options)
    assert ran.code == code, ran.out + ran.err
    assert aws.writes() == []
    return ran


# ---- the file


def test_a_saved_plan_is_shown_as_it_was_printed_without_aws_and_files(
    fleet: FleetFiles, aws: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "elsewhere.json"
    printed = run_cli("plan", fleet.directory, "--out", file)
    assert f"reconcile apply {file} --dir {fleet.directory}" in printed.err
    (fleet.directory / "fleet.yaml").unlink()
    aws.clear_calls()
    assert run_cli("show", file).out == printed.out
    assert json.loads(run_cli("show", file, "--format", "json").out) == json.loads(file.read_text())
    assert aws.calls() == []
    assert file.stat().st_mode & 0o077 == 0


def test_it_is_carried_out_once_and_then_nothing_is_left(fleet: FleetFiles, aws: Sandbox, saved: Path) -> None:
    first = run_cli("apply", saved, "--yes")
    assert first.code == 0, first.err
    assert first.last_line.startswith("Apply complete: 2 groups created")
    aws.clear_calls()
    second = run_cli("apply", saved, "--yes")
    assert (second.code, second.last_line) == (0, "No changes. 2 groups already converged.")
    assert "= berlin: converged" in second.out
    assert aws.writes() == []
    assert run_cli("runs", fleet.directory).last_line == "1 run."


def test_what_is_no_structure_makes_it_no_other_plan(saved: Path) -> None:
    document = json.loads(saved.read_text())
    document["createdAt"] = "2030-01-01T00:00:00.000Z"
    saved.write_text(json.dumps(dict(reversed(document.items())), indent=7))
    assert run_cli("apply", saved, "--yes").code == 0


def test_a_second_reading_gives_the_same_digest(fleet: FleetFiles) -> None:
    file = raised(fleet)
    first = json.loads(file.read_text())["digest"]
    assert json.loads(save(fleet).read_text())["digest"] == first


def edited(change: Edit) -> Callable[[str], str]:
    def write(text: str) -> str:
        document = json.loads(text)
        change(document)
        return json.dumps(document)

    return write


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text[: len(text) // 2], "the file is cut off at line"),
        (lambda text: text[: text.index('"groups"') + 3], "the file is cut off at line"),
        (lambda text: "", "the file is cut off at line 1"),
        (lambda text: text.replace(":", " ", 1), "not JSON"),
        (edited(lambda plan: plan.update(formatVersion=2)), "this version of reconcile reads 1, found 2"),
        (edited(lambda plan: plan["groups"].pop()), "the plan was edited, or cut, after it was made"),
        (edited(lambda plan: plan["groups"][0].update(blocked=True)), "the plan was edited, or cut"),
        (edited(lambda plan: plan["groups"][0]["actions"][-1]["inputs"].update(previous="x")), "the plan was edited"),
        (edited(lambda plan: next(iter(plan["contents"].values())).update(x=1)), "edited after it was made"),
    ],
)
def test_a_spoilt_file_is_refused(aws: Sandbox, saved: Path, spoil: Callable[[str], str], message: str) -> None:
    saved.write_text(spoil(saved.read_text()))
    ran = refused(aws, saved, code=1)
    assert str(saved) in ran.err
    assert message in ran.err
    assert "hint: make the plan again with `reconcile plan DIR --out plan.json`" in ran.err


@pytest.mark.parametrize(
    ("other", "what"),
    [({"name": "other"}, "fleet"), ({"account": "999999999999"}, "account"), ({"region": "eu-west-1"}, "region")],
)
def test_a_plan_of_another_fleet_account_or_region_is_refused(
    aws: Sandbox, fleet: FleetFiles, tmp_path: Path, other: dict[str, str], what: str
) -> None:
    file = save(fleet)
    document = (fleet.directory / "fleet.yaml").read_text()
    for key, value in other.items():
        old = next(line for line in document.splitlines() if line.strip().startswith(f"{key}:"))
        document = document.replace(old, old.partition(":")[0] + f": '{value}'", 1)
    (fleet.directory / "fleet.yaml").write_text(document)
    ran = refused(aws, file, code=1)
    assert what in ran.err


def test_a_saved_plan_is_not_narrowed(saved: Path) -> None:
    ran = run_cli("apply", saved, "--select", "berlin", "--yes")
    assert (ran.code, "as it is" in ran.err) == (64, True)
    ran = run_cli("apply", saved.parent, "--dir", saved.parent)
    assert ran.code == 64


def test_a_plan_that_lies_elsewhere_is_of_the_directory_in_the_environment(
    fleet: FleetFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plans" / "plan.json"
    file.parent.mkdir()
    printed = run_cli("plan", fleet.directory, "--out", file, "--format", "json")
    assert printed.err.splitlines()[-1].startswith("Plan: ")
    assert "[no-fleet]" in run_cli("apply", file, "--yes").err
    monkeypatch.setenv("RECONCILE_DIR", str(fleet.directory))
    assert run_cli("apply", file, "--yes").code == 0
    assert (fleet.directory / ".reconcile").exists()


def test_a_missing_plan_file_is_no_fleet(tmp_path: Path) -> None:
    assert run_cli("apply", tmp_path / "plan.json", "--yes").code == 1
    assert run_cli("show", tmp_path / "plan.json").code == 1


# ---- what moved between plan and apply


def test_somebody_deployed_by_hand(fleet: FleetFiles, aws: Sandbox) -> None:
    file = raised(fleet)
    row = live.groups(aws.client)["berlin"]
    made = aws.client("greengrass").create_deployment(
        GroupId=row["Id"], GroupVersionId=row["LatestVersion"], DeploymentType="NewDeployment"
    )
    ran = refused(aws, file)
    assert f"deployment {made['DeploymentId']} (NewDeployment) of group version" in ran.out
    assert "~ munich: fresh" in ran.out
    assert "error: nothing was applied: 1 of 2 groups moved since the plan was made" in ran.err


def test_somebody_added_a_device(fleet: FleetFiles, aws: Sandbox) -> None:
    file = raised(fleet)
    device = {"Id": "spy", "ThingArn": "arn:aws:iot:eu-central-1:123456789012:thing/spy", "SyncShadow": True}
    content = live.definition(aws.client, "Device", live.arns(aws.client, "berlin")["Device"])
    entry = {**device, "CertificateArn": "arn:aws:iot:eu-central-1:123456789012:cert/" + "a" * 64}
    made = aws.client("greengrass").create_device_definition(InitialVersion={"Devices": [*content["Devices"], entry]})
    version = live.new_version(aws.client, "berlin", Device=made["LatestVersionArn"])
    ran = refused(aws, file)
    assert f"group version {version} was made at" in ran.out
    assert "devices[spy] was added" in ran.out


def test_somebody_deleted_a_group(fleet: FleetFiles, aws: Sandbox) -> None:
    file = raised(fleet)
    group_id = live.groups(aws.client)["berlin"]["Id"]
    aws.client("greengrass").reset_deployments(GroupId=group_id, Force=True)
    aws.advance(10)
    aws.client("greengrass").delete_group(GroupId=group_id)
    ran = refused(aws, file)
    assert f"the group {group_id} was deleted" in ran.out


def test_another_merge_was_applied(fleet: FleetFiles, aws: Sandbox) -> None:
    file = raised(fleet)
    fleet.template(3, timeout=20).group("berlin", 3, devices=1).write()
    assert run_cli("apply", fleet.directory, "--yes", "--select", "berlin").code == 0
    ran = refused(aws, file)
    assert "tag reconciler:template-version is '3', it was '1'" in ran.out
    assert "functions[monitor].FunctionConfiguration.Timeout was changed: 3 → 20" in ran.out


def test_aws_answers_an_empty_list(fleet: FleetFiles, aws: Sandbox) -> None:
    file = raised(fleet)
    with patch("reconciler.runtimes.v1.observe.Observer.list_groups", return_value={}):
        ran = refused(aws, file, code=1)
    assert "AWS lists no Greengrass group in eu-central-1, though this fleet made berlin, munich" in ran.err


def test_somebody_made_a_group_of_the_name_of_a_new_one(aws: Sandbox, saved: Path) -> None:
    made = aws.client("greengrass").create_group(Name="berlin")
    ran = refused(aws, saved)
    assert f"a group of this name was made by somebody else: {made['Id']}" in ran.out
    second = aws.client("greengrass").create_group(Name="munich")
    third = aws.client("greengrass").create_group(Name="munich")
    ran = refused(aws, saved)
    assert ", ".join(sorted([second["Id"], third["Id"]])) in ran.out


def test_somebody_made_a_thing_of_the_name_of_a_new_one(aws: Sandbox, saved: Path) -> None:
    aws.client("iot").create_thing(thingName="berlin-core")
    assert "thing berlin-core was made by somebody else" in refused(aws, saved).out


def test_a_tag_of_others_and_a_core_that_reports_move_nothing(fleet: FleetFiles, aws: Sandbox) -> None:
    file = raised(fleet)
    aws.client("greengrass").tag_resource(
        ResourceArn=live.groups(aws.client)["berlin"]["Arn"], tags={"cost-centre": "17"}
    )
    assert run_cli("apply", file, "--yes").code == 0


def test_the_others_are_applied_if_told(fleet: FleetFiles, aws: Sandbox) -> None:
    file = raised(fleet)
    group_id = live.groups(aws.client)["berlin"]["Id"]
    aws.client("greengrass").reset_deployments(GroupId=group_id)
    before = live.groups(aws.client)["berlin"]
    ran = run_cli("apply", file, "--yes", "--allow-partial")
    assert ran.code == 5
    assert ran.last_line == "Apply incomplete: 1 group done, 0 failed, 0 unfinished, 1 stale; 0 unchanged."
    assert live.groups(aws.client)["berlin"] == before
    assert live.tags(aws.client, "munich")["reconciler:template-version"] == "2"
    ran = run_cli("apply", file, "--yes", "--allow-partial")
    assert ran.last_line == "Apply incomplete: 0 groups done, 1 stale; 1 already converged."


# ---- half applied


def test_a_plan_whose_core_failed_is_applied_again(fleet: FleetFiles, aws: Sandbox) -> None:
    file = raised(fleet)
    aws.put_devices({"berlin-core": {"outcome": "fail", "error": "disk full"}})
    first = run_cli("apply", file, "--yes")
    assert (first.code, "disk full" in first.out) == (5, True)
    aws.put_devices({})
    second = run_cli("apply", file, "--yes")
    assert second.code == 0, second.out + second.err
    assert "> berlin: begun" in second.out
    assert "= munich: converged" in second.out
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")
    assert len(live.deployments(aws.client, "berlin")) == 3
    assert len(live.deployments(aws.client, "munich")) == 2


def test_a_plan_that_deletes_is_carried_out_once(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.fleet(prune=True, deprovision=True).write()
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    fleet.without_group("munich").group("berlin", devices=0).write()
    file = save(fleet)
    first = run_cli("apply", file, "--yes")
    assert first.code == 0, first.out + first.err
    aws.clear_calls()
    second = run_cli("apply", file, "--yes")
    assert (second.code, second.last_line) == (0, "No changes. 2 groups already converged.")
    assert aws.writes() == []


def test_what_is_left_of_a_deletion_is_deleted_and_nothing_else(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.fleet(prune=True, deprovision=True).write()
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    fleet.without_group("munich").write()
    file = save(fleet)
    aws.put_faults([{"service": "s3", "operation": "DeleteObjects", "fault": "error"}])
    assert run_cli("apply", file, "--yes").code == 5
    aws.put_faults([])
    aws.clear_calls()
    second = run_cli("apply", file, "--yes")
    assert second.code == 0, second.out + second.err
    assert "> munich: begun" in second.out
    assert set(aws.writes()) == {"s3:DeleteObjects"}
    assert run_cli("apply", file, "--yes").last_line == "No changes. 1 group already converged."


def test_no_guard_refuses_a_plan_of_which_nothing_is_left(fleet: FleetFiles, aws: Sandbox) -> None:
    file = raised(fleet)
    refused(aws, file, "--guard", "updated=1", code=3)
    assert run_cli("apply", file, "--yes").code == 0
    aws.clear_calls()
    second = run_cli("apply", file, "--yes", "--guard", "updated=1")
    assert (second.code, second.last_line) == (0, "No changes. 2 groups already converged.")
    assert aws.writes() == []


def test_a_plan_that_was_not_waited_for_is_waited_for(fleet: FleetFiles, aws: Sandbox) -> None:
    file = raised(fleet)
    aws.put_devices({"berlin-core": {"outcome": "stuck"}})
    assert run_cli("apply", file, "--yes", "--no-wait").code == 0
    aws.advance(10)
    second = run_cli("apply", file, "--yes", "--timeout", "0")
    assert second.code == 5, second.out + second.err
    assert "> berlin: begun" in second.out
    assert "berlin unfinished" in second.out
    assert "= munich: converged" in second.out
    assert [len(live.deployments(aws.client, name)) for name in ("berlin", "munich")] == [2, 2]


def test_a_run_is_resumed(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"berlin-core": {"outcome": "fail", "error": "disk full"}})
    assert run_cli("apply", fleet.directory, "--yes").code == 5
    (run,) = json.loads(run_cli("runs", fleet.directory, "--format", "json").out)["runs"]
    aws.put_devices({})
    ran = run_cli("apply", fleet.directory, "--resume", run["run"], "--yes")
    assert ran.code == 0, ran.err
    assert ran.last_line.endswith("1 deployment succeeded; 0 unchanged.")
    unknown = run_cli("apply", fleet.directory, "--resume", "20200101T000000-abcdef", "--yes")
    assert (unknown.code, "the ledger knows no run" in unknown.err) == (1, True)
