"""What an apply says at its end: the groups that are not done, what to do about them, and one stable last line."""

from collections.abc import Iterable, Mapping

from reconciler.model.run import Task, is_kept
from reconciler.reporting.plan_text import count
from reconciler.reporting.style import Style

NAMED = 50
"""Groups of one state that are named one by one; ``reconcile status`` knows them all."""

SEND_TO_ALL = (
    "Where other cores of a group have what it was sent, applying again sends nothing: mend the cores that failed, "
    "then give the group a new value of `redeploy`, which sends it to all."
)
# The states of groups that are not done, in the order of the report: sign, and what is said where nobody said more.
_OPEN_STATES: Mapping[str, tuple[str, str]] = {
    "failed": ("!", "no error was reported"),
    "unfinished": ("?", "its deployment had not ended by the deadline"),
    "deploying": (">", "with Greengrass, its deployment has not ended yet"),
}


def apply_summary_line(
    *,
    created: int,
    updated: int,
    provisioned: int,
    deployments: int,
    unchanged: int,
    deleted: int = 0,
    still_open: int = 0,
    done: int = 0,
    failed: int = 0,
    unfinished: int = 0,
    blocked: int = 0,
    stale: int = 0,
) -> str:
    """The stable last line of an apply.

    ``created``, ``updated``, ``deleted``, ``unchanged`` and ``blocked`` count groups, ``provisioned`` things,
    ``deployments`` those that succeeded and ``still_open`` those that nobody waited for. With ``failed`` or
    ``unfinished`` groups, or ``stale`` ones that were left out, the line says ``Apply incomplete`` and counts groups
    alone, ``done`` being the others that the apply had something to do for.
    """
    rest = f"; {unchanged} unchanged" + (f", {blocked} blocked" if blocked else "") + "."
    if failed or unfinished or stale:
        left_out = f", {stale} stale" if stale else ""
        return (
            f"Apply incomplete: {count(done, 'group')} done, {failed} failed, {unfinished} unfinished{left_out}{rest}"
        )
    return (
        f"Apply complete: {count(created, 'group')} created, {updated} updated"
        + (f", {deleted} deleted" if deleted else "")
        + f", {count(provisioned, 'thing')} provisioned, {count(deployments, 'deployment')} succeeded"
        + (f", {still_open} still open" if still_open else "")
        + rest
    )


def deploy_summary_line(*, succeeded: int, still_open: int, failed: int, unfinished: int, unchanged: int) -> str:
    """The stable last line of a deploy. All count groups, each with one deployment or reset.

    ``still_open`` are those that nobody waited for, ``unchanged`` those with nothing to reset.
    """
    rest = f"; {unchanged} unchanged."
    if failed or unfinished:
        done = succeeded + still_open
        return f"Deploy incomplete: {count(done, 'group')} done, {failed} failed, {unfinished} unfinished{rest}"
    open_part = f", {still_open} still open" if still_open else ""
    return f"Deploy complete: {count(succeeded, 'deployment')} succeeded{open_part}{rest}"


def open_group_lines(
    tasks: Iterable[Task],
    *,
    style: Style,
    command: str,
    status_command: str = "reconcile status",
    sends_anew: bool = False,
) -> list[str]:
    """A line for each task that failed, did not finish, or was not waited for; then what to do. Empty without any.

    ``command`` is what the user ran, e.g. ``reconcile apply fleets/demo``, and ``status_command`` shows the groups.
    Whether it ``sends_anew`` also what some cores have: an apply does not. Of very many tasks in one state only the
    first are named.
    """
    by_state: dict[str, list[Task]] = {state: [] for state in _OPEN_STATES}
    for task in sorted(tasks, key=lambda task: task.group):
        if task.state in by_state:
            by_state[task.state].append(task)
    lines: list[str] = []
    for state, stuck in by_state.items():
        lines += [_line(task, style) for task in stuck[:NAMED]]
        if len(stuck) > NAMED:
            lines.append(style.dim(f"{style.ellipsis} and {len(stuck) - NAMED:,} more {state}"))
    command, status_command = style.text(command), style.text(status_command)
    kept = [] if sends_anew else [task for task in by_state["failed"] if is_kept(task.error)]
    if kept:
        lines.append(SEND_TO_ALL)
    if len(kept) < len(by_state["failed"]):
        lines.append(f"Mend what failed, then run `{command}` again: what is done stays, the rest is tried again.")
    if by_state["unfinished"] or by_state["deploying"]:
        lines.append(f"Cores may still report what is with Greengrass: `{status_command}` shows it.")
    return lines


def _line(task: Task, style: Style) -> str:
    sign, default = _OPEN_STATES[task.state]
    error = style.text(task.error) if task.error else default
    deployment = f" (deployment {style.text(task.deployment_id)})" if task.deployment_id else ""
    return f"{style.sign(sign)} {style.bold(style.text(task.group))} {task.state}: {error}{deployment}"
