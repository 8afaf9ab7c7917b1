"""The guards and policies that judge a pull request: those of the branch that it goes onto, not its own."""

from pathlib import Path
from tempfile import TemporaryDirectory

from reconciler.desired.load import load
from reconciler.github.git import GitError, write_tree
from reconciler.github.job import Job
from reconciler.model.errors import ConfigurationError
from reconciler.model.fleet import Fleet


def base_rules(job: Job, directory: str) -> Fleet | None:
    """The fleet in ``directory`` at the base commit of the event; None where there is no base, or no fleet in it yet.

    Where the base cannot be read, a warning says that the change is judged by its own rules.
    """
    base = _base_commit(job)
    if not base:
        return None
    try:
        with TemporaryDirectory() as temporary:
            if not write_tree(Path(directory), base, Path(temporary)):
                return None
            return load(Path(temporary) / "tree", shown_as=directory).fleet
    except (GitError, ConfigurationError) as error:
        job.warn(f"guards and policies of {base[:12]} cannot be read, those of this change count: {error.message}")
        return None


def _base_commit(job: Job) -> str:
    pull_request = job.context.pull_request
    if pull_request is not None:
        return pull_request.base
    group = job.context.payload.get("merge_group")
    return str(group.get("base_sha") or "") if isinstance(group, dict) else ""
