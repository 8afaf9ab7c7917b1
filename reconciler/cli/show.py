"""``reconcile show``: a saved plan, as ``plan`` printed it."""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.printing import print_plan
from reconciler.cli.saved import read_plan_file
from reconciler.reporting.style import Style


@click.command()
@click.argument("plan_file", metavar="PLAN.json", type=click.Path(path_type=Path))
@options.format_option(*options.FORMATS)
@options.verbose_option
@options.color_option
def show(plan_file: Path, output_format: str, style: Style, *, verbose: bool) -> int:
    """Print the plan that `plan --out` saved, without AWS and without the fleet's files."""
    plan = read_plan_file(plan_file)
    print_plan(plan, output_format, style, verbose=verbose)
    return 0
