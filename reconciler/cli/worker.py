"""``reconcile worker``: works off what applies of a fleet have queued."""

import signal
import threading
import time
from pathlib import Path
from types import FrameType

import click

from reconciler.cli import options
from reconciler.cli.fleet import written_at_end
from reconciler.cli.output import print_lines
from reconciler.desired.load import load
from reconciler.reporting.events import progress_line

QUEUES = ("Devices", "NewDeployments", "DeploymentStatus")


@click.command()
@options.directory_argument
@click.option(
    "--queues",
    multiple=True,
    type=options.AnyCase(QUEUES),
    default=QUEUES,
    envvar="RECONCILE_QUEUES",
    help="Work these queues off alone. Repeatable; all of them unless told.",
)
@click.option("--once", is_flag=True, envvar="RECONCILE_ONCE", help="End when the queues are empty.")
@click.option(
    "--max",
    "at_once",
    type=options.Number(min=1, max=64),
    default=8,
    show_default=True,
    envvar="RECONCILE_MAX",
    metavar="N",
    help="Messages of a queue worked on at once.",
)
@click.option(
    "--workers",
    type=options.Number(min=1),
    default=1,
    show_default=True,
    envvar="RECONCILE_WORKERS",
    metavar="N",
    help="How many workers there are: each keeps to its share of the calls that AWS allows the account.",
)
@options.stats_option
def worker(
    directory: str, queues: tuple[str, ...], at_once: int, workers: int, stats: Path | None, *, once: bool
) -> int:
    """Work off what applies of the fleet in DIR have queued, until SIGTERM or Ctrl-C; what is in hand is finished."""
    from reconciler.execution.queue.lanes import lanes_of  # noqa: PLC0415 (imports botocore)
    from reconciler.execution.queue.opening import open_work  # noqa: PLC0415 (imports botocore)
    from reconciler.execution.queue.worker import Worker  # noqa: PLC0415 (imports botocore)

    started, stopping = time.monotonic(), threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):  # also while it is starting: nothing is in hand then
        signal.signal(number, stop)

    def say(group: str, what: str) -> None:
        print_lines([progress_line(time.monotonic() - started, group, what)], to_stderr=True)

    with (
        written_at_end(stats) as counted,
        open_work(load(Path(directory), shown_as=directory), 1 / workers, say, counted) as (work, by_name),
    ):
        running = Worker(work, lanes_of(work, by_name.by_name, queues), at_once, once, stopping)
        say("", f"worker {work.holder} works on {', '.join(queues)}")
        running.run()
        say("", "worker stopped; nothing is in hand")
    return 0
