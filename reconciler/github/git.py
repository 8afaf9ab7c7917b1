"""What a git repository held at a commit, as a directory; with the ``git`` that is installed."""

import os
import subprocess
from pathlib import Path

from reconciler.model.errors import ReconcileError

TIMEOUT = 600
"""Seconds after which a git command is given up."""


class GitError(ReconcileError):
    """Git could not tell."""


def prefix_of(root: Path) -> str:
    """The path of ``root`` in its repository, empty for its top; it ends in a slash otherwise."""
    return git(root, "rev-parse", "--show-prefix").rstrip("\n")


def commit_of(root: Path, name: str) -> str:
    """The full id of the commit called ``name``. Raises GitError where there is none, as in a shallow clone."""
    return git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()


def merge_base(root: Path, one: str, other: str) -> str:
    """The commit that two commits have in common."""
    return git(root, "merge-base", one, other).strip()


def write_tree(root: Path, commit: str, to: Path) -> bool:
    """Write what ``commit`` holds at ``root`` below the directory ``to``; False if it holds nothing there.

    The repository's own index and working tree stay as they are.
    """
    tree = f"{commit}:{prefix_of(root)}"
    try:
        git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", tree)
    except GitError:
        return False
    index = {"GIT_INDEX_FILE": str(to / ".index")}
    top = Path(git(root, "rev-parse", "--show-toplevel").rstrip("\n"))
    git(top, "read-tree", tree, **index)
    git(top, "checkout-index", "--all", "--quiet", f"--prefix={to / 'tree'}/", **index)
    (to / "tree").mkdir(exist_ok=True)  # a tree without files
    return True


def changed_paths(root: Path, base: str, head: str) -> set[str]:
    """The paths below ``root`` that differ between two commits, relative to it."""
    text = git(root, "diff", "--name-only", "--no-renames", "-z", "--relative", base, head, "--", ".")
    return set(filter(None, text.split("\0")))


def blobs_of(root: Path, commit: str) -> dict[str, str]:
    """The id of each file's content below ``root`` in a commit, by its path relative to that."""
    lines = git(root, "ls-tree", "-r", "-z", commit).split("\0")
    entries = (line.partition("\t") for line in lines if line)
    return {path: facts.rpartition(" ")[2] for facts, _, path in entries}


def git(directory: Path, *arguments: str, **variables: str) -> str:
    """What a git command prints, run in ``directory``. Raises GitError if it fails or cannot be run."""
    try:
        ran = subprocess.run(  # noqa: S603 (a list, no shell; names are behind --end-of-options)
            ["git", *arguments],  # noqa: S607 (the git that the user has)
            cwd=directory,
            env={**os.environ, **variables},
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"running git {arguments[0]}: {error}", hint="install git, or leave --changed out") from error
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip() or f"exit code {ran.returncode}"
        raise GitError(f"git {arguments[0]}: {said}")
    return ran.stdout.decode("utf-8", "surrogateescape")
