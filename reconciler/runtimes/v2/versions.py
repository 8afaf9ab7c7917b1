"""Requirements on component versions, as npm writes them, and whether a version meets them. Pure."""

from semantic_version import Version

from reconciler.desired.semver import read_requirement


def meets(version: str, requirement: str) -> bool:
    """Whether ``version`` meets ``requirement``, such as ``>=2.0.3 <3.0.0`` or ``~1.2``.

    What cannot be read as either counts as met: AWS has the last word on it.
    """
    try:
        return bool(read_requirement(requirement).match(Version(version)))
    except ValueError:
        return True


def at_least(version: str, lowest: str) -> bool:
    """Whether ``version`` is ``lowest`` or later; True for what is no semantic version."""
    try:
        return bool(Version(version) >= Version(lowest))
    except ValueError:
        return True
