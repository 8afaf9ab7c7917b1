"""Semantic versions of components, and requirements on them, as Greengrass V2 has them."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semantic_version import NpmSpec

_NUMBER = "(?:0|[1-9][0-9]*)"
_IDENTIFIER = "(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
SEMVER_PATTERN = (
    rf"^{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$"
)
"""A version as https://semver.org defines it, from 1.0.0 to 1.0.0-rc.1+build.5."""
SEMVER_WORDS = "a semantic version such as 1.2.4"
REQUIREMENT_WORDS = "a requirement as npm has them, such as ~1.2.0, ^1.2.0 or >=1.2.0 <2.0.0"

_BEHIND_OPERATOR = re.compile(r"(?<=[<>=~^])\s+")
_BETWEEN_PARTS = re.compile(r"(?<=[\w*])(?=[<>=~^])")


@lru_cache(maxsize=1_000)  # groups say the same of the same components
def read_requirement(text: str) -> "NpmSpec":
    """The requirement that ``text`` states, such as ``>=2.0.3 <3.0.0`` or ``~1.2``. Raises ValueError for any other.

    Recipes put spaces behind operators, leave them out between two parts, and double the equals sign; the library
    takes none of these.
    """
    from semantic_version import NpmSpec  # noqa: PLC0415 # fleets without components of V2 need not pay for it

    parts = _BEHIND_OPERATOR.sub("", text.replace("==", "="))
    return NpmSpec(" ".join(_BETWEEN_PARTS.sub(" ", parts).split()))


def is_requirement(text: str) -> bool:
    """Whether ``text`` is a requirement on versions."""
    try:
        read_requirement(text)
    except ValueError:
        return False
    return True
