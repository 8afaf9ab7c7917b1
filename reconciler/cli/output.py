"""Prints results. A reader that is gone loses the rest of them; the command goes on, and its exit code stays true."""

import os
import sys
from collections.abc import Iterable
from typing import Any

import click


def print_lines(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    """Print ``lines`` on stdout, or on stderr."""
    _print("".join(f"{line}\n" for line in lines), sys.stderr if to_stderr else sys.stdout)


def print_document(text: str) -> None:
    """Print a document on stdout: in UTF-8, whatever the terminal's encoding is (for JSON: RFC 8259, 8.1)."""
    _print(text.encode(), sys.stdout)


def is_terminal(stream: Any) -> bool:
    """Whether ``stream`` is a terminal; one that was closed before the command began (None) is none."""
    return stream is not None and stream.isatty()


def _print(content: str | bytes, stream: Any) -> None:
    try:
        # color=True: click would take out the colour that --color or FORCE_COLOR asks for where there is no terminal.
        click.echo(content, file=stream, nl=False, color=True)
    except BrokenPipeError:
        discard(stream)
    except OSError:
        discard(stream)  # what is buffered cannot be written at exit either
        raise


def discard(stream: Any) -> None:
    """Send what else is written to ``stream`` nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
