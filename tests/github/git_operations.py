"""What GitHub's operations on commits, branches and pull requests do; the objects are those of a git repository."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import TemporaryDirectory
from typing import Any

from tests.github.events import payload
from tests.github.operations import NOW, Answered, RefusedError, State, check_body, known, user


def _git(state: State, *arguments: str, **more: Any) -> str:
    """What a git command prints, run in the repository; refused if it fails."""
    assert state.git is not None, "no repository was given"
    try:
        return state.git.git(*arguments, **more)
    except CalledProcessError as error:
        raise RefusedError(422, error.stderr.strip() or "Object does not exist") from None


def _commit_of(state: State, ref: str) -> str | None:
    """The commit that ``refs/…`` names; None for none."""
    try:
        return _git(state, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    except RefusedError:
        return None


def _ref(state: State, ref: str) -> dict[str, Any]:
    url = f"{state.url}/repos/{state.repository}/git"
    commit = _commit_of(state, ref)
    target = {"type": "commit", "sha": commit, "url": f"{url}/commits/{commit}"}
    return {"ref": ref, "node_id": "r", "url": f"{url}/{ref}", "object": target}


def get_ref(state: State, parts: list[str], query: dict[str, str]) -> Answered:
    if _commit_of(state, f"refs/{parts[0]}") is None:
        raise RefusedError(404, "Not Found")
    return 200, _ref(state, f"refs/{parts[0]}")


def create_ref(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    if _commit_of(state, body["ref"]) is not None:
        raise RefusedError(422, "Reference already exists")
    _git(state, "update-ref", body["ref"], body["sha"])
    return 201, _ref(state, body["ref"])


def update_ref(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    ref = f"refs/{parts[0]}"
    there = _commit_of(state, ref)
    if there is None:
        raise RefusedError(422, "Reference does not exist")
    if not body.get("force") and _git(state, "merge-base", there, body["sha"]) != there:
        raise RefusedError(422, "Update is not a fast forward")
    _git(state, "update-ref", ref, body["sha"])
    _follow(state, parts[0].removeprefix("heads/"))
    return 200, _ref(state, ref)


def delete_ref(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    if _commit_of(state, f"refs/{parts[0]}") is None:
        raise RefusedError(422, "Reference does not exist")
    _git(state, "update-ref", "-d", f"refs/{parts[0]}")
    return 204, None


def create_tree(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    with TemporaryDirectory() as temporary:
        index = {"GIT_INDEX_FILE": str(Path(temporary) / "index")}
        _git(state, "read-tree", body["base_tree"], **index)
        for entry in body["tree"]:
            if "content" in entry:
                blob = _git(state, "hash-object", "-w", "--stdin", text=entry["content"])
                _git(state, "update-index", "--add", "--cacheinfo", f"{entry['mode']},{blob},{entry['path']}", **index)
            elif not _git(state, "ls-files", "--", entry["path"], **index):
                raise RefusedError(422, "GitRPC::BadObjectState")
            else:
                _git(state, "update-index", "--force-remove", "--", entry["path"], **index)
        tree = _git(state, "write-tree", **index)
    return 201, {"sha": tree, "url": f"{state.url}/trees/{tree}", "tree": [], "truncated": False}


def create_commit(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    parents = [word for parent in body["parents"] for word in ("-p", parent)]
    commit = _git(state, "commit-tree", body["tree"], *parents, "-F", "-", text=body["message"])
    return 201, _commit(state, commit)


def get_commit(state: State, parts: list[str], query: dict[str, str]) -> Answered:
    return 200, _commit(state, parts[0])


def _commit(state: State, commit: str) -> dict[str, Any]:
    url = f"{state.url}/repos/{state.repository}/git/commits"
    tree, parents, message = _git(state, "show", "--no-patch", "--format=%T%x00%P%x00%B", commit).split("\0")
    who = {"name": "GitHub", "email": "noreply@github.com", "date": NOW}
    return {
        "sha": commit,
        "node_id": "c",
        "url": f"{url}/{commit}",
        "html_url": f"{url}/{commit}",
        "author": who,
        "committer": who,
        "tree": {"sha": tree, "url": f"{state.url}/trees/{tree}"},
        "message": message,
        "parents": [{"sha": one, "url": f"{url}/{one}", "html_url": f"{url}/{one}"} for one in parents.split()],
        "verification": {
            "verified": True,
            "reason": "valid",
            "signature": None,
            "payload": None,
            "verified_at": NOW,
        },
    }


def _follow(state: State, branch: str) -> None:
    """Let open pull requests of ``branch`` know its commit."""
    for pull in state.pulls.values():
        if pull["head"]["ref"] == branch and pull["state"] == "open":
            pull["head"]["sha"] = _commit_of(state, f"refs/heads/{branch}")


def list_pulls(state: State, parts: list[str], query: dict[str, str]) -> Answered:
    asked = query.get("state", "open")
    found = [
        pull
        for pull in reversed(state.pulls.values())
        if asked in {"all", pull["state"]}
        and query.get("head", pull["head"]["label"]) == pull["head"]["label"]
        and query.get("base", pull["base"]["ref"]) == pull["base"]["ref"]
    ]
    return 200, found


def create_pull(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    check_body(body.get("body"), "PullRequest")
    owner = state.repository.partition("/")[0]
    head, base = (_commit_of(state, f"refs/heads/{body[name]}") for name in ("head", "base"))
    if head is None or base is None:
        field = "head" if head is None else "base"
        raise _invalid({"field": field, "code": "invalid"})
    if any(
        one["state"] == "open" and one["head"]["ref"] == body["head"] and one["head"]["repo"] == one["base"]["repo"]
        for one in state.pulls.values()
    ):
        raise _invalid({"code": "custom", "message": f"A pull request already exists for {owner}:{body['head']}."})
    number = state.next()
    pull = deepcopy(payload("pull_request.opened")["pull_request"])
    for side, commit in (("head", head), ("base", base)):
        pull[side] |= {"ref": body[side], "sha": commit, "label": f"{owner}:{body[side]}"}
    pull |= {"number": number, "id": number, "title": body["title"], "body": body["body"], "state": "open"}
    pull |= {"html_url": f"{state.url}/{state.repository}/pull/{number}", "user": user(state, state.author)}
    state.pulls[number] = pull
    return 201, pull


def update_pull(state: State, parts: list[str], body: dict[str, Any]) -> Answered:
    pull = known(state.pulls, parts[0])
    check_body(body.get("body"), "PullRequest")
    pull |= body
    pull["closed_at"] = NOW if pull["state"] == "closed" else None
    return 200, pull


def _invalid(error: dict[str, str]) -> RefusedError:
    return RefusedError(422, "Validation Failed", errors=[{"resource": "PullRequest", **error}])


_REPO = "/repos/{owner}/{repo}"
GIT_OPERATIONS: dict[tuple[str, str], Callable[[State, list[str], dict[str, Any]], Answered]] = {
    ("POST", f"{_REPO}/git/commits"): create_commit,
    ("GET", f"{_REPO}/git/commits/{{commit_sha}}"): get_commit,
    ("GET", f"{_REPO}/git/ref/{{ref}}"): get_ref,
    ("POST", f"{_REPO}/git/refs"): create_ref,
    ("PATCH", f"{_REPO}/git/refs/{{ref}}"): update_ref,
    ("DELETE", f"{_REPO}/git/refs/{{ref}}"): delete_ref,
    ("POST", f"{_REPO}/git/trees"): create_tree,
    ("GET", f"{_REPO}/pulls"): list_pulls,
    ("POST", f"{_REPO}/pulls"): create_pull,
    ("PATCH", f"{_REPO}/pulls/{{pull_number}}"): update_pull,
}
