"""The directory in a fleet directory that holds what this machine remembers: the SQLite ledger and the caches."""

from pathlib import Path

from reconciler.model.errors import ReconcileError

LOCAL_STATE = ".reconcile"
"""The directory in a fleet directory that holds ledger and caches; never committed."""

LOCAL_STATE_HINT = "the fleet directory has to be writable for ledger and cache"


def local_state(directory: Path) -> Path:
    """The directory for local state of a fleet, made if it is not there, and kept out of git by a file of its own.

    Raises ReconcileError where it cannot be made.
    """
    state = directory / LOCAL_STATE
    try:
        state.mkdir(exist_ok=True)
        ignore = state / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise ReconcileError(f"making {state}: {error.strerror}", hint=LOCAL_STATE_HINT) from error
    return state
