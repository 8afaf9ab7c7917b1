"""``reconcile show``: a saved plan, as ``plan`` printed it."""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.output import print_document, print_lines
from reconciler.cli.saved import read_plan_file
from reconciler.planning.plan_document import plan_document
from reconciler.reporting.json_text import json_text
from reconciler.reporting.plan_text import plan_lines, summary_line
from reconciler.reporting.style import Style


@click.command()
@click.argument("plan_file", metavar="PLAN.json", type=click.Path(path_type=Path))
@options.format_option
@options.verbose_option
@options.color_option
def show(plan_file: Path, output_format: str, style: Style, *, verbose: bool) -> int:
    """Print the plan that `plan --out` saved, without AWS and without the fleet's files."""
    plan = read_plan_file(plan_file)
    if output_format == "json":
        print_document(json_text(plan_document(plan)))
        print_lines([summary_line(plan)], to_stderr=True)
    else:
        print_lines(plan_lines(plan, style=style, verbose=verbose))
    return 0
