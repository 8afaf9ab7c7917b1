"""``reconcile fleets``: the fleets of a repository, or those that a change touches."""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.output import print_document, print_lines
from reconciler.github.changed import Fleets, all_fleets, changed_fleets
from reconciler.reporting.json_text import json_text
from reconciler.reporting.plan_text import count
from reconciler.reporting.style import clean


@click.command()
@options.root_argument
@click.option(
    "--changed",
    metavar="BASE..HEAD",
    envvar="RECONCILE_CHANGED",
    help="Only fleets whose files mean something else at the second commit; in doubt, all.",
)
@options.format_option("text", "json")
def fleets(root: Path, changed: str | None, output_format: str) -> int:
    """List the fleets at and below ROOT (default: this directory): every directory that holds a Fleet document.

    The JSON's `fleets` is what a matrix of GitHub Actions includes. A fleet that is gone is listed apart: nothing of it
    is deleted.
    """
    found = changed_fleets(root, changed) if changed else all_fleets(root)
    if output_format == "json":
        print_document(json_text(_document(root, found)))
    else:
        print_lines(
            clean(f"{(root / fleet.directory).as_posix()}{f'  ({fleet.reason})' if fleet.reason else ''}")
            for fleet in found.changed
        )
    summary = [f"{count(len(found.changed), 'fleet')}{' changed' if changed and not found.doubt else ''}."]
    if found.doubt:
        summary.insert(0, clean(f"warning: {found.doubt}: every fleet counts as changed"))
    summary[:0] = [clean(f"warning: the fleet in {path} is gone: nothing of it is deleted") for path in found.gone]
    print_lines(summary, to_stderr=True)
    return 0


def _document(root: Path, found: Fleets) -> dict[str, object]:
    return {
        "formatVersion": 1,
        "fleets": [
            {
                "fleet": fleet.name or fleet.directory,
                "directory": (root / fleet.directory).as_posix(),
                "account": fleet.account or "",
                "region": fleet.region or "",
                "reason": fleet.reason,
            }
            for fleet in found.changed
        ],
        "unchanged": [(root / path).as_posix() for path in found.unchanged],
        "gone": [(root / path).as_posix() for path in found.gone],
    }
