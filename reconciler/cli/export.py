"""``reconcile export``: accept the live state into the files."""

from collections.abc import Mapping
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.fleet import opened
from reconciler.cli.output import print_document, print_lines
from reconciler.execution.accept import accept_live
from reconciler.reporting.accepted_text import accepted_lines
from reconciler.reporting.diff import git_diff


@click.command()
@options.directory_argument
@click.option("--write", is_flag=True, envvar="RECONCILE_WRITE", help="Change the files, too.")
@click.option(
    "--adopt",
    multiple=True,
    envvar="RECONCILE_ADOPT",
    metavar="PATTERN",
    help="Also take over live groups that this fleet did not make: a name or a glob. Repeatable.",
)
@options.selection_options
@options.allow_empty_option
@options.refresh_option
@options.stats_option
def export(
    directory: str,
    adopt: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    stats: Path | None,
    *,
    write: bool,
    allow_empty: bool,
    refresh: bool,
) -> int:
    """Say how the files in DIR would have to be so that they say what is live, as a diff for `git apply`.

    It is about groups that somebody changed or deleted outside of the files. A plan of them has nothing to change then.
    Never writes to AWS, and to the files with --write alone. What no file can say is told on stderr, with the reason;
    exit code 1 if that is all there is.
    """
    with opened(directory, select, exclude, stats, refresh=refresh, may_be_empty=bool(adopt)) as fleet:
        found = accept_live(fleet.session, fleet.groups, adopt=adopt, expect_some=not allow_empty)
    root = Path(directory)
    diff = git_diff({file: _text(root / file) for file in found.files}, found.files)
    print_document(diff)
    if write:
        write_files(root, found.files)
    print_lines(accepted_lines(found, written=write), to_stderr=True)
    return 1 if found.unsaid and not found.groups else 0


def write_files(root: Path, files: Mapping[str, str | None]) -> None:
    """Write ``files`` (path below ``root`` to text), and delete those that have none. Raises OSError."""
    for file, text in files.items():
        path = root / file
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())


def _text(path: Path) -> str | None:
    return path.read_bytes().decode() if path.exists() else None
