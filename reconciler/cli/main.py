"""``reconcile``: finds the command, and is the one place where an error becomes a message and an exit code."""

import gc
import os
import sys
import traceback
from contextlib import suppress
from importlib import import_module

import click

from reconciler import __version__
from reconciler.cli.stopping import INTERRUPTED
from reconciler.model.errors import ConfigurationError, ReconcileError, UsageError

COMMANDS = {
    "validate": "Check the files of a fleet and say everything that is wrong with them.",
    "plan": "Say what an apply would change, and change nothing.",
    "apply": "Plan, ask, and bring the fleet to what its files say.",
    "show": "Print a plan that `plan --out` saved.",
    "deploy": "Deploy, redeploy or reset groups as they are live.",
    "fleets": "List the fleets of a repository, or those that a change touches.",
    "drift": "Say where the live fleet is not what its files say.",
    "export": "Accept the live state into the files, for groups that were changed outside.",
    "status": "Show wanted, live and deployed version of each group.",
    "runs": "List the applies of this fleet.",
    "unlock": "Show who has the fleet's lock, and take it away.",
    "worker": "Work off what applies have queued.",
    "doctor": "Look whether all is there that a fleet needs; print IAM policies.",
    "github": "Plan, apply and look for drift in workflows of GitHub Actions.",
    "schema": "Print the JSON Schema of a kind or document.",
    "sandbox": "Run AWS on this machine, for demos and tests.",
    "completion": "Print what makes a shell complete reconcile's commands.",
}
"""The commands with their help, which ``--help`` prints without importing one of them."""

NOT_YET = ("init",)
EXIT_CODES = """\b
Exit codes: 0 done, or nothing to do · 1 error · 2 there are changes (drift, plan --detailed-exitcode)
  3 a guard refused · 4 the plan is stale or the lock is held · 5 applied in part · 64 wrong usage"""

_COLLECT_AFTER = (50_000, 20, 20)
"""How many new objects Python waits for before it looks for cycles (its own default: 700, 10, 10). The plan of a large
fleet is millions of objects without any; looking through them again and again takes a tenth to a fifth of the time."""


class LazyGroup(click.Group):
    """Imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands there are, in the order that one uses them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name. Raises UsageError for one that a later version brings."""
        if cmd_name in COMMANDS:
            module = import_module(f"reconciler.cli.{cmd_name}")
            commands = [value for value in vars(module).values() if isinstance(value, click.Command)]
            return next(command for command in commands if command.name == cmd_name)
        if cmd_name in NOT_YET:
            raise UsageError(
                f"`reconcile {cmd_name}` is not part of version {__version__}", hint="a later version brings it"
            )
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; one that there is not comes with those that it could be meant for."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reconcile")
def cli() -> None:
    """Plan and apply AWS IoT Greengrass fleets from YAML in a git repository."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(*_COLLECT_AFTER)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # None where it was closed before
            # A name that the terminal's encoding lacks is no reason to stop.
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a TextIOWrapper at the start
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit code. Every error that people can act on ends here."""
    try:
        code = cli.main(args=arguments, prog_name="reconcile", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        click.echo("interrupted; run the command again to go on", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return UsageError.exit_code
    except ConfigurationError as error:
        return _report_problems(error)
    except ReconcileError as error:
        return _report(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else "reading or writing: "
        return _report(ReconcileError(f"{where}{error.strerror or error}"), error)
    except Exception as error:  # noqa: BLE001 (the last resort: a message and what to do, no traceback)
        unexpected = ReconcileError(
            f"unexpected {type(error).__name__}: {error}",
            hint="this is a defect of reconcile: please report it with what RECONCILE_DEBUG=1 prints",
        )
        return _report(unexpected, error)


def _report_problems(error: ConfigurationError) -> int:
    from reconciler.reporting.problems import problem_lines  # noqa: PLC0415 (only when there are any)

    for line in problem_lines(error.problems):
        click.echo(line, err=True)
    click.echo(f"error: {error.message}", err=True)
    return error.exit_code


def _report(error: ReconcileError, cause: Exception | None = None) -> int:
    from reconciler.reporting.style import clean  # noqa: PLC0415 (only when there is one)

    if os.environ.get("RECONCILE_DEBUG"):
        traceback.print_exception(cause or error)
    click.echo(f"error: {clean(error.message)}", err=True)
    if error.hint:
        click.echo(f"hint: {clean(error.hint)}", err=True)
    return error.exit_code
