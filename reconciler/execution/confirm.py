"""Makes sure that files which are to say what is live do: they are loaded, and a plan of them is made."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.desired.artifacts import with_fleet
from reconciler.desired.load import load_written
from reconciler.desired.sources import Sources
from reconciler.execution.session import Session, compare_all
from reconciler.model.accepted import Left
from reconciler.model.desired import DesiredState
from reconciler.model.errors import ConfigurationError
from reconciler.model.plan import DEPLOYMENT_KINDS, LATE_KINDS, SENT_AGAIN, Change, GroupPlan
from reconciler.planning.accepting.revise import revise
from reconciler.planning.accepting.saying import Saying
from reconciler.planning.guards.facts import Facts

_OF_CORE = re.compile(r"cores\[[^]]*\]\.deployment")
_HARMLESS = frozenset({"tag-group", "delete-deployments", *DEPLOYMENT_KINDS, *LATE_KINDS})
"""The kinds of action that change nothing of what a group consists of."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The ``files`` that say of ``groups`` what is live, why others were ``refused``, and what is ``sent`` still."""

    files: Mapping[str, str | None] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    refused: tuple[Left, ...] = ()
    sent: tuple[Left, ...] = ()


def confirm(session: Session, sources: Sources, sayings: Sequence[Saying], *, expect_some: bool) -> Confirmed:
    """Of ``sayings`` those that fit into the files together, and that leave a plan nothing to change.

    Raises AwsError, and what else a plan does.
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
            return Confirmed(edited.files, tuple(sorted(names)), tuple(refused), tuple(sent))
        refused += [Left(name, reason) for name, reason in differing.items()]
        sayings = [saying for saying in edited.sayings if saying.group not in differing]
    return Confirmed(refused=tuple(refused))


def _is_settled(group: GroupPlan, facts: Facts) -> bool:
    """Whether a plan leaves a group as it is, but for its marks, and for sending once more what failed, or what a core
    has alone when its group was sent something else.
    """
    if group.blocked or group.drift or not {action.kind for action in group.actions} <= _HARMLESS:
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
    state = load_written(session.desired.directory, instead=files).state
    return _Edited(sayings, files, with_fleet(state, session.desired.fleet))


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
