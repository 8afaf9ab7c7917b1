"""Takes live state over into the files of a fleet. Reads AWS, and writes neither there nor to a file."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from reconciler.desired.load import load_written
from reconciler.desired.sources import read_sources
from reconciler.execution.confirm import confirm
from reconciler.execution.drift import find_drift
from reconciler.execution.session import Session
from reconciler.model.accepted import Accepted, Left
from reconciler.model.drift import Drift, Moved
from reconciler.model.errors import AwsError, UsageError
from reconciler.model.group import Group
from reconciler.model.template import GREENGRASS_V2
from reconciler.planning.accepting.saying import Said, Saying, raw_groups, raw_templates

WHY_NOT = {
    "not-converged": "it is as the files say; its devices have not reported success",
    "pending": "the files ask for something that no apply has carried out",
    "foreign": "a live group that this fleet did not make bears the name; --adopt {name} takes it over",
}
LAST_RUNS = 50
"""How many of the newest runs are asked which things they brought into a group."""
_OF_MEMBERS = re.compile(r"(cores|devices)\[[^]]*\](\.cores)?")


def accept_live(
    session: Session,
    groups: Sequence[Group],
    drift: Drift | None = None,
    *,
    adopt: Sequence[str] = (),
    expect_some: bool = True,
) -> Accepted:
    """What the files become where they say what ``groups`` are live, for those that were changed outside.

    ``drift`` is theirs if it is known already; else AWS is asked.
    ``adopt`` are names and globs of live groups that this fleet did not make, and that are to be taken over: those that
    bear the name of one of ``groups``, and those that no file declares. With ``expect_some`` an account without any
    group is an error. Raises UsageError for a pattern that is of no such group, AwsError, and what else a plan does.
    """
    if drift is None and groups:
        drift = find_drift(session, groups, expect_some=expect_some)
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
    answers = _answers(session, said, wanted)
    sayings = [answer for answer in answers.values() if isinstance(answer, Saying)]
    refused = {Left(name, answer) for name, answer in answers.items() if isinstance(answer, str)}
    confirmed = confirm(session, sources, sayings, expect_some=expect_some)
    unsaid = {one.group for one in refused if one.group not in ahead} | {one.group for one in confirmed.refused}
    return Accepted(
        confirmed.files,
        confirmed.groups,
        tuple(sorted({*left, *refused, *confirmed.refused, *confirmed.sent})),
        frozenset(unsaid),
    )


def _answers(session: Session, said: Said, wanted: Mapping[str, str]) -> dict[str, Saying | str]:
    """What runtimes answer when they are asked for the groups ``wanted`` (name to runtime)."""
    found: dict[str, Saying | str] = {}
    for runtime in sorted(set(wanted.values())):
        names = {name for name, of in wanted.items() if of == runtime}
        found.update(session.runtimes[runtime].say_live(said, names))
    return found


def _undeclared(session: Session) -> tuple[dict[str, str], list[Left]]:
    """The live groups that no file declares, with their runtimes; and why those of a runtime could not be asked for.

    A fleet without groups of a runtime may be in an account, or a region, that does not have it. Where groups of both
    bear a name, that of V2 is meant.
    """
    found: dict[str, str] = {}
    left: list[Left] = []
    used = {group.runtime for group in session.desired.groups}
    for name, runtime in sorted(session.runtimes.items()):
        try:
            found |= dict.fromkeys(runtime.undeclared(session.desired), name)
        except AwsError as error:
            if name in used:
                raise
            left.append(Left(name, error.message))
    return found, left


def _matching(runtimes: Mapping[str, str], patterns: Sequence[str]) -> dict[str, str]:
    """Those that a pattern means, with their runtimes. Raises UsageError for a pattern that means none."""
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in runtimes):
            raise UsageError(
                f"{pattern!r} matches no live group that could be taken over",
                hint="give the name of a group that this fleet did not make, or a glob such as berlin-*; a thing group "
                "that nothing was ever deployed to is none: write a Group of its name yourself, with `adopt: true`",
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
        group: frozenset(thing for run in runs for thing in session.ledger.brought_in(run.id, group))
        for group in groups
    }
