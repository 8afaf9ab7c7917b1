"""What a machine remembers of a fleet is believed, and so has no place in the repository."""

from pathlib import Path

from reconciler.execution.local_state import LOCAL_STATE
from reconciler.github.git import GitError, blobs_of
from reconciler.model.errors import ConfigurationError, Problem
from reconciler.model.position import Position


def refuse_committed_state(directory: str) -> None:
    """Refuse a fleet directory whose ledger or cache is in the commit that is checked out.

    Whoever opens a pull request could have its plan say what they like. One that is restored beside the checkout is
    none of that. Raises ConfigurationError, which names the files.
    """
    try:
        held = blobs_of(Path(directory), "HEAD")
    except GitError:
        return  # no repository: nobody has committed anything
    problems = [
        Problem(
            Position(f"{directory}/{path}", 1, 1),
            "committed-state",
            "this is what one machine remembers of the fleet, and it would be believed",
            f"`git rm -r --cached {directory}/{LOCAL_STATE}`, and leave its .gitignore as it is made",
        )
        for path in sorted(held)
        if path.partition("/")[0] == LOCAL_STATE
    ]
    if problems:
        raise ConfigurationError(problems)
