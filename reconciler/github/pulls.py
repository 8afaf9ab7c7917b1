"""Pull requests of ours from one branch into another, found again by the branch and a marker."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.github.client import GitHub
from reconciler.reporting.markdown import marker_line, read_marker


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request, and what its marker says; None where it has none of ours."""

    number: int
    is_open: bool
    is_merged: bool
    body: str
    marker: Mapping[str, Any] | None


def find_pulls(api: GitHub, branch: str, base: str, identity: Mapping[str, Any]) -> list[Pull]:
    """The pull requests from ``branch`` of this repository into ``base``, the newest first. Raises GitHubError."""
    owner = api.repository.partition("/")[0]
    return [
        _pull(found, identity)
        for found in api.pages("/pulls", state="all", head=f"{owner}:{branch}", base=base)
        if (found["head"].get("repo") or {}).get("id") == (found["base"].get("repo") or {}).get("id")
    ]


def open_pull(api: GitHub, branch: str, base: str, title: str, body: str) -> int:
    """Open a pull request; its number. Raises GitHubError: with status 422 also where there is one already."""
    made = api.post("/pulls", {"title": title, "head": branch, "base": base, "body": body})
    return int(made["number"])


def edit_pull(api: GitHub, number: int, title: str, body: str) -> None:
    """Give a pull request another title and body. Raises GitHubError."""
    api.patch(f"/pulls/{number}", {"title": title, "body": body})


def close_pull(api: GitHub, pull: Pull, words: str, marker: Mapping[str, Any]) -> None:
    """Say ``words`` in a comment, and close a pull request of ours, with another ``marker``. Raises GitHubError."""
    api.post(f"/issues/{pull.number}/comments", {"body": words})
    body = "\n".join([marker_line(marker), *pull.body.split("\n")[1:]])
    api.patch(f"/pulls/{pull.number}", {"state": "closed", "body": body})


def _pull(found: Mapping[str, Any], identity: Mapping[str, Any]) -> Pull:
    body = found.get("body") or ""
    marker = read_marker(body)
    ours = marker is not None and identity.items() <= marker.items()
    state = found["state"] == "open", bool(found.get("merged_at"))
    return Pull(int(found["number"]), *state, body, marker if ours else None)
