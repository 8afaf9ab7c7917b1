"""``reconcile runs``: the applies of a fleet, newest first."""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.fleet import written_at_end
from reconciler.cli.output import print_document, print_lines
from reconciler.desired.load import load
from reconciler.execution.session import open_ledger
from reconciler.reporting.json_text import json_text
from reconciler.reporting.runs import runs_document, runs_lines


@click.command()
@options.directory_argument
@click.option(
    "--last",
    type=options.Number(min=1),
    default=20,
    show_default=True,
    envvar="RECONCILE_LAST",
    metavar="N",
    help="How many.",
)
@options.format_option("text", "json")
@options.stats_option
def runs(directory: str, last: int, output_format: str, stats: Path | None) -> int:
    """List the applies of the fleet in DIR that had something to do, newest first."""
    with written_at_end(stats) as counted, open_ledger(load(Path(directory), shown_as=directory), counted) as ledger:
        found = ledger.runs(last)
    lines = runs_lines(found)
    if output_format == "json":
        print_document(json_text(runs_document(found)))
        print_lines(lines[-1:], to_stderr=True)
    else:
        print_lines(lines)
    return 0
