"""Shows how an apply goes on: lines and a bar on a terminal, lines elsewhere; always on stderr."""

import sys
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

import click

from reconciler.cli.output import is_terminal
from reconciler.reporting.events import progress_line

MANY = 20
"""Groups of which a log cannot be told at a glance how many are left."""
PARTS = 10


class PlainProgress:
    """A line for everything that happens; of ``MANY`` groups also one as each tenth of them has ended."""

    def __init__(self, total: int) -> None:
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._total = total
        self._ended: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def say(self, group: str, what: str) -> None:
        """Print what happened to a group, with the seconds since the start."""
        line = progress_line(time.monotonic() - self._started, group, what)
        with self._lock, suppress(OSError):  # nobody reads any more: no reason to stop half-way
            click.echo(line, err=True)

    def done(self, group: str) -> None:
        """Count a group."""
        with self._lock:
            before = len(self._ended)
            self._ended.add(group)
            ended = len(self._ended)
        if self._total >= MANY and ended * PARTS // self._total > before * PARTS // self._total:
            self.say("", f"{ended:,} of {self._total:,} groups have ended")


class TerminalProgress:
    """The same lines above a bar that counts the groups that are done."""

    def __init__(self, total: int) -> None:
        from rich.console import Console  # noqa: PLC0415 (only on a terminal)
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        self._started = time.monotonic()
        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            TextColumn("groups"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=self._console
        )
        self._task = self._bar.add_task("groups", total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, group: str, what: str) -> None:
        """Print what happened to a group, with the seconds since the start."""
        line = progress_line(time.monotonic() - self._started, group, what)
        self._console.print(line, markup=False, emoji=False, soft_wrap=True)

    def done(self, group: str) -> None:
        """Count a group."""
        self._bar.advance(self._task)


def progress_for(total: int) -> PlainProgress | TerminalProgress:
    """What fits the place that stderr goes to, for an apply of ``total`` groups."""
    return TerminalProgress(total) if is_terminal(sys.stderr) else PlainProgress(total)
