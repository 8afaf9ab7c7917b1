"""``reconcile sandbox``: AWS on this machine, started, asked, told and stopped."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import platformdirs
from click.core import ParameterSource

from reconciler.cli.options import ListingGroup, Number, Seconds
from reconciler.model.errors import ReconcileError, UsageError
from reconciler.sandbox import daemon
from reconciler.sandbox.errors import ControlError
from reconciler.sandbox.remote import Remote, environment
from reconciler.sandbox.world import DEFAULT_REGION

USAGE = """\
AWS on this machine: Greengrass, IoT and CDF Provisioning, and S3, SQS, DynamoDB, EventBridge, KMS, STS by moto.
  reconcile sandbox start            start it in the background (--port N, --region R)
  eval "$(reconcile sandbox env)"    from now on reconcile, aws and boto3 in this shell talk to it, but for sqs of
                                     AWS CLI v1: it ignores AWS_ENDPOINT_URL, add --endpoint-url "$AWS_ENDPOINT_URL"
  reconcile sandbox status | calls | cores   where it runs | what was called, how often | what is on V2 core devices
  reconcile sandbox devices '{"berlin-*": {"outcome": "fail", "error": "disk full"}}'   what simulated cores do
  reconcile sandbox faults | limits | clock    make calls go wrong | throttle them | move time on, or stop it
  reconcile sandbox cdf              which CDF Provisioning answers, and whom it lets in
  reconcile sandbox reset | stop     forget everything | stop it, which forgets everything too
Every verb takes --home DIR: two homes are two independent AWSes. `reconcile sandbox VERB --help` says more.
"""


class SandboxGroup(ListingGroup):
    """The group by itself, without the main program around it: errors become a message and an exit code here."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line; only called where this group is the outermost command."""
        try:
            return super().main(*args, **options)
        except ReconcileError as problem:
            click.echo(f"error: {problem.message}" + (f"; {problem.hint}" if problem.hint else ""), err=True)
            sys.exit(problem.exit_code)


def _home_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--home",
        "home",
        envvar="RECONCILE_SANDBOX_HOME",
        type=click.Path(file_okay=False, path_type=Path),
        callback=lambda _context, _option, value: _home(value),
        help="The sandbox's directory; two of them are two independent AWSes. [default: your state directory]",
    )(command)


def _home(directory: Path | None) -> daemon.Home:
    chosen = directory or Path(platformdirs.user_state_dir("greengrass-reconciler", appauthor=False)) / "sandbox"
    return daemon.Home(Path(os.path.abspath(chosen)))  # noqa: PTH100 - resolve() would follow links


@click.group(cls=SandboxGroup, invoke_without_command=True)
@click.pass_context
def sandbox(context: click.Context) -> None:
    """AWS on this machine, for trying things out."""
    if context.invoked_subcommand is None:
        click.echo(USAGE, nl=False)


@sandbox.command()
@_home_option
@click.option(
    "--port",
    type=Number(0, 65535),
    envvar="RECONCILE_SANDBOX_PORT",
    default=0,
    help="Where to listen. [default: a free port]",
)
@click.option(
    "--region",
    envvar="RECONCILE_SANDBOX_REGION",
    default=DEFAULT_REGION,
    show_default=True,
    help="The region that `env` sets.",
)
def start(home: daemon.Home, port: int, region: str) -> None:
    """Start it in the background; returns once it answers."""
    if home.was_left_behind():
        click.echo(f"note: the last sandbox in {home.directory} ended without being stopped", err=True)
    running, now = daemon.start(home, port=port, region=region)
    if now:
        env_command = f'eval "$(reconcile sandbox env{_said_again(home)})"'
        click.echo(f"sandbox started at {running.url}; {env_command} points this shell at it")
    else:
        click.echo(f"sandbox runs already at {running.url}, region {running.region}, process {running.pid}")


@sandbox.command()
@_home_option
def stop(home: daemon.Home) -> None:
    """Stop it; its state is gone then."""
    click.echo("sandbox stopped" if daemon.stop(home) else "no sandbox was running")


@sandbox.command()
@_home_option
def status(home: daemon.Home) -> None:
    """Say whether one runs, and where (exit 1 where none does)."""
    running = _running(home)
    health = _ask(running, "health")
    click.echo(
        f"sandbox runs at {running.url}, account {health['account']}, region {running.region}, "
        f"process {running.pid}, home {home.directory}"
    )
    if health["ahead"]:
        click.echo(f"its clock is {health['ahead']:g} seconds ahead")
    if health["stopped"]:
        click.echo("its clock stands still")


@sandbox.command()
@_home_option
def env(home: daemon.Home) -> None:
    """Print what a shell needs to talk to it: eval "$(reconcile sandbox env)"."""
    running = _running(home)
    for name, value in environment(running.url, running.region).items():
        click.echo(f"export {name}={value}")


@sandbox.command()
@_home_option
def reset(home: daemon.Home) -> None:
    """Forget everything: resources, devices, faults, limits, calls, and how far the clock was moved."""
    _ask(_running(home), "reset")
    click.echo("sandbox is empty")


@sandbox.command()
@_home_option
@click.option("--clear", is_flag=True, envvar="RECONCILE_SANDBOX_CLEAR", help="Forget the calls so far.")
def calls(home: daemon.Home, *, clear: bool) -> None:
    """Print the log of calls as JSON."""
    running = _running(home)
    if clear:
        _ask(running, "clear_log")
    else:
        _show(_ask(running, "log"))


@sandbox.command()
@_home_option
def cores(home: daemon.Home) -> None:
    """Print what is on each core device of Greengrass V2 as JSON: components, configurations, deployments."""
    _show(_ask(_running(home), "cores"))


def _telling(name: str, text: str, example: str) -> None:
    """Register the command by which ``name`` of the control API is told something."""

    @sandbox.command(name, help=f"{text}\n\nJSON replaces what was told before; - reads it from stdin: {example}")
    @_home_option
    @click.argument("document", metavar="JSON|-")
    def tell(home: daemon.Home, document: str) -> None:
        _show(_ask(_running(home), "tell", name, _parsed(name, document)))


_telling("devices", "Say what simulated cores do.", """'{"berlin-*": {"outcome": "offline"}}'""")
_telling("faults", "Say which calls go wrong.", """'[{"service": "iot", "fault": "throttle", "rate": 0.1}]'""")
_telling("limits", "Say how many calls a second are let through.", """'{"greengrass": 30}', or null""")
_telling(
    "cdf",
    "Say which CDF Provisioning answers (v1, or head for its main branch), and whom it lets in.",
    """'{"version": "head", "auth": {"type": "iam"}}'""",
)


@sandbox.command()
@_home_option
@click.option(
    "--advance",
    type=Seconds(),
    envvar="RECONCILE_SANDBOX_ADVANCE",
    metavar="SECONDS",
    help="By how much to move time on.",
)
@click.option(
    "--stop/--go",
    "stopped",
    default=None,
    envvar="RECONCILE_SANDBOX_STOP",
    help="Let time stand still, or go on from where it stood.",
)
def clock(home: daemon.Home, advance: float | None, *, stopped: bool | None) -> None:
    """Move the sandbox's time on, or stop it."""
    told = {name: value for name, value in (("advance", advance), ("stopped", stopped)) if value is not None}
    if not told:
        raise click.UsageError("say --advance SECONDS, --stop or --go")
    _show(_ask(_running(home), "tell", "clock", told))


def _running(home: daemon.Home) -> daemon.Running:
    running = daemon.find(home)
    if running is None:
        left = ", though one was and ended without being stopped" if home.was_left_behind() else ""
        hint = f"`reconcile sandbox start{_said_again(home)}` starts one"
        raise ReconcileError(f"no sandbox runs in {home.directory}{left}", hint=hint)
    return running


def _said_again(home: daemon.Home) -> str:
    """The option that other commands need to find ``home``, too: one in the environment is there for them as well."""
    told = click.get_current_context().get_parameter_source("home") is ParameterSource.COMMANDLINE
    return f" --home {shlex.quote(str(home.directory))}" if told else ""


def _ask(running: daemon.Running, method: str, *arguments: Any) -> Any:
    try:
        return getattr(Remote(running.url), method)(*arguments)
    except ControlError as problem:
        raise UsageError(str(problem)) from problem
    except OSError as problem:
        raise ReconcileError(f"the sandbox at {running.url} does not answer: {problem}") from problem


def _parsed(name: str, document: str) -> Any:
    try:
        return json.loads(sys.stdin.read() if document == "-" else document)
    except ValueError as problem:
        hint = "put it in single quotes, or give - and pipe it in"
        raise UsageError(f"{name}: not JSON: {problem}", hint=hint) from problem


def _show(content: Any) -> None:
    click.echo(json.dumps(content, indent=2, ensure_ascii=False))
