"""Where a fleet stands: a table for people and a document for programs (``schemas/status.schema.json``)."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from reconciler.model.canonical import plain
from reconciler.model.run import FleetStatus, GroupStatus
from reconciler.model.words import some_of
from reconciler.reporting.plan_text import count
from reconciler.reporting.style import Style
from reconciler.reporting.values import cut_middle

FORMAT_VERSION = 1
NAMED_ABOVE = 20
"""Rows of a table in which one sees at a glance who is not well."""
NAMED = 20
"""Groups of one state that are named below a longer one."""

_HEADINGS = ("group", "target", "live", "deployed", "state", "deployment", "since", "error")
_STATE_COLUMN = _HEADINGS.index("state")
_ERROR_WIDTH = 200
_STATES_IN_ORDER = ("succeeded", "running", "deploying", "waiting", "failed", "unfinished")


def status_lines(status: FleetStatus, *, style: Style) -> list[str]:
    """A table with a row for each group, a blank line, and one line that sums it up. Of a long table the groups that
    are not well are named below it.
    """
    if not status.groups:
        return [style.bold(_summary(status, style))]
    rows = [_cells(group, style) for group in status.groups]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    lines = [style.bold(_joined(_HEADINGS, widths))]
    for group, row in zip(status.groups, rows, strict=True):
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        padded[_STATE_COLUMN] = _paint_for(group.state, style)(padded[_STATE_COLUMN])
        lines.append("  ".join(padded).rstrip())
    return [*lines, "", *_not_well(status, style), style.bold(_summary(status, style))]


def _not_well(status: FleetStatus, style: Style) -> Iterator[str]:
    if len(status.groups) <= NAMED_ABOVE:
        return
    for state in ("failed", "unfinished"):
        if members := [style.text(group.name) for group in status.groups if group.state == state]:
            yield f"{_paint_for(state, style)(state)}: {some_of(members, NAMED)}"


def status_document(status: FleetStatus) -> dict[str, Any]:
    """``status`` as plain dicts and lists; ``run`` and ``state`` are null before the first run."""
    return {
        "formatVersion": FORMAT_VERSION,
        "fleet": status.fleet,
        "run": status.run,
        "state": status.state,
        "groups": [
            {
                "name": group.name,
                "runtime": group.runtime,
                "template": group.template,
                "target": group.target,
                "live": group.live,
                "deployed": group.deployed,
                "state": group.state,
                "deploymentStatus": group.deployment_status,
                "since": group.since,
                "error": group.error,
                "details": plain(group.details),
            }
            for group in status.groups
        ],
    }


def _cells(group: GroupStatus, style: Style) -> list[str]:
    return [
        style.text(group.name),
        style.text(f"{group.template} {group.target}"),
        _or_dash(group.live),
        _or_dash(group.deployed),
        style.text(group.state),
        style.text(_or_dash(group.deployment_status)),
        style.text(_or_dash(group.since)),
        cut_middle(style.text(group.error or ""), style, width=_ERROR_WIDTH),
    ]


def _or_dash(value: str | int | None) -> str:
    return "-" if value is None else str(value)


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _paint_for(state: str, style: Style) -> Callable[[str], str]:
    if state == "succeeded":
        return style.add
    if state == "failed":
        return style.remove
    if state == "unfinished":
        return style.warn
    return style.deploy if state in ("running", "deploying") else style.dim


def _summary(status: FleetStatus, style: Style) -> str:
    run = "No run yet" if status.run is None else f"Run {style.text(status.run)}: {_or_dash(status.state)}"
    counts = Counter(group.state for group in status.groups)
    order = [*_STATES_IN_ORDER, *sorted(counts.keys() - set(_STATES_IN_ORDER))]
    states = ", ".join(f"{counts[state]} {style.text(state)}" for state in order if counts[state])
    return f"{run}; {count(len(status.groups), 'group')}{': ' if states else ''}{states}."
