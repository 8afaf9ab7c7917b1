"""``reconcile github plan``: a pull request from its first push to its last, and whatever goes wrong on the way."""

from pathlib import Path

import pytest

from reconciler.reporting.markdown import read_marker
from reconciler.sandbox.testing import Sandbox
from tests.fleets import run_cli
from tests.github.conftest import fleet_of
from tests.github.test_client import COMMENTS
from tests.github.workflow import NUMBER, Workflow

pytestmark = pytest.mark.sampled

PLAN = ("plan", "fleets/demo")
CHECKS = "/repos/{owner}/{repo}/check-runs"


def plan(workflow: Workflow, head: str, *arguments: str, event: str = "pull_request.opened", fork: bool = False):  # type: ignore[no-untyped-def]  # as Workflow.step
    payload = workflow.opened(head, event=event, fork=fork)
    return workflow.step(*PLAN, *arguments, event="pull_request", payload=payload, sha="f" * 40)


def test_a_pull_request_gets_one_comment_a_check_a_summary_and_files(
    workflow: Workflow, aws: Sandbox, tmp_path: Path
) -> None:
    head = workflow.repository.commit()
    aws.clear_calls()
    ran, outputs, summary = plan(workflow, head, "--output-directory", str(tmp_path / "out"), "--labels")
    assert ran.code == 0, ran.err
    assert aws.writes() == []
    [comment] = workflow.comments
    assert "### Fleet `demo`: changes" in comment
    assert "2 groups to create" in comment
    assert f"commit `{head[:12]}`" in comment
    assert "Merging applies it" in comment
    assert "### Fleet `demo`: changes" in summary
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "plan.html",
        "plan.json",
        "plan.md",
        "plan.txt",
    ]
    [check] = workflow.checks
    assert (check["name"], check["head_sha"], check["conclusion"]) == ("reconcile plan: demo", head, "success")
    facts = read_marker(check["output"]["text"]) or {}
    assert facts["digest"] == outputs["digest"] == (read_marker(comment) or {})["digest"]
    assert sorted(facts["groups"]) == ["berlin", "munich"]
    assert outputs["verdict"] == "changes"
    assert workflow.stand_in.state.labelled[NUMBER] == ["changes: demo"]


def test_another_push_edits_the_comment_and_tells_the_history(workflow: Workflow) -> None:
    first, second = workflow.repository.commit(), workflow.repository.commit()
    plan(workflow, first)
    plan(workflow, second, event="pull_request.synchronize")
    [comment] = workflow.comments
    assert f"commit `{second[:12]}`" in comment
    assert "<summary>History</summary>" in comment
    assert f"- `{first[:12]}` · `Plan: 2 groups to create" in comment


@pytest.mark.parametrize("step", ["plan", "apply", "drift"])
def test_what_somebody_committed_as_a_machine_s_memory_is_not_believed(
    workflow: Workflow, aws: Sandbox, step: str
) -> None:
    workflow.repository.write("fleets/demo/.reconcile/cache.db", "whatever")
    workflow.repository.git("add", "--force", "fleets/demo/.reconcile/cache.db")
    head = workflow.repository.commit()
    aws.clear_calls()
    ran, _, _ = workflow.step(step, "fleets/demo", event="pull_request", payload=workflow.opened(head), sha=head)
    assert ran.code == 1
    assert "fleets/demo/.reconcile/cache.db" in ran.out + ran.err
    assert "committed-state" in ran.out + ran.err
    assert aws.calls() == []


def test_without_changes_there_is_no_new_comment_and_an_old_one_is_edited(workflow: Workflow) -> None:
    head = workflow.repository.commit()
    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    ran, outputs, summary = plan(workflow, head)
    assert (ran.code, workflow.comments, outputs["verdict"]) == (0, [], "no changes")
    assert "### Fleet `demo`: no changes" in summary
    assert workflow.checks[0]["conclusion"] == "success"
    fleet_of(workflow.repository).template(timeout=9).write()
    plan(workflow, workflow.repository.commit())
    assert len(workflow.comments) == 1
    fleet_of(workflow.repository)
    plan(workflow, workflow.repository.commit())
    [comment] = workflow.comments
    assert "no changes" in comment
    assert "Merging this changes nothing in the account." in comment


def test_files_with_problems_get_annotations_on_their_lines_a_failed_check_and_nothing_else(
    workflow: Workflow, aws: Sandbox
) -> None:
    groups = "\n---\n".join(
        f"apiVersion: reconciler/v1\nkind: Group\nmetadata: {{name: bad-{at}}}\nspec: {{templat: 1}}" for at in range(9)
    )
    workflow.repository.write("fleets/demo/bad.yaml", groups)
    head = workflow.repository.commit()
    aws.clear_calls()
    ran, _, summary = plan(workflow, head)
    assert ran.code == 1
    assert aws.calls() == []
    lines = ran.out.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("::error file=fleets/demo/bad.yaml,line=4,col=")
    assert lines[-1] == "::error::and 9 more problems: the check and the log have them"
    [check] = workflow.checks
    assert check["conclusion"] == "failure"
    assert check["output"]["title"] == "18 problems in 1 file."
    assert [one["path"] for one in workflow.stand_in.state.annotations[check["id"]]] == ["fleets/demo/bad.yaml"] * 9
    assert workflow.comments == []
    assert "fleets/demo/bad.yaml:4:" in summary


def test_a_plan_of_no_pull_request_does_not_speak_of_merging(workflow: Workflow) -> None:
    commit = workflow.repository.commit()
    ran, outputs, summary = workflow.step(*PLAN, event="schedule", payload={}, sha=commit)
    assert (ran.code, outputs["verdict"], workflow.comments) == (0, "changes", [])
    assert "This is what an apply would do now, and nothing of it was done." in summary
    assert "erging" not in summary


def test_a_step_without_a_token_says_so(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    ran, _, summary = plan(workflow, workflow.repository.commit())
    assert ran.code == 0
    assert "::warning::GITHUB_TOKEN is not set: what is found stands in the job summary alone" in ran.out
    assert "### Fleet `demo`: changes" in summary
    assert workflow.stand_in.requests == []


def test_an_event_that_is_none_is_told(workflow: Workflow) -> None:
    event = {"pull_request": {"number": 7, "head": {"sha": "a"}}}
    ran, _, _ = workflow.step(*PLAN, event="pull_request", payload=event, sha="f" * 40)
    assert (ran.code, ran.out) == (1, "")
    assert "is none of GitHub's: KeyError('base')\nhint: GITHUB_EVENT_PATH names the file" in ran.err


def test_a_fork_is_validated_and_no_more(workflow: Workflow, aws: Sandbox) -> None:
    aws.clear_calls()
    ran, _, summary = plan(workflow, workflow.repository.commit(), fork=True)
    assert (ran.code, ran.out) == (0, "2 groups, 2 cores, 2 devices: no problems.\n")
    assert "A pull request from a fork is not planned." in summary
    assert aws.calls() == []
    assert workflow.stand_in.requests == []
    workflow.repository.write("fleets/demo/bad.yaml", "kind: [")
    ran, _, _ = plan(workflow, workflow.repository.commit(), fork=True)
    assert ran.code == 1
    assert ran.out.startswith("::error file=fleets/demo/bad.yaml,line=")
    assert workflow.stand_in.requests == []


def test_github_being_down_never_turns_a_good_plan_red(workflow: Workflow) -> None:
    for template in (COMMENTS, CHECKS, "/user"):
        for method in ("GET", "POST"):
            workflow.stand_in.fail(method, template, 400, times=9, message="down | ::error::")
    ran, outputs, summary = plan(workflow, workflow.repository.commit())
    assert ran.code == 0
    assert "::warning::writing the comment: GitHub GET /user: 400 down | ::error::" in ran.out
    assert "::warning::writing the check: " in ran.out
    assert outputs["verdict"] == "changes"
    assert "### Fleet `demo`: changes" in summary


def test_a_refused_plan_fails_and_says_why(workflow: Workflow) -> None:
    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    fleet_of(workflow.repository).fleet(guards={"updated": 0}).template(timeout=9).write()
    workflow.base = workflow.repository.commit()
    ran, outputs, _ = plan(workflow, workflow.repository.commit())
    assert (ran.code, outputs["verdict"]) == (3, "refused")
    assert "- **refused** by `updated`" in workflow.comments[0]
    assert f"--waive NAME@{outputs['digest'][:12]}" in workflow.comments[0]
    assert workflow.checks[0]["conclusion"] == "failure"


def test_the_rules_of_the_base_count_not_those_of_the_change(workflow: Workflow) -> None:
    """Whoever raises a limit and goes past it in one change is stopped by the limit as it was."""
    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    fleet_of(workflow.repository).fleet(guards={"updated": 0}).write()
    workflow.base = workflow.repository.commit()
    fleet_of(workflow.repository).fleet(guards={"updated": "off"}).template(timeout=9).write()
    ran, outputs, _ = plan(workflow, workflow.repository.commit())
    assert (ran.code, outputs["verdict"]) == (3, "refused")


def test_an_account_that_does_not_answer_is_a_failed_check(
    workflow: Workflow, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.put_faults([{"service": "sts", "operation": "*", "fault": "error"}])
    ran, _, _ = plan(workflow, workflow.repository.commit())
    assert ran.code == 1
    [check] = workflow.checks
    assert (check["conclusion"], check["output"]["title"]) == ("failure", "No plan could be made")
    assert workflow.comments == []


def test_what_a_plan_prints_is_no_command(workflow: Workflow) -> None:
    ran, _, _ = plan(workflow, workflow.repository.commit())
    lines = ran.out.splitlines()
    assert lines[0].startswith("::stop-commands::reconcile-")
    assert lines[-1] == f"::{lines[0].removeprefix('::stop-commands::')}::"
