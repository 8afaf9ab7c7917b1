"""Requirements on component versions, as npm writes them, and whether a version meets them. Pure."""

from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.desired.semver import read_requirement

if TYPE_CHECKING:
    from semantic_version import Version


@lru_cache(maxsize=10_000)  # groups ask the same of the same components
def meets(version: str, requirement: str) -> bool:
    """Whether ``version`` meets ``requirement``, such as ``>=2.0.3 <3.0.0`` or ``~1.2``.

    What cannot be read as either counts as met: AWS has the last word on it.
    """
    try:
        return bool(read_requirement(requirement).match(_read(version)))
    except ValueError:
        return True


def at_least(version: str, lowest: str) -> bool:
    """Whether ``version`` is ``lowest`` or later; True for what is no semantic version."""
    try:
        return bool(_read(version) >= _read(lowest))
    except ValueError:
        return True


def _read(text: str) -> "Version":
    from semantic_version import Version  # noqa: PLC0415 # fleets without components of V2 need not pay for it

    return Version(text)
