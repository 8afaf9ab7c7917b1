"""The pull request that writes what is live into the files: made, kept up to date, closed, and left to others."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.github import branches
from reconciler.github.accept import branch_of, in_repository, propose
from reconciler.github.client import GitHub
from reconciler.github.context import Context
from reconciler.github.job import Job
from reconciler.github.pages import Proposed, after_drift
from reconciler.model.accepted import Accepted, Left
from reconciler.model.drift import Drift, Moved
from reconciler.model.errors import ReconcileError
from tests.github.conftest import Waits
from tests.github.events import payload
from tests.github.repositories import Repository
from tests.github.stand_in import StandIn

BRANCH = "reconcile/accept-demo"
GROUPS = "fleets/demo/groups.yaml"
REF, REFS = "/repos/{owner}/{repo}/git/refs/{ref}", "/repos/{owner}/{repo}/git/refs"
TREES, PULLS = "/repos/{owner}/{repo}/git/trees", "/repos/{owner}/{repo}/pulls"

DRIFT = Drift(
    "demo",
    "123456789012",
    "eu-central-1",
    "2026-11-26T09:00:00Z",
    (
        Moved("munich", "greengrass/v1", "changed", ("drift: somebody made it",)),
        Moved("rome", "greengrass/v1", "foreign"),
    ),
    clean=1,
)
LIVE = Accepted({"groups.yaml": "munich: live\n"}, ("munich",), (Left("rome", "it is not this fleet's"),))
OTHER = replace(LIVE, files={"groups.yaml": "munich: otherwise\n"})
NOTHING = Accepted()


class Proposing:
    """Proposes for a fleet in a repository, as one workflow run after another would."""

    def __init__(self, repository: Repository, stand_in: StandIn, api: GitHub) -> None:
        self.repository, self.stand_in, self.api = repository, stand_in, api
        self.printed: list[str] = []
        self.run = 100

    def __call__(self, accepted: Accepted = LIVE, issue: int | None = 7, run: int | None = None) -> Proposed | None:
        self.run += 1
        context = Context(repository=self.api.repository, branch="main", run_id=run or self.run)
        job = Job(context, self.api, self.printed.extend)
        return propose(job, DRIFT, accepted, str(self.repository.path / "fleets" / "demo"), issue)

    @property
    def pulls(self) -> list[dict[str, Any]]:
        return list(self.stand_in.state.pulls.values())

    def asked(self) -> set[str]:
        """The methods of the requests since the last time."""
        methods = {method for method, _ in self.stand_in.requests}
        self.stand_in.requests.clear()
        return methods

    def tip(self) -> str:
        """The commit of the branch, empty for none."""
        return self.repository.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{BRANCH}")

    def text(self, path: str = GROUPS) -> str:
        return self.repository.git("show", f"{BRANCH}:{path}")

    def commit_to_branch(self, *arguments: str) -> str:
        """What somebody commits to the branch."""
        self.repository.git("checkout", "--quiet", BRANCH)
        self.repository.write(GROUPS, "munich: mine\n")
        self.repository.git("commit", "--quiet", "--all", *arguments)
        self.repository.git("checkout", "--quiet", "main")
        return self.tip()


@pytest.fixture
def proposing(stand_in: StandIn, api: GitHub, tmp_path: Path) -> Proposing:
    repository = Repository(tmp_path / "repository")
    repository.write(GROUPS, "munich: written\n")
    repository.write("fleets/demo/old.yaml", "old\n")
    repository.write("README.md", "read me\n")
    repository.commit()
    stand_in.state.git = repository
    return Proposing(repository, stand_in, api)


def test_one_commit_on_what_was_looked_at_and_a_pull_request(proposing: Proposing) -> None:
    looked_at = proposing.repository.git("rev-parse", "HEAD")
    proposed = proposing(replace(LIVE, files={**LIVE.files, "old.yaml": None, "sites/new.yaml": "größer\n"}))
    [pull] = proposing.pulls
    assert proposed == Proposed("open", pull["number"], BRANCH)
    assert (pull["head"]["ref"], pull["base"]["ref"], pull["head"]["sha"]) == (BRANCH, "main", proposing.tip())
    assert proposing.repository.git("rev-parse", f"{BRANCH}~1") == looked_at
    assert proposing.repository.git("diff", "--name-status", "main", BRANCH).split() == [
        *("M", GROUPS),
        *("D", "fleets/demo/old.yaml"),
        *("A", "fleets/demo/sites/new.yaml"),
    ]
    assert (proposing.text(), proposing.text("fleets/demo/sites/new.yaml")) == ("munich: live", "größer")
    assert pull["title"] == "Accept what is live in fleet demo"
    assert "**Accepts 1 group as live; 1 group not, or not all.**" in pull["body"]
    assert "| `munich` | **changed** | `drift: somebody made it` |" in pull["body"]
    assert "- `rome`: `it is not this fleet's`" in pull["body"]
    assert "The drift is told in #7." in pull["body"]


def test_the_same_again_changes_nothing(proposing: Proposing) -> None:
    first = proposing()
    proposing.repository.write("README.md", "read this\n")
    proposing.repository.commit()
    proposing.asked()
    assert proposing() == first
    assert proposing.asked() == {"GET"}


def test_what_is_live_later_goes_into_the_same_pull_request(proposing: Proposing) -> None:
    first = proposing()
    proposing.repository.write("README.md", "read this\n")
    base = proposing.repository.commit()
    assert proposing(OTHER) == first
    assert (proposing.text(), len(proposing.pulls)) == ("munich: otherwise", 1)
    assert proposing.repository.git("rev-parse", f"{BRANCH}~1") == base
    assert proposing.pulls[0]["head"]["sha"] == proposing.tip()


def test_a_new_reason_edits_the_page_alone(proposing: Proposing) -> None:
    proposing()
    before = proposing.tip()
    proposing(replace(LIVE, left=()))
    assert "rome" not in proposing.pulls[0]["body"]
    assert "<summary>History</summary>" in proposing.pulls[0]["body"]
    assert proposing.tip() == before


def test_nothing_left_closes_it_and_it_comes_again(proposing: Proposing) -> None:
    proposing()
    assert proposing(NOTHING) is None
    [pull] = proposing.pulls
    assert (pull["state"], proposing.tip()) == ("closed", "")
    assert "| `munich` |" in pull["body"]
    assert proposing.stand_in.bodies(pull["number"]) == [
        "There is nothing left to accept: the files say what is live, as far as they can."
    ]
    proposing.asked()
    assert (proposing(NOTHING), proposing.asked()) == (None, {"GET"})
    again = proposing()
    assert [pull["state"] for pull in proposing.pulls] == ["closed", "open"]
    assert again == Proposed("open", proposing.pulls[1]["number"], BRANCH)


@pytest.mark.parametrize("how", [["--message", "More"], ["--amend", "--no-edit"]])
@pytest.mark.parametrize("accepted", [LIVE, OTHER, NOTHING])
def test_what_somebody_else_committed_is_left(how: list[str], accepted: Accepted, proposing: Proposing) -> None:
    first = proposing()
    assert first is not None
    theirs = proposing.commit_to_branch(*how)
    proposing.asked()
    assert proposing(accepted) == Proposed("others", first.number, BRANCH)
    assert proposing.asked() == {"GET"}
    assert proposing.tip() == theirs
    assert proposing.printed == [f"::warning::branch {BRANCH} holds somebody else's commits: it is left as it is"]


def test_a_commit_that_somebody_signs_off_is_still_ours(proposing: Proposing) -> None:
    proposing()
    proposing.repository.git("checkout", "--quiet", BRANCH)
    proposing.repository.git("commit", "--quiet", "--amend", "--signoff", "--no-edit")
    proposing.repository.git("checkout", "--quiet", "main")
    proposing(OTHER)
    assert proposing.text() == "munich: otherwise"


@pytest.mark.parametrize("line", ["", "Reconcile-Facts: {", "Reconcile-Facts: 1", "Reconcile-Facts: " + "[" * 100_000])
def test_a_commit_that_says_nothing_sensible_is_not(line: str, proposing: Proposing) -> None:
    commit = proposing.repository.git("commit-tree", "-p", "main", "main^{tree}", "-F", "-", text=f"Mine\n\n{line}")
    proposing.repository.git("branch", BRANCH, commit)
    assert proposing() == Proposed("others", None, BRANCH)


def test_a_branch_of_that_name_that_never_was_ours_is_left(proposing: Proposing) -> None:
    proposing.repository.git("branch", BRANCH)
    assert proposing() == Proposed("others", None, BRANCH)
    assert proposing.pulls == []


def test_somebody_commits_while_the_commit_is_made(proposing: Proposing, monkeypatch: pytest.MonkeyPatch) -> None:
    proposing()
    post = proposing.api.post

    def slowly(path: str, body: Mapping[str, Any]) -> Any:
        if path == "/git/commits":
            proposing.commit_to_branch("--message", "Meanwhile")
        return post(path, body)

    monkeypatch.setattr(proposing.api, "post", slowly)
    proposed = proposing(OTHER)
    assert proposed is not None
    assert proposed.state == "others"
    assert proposing.text() == "munich: mine"


def test_what_somebody_closed_is_not_proposed_twice(proposing: Proposing) -> None:
    first = proposing()
    assert first is not None
    proposing.pulls[0]["state"] = "closed"
    proposing.asked()
    assert proposing() == Proposed("closed", first.number, BRANCH)
    assert proposing.asked() == {"GET"}
    other = proposing(OTHER)
    assert [pull["state"] for pull in proposing.pulls] == ["closed", "open"]
    assert other == Proposed("open", proposing.pulls[1]["number"], BRANCH)
    proposing.pulls[1]["state"] = "closed"
    assert proposing() == Proposed("closed", first.number, BRANCH)


def test_what_somebody_opened_again_is_kept_up_to_date(proposing: Proposing) -> None:
    proposing()
    proposing.pulls[0]["state"] = "closed"
    proposing()
    proposing.pulls[0]["state"] = "open"
    proposing(OTHER)
    assert (len(proposing.pulls), proposing.text()) == (1, "munich: otherwise")


def test_what_was_merged_may_be_proposed_again(proposing: Proposing) -> None:
    proposing()
    proposing.pulls[0].update(state="closed", merged_at="2026-11-26T09:00:00Z")
    proposing()
    assert [pull["state"] for pull in proposing.pulls] == ["closed", "open"]


def test_after_a_merge_the_branch_goes(proposing: Proposing) -> None:
    proposing()
    proposing.pulls[0].update(state="closed", merged_at="2026-11-26T09:00:00Z")
    assert proposing(NOTHING) is None
    assert proposing.tip() == ""
    assert proposing.stand_in.bodies(proposing.pulls[0]["number"]) == []


def test_a_pull_request_that_somebody_opened_from_the_branch_keeps_its_words(proposing: Proposing) -> None:
    proposing()
    proposing.pulls[0]["body"] = "I do this"
    proposing(OTHER)
    assert (proposing.pulls[0]["body"], proposing.text()) == ("I do this", "munich: otherwise")
    proposing(NOTHING)
    assert (proposing.pulls[0]["state"], proposing.tip()) == ("open", "")


def test_a_pull_request_of_a_fork_is_not_ours(proposing: Proposing) -> None:
    fork = payload("pull_request.opened")["pull_request"]
    fork["head"] |= {"ref": BRANCH, "label": f"octo:{BRANCH}", "repo": {**fork["head"]["repo"], "id": 1}}
    fork["base"]["ref"] = "main"
    proposing.stand_in.add_pull(fork)
    proposed = proposing()
    assert proposed is not None
    assert proposed.number != fork["number"]


@pytest.mark.parametrize("earlier", [LIVE, NOTHING])
def test_a_later_run_is_not_undone(earlier: Accepted, proposing: Proposing) -> None:
    proposing(OTHER, run=200)
    proposing(earlier, run=150)
    assert (proposing.pulls[0]["state"], proposing.text()) == ("open", "munich: otherwise")


def test_a_file_that_goes_and_is_changed_meanwhile_goes_as_it_is_now(proposing: Proposing) -> None:
    """The branch would be in conflict with its base otherwise."""
    gone = replace(LIVE, files={"old.yaml": None})
    proposing(gone)
    proposing.repository.write("fleets/demo/old.yaml", "older\n")
    base = proposing.repository.commit()
    proposing(gone)
    assert proposing.repository.git("rev-parse", f"{BRANCH}~1") == base


@pytest.mark.parametrize("accepted", [LIVE, OTHER])
def test_another_run_makes_branch_and_pull_request_meanwhile(
    accepted: Accepted, proposing: Proposing, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = proposing.api.post

    def overtaken(path: str, body: Mapping[str, Any]) -> Any:
        monkeypatch.undo()
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        proposing(accepted, run=50)
        return post(path, body)

    monkeypatch.setattr(proposing.api, "post", overtaken)
    proposed = proposing(LIVE)
    [pull] = proposing.pulls
    assert proposed == Proposed("open", pull["number"], BRANCH)
    assert proposing.text() == "munich: live"


def test_a_branch_that_comes_or_goes_at_the_last_moment(proposing: Proposing) -> None:
    proposing.stand_in.fail("POST", REFS, 422, message="Reference already exists")
    proposing()
    proposing.stand_in.fail("PATCH", REF, 422, message="Reference does not exist")
    proposing(OTHER)
    assert (len(proposing.pulls), proposing.text()) == (1, "munich: otherwise")
    proposing.stand_in.fail("DELETE", REF, 422, message="Reference does not exist")
    assert proposing(NOTHING) is None
    assert proposing.printed == []


def test_a_branch_that_may_not_be_moved_is_told(proposing: Proposing) -> None:
    proposing.stand_in.fail("POST", REFS, 422, message="Repository rule violations found", times=9)
    assert proposing() is None
    assert "422 Repository rule violations found" in proposing.printed[0]


@pytest.mark.parametrize(("method", "template"), [("POST", TREES), ("POST", PULLS)])
def test_a_token_that_may_not_is_told_with_what_it_needs(method: str, template: str, proposing: Proposing) -> None:
    proposing.stand_in.fail(method, template, 403, message="Resource not accessible by integration")
    assert proposing() is None
    [warning] = proposing.printed
    assert warning.startswith("::warning::writing the pull request: GitHub POST /repos/octo/fleets/")
    assert "403 Resource not accessible by integration; the token has to be allowed to write contents" in warning


def test_a_rate_limit_is_waited_for(proposing: Proposing, waits: Waits) -> None:
    proposing.stand_in.fail("POST", TREES, 403, headers={"Retry-After": "7"}, message="a secondary rate limit")
    proposed = proposing()
    assert proposed is not None
    assert (proposed.state, waits) == ("open", [7.0])


def test_a_page_that_is_too_long_is_shortened(proposing: Proposing) -> None:
    long = tuple(Left(f"rome-{at}", "x" * 300) for at in range(1_000))
    proposing(replace(LIVE, left=long))
    assert len(proposing.pulls[0]["body"]) < 60_000
    proposing.stand_in.fail("PATCH", f"{PULLS}/{{pull_number}}", 422, message="Body is too long (maximum is 65536)")
    proposing(replace(LIVE, left=long[1:]))
    assert len(proposing.pulls[0]["body"]) < 30_000


@pytest.mark.parametrize("limit", ["MOST_FILES", "MOST_CHARACTERS"])
def test_many_files_go_in_portions(limit: str, proposing: Proposing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branches, limit, 2 if limit == "MOST_FILES" else 11)
    proposing(replace(LIVE, files={f"line-{at}.yaml": "live\n" for at in range(5)}))
    assert [template for _, template in proposing.stand_in.requests].count(TREES) == 3
    assert proposing.repository.git("diff", "--name-status", "main", BRANCH).split() == [
        word for at in range(5) for word in ("A", f"fleets/demo/line-{at}.yaml")
    ]


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "../x.yaml",
        "a/../../x.yaml",
        "/etc/x.yaml",
        "a//b.yaml",
        "./a.yaml",
        ".github/workflows/x.yml",
        "a/.b",
        "a\\b",
        "a\nb",
    ],
)
def test_a_path_that_leaves_the_fleet_is_never_written(path: str, proposing: Proposing) -> None:
    with pytest.raises(ReconcileError, match="no path of a file that a fleet has"):
        proposing(replace(LIVE, files={path: "x"}))
    assert proposing.stand_in.requests == []


@pytest.mark.parametrize(
    ("proposed", "words"),
    [
        (None, "write it into the files: `export` does. This issue"),
        (Proposed("open", 7, BRANCH), "merge #7, which writes it into the files. This issue"),
        (Proposed("closed", 7, BRANCH), "open #7 again, which writes it into the files: somebody has closed it"),
        (Proposed("others", 7, BRANCH), f"`export` does. Branch `{BRANCH}` (#7) would, too, but somebody else"),
        (Proposed("others", None, BRANCH), f"`export` does. Branch `{BRANCH}` would, too, but somebody else"),
    ],
)
def test_what_the_issue_says_of_it(proposed: Proposed | None, words: str) -> None:
    assert words in after_drift(proposed, "export").partition("To keep it, ")[2]


def test_paths_and_branches() -> None:
    assert in_repository("", "a.yaml") == "a.yaml"
    assert in_repository("fleets/demo/", "sites/größer.yaml") == "fleets/demo/sites/größer.yaml"
    assert branch_of("eu:demo_1") == "reconcile/accept-eu-demo_1"


def test_fleets_of_like_names_leave_each_other_alone(proposing: Proposing) -> None:
    proposing()
    context = Context(repository=proposing.api.repository, branch="other", run_id=1)
    job = Job(context, proposing.api, proposing.printed.extend)
    proposed = propose(job, DRIFT, OTHER, str(proposing.repository.path / "fleets" / "demo"), None)
    assert proposed == Proposed("others", None, BRANCH)
    assert proposing.text() == "munich: live"


def test_without_a_branch_or_a_repository_it_says_why(proposing: Proposing, tmp_path: Path) -> None:
    job = Job(Context(repository="octo/fleets"), proposing.api, proposing.printed.extend)
    assert propose(job, DRIFT, LIVE, str(proposing.repository.path), None) is None
    (tmp_path / "bare").mkdir()
    assert propose(job, DRIFT, LIVE, str(tmp_path / "bare"), None) is None
    assert proposing.printed[0].endswith("this run is for no branch")
    assert "not a git repository" in proposing.printed[1]
