"""``reconcile completion``: the shell's completion, made by click."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print what makes SHELL complete reconcile's commands.

    For bash: eval "$(reconcile completion bash)"
    """
    source = get_completion_class(shell)
    if source is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(source(context.find_root().command, {}, "reconcile", "_RECONCILE_COMPLETE").source())
    return 0
