"""Progress of an apply as plain lines, for logs and wherever nobody redraws a screen."""

from reconciler.reporting.style import clean


def progress_line(elapsed_seconds: float, group: str, what: str) -> str:
    """One thing that happened: seconds since the apply began, the group, and what, e.g. ``definitions published``.

    Without a ``group`` it happened to the run as a whole.
    """
    return "  ".join([f"{int(elapsed_seconds):4d}s", *([clean(group)] if group else []), clean(what)])
