"""Finds the calls of ``reconcile`` in lines of shell, and checks them as click would, without running one."""

import shlex
from collections.abc import Iterator, Sequence

import click

from reconciler.cli.main import cli

PUNCTUATION = set("();<>|&")


def calls(line: str) -> Iterator[list[str]]:
    """The arguments of every ``reconcile`` in a line of shell, also of one in ``$(…)`` and after ``&&`` or a pipe."""
    # Substitutions become commands of their own; what stood around them is quoted text that nobody looks at.
    lexer = shlex.shlex(line.replace('"$(', " ; ").replace(')"', " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for token in [*lexer, ";"]:
        if not set(token) <= PUNCTUATION:
            words.append(token)
            continue
        while words and "=" in words[0]:
            words.pop(0)
        if words[:1] == ["reconcile"]:
            yield words[1:]
        words = []


def check(arguments: Sequence[str], command: click.Command = cli, parent: click.Context | None = None) -> None:
    """Raise click.UsageError or UsageError unless ``arguments`` name commands and options that are there."""
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=command.name, parent=parent)
        _, rest, _ = command.make_parser(context).parse_args(list(arguments))
        if rest:
            _, found, rest = command.resolve_command(context, rest)
            assert found is not None
            check(rest, found, context)
    elif not {"-h", "--help"} & set(arguments):
        command.make_context(command.name, list(arguments), parent=parent)
