"""Runs the workflow files themselves on this machine, with nektos act, in place of GitHub's runners.

Actions of others are not fetched: what they would do here is done by a few lines of shell.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.docs.markdown import blocks
from tests.github.repositories import Repository

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TIMEOUT = 300

_STAND_INS = {
    "actions/cache/restore": """newest=$(find "$CACHES" -name "$BEGINS*" | sort | tail -1)
        test -z "$newest" || { mkdir -p "$(dirname "$FROM")"; cp "$newest" "$FROM"; }""",
    "actions/cache/save": 'cp "$FROM" "$CACHES/$KEY"',
    "actions/setup-python": 'echo "$TOOLS" >> "$GITHUB_PATH"',
    "actions/upload-artifact": 'mkdir -p "$ARTIFACTS/$NAME"; test ! -d "$FROM" || cp -r "$FROM/." "$ARTIFACTS/$NAME"',
    "aws-actions/configure-aws-credentials": "exit 1  # no role is given",
}


class Actions:
    """Workflows of a fleet repository that calls ours, run with ``variables`` in their environment.

    With ``accept`` drift goes along with a pull request, as the guide shows it.
    """

    def __init__(
        self, repository: Repository, files: Path, variables: Mapping[str, str], *, accept: bool = False
    ) -> None:
        self.repository, self.artifacts, self.caches = repository, files / "artifacts", files / "caches"
        self.caches.mkdir()
        self._files, self._variables = files, dict(variables)
        for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
            # act refuses what it does not know, and it knows no queues; it runs one job after the other anyway.
            text = re.sub(r"^ +queue: max.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
            repository.write(f".github/workflows/{path.name}", text)
        repository.write(".github/workflows/fleet.yml", _documented(accept=accept))
        repository.write("action.yml", (ROOT / "action.yml").read_text(encoding="utf-8"))
        repository.git("remote", "add", "origin", "https://github.com/octo/fleets.git")
        self._local = [f"--local-repository={name}={self._stand_in(name)}" for name in self._pinned()]
        self._tools = tools = files / "tools"
        tools.mkdir()
        for tool in ("aws", "reconcile"):
            (tools / tool).symlink_to(BIN / tool)
        (tools / "pip").write_text("#!/bin/sh\n", encoding="utf-8")
        (tools / "pip").chmod(0o755)
        self._variables |= {"TOOLS": str(tools), "ARTIFACTS": str(self.artifacts), "HOME": str(files)}
        self._variables["CACHES"] = str(self.caches)

    def run(
        self, event: str, payload: Mapping[str, Any], run_id: int, workflow: str = "fleet.yml", job: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run what ``event`` starts in a workflow, or one job of it; the log is in ``stdout``."""
        self._files.joinpath("event.json").write_text(json.dumps(payload), encoding="utf-8")
        variables = {**self._variables, "GITHUB_RUN_ID": str(run_id)}
        return subprocess.run(
            [
                BIN / "act",
                event,
                f"--workflows=.github/workflows/{workflow}",
                *([f"--job={job}"] if job else []),
                "--platform=ubuntu-latest=-self-hosted",
                f"--eventpath={self._files / 'event.json'}",
                "--secret=GITHUB_TOKEN=token",
                "--secret=ACCEPT_TOKEN=token-for-accepting",
                "--no-cache-server",
                *self._local,
                *(f"--env={name}={value}" for name, value in variables.items()),
            ],
            cwd=self.repository.path,
            env={**os.environ, "HOME": str(self._files), "XDG_CACHE_HOME": str(self._files / "cache")},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def call(self, tool: str, *arguments: str) -> None:
        """Run a tool as a step would, outside of any."""
        subprocess.run([self._tools / tool, *arguments], env={**os.environ, **self._variables}, check=True)

    def _pinned(self) -> set[str]:
        """The actions of others that the workflows use, each at its commit; act checks out by itself."""
        texts = [path.read_text(encoding="utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml")]
        pattern = r"uses: ([\w.-]+/[\w.-]+)(/[\w.-]+)?(@[0-9a-f]{40})"
        uses = {name + commit for text in texts for name, _, commit in re.findall(pattern, text)}
        return {name for name in uses if not name.startswith("actions/checkout@")}

    def _stand_in(self, name: str) -> Path:
        repository, directory = name.partition("@")[0], self._files / "actions" / name.replace("/", "-")
        for action, script in _STAND_INS.items():
            if action.startswith(repository):
                self._write_action(action, script, directory / action.removeprefix(repository).lstrip("/"))
        return directory

    def _write_action(self, name: str, script: str, directory: Path) -> None:
        directory.mkdir(parents=True)
        inputs = {"FROM": "path", "NAME": "name", "KEY": "key", "BEGINS": "restore-keys"}
        action = {
            "name": name,
            "description": "On this machine.",
            "runs": {
                "using": "composite",
                "steps": [
                    {
                        "shell": "bash",
                        "run": script,
                        "env": {variable: f"${{{{ inputs.{name} }}}}" for variable, name in inputs.items()},
                    }
                ],
            },
            "inputs": {name: {"description": name, "default": ""} for name in inputs.values()},
        }
        (directory / "action.yml").write_text(json.dumps(action), encoding="utf-8")


def _documented(*, accept: bool) -> str:
    """The workflow that docs/github.md shows, calling those beside it, without an account's roles."""
    guide = [block.lines for block in blocks(ROOT / "docs" / "github.md")]
    [lines] = [lines for lines in guide if lines[0] == "# .github/workflows/fleet.yml"]
    if accept:  # in place of what the drift job, the last one, is called with
        [instead] = [lines for lines in guide if "accept: true" in lines[0]]
        lines = (*lines[:-1], *instead)
    text = "\n".join(lines)
    for pattern, new in (
        (r"root: fleets(,?\s*)", r"root: fleets\1cache: true\1"),
        (r"OWNER/greengrass-reconciler/(\S+)@TAG", r"./\1"),
        (r"version: 0\.1\.0", 'version: ""'),
        (r'role: "?arn:aws:iam::\d+:role/[\w-]+"?', 'role: ""'),
    ):
        text, count = re.subn(pattern, new, text)
        assert count == 3, pattern
    return text
