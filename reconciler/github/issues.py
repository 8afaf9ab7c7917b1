"""One issue of ours for a matter, found again by its marker and author: opened, edited, closed, opened again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.github.client import GitHub
from reconciler.github.labels import make_label
from reconciler.reporting.markdown import read_marker


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of ours, and what its marker says."""

    number: int
    is_open: bool
    marker: Mapping[str, Any]


def find_issue(api: GitHub, identity: Mapping[str, Any], label: str) -> Issue | None:
    """Our issue with ``label`` whose marker says ``identity``: the oldest that is open, else the newest that is closed.

    Raises GitHubError.
    """
    author = api.login()
    ours = []
    for issue in api.pages("/issues", state="all", labels=label):
        marker = read_marker(issue.get("body") or "")
        by = (issue.get("user") or {}).get("login")
        if marker is not None and "pull_request" not in issue and identity.items() <= marker.items() and by == author:
            ours.append(Issue(int(issue["number"]), issue["state"] == "open", marker))
    return min(
        ours, key=lambda issue: (not issue.is_open, issue.number if issue.is_open else -issue.number), default=None
    )


def open_issue(
    api: GitHub, there: Issue | None, identity: Mapping[str, Any], title: str, body: str, label: str, colour: str
) -> int:
    """Make the issue, or edit it and open it again; its number. Raises GitHubError.

    Of two that were made at once the older one stays.
    """
    if there is not None:
        return _edit(api, there, title, body)
    make_label(api, label, colour)
    made = int(api.post("/issues", {"title": title, "body": body, "labels": [label]})["number"])
    older = find_issue(api, identity, label)
    if older is None or older.number >= made:
        return made
    api.patch(f"/issues/{made}", {"state": "closed", "state_reason": "not_planned"})
    return _edit(api, older, title, body)


def _edit(api: GitHub, there: Issue, title: str, body: str) -> int:
    api.patch(f"/issues/{there.number}", {"title": title, "body": body, **({} if there.is_open else {"state": "open"})})
    return there.number


def close_issue(api: GitHub, there: Issue, body: str, words: str) -> None:
    """Say ``words`` in a comment, leave ``body`` as the last state, and close the issue. Raises GitHubError."""
    api.post(f"/issues/{there.number}/comments", {"body": words})
    api.patch(f"/issues/{there.number}", {"body": body, "state": "closed", "state_reason": "completed"})
