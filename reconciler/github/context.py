"""What a workflow run is about, from the variables that GitHub sets and the payload of its event.

Nothing of it is trusted: branch names, titles and inputs are other people's text.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.model.errors import ReconcileError

_EVENT_HINT = "GITHUB_EVENT_PATH names the file that GitHub writes for each run: leave the variable as GitHub sets it"
_QUEUE_REF = re.compile(r"gh-readonly-queue/.+/pr-(\d+)-[0-9a-f]{40}$")


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The pull request of an event: ``head`` is the commit that people review, ``base`` what it goes onto."""

    number: int
    head: str
    base: str
    from_fork: bool


@dataclass(frozen=True, slots=True)
class Context:
    """One run of a workflow: ``branch`` is the one that it is for, empty for a pull request or tag.

    ``workspace`` is the directory that annotations name files from.
    """

    api_url: str = "https://api.github.com"
    server_url: str = "https://github.com"
    repository: str = ""
    token: str = field(default="", repr=False)
    event: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    sha: str = ""
    branch: str = ""
    run_id: int = 0
    attempt: int = 1
    workspace: Path = Path()
    summary: Path | None = None
    output: Path | None = None

    @property
    def run_url(self) -> str:
        """The page of this run, empty outside of one."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}" if self.run_id else ""

    @property
    def pull_request(self) -> PullRequest | None:
        """The pull request that the event is about; None for other events."""
        found = self.payload.get("pull_request")
        if not isinstance(found, Mapping):
            return None
        head, base = found["head"], found["base"]
        # The repository of a fork that was deleted is null.
        from_fork = not head.get("repo") or head["repo"]["id"] != base["repo"]["id"]
        return PullRequest(int(found["number"]), str(head["sha"]), str(base["sha"]), from_fork)

    @property
    def queued_pull_request(self) -> int | None:
        """The number of the pull request that a merge queue tries; None for other events."""
        group = self.payload.get("merge_group")
        found = _QUEUE_REF.search(str(group.get("head_ref", ""))) if isinstance(group, Mapping) else None
        return int(found[1]) if found else None

    @property
    def commits(self) -> str:
        """What the event changes, as ``BASE..HEAD``; empty for an event that changes nothing.

        A pull request is tried as merged: everything that is in this and not in its base is its change.
        """
        pull_request, group = self.pull_request, self.payload.get("merge_group")
        if pull_request is not None:
            return f"{pull_request.base}..{self.sha}"
        if isinstance(group, Mapping):
            return f"{group.get('base_sha')}..{self.sha}"
        return f"{self.payload.get('before')}..{self.sha}" if self.event == "push" else ""

    @property
    def reviewed_commit(self) -> str:
        """The commit that a check belongs on: a pull request's head, or what the event was sent for."""
        pull_request = self.pull_request
        return pull_request.head if pull_request is not None else self.sha


def read_context(environment: Mapping[str, str]) -> Context:
    """The run that ``environment`` describes. Raises ReconcileError for an event that cannot be read."""

    def whole(name: str, default: int) -> int:
        text = environment.get(name, "")
        return int(text) if text.isdecimal() else default

    def path(name: str) -> Path | None:
        return Path(environment[name]) if environment.get(name) else None

    ref = environment.get("GITHUB_REF", "")
    payload: Any = {}
    if event_path := path("GITHUB_EVENT_PATH"):
        try:
            payload = json.loads(event_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise ReconcileError(f"reading the event in {event_path}: {why}", hint=_EVENT_HINT) from error
    context = Context(
        api_url=environment.get("GITHUB_API_URL") or "https://api.github.com",
        server_url=(environment.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/"),
        repository=environment.get("GITHUB_REPOSITORY", ""),
        token=environment.get("GITHUB_TOKEN", ""),
        event=environment.get("GITHUB_EVENT_NAME", ""),
        payload=payload if isinstance(payload, Mapping) else {},
        sha=environment.get("GITHUB_SHA", ""),
        branch=ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else "",
        run_id=whole("GITHUB_RUN_ID", 0),
        attempt=whole("GITHUB_RUN_ATTEMPT", 1),
        workspace=path("GITHUB_WORKSPACE") or Path(),
        summary=path("GITHUB_STEP_SUMMARY"),
        output=path("GITHUB_OUTPUT"),
    )
    try:
        _ = context.pull_request
    except (LookupError, TypeError, ValueError) as error:
        raise ReconcileError(f"the event in {event_path} is none of GitHub's: {error!r}", hint=_EVENT_HINT) from error
    return context
