"""Semantic versions, and requirements on them as npm writes them: what recipes and core devices go by."""

import functools
import re
from collections.abc import Iterable

from semantic_version import NpmSpec, Version, validate

_KEPT = 10_000
"""How many versions and choices are kept: whole fleets go by the same few."""

_BEHIND_OPERATOR = re.compile(r"(?<=[<>=~^])\s+")
_VERSIONS = re.compile(r"(\d+(?:\.\d+){0,2})((?:[-+][0-9A-Za-z.+-]+)?)")
_BETWEEN_PARTS = re.compile(r"(?<=[\w*])(?=[<>=~^])")


@functools.lru_cache(maxsize=_KEPT)
def is_version(text: str) -> bool:
    """Whether a text is a semantic version, such as ``1.2.4`` or ``1.0.0-beta.1``."""
    return bool(validate(text))


def newest_first(versions: Iterable[str]) -> list[str]:
    """Semantic versions, the greatest first."""
    return sorted(versions, key=_version, reverse=True)


def below(versions: Iterable[str], bound: str) -> list[str]:
    """Those that are smaller than ``bound``, the greatest first; all of them where the bound is empty."""
    return newest_first(version for version in versions if not bound or _version(version) < _version(bound))


def requirement(text: str) -> NpmSpec:
    """A requirement such as ``>=2.0.3 <3.0.0`` or ``~1.2``; raises ValueError for what npm would not read.

    Recipes put spaces behind operators, leave them out between two parts, and double the equals sign; the library
    takes none of these.
    """
    parts = _BEHIND_OPERATOR.sub("", text.replace("==", "="))
    return NpmSpec(" ".join(_BETWEEN_PARTS.sub(" ", parts).split()))


def named_in(text: str) -> set[str]:
    """The versions that a requirement names, whether or not they meet it: those of ``>=2.1 <3`` are 2.1.0 and 3.0.0."""
    return {numbers + ".0" * (2 - numbers.count(".")) + rest for numbers, rest in _VERSIONS.findall(text)}


def best(versions: Iterable[str], requirements: Iterable[str]) -> str | None:
    """The greatest of the versions that meets all requirements; None where none does."""
    return _best(frozenset(versions), frozenset(requirements))


@functools.lru_cache(maxsize=_KEPT)
def _best(versions: frozenset[str], requirements: frozenset[str]) -> str | None:
    specs = [requirement(text) for text in requirements]
    fitting = (version for version in versions if all(spec.match(_version(version)) for spec in specs))
    return max(fitting, key=_version, default=None)


@functools.lru_cache(maxsize=_KEPT)
def _version(text: str) -> Version:
    return Version(text)
