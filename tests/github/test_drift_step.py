"""``reconcile github drift``: one issue for a fleet, from the first drift to the last."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.github.drift import seen_now
from reconciler.github.issues import Issue
from reconciler.model.drift import Drift, Moved
from reconciler.model.errors import ReconcileError
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import run_cli
from tests.github.events import payload
from tests.github.test_apply_step import Step
from tests.github.workflow import Workflow


def look(workflow: Workflow, *arguments: str, **variables: str) -> Step:
    commit = workflow.repository.git("rev-parse", "HEAD")
    variables = {"GITHUB_REF": "refs/heads/main", **variables}
    step = ("drift", "fleets/demo", *arguments)
    return workflow.step(*step, event="schedule", payload=payload("push"), sha=commit, **variables)


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
    assert "To keep it" not in summary
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
    assert "To keep it" not in issue["body"]
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


def delete(aws: Sandbox) -> None:
    """Delete a group, as somebody would by hand."""
    identifier = live.groups(aws.client)["munich"]["Id"]
    aws.client("greengrass").reset_deployments(GroupId=identifier, Force=True)
    aws.client("greengrass").delete_group(GroupId=identifier)


@pytest.mark.parametrize(
    ("act", "kind", "matching"), [(delete, "deleted", "1 group matches"), (strip, "changed", "2 groups match")]
)
def test_accepting_goes_along_with_the_issue_and_ends_with_it(
    act: Callable[[Sandbox], None], kind: str, matching: str, workflow: Workflow, aws: Sandbox, tmp_path: Path
) -> None:
    state = workflow.stand_in.state
    state.git = workflow.repository
    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    act(aws)
    aws.clear_calls()
    ran, outputs, summary = look(workflow, "--accept", "--output-directory", str(tmp_path / "out"))
    assert (ran.code, outputs["drift"]) == (0, "true")
    assert aws.writes() == []
    assert f"| `munich` | **{kind}** |" in (tmp_path / "out" / "accept.md").read_text(encoding="utf-8")
    [issue], [pull] = issues(workflow), list(state.pulls.values())
    words = f"To keep it, merge #{pull['number']}, which writes it into the files."
    assert words in issue["body"]
    assert words in summary
    assert f"The drift is told in #{issue['number']}." in pull["body"]
    assert f"| `munich` | **{kind}** |" in pull["body"]
    assert "History" not in pull["body"]
    requests = len(workflow.stand_in.requests)
    look(workflow, "--accept")
    methods = [method for method, _ in workflow.stand_in.requests[requests:]]
    assert [method for method in methods if method != "GET"] == ["PATCH"]  # the issue counts how often
    workflow.repository.git("merge", "--quiet", "--squash", "reconcile/accept-demo")
    workflow.repository.commit("Merge")
    pull |= {"state": "closed", "merged_at": "2026-11-26T09:00:00Z"}
    assert run_cli("plan", "fleets/demo").last_line == f"No changes. {matching} the files."
    ran, outputs, _ = look(workflow, "--accept")
    assert (outputs["drift"], issues(workflow)[0]["state"]) == ("false", "closed")
    assert workflow.repository.git("branch", "--list", "reconcile/*") == ""


def test_accepting_takes_the_token_that_is_for_it(workflow: Workflow, aws: Sandbox) -> None:
    workflow.stand_in.state.git = workflow.repository
    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    delete(aws)
    look(workflow, RECONCILE_ACCEPT="true", RECONCILE_ACCEPT_TOKEN="other-token")
    by_token: dict[str, set[str]] = {"token": set(), "other-token": set()}
    for (method, template), token in zip(workflow.stand_in.requests, workflow.stand_in.tokens, strict=True):
        by_token[token].add(f"{method} {template.removeprefix('/repos/{owner}/{repo}')}")
    assert "POST /pulls" in by_token["other-token"]
    assert by_token["token"] == {"GET /user", "GET /issues", "POST /issues", "POST /labels"}


def test_drift_is_told_also_where_it_cannot_be_accepted(
    workflow: Workflow, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ReconcileError("AWS does not say")

    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    delete(aws)
    monkeypatch.setattr("reconciler.cli.github_drift.accept_live", refuse)
    ran, outputs, _ = look(workflow, "--accept")
    assert (ran.code, outputs["drift"], len(issues(workflow))) == (0, "true", 1)
    assert "::warning::what is live cannot be accepted into the files: AWS does not say" in ran.out


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_issue_does_without_the_pull_request(method: str, workflow: Workflow, aws: Sandbox) -> None:
    workflow.stand_in.state.git = workflow.repository
    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    delete(aws)
    words = "GitHub Actions is not permitted to create pull requests"
    workflow.stand_in.fail(method, "/repos/{owner}/{repo}/pulls", 403, message=words)
    ran, _, _ = look(workflow, "--accept")
    assert ran.code == 0
    assert "::warning::writing the pull request: " in ran.out
    assert "write it into the files: `reconcile export fleets/demo --write` does." in issues(workflow)[0]["body"]


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
