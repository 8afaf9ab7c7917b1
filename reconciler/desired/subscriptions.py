"""Subscriptions as declared, with their tokens, and as they are for one group."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.desired.located import LocatedList, plain
from reconciler.desired.problems import Problems, quote
from reconciler.desired.shapes import ID_WORDS
from reconciler.desired.tokens import (
    TokenContext,
    TokenError,
    expand,
    thing_tokens,
    unknown_token,
    unknown_tokens,
    without_tokens,
)
from reconciler.model.position import Position

ID = re.compile(r"[a-zA-Z0-9:_-]+\Z")
MAX_ID = 128
"""The rule for Ids (the service model's documentation of Subscription, ``Id``)."""
_ID_CHARACTERS = re.compile(r"[a-zA-Z0-9:_-]*\Z")


@dataclass(frozen=True, slots=True)
class Declared:
    """A subscription as written: its members with tokens, and the place of each.

    ``sound`` is false where it is wrong in itself, so that no group expands it.
    """

    members: Mapping[str, str]
    places: Mapping[str, Position]
    has_tokens: bool
    sound: bool


def declare(entries: LocatedList | None, problems: Problems, *, thing_at_hand: bool) -> tuple[Declared, ...]:
    """The subscriptions in a list of a file, checked as far as it goes without a group."""
    return tuple(_declare(entry, problems, thing_at_hand) for entry in entries or ())


def _declare(entry: Any, problems: Problems, thing_at_hand: bool) -> Declared:
    before = len(problems)
    members: dict[str, str] = plain(entry)
    places = {member: entry.position(member) for member in members}
    for member, text in members.items():
        if "${" in text:
            _check_tokens(member, text, places[member], problems, thing_at_hand)
    if not _ID_CHARACTERS.match(without_tokens(members["Id"])):
        message = f"the subscription Id {quote(members['Id'])} is not allowed"
        problems.add(places["Id"], "bad-name", message, f"write {ID_WORDS}")
    return Declared(members, places, any("${" in text for text in members.values()), len(problems) == before)


def _check_tokens(member: str, text: str, position: Position, problems: Problems, thing_at_hand: bool) -> None:
    for token in unknown_tokens(text):
        error = unknown_token(token)
        problems.add(position, error.rule, f"{error.message} in {member}", error.hint)
    if not thing_at_hand:
        for token in thing_tokens(text):
            message = f"{token} has no value here, where no thing is at hand"
            hint = "use ${core…} tokens, or move the subscription to deviceSubscriptions"
            problems.add(position, "token-without-value", message, hint)


def expand_subscription(
    declared: Declared, context: TokenContext, on_error: Callable[[Position, TokenError], None]
) -> dict[str, str] | None:
    """The subscription's members for one group or thing; None, after ``on_error``, where a token has no value."""
    if not declared.has_tokens:
        return dict(declared.members)
    expanded: dict[str, str] = {}
    for member, text in declared.members.items():
        try:
            expanded[member] = expand(text, context)
        except TokenError as error:
            on_error(declared.places[member], error)
    return expanded if len(expanded) == len(declared.members) else None
