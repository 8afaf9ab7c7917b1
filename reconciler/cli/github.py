"""``reconcile github``: the steps of workflows on GitHub Actions, in place of the commands of the same names."""

import os

import click

from reconciler.cli.github_apply import apply
from reconciler.cli.github_drift import drift
from reconciler.cli.github_fleets import fleets
from reconciler.cli.github_plan import plan
from reconciler.cli.options import ListingGroup
from reconciler.cli.output import print_lines
from reconciler.github.secrets import masks
from reconciler.model.secrets import TOGETHER, together


@click.group(cls=ListingGroup)
def github() -> None:
    """Steps of workflows on GitHub Actions: what they find goes into comments, checks, issues and the job summary.

    They read the variables that GitHub sets (GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_EVENT_PATH, …) and take the
    token from GITHUB_TOKEN. Without one, or for a pull request from a fork, nothing is written but the summary.
    """
    print_lines(masks(together(os.environ.get(TOGETHER, "")).values()))


github.add_command(fleets)
github.add_command(plan)
github.add_command(apply)
github.add_command(drift)
