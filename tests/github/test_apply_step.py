"""``reconcile github apply``: what was reviewed is applied, anything else waits for somebody to approve it."""

from collections.abc import Callable

import pytest

from reconciler.model.errors import StaleError
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import Ran, run_cli
from tests.github.conftest import fleet_of
from tests.github.events import payload
from tests.github.workflow import Workflow

pytestmark = pytest.mark.sampled

Step = tuple[Ran, dict[str, str], str]


def reviewed(workflow: Workflow) -> str:
    """A pull request that was planned; its head."""
    head = workflow.repository.commit()
    ran, _, _ = workflow.step("plan", "fleets/demo", event="pull_request", payload=workflow.opened(head), sha="f" * 40)
    assert ran.code == 0, ran.err
    return head


def merge(workflow: Workflow, head: str, *arguments: str) -> Step:
    commit = workflow.repository.commit("Merge")
    push = workflow.merged(head, commit)
    return workflow.step("apply", "fleets/demo", *arguments, event="push", payload=push, sha=commit)


def test_what_was_reviewed_is_applied_and_the_comment_says_so(workflow: Workflow, aws: Sandbox) -> None:
    head = reviewed(workflow)
    ran, outputs, summary = merge(workflow, head)
    assert ran.code == 0, ran.err
    assert outputs["state"] == "applied"
    assert sorted(live.groups(aws.client)) == ["berlin", "munich"]
    [comment] = workflow.comments
    assert "### Fleet `demo`: applied" in comment
    assert "Apply complete: 2 groups created" in comment
    assert "| succeeded | `berlin` | `line 1` |" in comment
    assert f"- `{head[:12]}` · `Plan: 2 groups to create" in comment
    assert "### Fleet `demo`: applied" in summary


def another_change(workflow: Workflow, _: Sandbox) -> None:
    fleet_of(workflow.repository).group("paris", devices=1).write()


def edited(workflow: Workflow, _: Sandbox) -> None:
    fleet_of(workflow.repository).group("munich", devices=3).write()


def no_check(workflow: Workflow, _: Sandbox) -> None:
    workflow.stand_in.state.checks.clear()


def changed_by_others(workflow: Workflow, aws: Sandbox) -> None:
    """The reviewed plan was applied half, and then somebody laid hands on the rest."""
    aws.put_devices({"munich-*": {"outcome": "fail"}})
    assert run_cli("apply", "fleets/demo", "--yes").code == 5
    aws.put_devices({})
    aws.client("greengrass").create_group_version(
        GroupId=live.groups(aws.client)["munich"]["Id"],
        CoreDefinitionVersionArn=live.arns(aws.client, "munich")["Core"],
    )


def check_of_another_app(workflow: Workflow, _: Sandbox) -> None:
    for check in workflow.stand_in.state.checks.values():
        check["app"]["slug"] = "somebody-else"


def github_down(workflow: Workflow, _: Sandbox) -> None:
    workflow.stand_in.fail("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", 400, times=9)


@pytest.mark.parametrize(
    ("move", "words"),
    [
        (another_change, "- not in the reviewed plan: `paris`"),
        (edited, "- changed otherwise than reviewed: `munich`"),
        (changed_by_others, "- changed otherwise than reviewed: `munich`"),
        (no_check, "- no reviewed plan was found for this commit"),
        (check_of_another_app, "- no reviewed plan was found for this commit"),
        (github_down, "- no reviewed plan was found for this commit"),
    ],
)
def test_anything_else_waits_for_approval(
    move: Callable[[Workflow, Sandbox], None], words: str, workflow: Workflow, aws: Sandbox
) -> None:
    head = reviewed(workflow)
    move(workflow, aws)
    ran, outputs, summary = merge(workflow, head)
    assert ran.code == 0, ran.err
    assert outputs["state"] == "approval"
    assert move is changed_by_others or live.groups(aws.client) == {}
    assert words in ran.out
    assert words in summary
    assert "::warning::nothing was applied: the plan is not just what was reviewed" in ran.out
    if move is not github_down:
        assert words in workflow.comments[0]
    again, outputs, _ = merge(workflow, head, "--approved", outputs["digest"])
    assert (again.code, outputs["state"]) == (0, "applied")


def test_what_was_approved_is_applied_and_nothing_else(workflow: Workflow, aws: Sandbox) -> None:
    ran, _, _ = merge(workflow, reviewed(workflow), "--approved", "0" * 32)
    assert ran.code == 4
    assert "nothing was applied: plan 000000000000 was approved" in ran.err
    assert live.groups(aws.client) == {}
    assert "this is not what was approved" in workflow.comments[0]


def test_what_is_done_already_needs_no_approval(workflow: Workflow, aws: Sandbox) -> None:
    fleet_of(workflow.repository).template(name="other", timeout=5).group("paris", template="other").write()
    head = reviewed(workflow)
    assert run_cli("apply", "fleets/demo", "--yes", "--select", "paris").code == 0
    ran, outputs, _ = merge(workflow, head)
    assert (ran.code, outputs["state"]) == (0, "applied"), ran.out
    assert sorted(live.groups(aws.client)) == ["berlin", "munich", "paris"]


def test_nothing_to_do_makes_no_comment(workflow: Workflow) -> None:
    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    ran, outputs, _ = merge(workflow, reviewed(workflow))
    assert (ran.code, outputs["state"], workflow.comments) == (0, "nothing", [])
    assert ran.out.splitlines()[-1] == "No changes. 2 groups match the files."


def test_a_failure_says_what_to_do_next_and_running_again_goes_on(workflow: Workflow, aws: Sandbox) -> None:
    head = reviewed(workflow)
    aws.put_devices({"munich-*": {"outcome": "fail", "error": "no `memory` | @octocat"}})
    ran, outputs, _ = merge(workflow, head)
    assert (ran.code, outputs["state"]) == (5, "incomplete")
    [comment] = workflow.comments
    assert "### Fleet `demo`: applied in part" in comment
    assert "| **failed** | `munich` |" in comment
    assert "Re-run failed jobs" in comment
    assert "By hand: `reconcile apply fleets/demo`" in comment
    aws.put_devices({})
    ran, outputs, _ = merge(workflow, head)
    assert (ran.code, outputs["state"]) == (0, "applied"), ran.out
    assert "### Fleet `demo`: applied\n" in workflow.comments[0]


def test_an_error_is_told_with_what_to_do_next(
    workflow: Workflow, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StaleError("somebody | else has the lock", hint="wait for it")

    head = reviewed(workflow)
    monkeypatch.setattr("reconciler.cli.github_apply.execute", busy)
    ran, _, _ = merge(workflow, head)
    assert ran.code == 4
    assert "**The apply ended with an error**: `somebody `&#124;` else has the lock`" in workflow.comments[0]
    assert "Re-run failed jobs" in workflow.comments[0]


def test_a_guard_refuses_also_what_was_approved(workflow: Workflow, aws: Sandbox) -> None:
    assert run_cli("apply", "fleets/demo", "--yes").code == 0
    fleet_of(workflow.repository).fleet(guards={"updated": 0}).template(timeout=9).write()
    ran, _, summary = merge(workflow, reviewed_refused(workflow), "--by-hand")
    assert ran.code == 3
    assert "refused" in summary


def reviewed_refused(workflow: Workflow) -> str:
    head = workflow.repository.commit()
    workflow.opened(head)
    return head


def test_what_a_policy_wants_approved_may_be_merged_and_waits(workflow: Workflow, aws: Sandbox) -> None:
    policy = {"name": "two-eyes", "expression": "false", "severity": "needs-approval", "message": "somebody else looks"}
    fleet_of(workflow.repository).fleet(policies=[policy]).write()
    workflow.base = workflow.repository.commit()
    head = reviewed(workflow)
    assert "### Fleet `demo`: needs approval" in workflow.comments[0]
    assert workflow.checks[0]["conclusion"] == "success"
    ran, outputs, _ = merge(workflow, head)
    assert (ran.code, outputs["state"]) == (0, "approval")
    assert "- `two-eyes` wants it approved" in ran.out
    assert live.groups(aws.client) == {}
    ran, outputs, _ = merge(workflow, head, "--approved", outputs["digest"])
    assert (ran.code, outputs["state"]) == (0, "applied"), ran.out


def test_by_hand_with_selection_dry_run_and_resume(workflow: Workflow, aws: Sandbox) -> None:
    commit = workflow.repository.commit()
    event = {"event": "workflow_dispatch", "payload": payload("workflow_dispatch"), "sha": commit}

    def by_hand(*arguments: str) -> Step:
        return workflow.step("apply", "fleets/demo", "--by-hand", *arguments, **event)  # type: ignore[arg-type]  # by name

    ran, outputs, summary = by_hand("--dry-run", "--select", "berlin")
    assert (ran.code, outputs["state"]) == (0, "planned")
    assert "this was asked for to be shown" in summary
    assert live.groups(aws.client) == {}
    aws.put_devices({"*": {"outcome": "fail"}})
    ran, outputs, summary = by_hand("--select", "berlin", "--exclude", "munich")
    assert (ran.code, outputs["state"]) == (5, "incomplete")
    assert "By hand: `reconcile apply fleets/demo --select berlin --exclude munich`" in summary
    aws.put_devices({})
    run = run_cli("runs", "fleets/demo").out.split()[0]
    ran, outputs, _ = by_hand("--resume", run)
    assert (ran.code, outputs["state"]) == (0, "applied")
    assert list(live.groups(aws.client)) == ["berlin"]


def test_a_merge_queue_plans_the_commit_that_is_merged(workflow: Workflow, aws: Sandbox) -> None:
    """The pull request's own check may be of another base: the one of the queue's commit counts."""
    head = reviewed(workflow)
    edited(workflow, aws)
    commit = workflow.repository.commit("Queue")
    group = payload("merge_group")
    group["merge_group"] |= {"head_sha": commit, "base_sha": workflow.base}
    group["merge_group"]["head_ref"] = f"refs/heads/gh-readonly-queue/main/pr-2-{workflow.base}"
    ran, _, _ = workflow.step("plan", "fleets/demo", event="merge_group", payload=group, sha=commit)
    assert ran.code == 0, ran.err
    assert len(workflow.comments) == 1
    push = workflow.merged(head, commit)
    ran, outputs, _ = workflow.step("apply", "fleets/demo", event="push", payload=push, sha=commit)
    assert (ran.code, outputs["state"]) == (0, "applied")


def test_a_ledger_on_a_machine_that_is_gone_is_warned_of(workflow: Workflow) -> None:
    ran, _, _ = merge(workflow, reviewed(workflow), "--dry-run")
    assert "::warning::the ledger is a file of this machine" in ran.out
