"""Changes as a plan may show them: without what files declare as secret, and what may be one. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.plan import Change
from reconciler.model.secrets import Secrets, secrets_in

CLOSED = frozenset({"Variables", "Parameters"})
"""Members whose values are not shown once no file has them: what one has put there by hand may be a password."""


def masked(changes: Iterable[Change], secrets: Secrets) -> tuple[Change, ...]:
    """``changes`` with every value hidden that a secret stands against, before or after it.

    Each value that is not shown bears a number, so that one sees whether it is another one.
    """
    return tuple(_masked(change, secrets) for change in changes)


def _masked(change: Change, secrets: Secrets) -> Change:
    if any(secrets_in([change.before, change.after])):
        return replace(change, before=_hidden(change.before, secrets), after=_hidden(change.after, secrets))
    if change.kind != "remove":
        return change
    if any(f".{member}." in change.path or change.path.endswith(f".{member}") for member in CLOSED):
        return replace(change, before=_hidden(change.before, secrets))
    return replace(change, before=_closed(change.before, secrets))


def _closed(value: Any, secrets: Secrets) -> Any:
    """``value`` with what stands under the closed members hidden."""
    if isinstance(value, Mapping):
        return {key: _hidden(item, secrets) if key in CLOSED else _closed(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_closed(item, secrets) for item in value]
    return value


def _hidden(value: Any, secrets: Secrets) -> Any:
    """``value`` with each leaf hidden; a leaf that names secrets goes on naming them."""
    if isinstance(value, Mapping):
        return {key: _hidden(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(item, secrets) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if any(secrets_in(value)):
        return f"{value} (value not shown {secrets.number(secrets.reveal(value))})"
    return f"(value not shown {secrets.number(value)})"
