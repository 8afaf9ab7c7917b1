"""Takes live state over into the files of a fleet. Reads AWS, and writes neither there nor to a file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from reconciler.desired.load import load_written
from reconciler.desired.sources import Sources, read_sources
from reconciler.execution.drift import find_drift
from reconciler.execution.session import Session, compare_all
from reconciler.model.accepted import Accepted, Left
from reconciler.model.desired import DesiredState
from reconciler.model.drift import Moved
from reconciler.model.errors import AwsError, ConfigurationError, UsageError
from reconciler.model.group import Group
from reconciler.model.plan import SENT_AGAIN, Change, GroupPlan
from reconciler.model.template import GREENGRASS_V2
from reconciler.planning.accepting.revise import revise
from reconciler.planning.accepting.saying import Said, Saying, raw_groups, raw_templates
from reconciler.planning.guards.facts import Facts

WHY_NOT = {
    "not-converged": "it is as the files say; its devices have not reported success",
    "pending": "the files ask for something that no apply has carried out",
    "foreign": "a live group that this fleet did not make bears the name; --adopt {name} takes it over",
}
LAST_RUNS = 50
"""How many of the newest runs are asked which things they brought into a group."""
_OF_CORE = re.compile(r"cores\[[^]]*\]\.deployment")
_OF_MEMBERS = re.compile(r"(cores|devices)\[[^]]*\](\.cores)?")


def accept_live(
    session: Session, groups: Sequence[Group], *, adopt: Sequence[str] = (), expect_some: bool = True
) -> Accepted:
    """What the files become where they say what ``groups`` are live, for those that were changed outside.

    ``adopt`` are names and globs of live groups that this fleet did not make, and that are to be taken over: those that
    bear the name of one of ``groups``, and those that no file declares. With ``expect_some`` an account without any
    group is an error. Raises UsageError for a pattern that is of no such group, AwsError, and what else a plan does.
    """
    drift = find_drift(session, groups, expect_some=expect_some) if groups else None
    moved = drift.groups if drift is not None else ()
    foreign = {group.name: group.runtime for group in moved if group.kind == "foreign"}
    undeclared, left = _undeclared(session) if adopt else ({}, [])
    adopted = _matching({**undeclared, **foreign}, adopt)
    changed = [group for group in moved if group.kind in {"changed", "deleted"} or _only_members(group)]
    wanted = {**{group.name: group.runtime for group in changed}, **adopted}
    left += [
        Left(group.name, WHY_NOT[group.kind].format(name=group.name)) for group in moved if group.name not in wanted
    ]
    ahead = {group.name for group in changed if group.kind == "pending"}  # or so it seems
    sources = read_sources(session.desired.directory)
    said = Said(
        load_written(session.desired.directory, may_be_empty=bool(adopted)),
        raw_groups(sources),
        raw_templates(sources),
        _brought(session, [group.name for group in changed if group.runtime == GREENGRASS_V2]),
        frozenset(adopted),
    )
    sayings: list[Saying] = []
    unsaid: list[Left] = []
    for runtime in sorted(set(wanted.values())):
        asked = {name for name, of in wanted.items() if of == runtime}
        for name, saying in session.runtimes[runtime].say_live(said, asked).items():
            if isinstance(saying, Saying):
                sayings.append(saying)
            else:
                (left if name in ahead else unsaid).append(Left(name, saying))
    files, names, refused, sent = _confirmed(session, sources, sayings, expect_some=expect_some)
    unsaid += refused
    return Accepted(files, names, tuple(sorted({*left, *unsaid, *sent})), frozenset(name for name, _ in unsaid))


def _undeclared(session: Session) -> tuple[dict[str, str], list[Left]]:
    """The live groups that no file declares, with their runtimes; and why some could not be asked for.

    A fleet without groups of a runtime may be in an account, or a region, that does not have it.
    """
    found: dict[str, str] = {}
    left: list[Left] = []
    used = {group.runtime for group in session.desired.groups}
    for name, runtime in session.runtimes.items():
        try:
            names = runtime.undeclared(session.desired)
        except AwsError as error:
            if name in used:
                raise
            left.append(Left(name, error.message))
            continue
        left += [Left(group, "live groups of both runtimes bear the name") for group in sorted(names & found.keys())]
        found = {**dict.fromkeys(names - found.keys(), name), **{k: v for k, v in found.items() if k not in names}}
    return found, left


def _matching(runtimes: Mapping[str, str], patterns: Sequence[str]) -> dict[str, str]:
    """Those that a pattern means, with their runtimes. Raises UsageError for a pattern that means none."""
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in runtimes):
            raise UsageError(
                f"{pattern!r} matches no live group that could be taken over",
                hint="give the name of a group that this fleet did not make, or a glob such as berlin-*",
            )
    return {name: of for name, of in runtimes.items() if any(fnmatchcase(name, pattern) for pattern in patterns)}


def _only_members(moved: Moved) -> bool:
    """Whether a group differs in nothing but who belongs to it: thing groups have no versions, so that nothing marks
    who changed that.
    """
    paths = [change.path for change in moved.changes]
    is_v2 = moved.kind == "pending" and moved.runtime == GREENGRASS_V2
    return is_v2 and bool(paths) and all(map(_OF_MEMBERS.fullmatch, paths))


def _brought(session: Session, groups: Sequence[str]) -> dict[str, frozenset[str]]:
    """The things that the newest runs brought into each of ``groups``."""
    runs = session.ledger.runs(LAST_RUNS) if groups else []
    return {
        group: frozenset(
            thing
            for run in runs
            for thing, device in session.ledger.devices(run.id, group).items()
            if device.state in {"associated", "provisioned"}
        )
        for group in groups
    }


def _confirmed(
    session: Session, sources: Sources, sayings: Sequence[Saying], *, expect_some: bool
) -> tuple[Mapping[str, str | None], tuple[str, ...], list[Left], list[Left]]:
    """The files that say those of ``sayings`` that fit together and leave a plan nothing to change; the names of those;
    why not the others; and what a plan would still send.
    """
    refused: list[Left] = []
    while sayings:
        edited, misfits = _fitting(session, sources, sayings)
        refused += misfits
        if edited.state is None:
            break
        names = {saying.group for saying in edited.sayings}
        groups = [group for group in edited.state.groups if group.name in names]
        plan, facts = compare_all(replace(session, desired=edited.state), groups, expect_some=expect_some)
        plans = [group for group in plan.groups if group.name in names]
        differing = {group.name: _why_not(group) for group in plans if not _is_settled(group, facts)}
        if not differing:
            sent = [Left(group.name, _sent(group)) for group in plans if group.deployments]
            return edited.files, tuple(sorted(names)), refused, sent
        refused += [Left(name, reason) for name, reason in differing.items()]
        sayings = [saying for saying in edited.sayings if saying.group not in differing]
    return {}, (), refused, []


def _is_settled(group: GroupPlan, facts: Facts) -> bool:
    """Whether a plan leaves a group as it is, but for its marks, and for sending once more what failed, or what a core
    has alone when its group was sent something else.
    """
    if group.blocked or group.drift:
        return False
    if group.operation == "deploy" and group.name in facts.failing:
        return True
    return all(change.after == SENT_AGAIN or _OF_CORE.match(change.path) for change in _but_for_marks(group))


def _but_for_marks(group: GroupPlan) -> list[Change]:
    return [change for change in group.changes if not change.path.startswith("tags.")]


def _why_not(group: GroupPlan) -> str:
    first = next((change.path for change in _but_for_marks(group)), group.operation)
    return f"no file can say all of it: {first} would still differ"


def _sent(group: GroupPlan) -> str:
    return f"the next apply sends it something: {'; '.join(group.reasons)}"


@dataclass(frozen=True, slots=True)
class _Edited:
    """The files once they say ``sayings``, and what they mean then."""

    sayings: Sequence[Saying] = ()
    files: Mapping[str, str | None] = field(default_factory=dict)
    state: DesiredState | None = None


def _edit(session: Session, sources: Sources, sayings: Sequence[Saying]) -> _Edited:
    """The files that say ``sayings``. Raises ConfigurationError if they cannot say all of them together."""
    files = revise(sources, sayings)
    return _Edited(sayings, files, load_written(session.desired.directory, instead=files).state)


def _fitting(session: Session, sources: Sources, sayings: Sequence[Saying]) -> tuple[_Edited, list[Left]]:
    """The files with those of ``sayings`` that fit together, and why not the others.

    Where not all do, halves of them are tried, and halves of those: a few misfits among many are found soon.
    """
    reasons: dict[str, str] = {}

    def with_more(edited: _Edited, some: Sequence[Saying]) -> _Edited:
        try:
            return _edit(session, sources, [*edited.sayings, *some])
        except ConfigurationError as error:
            if len(some) == 1:
                reasons[some[0].group] = f"{error.problems[0].message}; {error.problems[0].hint}"
                return edited
        half = len(some) // 2
        return with_more(with_more(edited, some[:half]), some[half:])

    edited, waiting = _Edited(), list(sayings)
    while waiting:  # what did not fit may do so once others are in
        edited = with_more(edited, waiting)
        taken = {saying.group for saying in edited.sayings}
        left = [saying for saying in waiting if saying.group not in taken]
        if len(left) == len(waiting):
            break
        waiting = left
    return edited, [Left(saying.group, reasons[saying.group]) for saying in waiting]
