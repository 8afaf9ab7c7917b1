"""Which groups a command is about: names, globs and labels, to take in and to leave out."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from reconciler.model.errors import UsageError
from reconciler.model.group import Group


def select_groups(groups: Sequence[Group], select: Sequence[str], exclude: Sequence[str]) -> list[Group]:
    """The groups that match any of ``select`` (all, if it is empty) and none of ``exclude``, in their order.

    A pattern is a name, a glob (``berlin-*``), or a label and the glob of its value (``ring=canary``). Raises
    UsageError for a pattern that matches no group: a slip of the pen, which in silence would do the wrong thing.
    """
    for pattern in (*select, *exclude):
        if not any(matches(group, pattern) for group in groups):
            raise UsageError(
                f"{pattern!r} matches no group of the fleet",
                hint="give a name, a glob such as berlin-*, or label=value",
            )
    return [
        group
        for group in groups
        if (not select or any(matches(group, pattern) for pattern in select))
        and not any(matches(group, pattern) for pattern in exclude)
    ]


def matches(group: Group, pattern: str) -> bool:
    """Whether a group is meant by a pattern."""
    label, equals, value = pattern.partition("=")
    if equals:
        return label in group.labels and fnmatchcase(group.labels[label], value)
    return fnmatchcase(group.name, pattern)
