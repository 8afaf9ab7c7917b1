"""CEL, the Common Expression Language: expressions over data, without loops, files or network.

The library is an extra (``policies``), imported only where a fleet has an expression: it is native code, and most
fleets have none.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

LONGEST = 4_000
"""Characters in an expression (the schema says so, too)."""
DEEPEST = 32
"""Brackets inside each other: beyond some hundred, parsing takes minutes."""


class CelError(Exception):
    """An expression that cannot be evaluated; the text says why."""


def check_syntax(expression: str) -> str:
    """Why ``expression`` is no CEL; empty if it is, or if CEL is not installed, which whoever evaluates it learns."""
    if find_spec("cel") is None:
        return ""
    try:
        _compile(expression)
    except CelError as error:
        return str(error)
    return ""


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """The value of ``expression``. Raises CelError where it is no CEL, or goes wrong, or CEL is not installed."""
    with _failing():
        return _compile(expression).execute(dict(variables))


def _compile(expression: str) -> Any:
    try:
        import cel  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise CelError("CEL is not installed: pip install 'greengrass-reconciler[policies]'") from error
    if len(expression) > LONGEST or _depth(expression) > DEEPEST:
        raise CelError(
            f"its expression is longer than {LONGEST:,} characters, or nested deeper than {DEEPEST} brackets"
        )
    with _failing():
        return cel.compile(expression)


@contextmanager
def _failing() -> Iterator[None]:
    """Whatever the library raises, as CelError; a panic of native code is no Exception."""
    try:
        yield
    except (CelError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise CelError(f"its expression fails: {_reason(error)}") from error


def _depth(expression: str) -> int:
    """How deep brackets stand inside each other; those in texts count as well, which at worst refuses too much."""
    depth = deepest = 0
    for character in expression:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return f"there is no {error}"
    return " ".join(str(error).split()) or type(error).__name__
