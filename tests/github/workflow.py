"""A step of a workflow as GitHub's runner would start it: its variables, its event, and the files that it writes."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fleets import Ran, run_cli
from tests.github.events import payload
from tests.github.repositories import Repository
from tests.github.stand_in import StandIn
from tests.github.workflow_runs import workflow_run

NUMBER = 2


class Workflow:
    """Runs steps in ``repository``, whose GitHub is ``stand_in``."""

    def __init__(self, repository: Repository, stand_in: StandIn, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repository, self.stand_in, self._files, self._patch = repository, stand_in, files, monkeypatch
        self._run = 1_000
        self.base = repository.git("rev-parse", "HEAD")
        monkeypatch.chdir(repository.path)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv("GITHUB_TOKEN", "token")

    def opened(self, head: str, *, event: str = "pull_request.opened", fork: bool = False) -> dict[str, Any]:
        """The payload of the pull request whose head is ``head``."""
        document = payload(event)
        pull = document["pull_request"]
        pull["head"]["sha"], pull["base"]["sha"] = head, self.base
        if fork:
            pull["head"]["repo"]["id"] += 1
        self.stand_in.add_pull(pull)
        return document

    def merged(self, head: str, commit: str) -> dict[str, Any]:
        """The payload of the push that merging the pull request's ``head`` as ``commit`` makes."""
        pull = {**self.stand_in.state.pulls[NUMBER], "merged_at": "2026-11-26T09:00:00Z", "merge_commit_sha": commit}
        self.stand_in.add_pull(pull)
        self.stand_in.state.pulls_of[commit] = [NUMBER]
        assert pull["head"]["sha"] == head
        return {**payload("push"), "after": commit}

    def step(
        self, *arguments: str, event: str, payload: Mapping[str, Any], sha: str, **variables: str
    ) -> tuple[Ran, dict[str, str], str]:
        """Run ``reconcile github …``: what it printed, its outputs, and the job summary."""
        self._run += 1
        files = {name: self._files / f"{name}-{self._run}" for name in ("event", "summary", "output")}
        files["event"].write_text(json.dumps(payload), encoding="utf-8")
        head = payload["pull_request"]["head"]["sha"] if "pull_request" in payload else sha
        self.stand_in.state.runs[self._run] = workflow_run(self.stand_in, self._run, head, event)
        for name, value in {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.stand_in.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": self.stand_in.state.repository,
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(files["event"]),
            "GITHUB_SHA": sha,
            "GITHUB_RUN_ID": str(self._run),
            "GITHUB_WORKSPACE": str(self.repository.path),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "GITHUB_OUTPUT": str(files["output"]),
            **variables,
        }.items():
            self._patch.setenv(name, value)
        ran = run_cli("github", *arguments)
        texts = [path.read_text(encoding="utf-8") if path.exists() else "" for path in files.values()]
        return ran, outputs(texts[2]), texts[1]

    @property
    def comments(self) -> list[str]:
        """The comments of the pull request."""
        return self.stand_in.bodies(NUMBER)

    @property
    def checks(self) -> list[dict[str, Any]]:
        """The check runs, the oldest first."""
        return list(self.stand_in.state.checks.values())


def outputs(text: str) -> dict[str, str]:
    """What a step has written to GITHUB_OUTPUT, the last value of each name."""
    return {name: value for name, _, value in re.findall(r"^(\w+)<<(\S+)\n(.*?)\n\2$", text, re.MULTILINE | re.DOTALL)}
