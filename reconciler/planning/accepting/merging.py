"""Brings what is live into what files say: only what differs is touched, and no secret is written in the open. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.desired.rewrite import identities
from reconciler.desired.tokens import TokenContext
from reconciler.model.canonical import canonical_json
from reconciler.model.secrets import LITERALLY, secrets_in
from reconciler.planning.accepting.saying import TakenAwayError, UnsayableError

Path = tuple[str, ...]
Write = Callable[[Path, Any], Any]
"""How a live value is written at a place of the files."""

_TOKEN = re.compile(rf"{re.escape(LITERALLY)}|\$\{{secret\.([^}}]*)\}}|\$\{{")
"""What begins like a token: the text that stands for the begin of a secret's, a secret, and anything else."""
_POLICY_VARIABLE = re.compile(r"(?<!\$)\$\{[A-Za-z0-9-]+:[^}$]*\}")


def same(one: Any, other: Any) -> bool:
    """Whether two values are one in JSON: true is not 1 there."""
    return canonical_json(one) == canonical_json(other)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Writes texts in which tokens are expanded: what tokens stand for as those tokens, and the rest so that it stays.

    ``context`` is what tokens mean there; ``secrets`` are the names of those that have a value. Policy variables, such
    as ``${iot:Connection.Thing.ThingName}``, stay as they are where files may have them.
    """

    context: TokenContext
    secrets: frozenset[str] = frozenset()
    has_policy_variables: bool = False

    def write(self, value: Any) -> Any:
        """``value`` with every text in it written so that it expands to what it is."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {key: self.write(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.write(item) for item in value]
        return value

    def _text(self, text: str) -> str:
        kept = list(_POLICY_VARIABLE.finditer(text)) if self.has_policy_variables else []
        pieces, start = [], 0
        for variable in kept:
            pieces += [self._escaped(text[start : variable.start()]), variable[0]]
            start = variable.end()
        return self._put_back("".join([*pieces, self._escaped(text[start:])]))

    def _escaped(self, text: str) -> str:
        def escaped(match: re.Match[str]) -> str:
            if match[0] == LITERALLY:
                return "$${secret."
            return match[0] if match[1] in self.secrets else f"${match[0]}"

        return _TOKEN.sub(escaped, text)

    def _put_back(self, text: str) -> str:
        context = self.context
        for value, token in (
            (context.thing_arn, "${thingArn}"),
            (context.core_thing_arn, "${coreThingArn}"),
            (context.thing_name, "${thingName}"),
            (context.core_thing_name, "${coreThingName}"),
            (context.group_name, "${groupName}"),
        ):
            # A plain word may stand there for another reason.
            if value and re.search(r"[^A-Za-z]", value):
                whole = rf"(?<![A-Za-z0-9_${{-]){re.escape(value)}(?![A-Za-z0-9_-])"
                text = re.sub(whole, token.replace("\\", r"\\"), text)
        return text


def merged(raw: Any, wanted: Any, live: Any, write: Write, path: Path = ()) -> Any:
    """``raw``, which means ``wanted``, so that it means ``live``: what is the same in both stays as it is in ``raw``.

    ``raw`` may lack what is in ``wanted`` by default. Raises UnsayableError where a secret stands and something else is
    live: that may be a secret, too.
    """
    if same(wanted, live):
        return raw
    if all(isinstance(value, Mapping) for value in (raw, wanted, live)):
        return _merged_mapping(raw, wanted, live, write, path)
    if all(isinstance(value, list | tuple) for value in (raw, wanted, live)):
        names = [identities(value) for value in (raw, wanted, live)]
        if all(names) and any(isinstance(item, Mapping) for item in live):
            of_raw, of_wanted, of_live = (
                dict(zip(found or (), value, strict=True))
                for found, value in zip(names, (raw, wanted, live), strict=True)
            )
            return list(_merged_mapping(of_raw, of_wanted, of_live, write, path).values())
    check_open(wanted, live, path)
    return write(path, live)


def _merged_mapping(
    raw: Mapping[str, Any], wanted: Mapping[str, Any], live: Mapping[str, Any], write: Write, path: Path
) -> dict[str, Any]:
    check_swapped(wanted, live, path)
    found: dict[str, Any] = {}
    for key, value in raw.items():
        if key in wanted and key in live:
            found[key] = merged(value, wanted[key], live[key], write, (*path, key))
        elif key in live:
            found[key] = write((*path, key), live[key])
        elif key not in wanted:
            found[key] = value
    for key, value in live.items():
        if key in raw or (key in wanted and same(wanted[key], value)):
            continue
        is_mapping = isinstance(value, Mapping) and isinstance(wanted.get(key), Mapping)
        before: Any = {} if is_mapping else None  # of what holds by default, only what differs is written
        found[key] = merged(before, wanted.get(key), value, write, (*path, key))
    return found


def check_open(wanted: Any, live: Any, path: Path) -> None:
    """Raise UnsayableError where a secret of ``wanted`` is not in ``live``, which differs from it."""
    if set(secrets_in(wanted)) - set(secrets_in(live)):
        raise UnsayableError(
            f"a secret stands at {'.'.join(path)}, and something else is live there, which is not to stand in a file; "
            "give the secret that value, or change it back"
        )


def check_swapped(wanted: Mapping[str, Any], live: Mapping[str, Any], path: Path) -> None:
    """Raise UnsayableError where something with a secret went and something came: it may be that secret."""
    gone = {key: value for key, value in wanted.items() if key not in live}
    if any(secrets_in(list(gone.values()))) and live.keys() - wanted.keys():
        came = ", ".join(sorted(live.keys() - wanted.keys()))
        check_open(gone, {key: live[key] for key in live.keys() - wanted.keys()}, (*path, came))


def laid_over(base: Any, live: Any, kept: Any, path: Path) -> Any:
    """What laid over ``base`` gives ``live``, as little as possible, but with those keys of ``kept`` that do no harm.

    Raises TakenAwayError where nothing does, for a key of ``base`` cannot be taken away; UnsayableError as ``merged``.
    """
    if not isinstance(base, Mapping) or not isinstance(live, Mapping):
        check_open(base, live, path)
        return live
    kept = kept if isinstance(kept, Mapping) else {}
    if gone := sorted(base.keys() - live.keys()):
        raise TakenAwayError(f"{'.'.join((*path, gone[0]))} was taken away")
    found: dict[str, Any] = {}
    for key, value in live.items():
        if key not in base:
            found[key] = value
        elif not same(base[key], value) or key in kept:
            found[key] = laid_over(base[key], value, kept.get(key), (*path, key))
    return found


def beneath(live: Any, above: Any, base: Any) -> Any:
    """What ``above`` can be laid over to give ``live``: as in ``base`` where ``above`` decides, else as in ``live``."""
    if not all(isinstance(value, Mapping) for value in (live, above)):
        return live
    base = base if isinstance(base, Mapping) else {}
    found: dict[str, Any] = {}
    for key, value in live.items():
        if key not in above or not _covers(value, above[key]):
            found[key] = value
        elif isinstance(above[key], Mapping) and isinstance(value, Mapping):
            found[key] = beneath(value, above[key], base.get(key))
        elif key in base:
            found[key] = base[key]
    return found


def _covers(live: Any, above: Any) -> bool:
    """Whether ``above`` decides about ``live``: it is that, or a mapping that decides about some of it."""
    return same(live, above) or (isinstance(live, Mapping) and isinstance(above, Mapping))
