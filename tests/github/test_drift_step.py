"""``reconcile github drift``: one issue for a fleet, from the first drift to the last."""

from typing import Any

from reconciler.github.drift import seen_now
from reconciler.github.issues import Issue
from reconciler.model.drift import Drift, Moved
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import run_cli
from tests.github.events import payload
from tests.github.test_apply_step import Step
from tests.github.workflow import Workflow


def look(workflow: Workflow) -> Step:
    commit = workflow.repository.git("rev-parse", "HEAD")
    return workflow.step("drift", "fleets/demo", event="schedule", payload=payload("push"), sha=commit)


def issues(workflow: Workflow) -> list[dict[str, Any]]:
    return list(workflow.stand_in.state.issues.values())


def strip(aws: Sandbox) -> None:
    """Take the devices out of a group, as somebody would by hand."""
    aws.client("greengrass").create_group_version(
        GroupId=live.groups(aws.client)["munich"]["Id"],
        CoreDefinitionVersionArn=live.arns(aws.client, "munich")["Core"],
    )


def test_it_is_opened_counted_closed_and_opened_again(workflow: Workflow, aws: Sandbox) -> None:
    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    ran, outputs, summary = look(workflow)
    assert (ran.code, outputs["drift"], issues(workflow)) == (0, "false", [])
    assert "no drift" in summary
    strip(aws)
    aws.clear_calls()
    ran, outputs, _ = look(workflow)
    assert (ran.code, outputs["drift"]) == (0, "true")
    assert aws.writes() == []
    [issue] = issues(workflow)
    assert issue["title"] == "Drift in fleet demo"
    assert [label["name"] for label in issue["labels"]] == ["drift"]
    assert "| **changed** | `munich` |" in issue["body"]
    assert "| once |" in issue["body"]
    look(workflow)
    assert "| 2 times |" in issues(workflow)[0]["body"]
    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    look(workflow)
    [issue] = issues(workflow)
    assert issue["state"] == "closed"
    assert workflow.stand_in.bodies(issue["number"]) == ["No drift any more: No drift. 2 groups match the files."]
    strip(aws)
    look(workflow)
    [issue] = issues(workflow)
    assert issue["state"] == "open"
    assert "| once |" in issue["body"]


def test_github_being_down_is_a_warning(workflow: Workflow, aws: Sandbox) -> None:
    workflow.stand_in.fail("GET", "/user", 400, times=9)
    ran, outputs, summary = look(workflow)
    assert (ran.code, outputs["drift"]) == (0, "true")
    assert "::warning::writing the issue: " in ran.out
    assert "| **pending** | `berlin` |" in summary


def drift_of(**kinds: Any) -> Drift:
    groups = tuple(Moved(name, "greengrass/v1", kind) for name, kind in kinds.items())
    return Drift("demo", "123456789012", "eu-central-1", "2026-11-26T09:00:00Z", groups)


def test_another_kind_of_drift_begins_anew() -> None:
    marker = {"seen": {"rome": ["changed", "2026-11-01", 4], "bern": ["changed", "2026-11-01", 4]}}
    seen = seen_now(drift_of(rome="changed", bern="deleted", wien="changed"), Issue(1, True, marker))
    assert [(name, entry.times) for name, entry in seen.items()] == [("bern", 1), ("rome", 5), ("wien", 1)]
    assert seen["rome"].first == "2026-11-01"


def test_what_somebody_edited_is_left_out() -> None:
    for edited in ("x", {"rome": "x"}, {"rome": ["changed", 1, "x"]}):
        seen = seen_now(drift_of(rome="changed"), Issue(1, True, {"seen": edited}))
        assert (seen["rome"].first, seen["rome"].times) == ("2026-11-26T09:00:00Z", 1)
