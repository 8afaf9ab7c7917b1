"""The workflows as a fleet repository has them: from a pull request to an issue about drift that closes itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.cli.conftest import hurry
from tests.e2e.actions import Actions
from tests.execution.ledgers import TABLE, make_table
from tests.fleets import FleetFiles, make_buckets
from tests.github.events import payload
from tests.github.repositories import Repository
from tests.github.stand_in import StandIn
from tests.github.workflow_runs import workflow_run

pytestmark = pytest.mark.long

NUMBER = 2
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running
        assert running.mismatches == []


@pytest.fixture
def repository(tmp_path: Path, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with one fleet, whose buckets are there, and nothing else in the account."""
    hurry(monkeypatch)
    make_buckets(aws.client)
    repository = Repository(tmp_path / "repository")
    repository.write(".gitignore", ".reconcile/\n")
    repository.commit("Begin")
    return repository


def write_fleet(repository: Repository, timeout: int = 3, version: int = 1) -> None:
    directory = repository.path / "fleets" / "demo"
    directory.mkdir(parents=True, exist_ok=True)
    files = FleetFiles(directory).fleet(ledger={"provider": "dynamodb", "table": TABLE})
    files.template(version, timeout=timeout)
    files.group("berlin", version, devices=1).group("munich", version, devices=1).write()


def variables_of(github: StandIn) -> dict[str, str]:
    """What lets a step find the stand-in for GitHub."""
    return {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": github.state.repository, "no_proxy": "127.0.0.1"}


def test_from_a_pull_request_to_drift_and_back(
    repository: Repository, github: StandIn, aws: Sandbox, tmp_path: Path
) -> None:
    make_table(aws.client)
    state = github.state
    state.git = repository
    actions = Actions(repository, tmp_path, {**aws.env, **variables_of(github)}, accept=True)
    base = repository.commit("Add workflows")

    def run(event: str, document: dict[str, Any], number: int, head: str) -> str:
        state.runs[number] = workflow_run(github, number, head, event)
        ran = actions.run(event, document, number)
        assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def pull_request(action: str, number: int) -> str:
        """A push to the pull request's branch; its head."""
        head = repository.commit("Change")
        document = payload(f"pull_request.{action}")
        document["pull_request"]["head"]["sha"], document["pull_request"]["base"]["sha"] = head, base
        github.add_pull(document["pull_request"])
        run("pull_request", document, number, head)
        return head

    # Opened: a comment.
    write_fleet(repository)
    first = pull_request("opened", 101)
    [comment] = github.bodies(NUMBER)
    assert "### Fleet `demo`: changes" in comment
    assert "2 groups to create" in comment
    assert (actions.artifacts / "reconcile-plan-fleets-demo" / "plan.html").is_file()

    # Pushed again: the same comment, edited.
    write_fleet(repository, timeout=5)
    second = pull_request("synchronize", 102)
    [comment] = github.bodies(NUMBER)
    assert f"commit `{second[:12]}`" in comment
    assert f"- `{first[:12]}`" in comment
    assert live.groups(aws.client) == {}

    # Merged: applied, and the comment says so.
    commit = repository.commit("Merge")
    pull = {**state.pulls[NUMBER], "merged_at": "2026-11-26T09:00:00Z", "merge_commit_sha": commit}
    github.add_pull(pull)
    state.pulls_of[commit] = [NUMBER]
    run("push", {**payload("push"), "ref": "refs/heads/main", "before": base, "after": commit}, 103, commit)
    [comment] = github.bodies(NUMBER)
    assert "### Fleet `demo`: applied" in comment
    assert "Apply complete: 2 groups created" in comment
    assert sorted(live.groups(aws.client)) == ["berlin", "munich"]

    # Nothing has changed; what never does is read once, and known to the runs after.
    run("schedule", {}, 104, commit)
    aws.clear_calls()
    run("schedule", {}, 1041, commit)
    assert state.issues == {}
    assert len(list(actions.caches.iterdir())) == 5
    assert {call for call in aws.counts() if call.startswith("greengrass:Get")} == set()

    # Live state is edited by hand: an issue about drift.
    aws.client("greengrass").create_group_version(
        GroupId=live.groups(aws.client)["munich"]["Id"],
        CoreDefinitionVersionArn=live.arns(aws.client, "munich")["Core"],
    )
    run("schedule", {}, 105, commit)
    [issue] = state.issues.values()
    assert (issue["state"], "| **changed** | `munich` |" in issue["body"]) == ("open", True)

    # Repaired, by hand and behind an environment: the issue is closed.
    run("workflow_dispatch", {"inputs": {"dry-run": False}, "ref": "refs/heads/main"}, 106, commit)
    run("schedule", {}, 107, commit)
    [issue] = state.issues.values()
    assert issue["state"] == "closed"
    assert github.bodies(issue["number"]) == ["No drift any more: No drift. 2 groups match the files."]

    # Deleted by hand: a pull request that accepts it. Merged: nothing differs, and issue and branch are gone.
    munich = live.groups(aws.client)["munich"]["Id"]
    aws.client("greengrass").reset_deployments(GroupId=munich, Force=True)
    aws.client("greengrass").delete_group(GroupId=munich)
    run("schedule", {}, 108, commit)
    [issue], pull = state.issues.values(), max(state.pulls.values(), key=lambda pull: pull["number"])
    assert f"merge #{pull['number']}, which writes it into the files" in issue["body"]
    assert "token-for-accepting" in github.tokens
    repository.git("merge", "--quiet", "--squash", "reconcile/accept-demo")
    commit = repository.commit("Accept")
    pull |= {"state": "closed", "merged_at": "2026-11-26T09:00:00Z"}
    run("schedule", {}, 109, commit)
    [issue] = state.issues.values()
    assert (issue["state"], repository.git("branch", "--list", "reconcile/*")) == ("closed", "")

    # Pushed past everybody: the first job stops, and what the second one applies is what it has shown.
    write_fleet(repository, version=2, timeout=9)
    pushed = repository.commit("Push")
    document = {**payload("push"), "ref": "refs/heads/main", "before": commit, "after": pushed}
    log = run("push", document, 110, pushed)
    assert "no reviewed plan was found for this commit" in log
    assert log.index("somebody has to approve it") < log.index("Apply what is approved") < log.index("Apply complete")


def test_the_example_fleet_of_this_project(repository: Repository, github: StandIn, tmp_path: Path) -> None:
    """What ci.yml does with it: each job in a sandbox of its own, as on runners of their own."""
    shutil.copytree(EXAMPLES, repository.path / "examples")
    actions = Actions(repository, tmp_path, variables_of(github))
    head = repository.commit("Add workflows")
    state = github.state

    def run(event: str, document: dict[str, Any], number: int, job: str) -> str:
        state.runs[number] = workflow_run(github, number, head, event)
        try:
            ran = actions.run(event, document, number, "ci.yml", job)
        finally:
            actions.call("reconcile", "sandbox", "stop")
        assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    document = payload("pull_request.opened")
    document["pull_request"]["head"]["sha"], document["pull_request"]["base"]["sha"] = head, "0" * 40
    github.add_pull(document["pull_request"])
    assert "4 groups, 5 cores, 6 devices: no problems." in run("pull_request", document, 200, "action")
    run("pull_request", document, 201, "plan")
    [comment] = github.bodies(NUMBER)
    assert "### Fleet `demo`: changes" in comment
    pull = {**state.pulls[NUMBER], "merged_at": "2026-11-26T09:00:00Z", "merge_commit_sha": head}
    github.add_pull(pull)
    state.pulls_of[head] = [NUMBER]
    push = {**payload("push"), "ref": "refs/heads/main", "before": "0" * 40, "after": head}
    assert "has to be approved" not in run("push", push, 202, "apply")
    [comment] = github.bodies(NUMBER)
    assert "### Fleet `demo`: applied" in comment
    assert "No drift. " in run("schedule", {}, 203, "drift")
    assert state.issues == {}
