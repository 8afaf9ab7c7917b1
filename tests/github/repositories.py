"""A git repository of fleets, for tests."""

import os
import subprocess
from pathlib import Path


class Repository:
    """A git repository at ``path``; who commits, and when, does not matter."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str, text: str | None = None, **variables: str) -> str:
        """What a git command prints that reads ``text``, with ``variables`` in its environment."""
        who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
        ran = subprocess.run(
            ["git", *who, *arguments],
            cwd=self.path,
            env={**os.environ, **variables},
            input=text,
            check=True,
            capture_output=True,
            text=True,
        )
        return ran.stdout.strip()

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def commit(self, message: str = "Change") -> str:
        """Commit all there is; the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")
