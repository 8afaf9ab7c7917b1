"""A branch of ours: one commit on top of another one, made by GitHub's git data, without a working tree.

A commit of ours says in a line of its message what it is, and which tree it has. A branch whose tip does not, or has
another tree, holds somebody else's work.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.github.client import GitHub, GitHubError
from reconciler.model.canonical import canonical_json

_TRAILER = "Reconcile-Facts: "
# Trees are made in portions: GitHub gives up a request that takes it more than 10 seconds
# (https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts).
MOST_FILES = 500
MOST_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest commit of a branch, and what it says of itself; None if it is not just as we have made it."""

    commit: str
    facts: Mapping[str, Any] | None


def tip_of(api: GitHub, branch: str) -> Tip | None:
    """The tip of ``branch``; None if there is no such branch. Raises GitHubError."""
    try:
        commit = str(api.get(f"/git/ref/heads/{quote(branch)}")["object"]["sha"])
    except GitHubError as error:
        if error.status != 404:
            raise
        return None
    found = api.get(f"/git/commits/{commit}")
    facts = _read(found["message"])
    return Tip(commit, facts if facts is not None and facts.get("tree") == found["tree"]["sha"] else None)


def make_commit(api: GitHub, parent: str, files: Mapping[str, str | None], title: str, facts: Mapping[str, Any]) -> str:
    """Make a commit on ``parent`` in which ``files`` (path in the repository → text; None: none) differ; its id.

    It is on no branch yet. ``facts`` are what ``tip_of`` reads. Raises GitHubError.
    """
    tree = parent
    for portion in _portions(files):
        entries = [_entry(path, text) for path, text in portion]
        tree = str(api.post("/git/trees", {"base_tree": tree, "tree": entries})["sha"])
    message = f"{title}\n\n{_TRAILER}{canonical_json({**facts, 'tree': tree})}"
    return str(api.post("/git/commits", {"message": message, "tree": tree, "parents": [parent]})["sha"])


def put_branch(api: GitHub, branch: str, commit: str, *, there: bool) -> None:
    """Let ``branch`` name ``commit``: move it if it is ``there``, make it if not. Raises GitHubError.

    Moving is by force. Status 422: it is there or gone since.
    """
    if there:
        api.patch(f"/git/refs/heads/{quote(branch)}", {"sha": commit, "force": True})
    else:
        api.post("/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit})


def delete_branch(api: GitHub, branch: str) -> None:
    """Delete ``branch``; one that is gone already is no error. Raises GitHubError."""
    try:
        api.delete(f"/git/refs/heads/{quote(branch)}")
    except GitHubError as error:
        if error.status != 422:  # "Reference does not exist"
            raise


def _portions(files: Mapping[str, str | None]) -> Iterator[list[tuple[str, str | None]]]:
    portion: list[tuple[str, str | None]] = []
    characters = 0
    for path, text in sorted(files.items()):
        characters += len(text or "")
        if portion and (len(portion) == MOST_FILES or characters > MOST_CHARACTERS):
            yield portion
            portion, characters = [], len(text or "")
        portion.append((path, text))
    if portion:
        yield portion


def _entry(path: str, text: str | None) -> dict[str, Any]:
    content = {"sha": None} if text is None else {"content": text}
    return {"path": path, "mode": "100644", "type": "blob", **content}


def _read(message: str) -> dict[str, Any] | None:
    lines = [line for line in message.split("\n") if line.startswith(_TRAILER)]
    try:
        facts = json.loads(lines[-1].removeprefix(_TRAILER)) if lines else None
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) else None
