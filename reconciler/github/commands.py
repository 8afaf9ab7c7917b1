"""Workflow commands: the lines and files by which a step tells GitHub's runner something.

The runner takes every line of the log that begins with ``::`` for a command. Text from outside may hold one, so it is
printed while commands are stopped; a random word, which nobody can guess, lets them on again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Literal

from reconciler.model.errors import Problem
from reconciler.reporting.markdown import SUMMARY
from reconciler.reporting.problems import problem_annotation, workflow_data
from reconciler.reporting.style import clean

ANNOTATIONS = 10
"""Annotations of one kind that GitHub shows of a step; it drops more without a word."""

Print = Callable[[Iterable[str]], None]


def message(level: Literal["error", "warning", "notice"], text: str) -> str:
    """A line that shows ``text`` on the run's page."""
    return f"::{level}::{workflow_data(clean(text))}"


def annotations(problems: Sequence[Problem], elsewhere: str) -> list[str]:
    """The problems as annotations on their lines: as many as GitHub shows, the last of which counts the others.

    ``elsewhere`` says where those are.
    """
    if len(problems) <= ANNOTATIONS:
        return [problem_annotation(problem) for problem in problems]
    shown = problems[: ANNOTATIONS - 1]
    more = f"and {len(problems) - len(shown):,} more problems: {elsewhere}"
    return [*(problem_annotation(problem) for problem in shown), message("error", more)]


@contextmanager
def commands_stopped(print_lines: Print) -> Iterator[None]:
    """Nothing that is printed in this block is a command, whatever it looks like."""
    word = f"reconcile-{token_hex(16)}"
    print_lines([f"::stop-commands::{word}"])
    try:
        yield
    finally:
        print_lines([f"::{word}::"])


def write_output(path: Path | None, **values: str) -> None:
    """Set outputs of this step. A value may hold anything: what ends it is random."""
    if path is None:
        return
    with path.open("a", encoding="utf-8") as file:
        for name, value in values.items():
            word = f"end-{token_hex(16)}"
            file.write(f"{name}<<{word}\n{value}\n{word}\n")


def add_summary(path: Path | None, text: str) -> bool:
    """Add ``text`` to the job summary; False, and nothing is, where it would not fit: GitHub would drop all of it."""
    if path is None:
        return False
    there = path.stat().st_size if path.exists() else 0
    if SUMMARY.size is not None and there + len(text.encode()) > SUMMARY.size:
        return False
    with path.open("a", encoding="utf-8") as file:
        file.write(text if text.endswith("\n") else f"{text}\n")
    return True
