"""``reconcile github fleets``: the fleets that a workflow run is about, for the matrix of its jobs."""

import json
import os
import re
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.output import print_lines
from reconciler.github.changed import FoundFleet, all_fleets, changed_fleets
from reconciler.github.commands import commands_stopped, write_output
from reconciler.github.job import open_job
from reconciler.reporting.plan_text import count
from reconciler.reporting.style import clean


@click.command()
@options.root_argument
def fleets(root: Path) -> int:
    """Say which fleets at and below ROOT the run is about: those that a pull request, merge queue or push changes.

    A run by hand or on a schedule is about all of them. The output `fleets` is what a matrix includes, `any` is `true`
    if there are some.
    """
    job = open_job(os.environ, print_lines, tells=False)
    commits = job.context.commits
    found = changed_fleets(root, commits) if commits else all_fleets(root)
    with commands_stopped(print_lines):
        for fleet in found.changed:
            reason = f"  ({fleet.reason})" if fleet.reason else ""
            print_lines([clean(f"{(root / fleet.directory).as_posix()}{reason}")])
        print_lines([f"{count(len(found.changed), 'fleet')} of {len(found.changed) + len(found.unchanged)}."])
    if found.doubt:
        job.warn(f"{found.doubt}: every fleet counts as changed")
    for path in found.gone:
        job.warn(f"the fleet in {path} is gone: nothing of it is deleted")
    matrix = [_row(root, fleet) for fleet in found.changed]
    write_output(job.context.output, fleets=json.dumps(matrix), any="true" if matrix else "false")
    return 0


def _row(root: Path, fleet: FoundFleet) -> dict[str, str]:
    """One job of a matrix; ``slug`` is fit for the name of an artifact."""
    directory = (root / fleet.directory).as_posix()
    return {
        "fleet": fleet.name or directory,
        "directory": directory,
        "region": fleet.region or "",
        "slug": re.sub(r"[^A-Za-z0-9._-]+", "-", directory).strip("-.") or "fleet",
    }
