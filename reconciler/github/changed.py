"""Which fleets of a repository differ in meaning between two commits; in doubt a fleet counts as changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from reconciler.desired.digest import desired_digest
from reconciler.desired.files import YAML_SUFFIXES
from reconciler.desired.fleets import find_fleets
from reconciler.desired.load import load
from reconciler.github.git import GitError, changed_paths, commit_of, merge_base, write_tree
from reconciler.model.errors import ConfigurationError, UsageError

# What is in a fleet directory and means nothing to a fleet.
_IGNORED = (".md", ".txt", ".rst")


@dataclass(frozen=True, slots=True)
class FoundFleet:
    """A fleet directory, relative to the root that was searched, and why it counts as changed.

    ``name``, ``account`` and ``region`` are None where its files have problems.
    """

    directory: str
    reason: str
    name: str | None = None
    account: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Fleets:
    """The fleets that changed, the directories of those that did not, and of those that are gone."""

    changed: tuple[FoundFleet, ...]
    unchanged: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    doubt: str = ""


def all_fleets(root: Path, reason: str = "", doubt: str = "") -> Fleets:
    """Every fleet at and below ``root``, each with this reason; ``doubt`` says why they could not be told apart."""
    return Fleets(tuple(_found(root, directory, reason) for directory in find_fleets(root)), doubt=doubt)


def changed_fleets(root: Path, commits: str) -> Fleets:
    """The fleets that differ between the commits of ``BASE..HEAD`` (or ``BASE...HEAD``: since they parted).

    An empty HEAD is ``HEAD``. Where git cannot tell, all fleets of the working tree. Raises UsageError for what is no
    such range.
    """
    base, dots, head = commits.partition("...") if "..." in commits else commits.partition("..")
    if not base or not dots:
        raise UsageError(f"{commits!r} is no range of commits", hint="write BASE..HEAD, such as origin/main..HEAD")
    try:
        head_id = commit_of(root, head or "HEAD")
        base_id = commit_of(root, base)
        if dots == "...":
            base_id = merge_base(root, base_id, head_id)
        with TemporaryDirectory() as before, TemporaryDirectory() as after:
            if not write_tree(root, head_id, Path(after)):
                return Fleets(())
            there_before = write_tree(root, base_id, Path(before))
            paths = changed_paths(root, base_id, head_id)
            return _compare(Path(before) / "tree" if there_before else None, Path(after) / "tree", paths)
    except GitError as error:
        doubt = f"{commits} cannot be compared ({error.message})"
        return all_fleets(root, f"in doubt: {doubt}", doubt)


def _compare(before: Path | None, after: Path, paths: set[str]) -> Fleets:
    then = set(find_fleets(before)) if before is not None else set()
    changed, unchanged = [], []
    for directory in find_fleets(after):
        reason = "it is new"
        if before is not None and directory in then:
            reason = _difference(before / directory, after / directory, sorted(_inside(directory, paths)))
        if reason:
            changed.append(_found(after, directory, reason))
        else:
            unchanged.append(directory.as_posix())
    gone = sorted(directory.as_posix() for directory in then - set(find_fleets(after)))
    return Fleets(tuple(changed), tuple(unchanged), tuple(gone))


def _inside(directory: Path, paths: set[str]) -> Iterator[str]:
    parts = directory.parts
    return (path for path in paths if PurePosixPath(path).parts[: len(parts)] == parts)


def _difference(before: Path, after: Path, paths: Sequence[str]) -> str:
    """Why a fleet counts as changed, empty if it does not."""
    if not paths:
        return ""
    for path in paths:
        if not path.lower().endswith((*YAML_SUFFIXES, *_IGNORED)):
            return f"{path} changed"
    digests = []
    for directory in (before, after):
        try:
            digests.append(desired_digest(load(directory)))
        except ConfigurationError:
            return "its files have problems, now or before"
    return "" if digests[0] == digests[1] else "its files mean something else"


def _found(root: Path, directory: Path, reason: str) -> FoundFleet:
    path = directory.as_posix()
    try:
        fleet = load(root / directory).fleet
    except ConfigurationError:
        return FoundFleet(path, reason)
    return FoundFleet(path, reason, fleet.name, fleet.account, fleet.region)
