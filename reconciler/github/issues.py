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
    """Our newest issue with ``label`` whose marker says ``identity``, open or closed. Raises GitHubError."""
    author = api.login()
    for issue in api.pages("/issues", state="all", labels=label):
        marker = read_marker(issue.get("body") or "")
        by = (issue.get("user") or {}).get("login")
        if marker is not None and "pull_request" not in issue and identity.items() <= marker.items() and by == author:
            return Issue(int(issue["number"]), issue["state"] == "open", marker)
    return None


def open_issue(api: GitHub, there: Issue | None, title: str, body: str, label: str, colour: str) -> int:
    """Make the issue, or edit it and open it again; its number. Raises GitHubError."""
    if there is not None:
        changes = {"title": title, "body": body, **({} if there.is_open else {"state": "open"})}
        api.patch(f"/issues/{there.number}", changes)
        return there.number
    make_label(api, label, colour)
    return int(api.post("/issues", {"title": title, "body": body, "labels": [label]})["number"])


def close_issue(api: GitHub, there: Issue, body: str, words: str) -> None:
    """Say ``words`` in a comment, leave ``body`` as the last state, and close the issue. Raises GitHubError."""
    api.post(f"/issues/{there.number}/comments", {"body": words})
    api.patch(f"/issues/{there.number}", {"body": body, "state": "closed", "state_reason": "completed"})
