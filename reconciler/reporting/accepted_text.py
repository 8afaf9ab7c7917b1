"""What became of accepting live state, in words. Pure."""

from reconciler.model.accepted import Accepted
from reconciler.reporting.plan_text import count
from reconciler.reporting.style import clean


def accepted_lines(accepted: Accepted, *, written: bool) -> list[str]:
    """What is left and why, a line each, and what was accepted, which is the last one."""
    lines = [f"! {clean(group)}: {clean(reason)}" for group, reason in accepted.left]
    return [*lines, _summary(accepted, written=written)]


def _summary(accepted: Accepted, *, written: bool) -> str:
    """``Export: 2 groups as they are live, 3 files to change; 1 left.``"""
    left = len({group for group, _ in accepted.left}.difference(accepted.groups))
    rest = f"; {left} left." if left else "."
    if not accepted.groups:
        return f"Nothing to export{rest}"
    files = count(len(accepted.files), "file")
    return (
        f"Export: {count(len(accepted.groups), 'group')} as {'it is' if len(accepted.groups) == 1 else 'they are'} "
        f"live, {files} {'changed' if written else 'to change'}{rest}"
    )
