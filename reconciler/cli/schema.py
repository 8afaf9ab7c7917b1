"""``reconcile schema``: the JSON Schemas of the file and output formats."""

import click

from reconciler.desired.schemas import schema, schema_names, schema_text
from reconciler.model.errors import UsageError


@click.command("schema")
@click.argument("kind", required=False)
def print_schema(kind: str | None) -> None:
    """Print the JSON Schema of KIND; without KIND, list the kinds.

    An editor that knows YAML takes it for help and completion:

    \b
      reconcile schema group > group.schema.json
      # yaml-language-server: $schema=group.schema.json    (the first line of the file)
    """
    names = schema_names()
    if kind is None:
        width = max(map(len, names))
        for name in names:
            click.echo(f"{name:<{width}}  {schema(name).get('title', '')}")
        return
    if kind.lower() not in names:
        raise UsageError(f"there is no schema called {kind}", hint=f"the kinds are {', '.join(names)}")
    click.echo(schema_text(kind.lower()), nl=False)
