"""``reconcile github drift``: where a fleet is not what its files say, in one issue."""

import os
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.fleet import OpenFleet, opened
from reconciler.cli.output import print_lines
from reconciler.execution.accept import accept_live
from reconciler.execution.drift import find_drift
from reconciler.github.accept import propose
from reconciler.github.commands import commands_stopped, write_output
from reconciler.github.committed_state import refuse_committed_state
from reconciler.github.drift import Propose, report_drift
from reconciler.github.job import Job, open_job
from reconciler.model.accepted import Accepted
from reconciler.model.drift import Drift
from reconciler.model.errors import ReconcileError
from reconciler.reporting.drift import drift_document, drift_lines, drift_summary
from reconciler.reporting.json_text import json_text
from reconciler.reporting.markdown_accepted import accepted_markdown
from reconciler.reporting.markdown_page import Page
from reconciler.reporting.style import Style


@click.command()
@options.directory_argument
@options.output_directory_option
@click.option(
    "--accept",
    is_flag=True,
    envvar="RECONCILE_ACCEPT",
    help="Keep a pull request that writes what is live into the files.",
)
@options.allow_empty_option
@options.stats_option
def drift(directory: str, output_directory: Path | None, stats: Path | None, *, accept: bool, allow_empty: bool) -> int:
    """Hold the fleet in DIR against its files, and keep one issue about what differs. Never writes to AWS.

    The issue is opened with the first drift, edited while there is any, and closed when there is none. With --accept a
    pull request goes along with it, made with the token in RECONCILE_ACCEPT_TOKEN, or else with that in GITHUB_TOKEN.
    Exit code 0 in either case; the output `drift` is `true` or `false`.
    """
    job = open_job(os.environ, print_lines)
    refuse_committed_state(directory)
    with opened(directory, (), (), stats) as fleet:
        found = find_drift(fleet.session, fleet.groups, expect_some=not allow_empty)
        accepted = _accepted(job, fleet, found, expect_some=not allow_empty) if accept else None
    with commands_stopped(print_lines):
        print_lines(drift_lines(found, Style()))
    if output_directory is not None:
        output_directory.mkdir(parents=True, exist_ok=True)
        (output_directory / "drift.json").write_text(json_text(drift_document(found)), encoding="utf-8")
        if accepted is not None:
            (output_directory / "accept.md").write_text(accepted_markdown(found, accepted, Page()), encoding="utf-8")
    proposing = _proposing(job, found, accepted, directory) if accepted is not None else None
    report_drift(job, found, directory, proposing)
    write_output(job.context.output, drift="true" if found.groups else "false", summary=drift_summary(found))
    return 0


def _accepted(job: Job, fleet: OpenFleet, found: Drift, *, expect_some: bool) -> Accepted | None:
    """The files that say what is live; None, and a warning, where that cannot be told: drift is told all the same."""
    if not found.groups:
        return Accepted()
    try:
        return accept_live(fleet.session, fleet.groups, found, expect_some=expect_some)
    except ReconcileError as error:
        job.warn(f"what is live cannot be accepted into the files: {error.message}")
        return None


def _proposing(job: Job, found: Drift, accepted: Accepted, directory: str) -> Propose:
    writing = job.with_token(os.environ.get("RECONCILE_ACCEPT_TOKEN", ""))
    return lambda issue: propose(writing, found, accepted, directory, issue)
