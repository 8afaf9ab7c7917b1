"""``reconcile drift``: where the live fleet is not what its files say."""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.fleet import opened
from reconciler.cli.output import print_document, print_lines
from reconciler.execution.drift import find_drift
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
    if output_format != "text":
        print_lines([drift_summary(found)], to_stderr=True)
    return DRIFTED if found.groups else 0
