"""One comment of ours on an issue or pull request, found again by its marker and author, and edited in place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.github.client import GitHub, GitHubError
from reconciler.github.pages import run_of
from reconciler.reporting.markdown import COMMENT, Budget, read_marker

Render = Callable[[Mapping[str, Any], Budget], str]
"""Makes a page of what the marker of the page before says (empty: there was none), within a budget."""

_SMALLER = (COMMENT, Budget(30_000, 30_000), Budget(8_000, 8_000))


@dataclass(frozen=True, slots=True)
class Found:
    """A comment of ours, and what its marker says."""

    id: int
    marker: Mapping[str, Any]


def find_comments(api: GitHub, number: int, identity: Mapping[str, Any], author: str) -> list[Found]:
    """The comments of ``author`` whose marker says ``identity``, the oldest first."""
    found = []
    for comment in api.pages(f"/issues/{number}/comments"):
        marker = read_marker(comment.get("body") or "")
        if marker is not None and identity.items() <= marker.items() and _is_by(comment, author):
            found.append(Found(int(comment["id"]), marker))
    return sorted(found, key=lambda comment: comment.id)


def put_comment(
    api: GitHub, number: int, identity: Mapping[str, Any], render: Render, *, run: int, create: bool = True
) -> bool:
    """Edit our comment on issue or pull request ``number``, or, with ``create``, make it; whether it is there now.

    ``run`` is the workflow run that the page is of: a page of a later run is left as it is. Of two that were made at
    once the older one stays. Raises GitHubError.
    """
    author = api.login()
    there = find_comments(api, number, identity, author)
    if there:
        comment = there[0]
        if run_of(comment.marker) > run:
            return True
        try:
            fitting(lambda body: api.patch(f"/issues/comments/{comment.id}", {"body": body}), render, comment.marker)
        except GitHubError as error:
            if error.status not in {404, 410}:
                raise
        else:
            _remove(api, there[1:])
            return True
    if not create and not there:
        return False
    fitting(lambda body: api.post(f"/issues/{number}/comments", {"body": body}), render, {})
    same = find_comments(api, number, identity, author)
    if len(same) > 1:  # another run made one at the same time
        newest = max(same, key=lambda comment: run_of(comment.marker))
        if run_of(newest.marker) <= run:
            fitting(lambda body: api.patch(f"/issues/comments/{same[0].id}", {"body": body}), render, same[0].marker)
        _remove(api, same[1:])
    return True


def fitting(send: Callable[[str], Any], render: Render, marker: Mapping[str, Any]) -> None:
    """Send a page, a smaller one each time it is said to be too long. Raises GitHubError."""
    for budget in _SMALLER:
        try:
            send(render(marker, budget))
        except GitHubError as error:
            if not error.is_too_long or budget is _SMALLER[-1]:
                raise
        else:
            return


def _remove(api: GitHub, comments: list[Found]) -> None:
    for comment in comments:
        api.delete(f"/issues/comments/{comment.id}")


def _is_by(comment: Mapping[str, Any], author: str) -> bool:
    """Whether ``author`` wrote it: anybody may paste a marker."""
    user = comment.get("user")
    return isinstance(user, Mapping) and user.get("login") == author
