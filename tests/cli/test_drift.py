"""``reconcile drift``: what moved, of which kind, and that nothing is written."""

import json
from collections.abc import Callable

import pytest

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, run_cli
from tests.reporting.schemas import mismatches

pytestmark = pytest.mark.sampled


@pytest.fixture
def applied(fleet: FleetFiles) -> FleetFiles:
    assert run_cli("apply", fleet.directory, "--yes").code == 0
    return fleet


def deleted(_: FleetFiles, aws: Sandbox) -> None:
    identifier = live.groups(aws.client)["munich"]["Id"]
    aws.client("greengrass").reset_deployments(GroupId=identifier, Force=True)
    aws.client("greengrass").delete_group(GroupId=identifier)


def foreign(files: FleetFiles, aws: Sandbox) -> None:
    aws.client("greengrass").create_group(Name="paris")
    files.group("paris", devices=1).write()


def pending(files: FleetFiles, _: Sandbox) -> None:
    files.template(2, timeout=9).group("munich", version=2, devices=1).write()


def stripped(_: FleetFiles, aws: Sandbox) -> None:
    """A new version without devices, made by hand."""
    arns = live.arns(aws.client, "munich")
    aws.client("greengrass").create_group_version(
        GroupId=live.groups(aws.client)["munich"]["Id"], CoreDefinitionVersionArn=arns["Core"]
    )


HINTS = {
    "changed": "`reconcile apply {0}` brings the fleet back to its files; `reconcile export {0}` says how",
    "deleted": "`reconcile apply {0}` brings the fleet back to its files; `reconcile export {0}` says how",
    "foreign": "a group of somebody else's is left alone",
    "pending": "`reconcile apply {0}` applies what is pending",
}


@pytest.mark.parametrize(
    ("move", "kind"), [(stripped, "changed"), (deleted, "deleted"), (foreign, "foreign"), (pending, "pending")]
)
def test_kinds(move: Callable[[FleetFiles, Sandbox], None], kind: str, applied: FleetFiles, aws: Sandbox) -> None:
    move(applied, aws)
    aws.clear_calls()
    ran = run_cli("drift", applied.directory, "--format", "json")
    document = json.loads(ran.out)
    assert (ran.code, [group["kind"] for group in document["groups"]]) == (2, [kind])
    assert mismatches(document, "drift") == []
    assert ran.err == f"Drift: 1 group (1 {kind}); {document['summary']['clean']} clean.\n"
    assert aws.writes() == []
    text = run_cli("drift", applied.directory)
    assert text.last_line == ran.err.rstrip()
    assert text.err.startswith(f"hint: {HINTS[kind].format(applied.directory)}")


def test_hints_are_of_the_groups_that_were_looked_at(applied: FleetFiles, aws: Sandbox) -> None:
    deleted(applied, aws)
    ran = run_cli("drift", applied.directory, "--select", "munich", "--exclude", "b*")
    assert f"`reconcile apply {applied.directory} --select munich --exclude 'b*'` brings" in ran.err
    assert f"`reconcile export {applied.directory} --select munich --exclude 'b*'` says" in ran.err


def test_no_drift(applied: FleetFiles) -> None:
    ran = run_cli("drift", applied.directory)
    assert (ran.code, ran.last_line) == (0, "No drift. 2 groups match the files.")


def test_devices_that_fail_and_text_and_markdown(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"munich-*": {"outcome": "fail", "error": "no memory"}})
    assert run_cli("apply", fleet.directory, "--yes").code == 5
    text, markdown = run_cli("drift", fleet.directory), run_cli("drift", fleet.directory, "--format", "markdown")
    assert (text.code, markdown.code) == (2, 2)
    assert text.last_line == "Drift: 1 group (1 not-converged); 1 clean."
    assert "no memory" in text.out
    assert f"hint: `reconcile status {fleet.directory}` shows what each core last reported" in text.err
    assert "(sent again)" in text.out
    assert "| **not-converged** | `munich` |" in markdown.out
