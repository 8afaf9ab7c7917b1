"""Options and arguments that several commands share, and what they mean."""

import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from reconciler.cli.output import is_terminal
from reconciler.model.errors import ReconcileError, UsageError
from reconciler.reporting.style import Style, can_encode_unicode, wants_colour

DIRECTORY_VARIABLE = "RECONCILE_DIR"
FORMATS = ("text", "json", "markdown", "html")


class AnyCase(click.Choice[str]):
    """One of some words in any case of letters, which messages and completion spell as they are meant."""

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__(choices, case_sensitive=False)

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """The word that is meant; what is none of them stays as it is."""
        del ctx
        return next((known for known in self.choices if known.casefold() == str(choice).casefold()), str(choice))


class Number(click.IntRange):
    """A whole number, called so in messages."""

    name = "whole number"


class Seconds(click.FloatRange):
    """A number of seconds, 0 or more, called so in messages. No moment is later than NaN seconds, so that is none."""

    name = "number of seconds"

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number. Fails for what is none."""
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return seconds


class ListingGroup(click.Group):
    """A group whose help lists its commands with a whole sentence each, which click would cut at the line's end."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the first sentence of their help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.commands[name].get_short_help_str(200)) for name in sorted(self.commands)])


def directory_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """The fleet's directory, ``.`` by default, as ``directory`` (the text as typed)."""
    return click.argument("directory", metavar="[DIR]", default=".", envvar=DIRECTORY_VARIABLE)(command)


def root_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """The directory that fleets are looked for in, ``.`` by default, as ``root``."""

    def check(_context: click.Context, _argument: click.Parameter, root: Path) -> Path:
        if not root.is_dir():
            raise ReconcileError(f"{root} is no directory", hint="name a directory that exists")
        return root

    return click.argument(
        "root",
        metavar="[ROOT]",
        default=".",
        envvar="RECONCILE_ROOT",
        type=click.Path(path_type=Path),
        callback=check,
    )(command)


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--select`` and ``--exclude``, each repeatable."""
    return click.option(
        "--select",
        multiple=True,
        envvar="RECONCILE_SELECT",
        metavar="PATTERN",
        help="Take these groups alone: a name, a glob, or label=value. Repeatable.",
    )(exclude_option(command))


def selection_words(select: Sequence[str], exclude: Sequence[str]) -> list[str]:
    """What ``selection_options`` were given, as the words of a command line."""
    given = [("--select", pattern) for pattern in select] + [("--exclude", pattern) for pattern in exclude]
    return [word for option in given for word in option]


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


def format_option(*formats: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--format``, as ``output_format``: one of ``formats``, the first of which is the default.

    The others of ``FORMATS`` are refused by name: every command knows the same ones.
    """

    def check(_context: click.Context, _option: click.Parameter, value: str) -> str:
        if value not in formats:
            raise UsageError(f"the format {value} is not one of this command's", hint=f"use {' or '.join(formats)}")
        return value

    return click.option(
        "--format",
        "output_format",
        type=click.Choice(FORMATS),
        metavar=f"[{'|'.join(formats)}]",
        default=formats[0],
        show_default=True,
        envvar="RECONCILE_FORMAT",
        callback=check,
        help="What to print on stdout.",
    )


def output_directory_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--output-directory``, of the steps of workflows."""
    return click.option(
        "--output-directory",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="RECONCILE_OUTPUT_DIRECTORY",
        metavar="DIR",
        help="Write what was found there as files, for an artifact.",
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


def time_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--timeout`` and ``--lock-timeout``, in seconds."""
    command = click.option(
        "--lock-timeout",
        type=Seconds(),
        default=0,
        show_default=True,
        envvar="RECONCILE_LOCK_TIMEOUT",
        metavar="SECONDS",
        help="How long to wait for another apply of this fleet to end.",
    )(command)
    return click.option(
        "--timeout",
        type=Seconds(),
        default=600,
        show_default=True,
        envvar="RECONCILE_TIMEOUT",
        metavar="SECONDS",
        help="How long to wait for the cores, and for a busy Greengrass.",
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


def refresh_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--refresh`` as ``refresh``."""
    return click.option(
        "--refresh",
        is_flag=True,
        envvar="RECONCILE_REFRESH",
        help="Read also what AWS has no bulk read for, and what else is taken as it was last seen: client devices.",
    )(command)


def guard_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--guard NAME=VALUE``, repeatable, as ``guard`` (settings by the guard's name)."""
    return click.option(
        "--guard",
        multiple=True,
        envvar="RECONCILE_GUARD",
        metavar="NAME=VALUE",
        callback=_guard_settings,
        help="Set a guard for this command: updated=50%, deleted=3, failing=error, freeze=off. Repeatable.",
    )(command)


def waiver_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--waive`` and ``--approve``, repeatable, both as ``waivers``."""
    for kind, words in (
        ("approve", "Approve what a policy wants approved, for the plan of this digest alone. Repeatable."),
        ("waive", "Let a plan of this digest, and no other, pass a guard or policy. Repeatable."),
    ):
        command = click.option(
            f"--{kind}",
            multiple=True,
            envvar=f"RECONCILE_{kind.upper()}",
            metavar="NAME@DIGEST",
            callback=_add_waivers,
            expose_value=False,
            help=words,
        )(command)
    return command


def _guard_settings(_context: click.Context, _option: click.Parameter, values: Sequence[str]) -> dict[str, Any]:
    from reconciler.desired.guards import parse_setting  # noqa: PLC0415 (not to print help)
    from reconciler.model.guards import GUARDS, LIMITS  # noqa: PLC0415

    settings = {}
    for text in values:
        name, equals, value = text.partition("=")
        if name not in GUARDS:
            raise UsageError(f"there is no guard {name!r}", hint=f"the guards are {', '.join(GUARDS)}")
        try:
            settings[name] = parse_setting(name, value, "--guard")
        except ValueError as error:
            example = (
                "--guard updated=50%"
                if not equals
                else "30%, 10 or 30%,10"
                if name in LIMITS
                else f"--guard {name}=warning"
            )
            raise UsageError(f"--guard {text}: {error}", hint=f"write it as in {example}") from error
    return settings


def _add_waivers(context: click.Context, option: click.Parameter, values: Sequence[str]) -> None:
    from reconciler.planning.guards.waivers import parse_waiver  # noqa: PLC0415 (not to print help)

    kind: Any = option.name
    context.params["waivers"] = [*context.params.get("waivers", ()), *(parse_waiver(kind, text) for text in values)]


def _make_style(_context: click.Context, _option: click.Parameter, value: Any) -> Style:
    colour = wants_colour(value, environment=os.environ, is_terminal=is_terminal(sys.stdout))
    return Style(colour=colour, unicode=can_encode_unicode(getattr(sys.stdout, "encoding", None)))
