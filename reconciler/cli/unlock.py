"""``reconcile unlock``: shows who has the fleet's lock, and takes it away."""

import sys
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.carrying_out import DECLINED
from reconciler.cli.fleet import written_at_end
from reconciler.cli.output import is_terminal, print_lines
from reconciler.desired.load import load
from reconciler.execution.ledger import Ledger
from reconciler.execution.lock import is_held, lock_words
from reconciler.execution.session import open_ledger
from reconciler.model.errors import UsageError


@click.command()
@options.directory_argument
@click.option("--yes", "-y", is_flag=True, envvar="RECONCILE_YES", help="Go on without asking.")
@options.stats_option
def unlock(directory: str, stats: Path | None, *, yes: bool) -> int:
    """Show who has the lock of the fleet in DIR, and take it away from a run that is dead.

    A run that is alive after all writes no more once its lock was taken.
    """
    with written_at_end(stats) as counted:
        desired = load(Path(directory), shown_as=directory)
        with open_ledger(desired, counted) as ledger:
            return _unlock(ledger, desired.fleet.name, yes=yes)


def _unlock(ledger: Ledger, fleet: str, *, yes: bool) -> int:
    lease = ledger.leases.current()
    if lease is None or not is_held(lease):
        print_lines([f"Fleet {fleet} is not locked."])
        return 0
    print_lines([f"Fleet {fleet} is locked: {lock_words(lease)}."])
    if not yes:
        if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
            raise UsageError("there is no terminal to ask on", hint="give --yes to unlock without asking")
        answer = click.prompt("Take it away? Only `yes` goes on", err=True, default="no", show_default=False)
        if str(answer).strip() != "yes":
            print_lines(["Nothing was changed."], to_stderr=True)
            return DECLINED
    taken = ledger.leases.end(lease.run)
    print_lines(["Unlocked." if taken else "It was given back meanwhile."])
    return 0
