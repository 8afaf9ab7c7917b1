"""Secrets that files name as ``${secret.NAME}``. Their values are on their way to AWS alone, and in no plan."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from reconciler.model.errors import ReconcileError
from reconciler.model.fleet import Fleet

VARIABLE = "RECONCILE_SECRET_"
"""What the environment variables begin with that hold the values; the secret's name follows."""
TOGETHER = "RECONCILE_SECRETS"
"""The environment variable that may hold all of them, as a JSON object: a workflow hands on only what it names."""
SHORTEST = 8
"""Characters. What is shorter would be found, and hidden, in texts that have nothing to do with it."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"\$\{secret\.([^}]*)\}")
_BEGIN = "${secret."
LITERALLY = "${literally secret."
"""What stands for the text ``${secret.`` where a token would begin with it."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The values of secrets by name. ``salt`` makes the numbers of a fleet its own."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    salt: str = ""

    def hide(self, value: Any) -> Any:
        """``value`` (text, or what JSON can hold) with each secret in it as its token.

        What looks like a token though no file put it there does not pass for one.
        """
        if not self.values:
            return value
        longest_first = sorted(self.values.items(), key=lambda item: (-len(item[1]), item[0]))

        def hidden(text: str) -> str:
            text = text.replace(_BEGIN, LITERALLY)
            for name, secret in longest_first:
                text = text.replace(secret, f"{_BEGIN}{name}}}")
            return text

        return _with_texts(value, hidden)

    def reveal(self, value: Any) -> Any:
        """The way back, for a call. Raises ReconcileError for a secret that has no value here."""

        def revealed(text: str) -> str:
            return _TOKEN.sub(self._value, text).replace(LITERALLY, _BEGIN) if "${" in text else text

        return _with_texts(value, revealed)

    def number(self, value: Any) -> str:
        """Tells values apart that are not shown: equal values have one number, at all times and on all machines.

        16 bits say nothing of a secret that is none of a few guesses.
        """
        return "#" + sha256(f"{self.salt}\0{value}".encode()).hexdigest()[:4]

    def _value(self, match: re.Match[str]) -> str:
        if (value := self.values.get(match[1])) is None:
            raise ReconcileError(
                f"the secret {match[1]} has no value here", hint=f"set the environment variable {VARIABLE}{match[1]}"
            )
        return value


NO_SECRETS = Secrets()


def read_secrets(fleet: Fleet, names: Iterable[str], environment: Mapping[str, str]) -> Secrets:
    """The secrets in ``environment`` for a fleet.

    Raises ReconcileError unless each of ``names`` has a value, and all values are long enough to be hidden.
    """
    values = together(environment.get(TOGETHER, "")) | {
        key.removeprefix(VARIABLE): text for key, text in environment.items() if key.startswith(VARIABLE) and text
    }
    if missing := sorted(set(names) - values.keys()):
        raise ReconcileError(
            f"{'these secrets have' if len(missing) > 1 else 'a secret has'} no value: {', '.join(missing)}",
            hint=f"set {', '.join(VARIABLE + name for name in missing)} in the environment",
        )
    if short := sorted(name for name, text in values.items() if len(text) < SHORTEST):
        raise ReconcileError(
            f"{VARIABLE}{short[0]} has fewer than {SHORTEST} characters: too short to be told from other text",
            hint="give the secret a longer value",
        )
    return Secrets(values, f"{fleet.account}/{fleet.name}")


def together(text: str) -> dict[str, str]:
    """The secrets in ``text``, a JSON object of names and values as TOGETHER has it; none if it is empty.

    Raises ReconcileError for anything else, and says nothing of what stands there.
    """
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(
        isinstance(value, str) and NAME.fullmatch(name) for name, value in found.items()
    ):
        raise ReconcileError(
            f"{TOGETHER} is no JSON object of names and texts",
            hint='write it as {"NAME": "value"}, the name as files have it in ${secret.NAME}',
        )
    return found


def secrets_in(value: Any) -> Iterator[str]:
    """The names of the secrets whose tokens are in ``value``."""
    if isinstance(value, str):
        yield from _TOKEN.findall(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from secrets_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from secrets_in(item)


def secrets_named(value: Any) -> Iterator[str]:
    """The names of the secrets that ``value`` names as files do, where ``$${`` stands for ``${`` itself."""
    return secrets_in(_with_texts(value, lambda text: text.replace("$${", "")))


def _with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """``value`` with each text in it changed; keys stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _with_texts(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_texts(item, change) for item in value]
    return value
