"""``reconcile drift``: where the live fleet is not what its files say."""

import shlex
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.fleet import opened
from reconciler.cli.output import print_document, print_lines
from reconciler.execution.drift import find_drift
from reconciler.model.drift import Drift
from reconciler.reporting.drift import drift_document, drift_lines, drift_markdown, drift_summary
from reconciler.reporting.json_text import json_text
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.style import Style

DRIFTED = 2


@click.command()
@options.directory_argument
@options.selection_options
@options.format_option("text", "json", "markdown")
@options.allow_empty_option
@options.color_option
@options.stats_option
def drift(
    directory: str,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    output_format: str,
    style: Style,
    stats: Path | None,
    *,
    allow_empty: bool,
) -> int:
    """Say where the live fleet is not what the files in DIR say, and of what kind each difference is; change nothing.

    deleted, changed: outside the files. foreign: somebody else's group bears the name. not-converged: devices have not
    reported success. pending: in the files, and not applied yet. Exit code 2 if there is any, 0 if there is none.
    """
    with opened(directory, select, exclude, stats) as fleet:
        found = find_drift(fleet.session, fleet.groups, expect_some=not allow_empty)
    match output_format:
        case "json":
            print_document(json_text(drift_document(found)))
        case "markdown":
            print_document(drift_markdown(found, Page()))
        case _:
            print_lines(drift_lines(found, style))
    given = [directory, *options.selection_words(select, exclude)]
    print_lines(_hints(found, given) if output_format == "text" else [drift_summary(found)], to_stderr=True)
    return DRIFTED if found.groups else 0


def _hints(found: Drift, given: list[str]) -> list[str]:
    """What can be done about the kinds of drift that there are; ``given`` are the directory and what was selected."""
    apply, export, status = (f"`{shlex.join(['reconcile', name, *given])}`" for name in ("apply", "export", "status"))
    kinds = {group.kind for group in found.groups}
    hints = []
    if kinds & {"deleted", "changed"}:
        hints.append(f"{apply} brings the fleet back to its files; {export} says how the files would keep what is live")
    elif "pending" in kinds:
        hints.append(f"{apply} applies what is pending")
    if "foreign" in kinds:
        hints.append("a group of somebody else's is left alone: give yours another name, or say `adopt: true` in it")
    if "not-converged" in kinds:
        hints.append(f"{status} shows what each core last reported; a deployment that failed is sent again by {apply}")
    return [f"hint: {hint}" for hint in hints]
