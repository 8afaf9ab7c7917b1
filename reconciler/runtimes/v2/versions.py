"""Requirements on component versions, as npm writes them, and whether a version meets them. Pure."""

import re

from semantic_version import NpmSpec, Version

_BEHIND_OPERATOR = re.compile(r"(?<=[<>=~^])\s+")
_BETWEEN_PARTS = re.compile(r"(?<=[\w*])(?=[<>=~^])")


def meets(version: str, requirement: str) -> bool:
    """Whether ``version`` meets ``requirement``, such as ``>=2.0.3 <3.0.0`` or ``~1.2``.

    What cannot be read as either counts as met: AWS has the last word on it. Recipes put spaces behind operators, leave
    them out between two parts, and double the equals sign; the library takes none of these.
    """
    parts = _BEHIND_OPERATOR.sub("", requirement.replace("==", "="))
    try:
        spec, found = NpmSpec(" ".join(_BETWEEN_PARTS.sub(" ", parts).split())), Version(version)
    except ValueError:
        return True
    return bool(spec.match(found))


def at_least(version: str, lowest: str) -> bool:
    """Whether ``version`` is ``lowest`` or later; True for what is no semantic version."""
    try:
        return bool(Version(version) >= Version(lowest))
    except ValueError:
        return True
