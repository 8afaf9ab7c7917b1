"""Takes live state over into the files of a fleet. Reads AWS, and writes neither there nor to a file."""

import re
from collections.abc import Sequence
from dataclasses import replace

from reconciler.desired.load import load_written
from reconciler.desired.sources import Sources, read_sources
from reconciler.execution.drift import find_drift
from reconciler.execution.session import Session, compare_all
from reconciler.model.accepted import Accepted, Left
from reconciler.model.drift import Moved
from reconciler.model.errors import ConfigurationError
from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan
from reconciler.model.template import GREENGRASS_V2
from reconciler.planning.accepting.revise import revise
from reconciler.planning.accepting.saying import Said, Saying, raw_groups, raw_templates
from reconciler.planning.guards.facts import Facts

WHY_NOT = {
    "not-converged": "it is as the files say; its devices have not reported success",
    "pending": "the files ask for something that no apply has carried out",
    "foreign": "a live group that this fleet did not make bears the name",
}
LAST_RUNS = 50
"""How many of the newest runs are asked which things they brought into a group."""
_OF_MEMBERS = re.compile(r"(cores|devices)\[[^]]*\](\.cores)?")


def accept_live(session: Session, groups: Sequence[Group], *, expect_some: bool = True) -> Accepted:
    """What the files become where they say what ``groups`` are live, for those that were changed outside.

    With ``expect_some`` an account without any group is an error. Raises AwsError, and what else a plan does.
    """
    drift = find_drift(session, groups, expect_some=expect_some)
    directory = session.desired.directory
    sources = read_sources(directory)
    changed = [moved for moved in drift.groups if moved.kind in {"changed", "deleted"} or _only_members(moved)]
    said = Said(
        load_written(directory),
        raw_groups(sources),
        raw_templates(sources),
        _brought(session, [moved.name for moved in changed if moved.runtime == GREENGRASS_V2]),
    )
    left = [Left(moved.name, WHY_NOT[moved.kind]) for moved in drift.groups if moved not in changed]
    sayings: list[Saying] = []
    for runtime in sorted({moved.runtime for moved in changed}):
        names = {moved.name for moved in changed if moved.runtime == runtime}
        for name, saying in session.runtimes[runtime].say_live(said, names).items():
            if isinstance(saying, Saying):
                sayings.append(saying)
            else:
                left.append(Left(name, saying))
    found = _confirmed(session, sources, sayings, expect_some=expect_some)
    return replace(found, left=tuple(sorted({*left, *found.left})))


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


def _confirmed(session: Session, sources: Sources, sayings: Sequence[Saying], *, expect_some: bool) -> Accepted:
    """Of ``sayings`` those that files can hold together, and that leave a plan nothing to do."""
    left: list[Left] = []
    while sayings:
        sayings, refused = _loadable(session, sources, sayings)
        files = revise(sources, sayings)
        state = load_written(session.desired.directory, instead=files).state
        open_still = _left_to_do(replace(session, desired=state), sayings, expect_some=expect_some)
        left += [*refused, *open_still]
        if not open_still:
            return Accepted(files, tuple(sorted(saying.group for saying in sayings)), tuple(left))
        names = {name for name, _ in open_still}
        sayings = [saying for saying in sayings if saying.group not in names]
    return Accepted(left=tuple(left))


def _left_to_do(session: Session, sayings: Sequence[Saying], *, expect_some: bool) -> list[Left]:
    """What a plan of the files, once they say ``sayings``, would still change."""
    names = {saying.group for saying in sayings}
    groups = [group for group in session.desired.groups if group.name in names]
    plan, facts = compare_all(session, groups, expect_some=expect_some)
    return [
        Left(group.name, f"no file can say all of it: {_first_of(group)} would still differ")
        for group in plan.groups
        if group.name in names and not _is_settled(group, facts)
    ]


def _is_settled(group: GroupPlan, facts: Facts) -> bool:
    """Whether a plan leaves a group as it is, but for its marks, and for what failed and is sent once more."""
    if group.blocked:
        return False
    kinds = {action.kind for action in group.actions}
    return kinds <= {"tag-group"} or (group.operation == "deploy" and group.name in facts.failing)


def _first_of(group: GroupPlan) -> str:
    return next((change.path for change in group.changes if not change.path.startswith("tags.")), group.operation)


def _loadable(session: Session, sources: Sources, sayings: Sequence[Saying]) -> tuple[Sequence[Saying], Sequence[Left]]:
    """Those of ``sayings`` that files can hold together, and why not the others: one by one where all do not fit."""

    def problem(some: Sequence[Saying]) -> str:
        try:
            load_written(session.desired.directory, instead=revise(sources, some))
        except ConfigurationError as error:
            first = error.problems[0]
            return f"{first.message}; {first.hint}"
        return ""

    if not problem(sayings):
        return sayings, ()
    taken: list[Saying] = []
    waiting, before = list(sayings), -1
    reasons: dict[str, str] = {}
    while len(waiting) != before:  # what did not fit may do so once others are in
        before, tried, waiting = len(waiting), waiting, []
        for saying in tried:
            if reason := problem([*taken, saying]):
                reasons[saying.group] = reason
                waiting.append(saying)
            else:
                taken.append(saying)
    return taken, [Left(saying.group, reasons[saying.group]) for saying in waiting]
