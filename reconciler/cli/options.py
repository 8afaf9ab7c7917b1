"""Options and arguments that several commands share, and what they mean."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reconciler.cli.output import is_terminal
from reconciler.model.errors import UsageError
from reconciler.reporting.style import Style, can_encode_unicode, wants_colour

FORMATS = ("text", "json", "markdown", "html")
FORMATS_NOT_YET = ("markdown", "html")


def directory_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """The fleet's directory, ``.`` by default, as ``directory`` (the text as typed)."""
    return click.argument("directory", metavar="[DIR]", default=".", envvar="RECONCILE_DIR")(command)


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--select`` and ``--exclude``, each repeatable."""
    return click.option(
        "--select",
        multiple=True,
        envvar="RECONCILE_SELECT",
        metavar="PATTERN",
        help="Take these groups alone: a name, a glob, or label=value. Repeatable.",
    )(exclude_option(command))


def verbose_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--verbose``, of what shows a plan."""
    return click.option("--verbose", "-v", is_flag=True, envvar="RECONCILE_VERBOSE", help="Also what stays as it is.")(
        command
    )


def exclude_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--exclude``, repeatable."""
    return click.option(
        "--exclude",
        multiple=True,
        envvar="RECONCILE_EXCLUDE",
        metavar="PATTERN",
        help="Leave these groups out: a name, a glob, or label=value. Repeatable.",
    )(command)


def format_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--format``, as ``output_format``: ``text`` or ``json``."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        envvar="RECONCILE_FORMAT",
        callback=_check_format,
        help="What to print on stdout.",
    )(command)


def stats_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--stats FILE``."""
    return click.option(
        "--stats",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="RECONCILE_STATS",
        metavar="FILE",
        help="Write what it cost as JSON: AWS calls by operation, writes, retries, seconds.",
    )(command)


def color_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--color``, as ``style`` (a Style for stdout)."""
    return click.option(
        "--color",
        "style",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        envvar="RECONCILE_COLOR",
        callback=_make_style,
        help="Colour on stdout; NO_COLOR and FORCE_COLOR are heeded.",
    )(command)


def allow_empty_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--allow-empty``: an account without groups is believed though groups were made before."""
    return click.option(
        "--allow-empty",
        is_flag=True,
        envvar="RECONCILE_ALLOW_EMPTY",
        help="Believe AWS when it lists no group at all though this fleet has made some: they were deleted on purpose.",
    )(command)


def _check_format(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if value in FORMATS_NOT_YET:
        raise UsageError(f"the format {value} is not part of this version", hint="use text or json")
    return value


def _make_style(_context: click.Context, _option: click.Parameter, value: Any) -> Style:
    colour = wants_colour(value, environment=os.environ, is_terminal=is_terminal(sys.stdout))
    return Style(colour=colour, unicode=can_encode_unicode(getattr(sys.stdout, "encoding", None)))
