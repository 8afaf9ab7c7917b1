"""Values to merge into the configuration of components: as written, expanded, and one laid over another."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.desired.located import LocatedDict, LocatedList, Path, plain
from reconciler.desired.problems import Problems
from reconciler.desired.tokens import (
    TokenContext,
    TokenError,
    expand,
    has_tokens,
    thing_tokens,
    unknown_token,
    unknown_tokens,
)
from reconciler.model.position import Position

_POLICY_VARIABLE = re.compile(r"(?<!\$)\$\{(?!(?:secret|labels):)[A-Za-z0-9-]+:[^}]*\}")
"""A policy variable of AWS IoT, such as ``${iot:Connection.Thing.ThingName}``, which is no token of ours; but a colon
for the dot of one of ours is a slip."""
OnError = Callable[[Position, TokenError], None]


@dataclass(frozen=True, slots=True)
class Text:
    """A text that has tokens: the way to it, itself, and its place."""

    path: Path
    text: str
    position: Position


@dataclass(frozen=True, slots=True)
class Configuration:
    """Component name → value to merge, as written: tokens unexpanded, and the texts that have them on their own.

    ``places`` has the place of each component's name.
    """

    values: Mapping[str, Any]
    texts: tuple[Text, ...]
    places: Mapping[str, Position]


NOTHING = Configuration({}, (), {})


def declare_configuration(
    entries: Mapping[str, Any], places: Mapping[str, Position], problems: Problems, *, core_at_hand: bool
) -> Configuration:
    """The configuration that ``entries`` (component name → value as read from a file) say.

    Unknown tokens are problems, and so are ``${thing…}`` where not ``core_at_hand``.
    """
    texts: list[Text] = []
    for path, text, position in _texts_with_tokens(entries):
        unknown = unknown_tokens(text, secrets=True)
        for token in unknown:
            error = unknown_token(token)
            hint = error.hint
            if token.endswith("}"):
                hint = f"{hint}; write $${token[1:]} if it is meant as it stands"
            problems.add(position, error.rule, f"{error.message} in a configuration", hint)
        of_things = [] if core_at_hand else thing_tokens(text)
        for token in of_things:
            message = f"{token} has no value here, where no thing is at hand"
            problems.add(position, "token-without-value", message, "write it in the core's own configuration")
        if not unknown and not of_things:
            texts.append(Text(path, text, position))
    return Configuration({name: plain(value) for name, value in entries.items()}, tuple(texts), places)


def _texts_with_tokens(entries: Mapping[str, Any]) -> list[tuple[Path, str, Position]]:
    """Every text that has tokens: the way to it, itself (policy variables kept from expansion), and its place."""
    found: list[tuple[Path, str, Position]] = []
    waiting: list[tuple[Path, Any]] = [((name,), value) for name, value in entries.items()]
    while waiting:
        path, container = waiting.pop()
        items: list[tuple[str | int, Any, Position]] = []
        if isinstance(container, LocatedDict):
            items = [(key, item, container.position(key)) for key, item in container.items()]
        elif isinstance(container, LocatedList):
            items = [(index, item, container.position(index)) for index, item in enumerate(container)]
        for step, item, position in items:
            if isinstance(item, dict | list):
                waiting.append(((*path, step), item))
            elif isinstance(item, str) and has_tokens(item):
                found.append(((*path, step), _POLICY_VARIABLE.sub(r"$\g<0>", item), position))
    return found


def expand_configuration(configuration: Configuration, context: TokenContext, on_error: OnError) -> Mapping[str, Any]:
    """The values with tokens expanded: the very same object where there are none.

    ``on_error`` hears of each token that has no value; what holds it stays as it is.
    """
    if not configuration.texts:
        return configuration.values
    values = dict(configuration.values)
    copied: dict[int, Any] = {}  # keeps what it names alive, so that no id comes twice
    for text in configuration.texts:
        try:
            expanded = expand(text.text, context, secrets=True)
        except TokenError as error:
            on_error(text.position, error)
            continue
        parent: Any = values
        for step in text.path[:-1]:
            child = parent[step]
            if id(child) not in copied:
                child = dict(child) if isinstance(child, dict) else list(child)
                copied[id(child)] = parent[step] = child
            parent = child
        parent[text.path[-1]] = expanded
    return values


def overlay(below: Any, above: Any) -> Any:
    """``above`` laid over ``below``: mappings key by key, all the way down; anything else, lists included, replaced."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    merged = dict(below)
    for key, value in above.items():
        merged[key] = overlay(merged[key], value) if key in merged else value
    return merged
