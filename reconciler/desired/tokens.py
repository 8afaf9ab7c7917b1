"""Tokens such as ``${coreThingName}``: what they are, and their values for one group or one of its things."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from reconciler.desired.problems import closest
from reconciler.model.errors import ReconcileError
from reconciler.model.fleet import Fleet
from reconciler.model.group import Thing
from reconciler.model.secrets import LITERALLY, NAME

_FIELDS: Mapping[str, str] = {
    "thingName": "thing_name",
    "thingType": "thing_type",
    "thingArn": "thing_arn",
    "coreThingName": "core_thing_name",
    "coreThingType": "core_thing_type",
    "coreThingArn": "core_thing_arn",
    "groupName": "group_name",
    "accountId": "account_id",
    "region": "region",
}
_LABEL, _SECRET = "labels.", "secret."
TOKENS = tuple(f"${{{name}}}" for name in (*_FIELDS, "labels.X"))
"""Every token, as it is written."""
_TOKEN = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
"""A token, or ``$${``, which stands for ``${`` itself."""


class TokenError(ReconcileError):
    """A token that does not exist, or that has no value here."""

    def __init__(self, rule: str, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.rule = rule


class TokenContext(NamedTuple):
    """The values that tokens have at one place; None for what is not there (no core, no thing, no type).

    ``several_cores`` tells that the group has more than one, so that no core is at hand where none is meant.
    """

    account_id: str
    region: str
    group_name: str
    labels: Mapping[str, str] = MappingProxyType({})
    core_thing_name: str | None = None
    core_thing_type: str | None = None
    core_thing_arn: str | None = None
    thing_name: str | None = None
    thing_type: str | None = None
    thing_arn: str | None = None
    several_cores: bool = False

    @classmethod
    def of_group(
        cls, fleet: Fleet, name: str, labels: Mapping[str, str], core: Thing | None, *, several_cores: bool = False
    ) -> "TokenContext":
        """What holds in a group where no thing is at hand; ``core`` is the only one it has."""
        context = cls(fleet.account, fleet.region, name, labels, several_cores=several_cores)
        return context.of_core(fleet, core) if core is not None else context

    def of_core(self, fleet: Fleet, core: Thing) -> "TokenContext":
        """What holds where ``core`` is the core that is meant."""
        arn = fleet.thing_arn(core.thing_name)
        return self._replace(core_thing_name=core.thing_name, core_thing_type=core.thing_type, core_thing_arn=arn)

    def of_thing(self, fleet: Fleet, thing: Thing, labels: Mapping[str, str] | None = None) -> "TokenContext":
        """What holds for one of the group's things; ``labels`` of its own go before the group's."""
        context = self.of_core(fleet, thing) if thing.role == "core" else self
        return context._replace(
            thing_name=thing.thing_name,
            thing_type=thing.thing_type,
            thing_arn=fleet.thing_arn(thing.thing_name),
            labels={**self.labels, **labels} if labels else self.labels,
        )


def expand(text: str, context: TokenContext, *, secrets: bool = False) -> str:
    """``text`` with every token replaced by its value; with ``secrets`` those of secrets may stand there, and stay.

    Raises TokenError for a token that is unknown or has no value.
    """
    if "${" not in text:
        return text
    if secrets:
        text = text.replace(f"$${{{_SECRET}", f"${LITERALLY}")
    return _TOKEN.sub(lambda match: match[0] if secrets and _is_secret(match) else _value(match, context), text)


def has_tokens(text: str) -> bool:
    """Whether ``expand`` has anything to do in ``text``."""
    return _TOKEN.search(text) is not None


def unknown_tokens(text: str, *, secrets: bool = False) -> list[str]:
    """The tokens in ``text`` that do not exist, as written; one that is not closed is among them.

    Those of secrets do only exist with ``secrets``.
    """
    tokens = _TOKEN.finditer(text)
    return [match[0] for match in tokens if not (_is_known(match) or (secrets and _is_secret(match)))]


def unknown_token(token: str) -> TokenError:
    """The error for a token that does not exist."""
    match = closest(token.strip("${}"), _FIELDS)
    if not token.endswith("}"):
        hint = "close it with }"
    elif token.startswith((f"${{{_SECRET}", "${secret:")):
        hint = (
            "secrets are ${secret.NAME}, with a NAME of letters, digits and underscores, and may stand in environment "
            "variables of functions, parameters of connectors and configuration of components"
        )
    elif match:
        hint = f"did you mean ${{{match}}}?"
    else:
        hint = f"the tokens are {', '.join(TOKENS)}"
    return TokenError("unknown-token", f"unknown token {token}", hint=hint)


def thing_tokens(text: str) -> list[str]:
    """The tokens in ``text`` that need a thing at hand."""
    return [match[0] for match in _TOKEN.finditer(text) if match[1] in {"thingName", "thingType", "thingArn"}]


def without_tokens(text: str) -> str:
    """``text`` with its tokens taken out."""
    return _TOKEN.sub("", text)


def _is_known(match: re.Match[str]) -> bool:
    name = match[1]
    if name is None:
        return True
    return bool(match[2]) and (name in _FIELDS or (name.startswith(_LABEL) and len(name) > len(_LABEL)))


def _is_secret(match: re.Match[str]) -> bool:
    name = match[1]
    return bool(match[2]) and name.startswith(_SECRET) and NAME.fullmatch(name, len(_SECRET)) is not None


def _value(match: re.Match[str], context: TokenContext) -> str:
    if not _is_known(match):
        raise unknown_token(match[0])
    name = match[1]
    if name is None:
        return "${"
    if name.startswith(_LABEL):
        value = context.labels.get(name.removeprefix(_LABEL))
    else:
        value = getattr(context, _FIELDS[name])
    if value is None:
        raise TokenError("token-without-value", f"{match[0]} has no value", hint=_why(name, context))
    return str(value)


def _why(name: str, context: TokenContext) -> str:
    """How to give the token called ``name`` a value."""
    if name.startswith(_LABEL):
        return f"add metadata.labels.{name.removeprefix(_LABEL)} to the group, or take the token out"
    if name.startswith("core"):
        if context.several_cores:
            return "the group has several cores: write it where one is at hand, such as in the core's own configuration"
        if context.core_thing_name is None:
            return "declare a core in the group, or take the token out"
        return "declare the core's thingType, or take the token out"
    if context.thing_name is None:
        return "no thing is at hand here: use ${core…} tokens, or move it to deviceSubscriptions"
    return "declare thingType for each such thing, or take the token out"
