"""``reconcile status``: where every group stands."""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.fleet import opened
from reconciler.cli.output import print_document, print_lines
from reconciler.execution.session import read_status
from reconciler.reporting.json_text import json_text
from reconciler.reporting.status import status_document, status_lines
from reconciler.reporting.style import Style


@click.command()
@options.directory_argument
@click.option("--run", "run_id", metavar="RUN", envvar="RECONCILE_RUN", help="Show this run; the latest unless told.")
@options.selection_options
@options.format_option("text", "json")
@options.color_option
@options.stats_option
def status(
    directory: str,
    run_id: str | None,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    output_format: str,
    style: Style,
    stats: Path | None,
) -> int:
    """Show wanted, live and deployed version of each group of the fleet in DIR, and what its core last reported."""
    with opened(directory, select, exclude, stats) as fleet:
        found = read_status(fleet.session, fleet.groups, run_id)
    lines = status_lines(found, style=style)
    if output_format == "json":
        print_document(json_text(status_document(found)))
        print_lines(lines[-1:], to_stderr=True)
    else:
        print_lines(lines)
    return 0
