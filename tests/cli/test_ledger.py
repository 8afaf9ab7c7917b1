"""The commands with their ledger in DynamoDB: what another machine finds there, and what it costs."""

import json
import shutil
from pathlib import Path

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.execution.ledgers import TABLE, make_table
from tests.fleets import FleetFiles, run_cli


@pytest.fixture
def shared(fleet: FleetFiles, aws: Sandbox) -> FleetFiles:
    """The usual fleet with a ledger that is not this machine's."""
    make_table(aws.client)
    return fleet.fleet(ledger={"provider": "dynamodb", "table": TABLE}).write()


@pytest.fixture
def elsewhere(shared: FleetFiles, tmp_path: Path) -> Path:
    """The same files on another machine, which has no local state."""
    return Path(shutil.copytree(shared.directory, tmp_path / "elsewhere", ignore=shutil.ignore_patterns(".reconcile")))


def test_a_plan_reads_it_and_writes_nothing(shared: FleetFiles, aws: Sandbox, tmp_path: Path) -> None:
    aws.clear_calls()
    ran = run_cli("plan", shared.directory, "--stats", tmp_path / "stats.json")
    assert ran.code == 0
    assert aws.writes() == []
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["calls"]["dynamodb:Query"] == aws.counts()["dynamodb:Query"] == 2  # groups; deletions begun
    assert stats["writes"] == 0
    assert not (shared.directory / ".reconcile" / "ledger.db").exists()


def test_an_apply_is_recorded_for_all_machines(shared: FleetFiles, elsewhere: Path, tmp_path: Path) -> None:
    ran = run_cli("apply", shared.directory, "--yes", "--stats", tmp_path / "stats.json")
    assert ran.code == 0
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["calls"]["dynamodb:TransactWriteItems"] == 1
    assert stats["writes"] >= stats["calls"]["dynamodb:PutItem"] > 0
    again = run_cli("apply", elsewhere, "--yes")
    assert (again.code, again.last_line[:10]) == (0, "No changes")
    document = json.loads(run_cli("status", elsewhere, "--format", "json").out)
    assert (document["state"], len(document["groups"])) == ("succeeded", 2)
    assert [(group["live"], group["deployed"]) for group in document["groups"]] == [(1, 1), (1, 1)]
    runs = json.loads(run_cli("runs", elsewhere, "--format", "json").out)["runs"]
    assert [run["run"] for run in runs] == [document["run"]]
    assert not (elsewhere / ".reconcile" / "ledger.db").exists()


def test_groups_that_another_machine_made_are_missed(shared: FleetFiles, elsewhere: Path, aws: Sandbox) -> None:
    run_cli("apply", shared.directory, "--yes")
    for group in aws.client("greengrass").list_groups()["Groups"]:
        aws.client("greengrass").reset_deployments(GroupId=group["Id"], Force=True)
        aws.client("greengrass").delete_group(GroupId=group["Id"])
    ran = run_cli("plan", elsewhere)
    assert ran.code == 1
    assert "though this fleet made berlin, munich" in ran.err


def test_runs_of_a_fleet_that_never_ran(shared: FleetFiles) -> None:
    assert run_cli("runs", shared.directory) == (0, "0 runs.\n", "")


@pytest.mark.parametrize("command", ["runs", "unlock"])
def test_stats_count_what_the_ledger_was_asked(command: str, shared: FleetFiles, aws: Sandbox, tmp_path: Path) -> None:
    aws.clear_calls()
    assert run_cli(command, shared.directory, "--stats", tmp_path / "stats.json").code == 0
    assert json.loads((tmp_path / "stats.json").read_text())["calls"] == aws.counts()


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("status",), ("runs",)])
def test_a_table_that_is_not_there(command: tuple[str, ...], fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.fleet(ledger={"provider": "dynamodb", "table": "nowhere"}).write()
    aws.clear_calls()
    name, *options = command
    ran = run_cli(name, fleet.directory, *options)
    assert (ran.code, ran.out) == (1, "")
    assert "there is no DynamoDB table nowhere in eu-central-1" in ran.err
    assert "aws dynamodb create-table --region eu-central-1 --table-name nowhere" in ran.err
    assert aws.writes() == []


def test_runs_of_another_account_are_not_looked_at(shared: FleetFiles) -> None:
    shared.fleet(account="210987654321", bulkDeployments=None, ledger={"provider": "dynamodb", "table": TABLE})
    shared.template(definitions={}).write()
    ran = run_cli("runs", shared.directory)
    assert ran.code == 1
    assert "the credentials belong to 123456789012" in ran.err
