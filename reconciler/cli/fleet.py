"""Opens the fleet that a command is about, and writes what it cost."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.aws.stats import Stats
from reconciler.desired.load import load_written
from reconciler.execution.guarding import check_waivers
from reconciler.execution.session import Session, open_session
from reconciler.model.errors import ReconcileError
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.guards import GuardSetting
from reconciler.planning.guards.waivers import Waiver
from reconciler.planning.selection import select_groups
from reconciler.reporting.json_text import json_text


@dataclass(frozen=True, slots=True)
class OpenFleet:
    """A fleet that is open for work, and the groups that the command is about."""

    session: Session
    groups: Sequence[Group]


@contextmanager
def opened(
    directory: str,
    select: Sequence[str],
    exclude: Sequence[str],
    stats: Path | None,
    *,
    guards: Mapping[str, GuardSetting] | None = None,
    waivers: Iterable[Waiver] = (),
    refresh: bool = False,
    rules: Fleet | None = None,
    may_be_empty: bool = False,
) -> Iterator[OpenFleet]:
    """Load ``directory``, open its account, and write ``stats`` at the end, also when something went wrong.

    ``guards`` are laid over those of the fleet, and the names in ``waivers`` are checked. The guards and policies of
    ``rules``, where it is given, count in place of the fleet's own; ``refresh`` is as in ``open_session``. A fleet
    without groups is a problem unless it ``may_be_empty``. Raises ConfigurationError, UsageError, AwsError, and
    ReconcileError where ``stats`` cannot be written.
    """
    with written_at_end(stats) as counted:
        desired = load_written(Path(directory), shown_as=directory, may_be_empty=may_be_empty).state
        judging = rules or desired.fleet
        fleet = replace(desired.fleet, guards=judging.guards.overlaid(guards or {}), policies=judging.policies)
        desired = replace(desired, fleet=fleet)
        check_waivers(desired, waivers)
        groups = select_groups(desired.groups, select, exclude)
        with open_session(desired, counted, refresh=refresh) as session:
            yield OpenFleet(session, groups)


@contextmanager
def written_at_end(path: Path | None) -> Iterator[Stats]:
    """Counters that are written to ``path`` at the end, if there is one. It is tried at once, before there is work."""
    counted = Stats()
    if path is None:
        yield counted
        return
    write_text(path, json_text(counted.document()))
    try:
        yield counted
    finally:
        write_text(path, json_text(counted.document()))


def write_text(path: Path, text: str) -> None:
    """Write a file that the user asked for. Raises ReconcileError if that cannot be done."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReconcileError(f"writing {path}: {error.strerror}", hint="name a file that can be written") from error
