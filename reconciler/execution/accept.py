"""Takes live state over into the files of a fleet. Reads AWS, and writes neither there nor to a file."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from reconciler.desired.load import load_written
from reconciler.desired.sources import Sources, read_sources
from reconciler.execution.drift import find_drift
from reconciler.execution.session import Session
from reconciler.model.accepted import Accepted, Left
from reconciler.model.drift import Moved
from reconciler.model.errors import ConfigurationError
from reconciler.model.group import Group
from reconciler.planning.accepting.revise import revise
from reconciler.planning.accepting.saying import Saying

WHY_NOT = {
    "not-converged": "it is as the files say; its devices have not reported success",
    "pending": "the files ask for something that no apply has carried out",
    "foreign": "a live group that this fleet did not make bears the name",
}


def accept_live(session: Session, groups: Sequence[Group], *, expect_some: bool = True) -> Accepted:
    """What the files become where they say what ``groups`` are live, for those that were changed outside.

    With ``expect_some`` an account without any group is an error. Raises AwsError and what is below ReconcileError.
    """
    drift = find_drift(session, groups, expect_some=expect_some)
    sayings, left = [], []
    for moved in drift.groups:
        if moved.kind in WHY_NOT:
            left.append(Left(moved.name, WHY_NOT[moved.kind]))
        else:
            sayings.append(_saying(moved))
    left += [Left(saying.group, reason) for saying in sayings for reason in saying.left]
    sources = read_sources(session.desired.directory)
    said, files, refused = _loadable(session, sources, [saying for saying in sayings if not saying.left])
    return Accepted(files, tuple(sorted(saying.group for saying in said)), tuple(sorted({*left, *refused})))


def _saying(moved: Moved) -> Saying:
    if moved.kind == "deleted":
        return Saying(moved.name)
    return Saying(moved.name, left=("what was changed cannot be said in files",))


def _loadable(
    session: Session, sources: Sources, sayings: Sequence[Saying]
) -> tuple[Sequence[Saying], Mapping[str, str | None], Sequence[Left]]:
    """Those of ``sayings`` that files can say together, the files that say them, and why not the others."""
    directory = session.desired.directory
    return _most_of(sayings, lambda some: revise(sources, some), lambda files: load_written(directory, instead=files))


def _most_of(
    sayings: Sequence[Saying],
    revised: Callable[[Iterable[Saying]], dict[str, str | None]],
    check: Callable[[Mapping[str, str | None]], object],
) -> tuple[Sequence[Saying], Mapping[str, str | None], Sequence[Left]]:
    """As many of ``sayings`` as ``check`` takes the files of; one after the other where it does not take all."""

    def problem(some: Sequence[Saying]) -> str:
        try:
            check(revised(some))
        except ConfigurationError as error:
            first = error.problems[0]
            return f"{first.message}; {first.hint}"
        return ""

    if not problem(sayings):
        return sayings, revised(sayings), ()
    taken: list[Saying] = []
    waiting, before = list(sayings), -1
    reasons: dict[str, str] = {}
    while len(waiting) != before:  # what did not go in may do once others are
        before = len(waiting)
        for saying in _drained(waiting):
            if reason := problem([*taken, saying]):
                reasons[saying.group] = reason
                waiting.append(saying)
            else:
                taken.append(saying)
    return taken, revised(taken), [Left(saying.group, reasons[saying.group]) for saying in waiting]


def _drained(items: list[Saying]) -> Iterator[Saying]:
    drained = list(items)
    items.clear()
    yield from drained
