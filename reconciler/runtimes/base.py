"""What a runtime is to the rest: something that can plan groups, carry their actions out, and say where they stand."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from reconciler.model.desired import DesiredState
from reconciler.model.group import Group
from reconciler.model.order import DeploymentOrder
from reconciler.model.plan import Action, GroupPlan, GuardFinding, Plan
from reconciler.model.run import GroupStatus
from reconciler.planning.accepting.saying import Said, Saying
from reconciler.planning.guards.facts import Facts

Say = Callable[[str, str], None]
"""Tells the user what happens: ``say(group, what)``."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a runtime adds to a plan, and the ``facts`` that guards want to know besides."""

    groups: tuple[GroupPlan, ...]
    guards: tuple[GuardFinding, ...]
    contents: Mapping[str, Mapping[str, Any]]
    facts: Facts = field(default_factory=Facts)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a group stands against a plan that was made of it before.

    ``fresh``: it is as it was when the plan was made. ``begun``: an earlier apply of this plan did part of it.
    ``converged``: nothing is left to do. ``stale``: somebody else changed it, and ``moved`` says what. ``left`` is what
    is to be carried out on it as it is now, None for the last two.
    """

    name: str
    state: Literal["fresh", "begun", "converged", "stale"]
    moved: tuple[str, ...] = ()
    left: GroupPlan | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What the ledger remembers that a plan makes use of.

    ``known_groups`` are the groups that were made before, by name with their id. ``removals`` were begun and may not be
    done: group id to what a runtime has noted of them.
    """

    known_groups: Mapping[str, str] = field(default_factory=dict)
    removals: Mapping[str, str] = field(default_factory=dict)

    def names(self, *, of_v2: bool) -> frozenset[str]:
        """The names of the groups of V2, whose ids are ARNs, or of V1 that were made before."""
        return frozenset(name for name, group_id in self.known_groups.items() if group_id.startswith("arn:") is of_v2)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all groups that are remembered."""
        return frozenset(self.known_groups.values()) | self.removals.keys()


@dataclass(frozen=True, slots=True)
class Ready:
    """A group whose actions are done, all but its ``deployment`` (None: nothing to deploy)."""

    name: str
    group_id: str
    group_arn: str
    version_id: str | None
    deployment: Action | None


@dataclass(frozen=True, slots=True)
class Started:
    """What became of asking for a group's deployment: its id, or why there is none.

    ``busy`` says that Greengrass was at work on another deployment until the deadline: asking again later may do.
    ``beside`` are the deployments to single cores that the group has to have besides. One that is not ``is_new`` was
    there before, and comes to cores that it had not come to.
    """

    name: str
    deployment_id: str | None
    error: str | None = None
    busy: bool = False
    beside: tuple[str, ...] = ()
    is_new: bool = True

    @property
    def said(self) -> str:
        """What is said of it once it is there."""
        return f"deployment {self.deployment_id} {'asked for' if self.is_new else 'goes on'}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a group's devices reported: ``status`` is the API's word; ``since`` ISO 8601 in UTC; ``cores`` how many."""

    name: str
    finished: bool
    succeeded: bool
    status: str
    since: str
    error: str | None = None
    cores: int = 1


class Reported(NamedTuple):
    """A deployment as its cores report it, for who follows it from outside: ``status`` in V1's words, since when (ISO
    8601 in UTC), what went wrong (empty: nothing), and how many cores it is to come to.
    """

    status: str
    since: str
    error: str = ""
    cores: int = 1


def success_of(cores: int) -> str:
    """What is said of a group that has so many cores, once all of them have what they were to have."""
    if cores == 1:
        return "its core reports success"
    return f"its {cores:,} cores report success" if cores else "it has no core that would report"


class Journal(Protocol):
    """Remembers actions: intent before a call, result after it. What is wanted again bears the same id in every run.

    An action ``of_run`` is remembered for this run alone: a run that is taken up again goes on where it was.
    """

    @property
    def run(self) -> str:
        """The run's id."""

    def alone(self, action_id: str) -> AbstractContextManager[None]:
        """Wait until no other process of the run is at an action, and keep the others from it until the block's end."""

    def begin(self, action_id: str, *, of_run: bool = False) -> "Begun | None":
        """Note that an action begins; what was noted of it before, None if nothing was."""

    def finish(self, action_id: str, result: str, *, of_run: bool = False) -> None:
        """Note the result of an action (an id or ARN)."""

    def brought_in(self, group: str) -> Mapping[str, str]:
        """The things that this run has brought into a group already: thing name to certificate ARN."""

    def bring_in(self, group: str, thing: str, *, provisioned: bool, certificate_arn: str) -> None:
        """Note that a thing is brought in: provisioned, or only associated."""

    def forget(self, group: str) -> None:
        """Note that there is no group of that name any more: it was deleted, or renamed."""

    def to_remove(self, group_id: str, document: str) -> None:
        """Note what is to be deleted with a group, before the first of it is; it replaces an earlier note."""

    def removed(self, group_id: str) -> None:
        """Note that all of it is deleted."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An action that an earlier run began; ``result`` is None if it did not live to see one."""

    result: str | None


class Runtime(Protocol):
    """One Greengrass runtime. Methods raise ReconcileError and what is below it."""

    def plan(self, desired: DesiredState, groups: Sequence[Group], memory: Memory, *, expect_some: bool) -> Planned:
        """Observe ``groups``, and what is gone from the files, and say what would be done. Never writes.

        With ``expect_some`` a live state without any group is an error. Where ``groups`` are not all that ``desired``
        has, no group is deleted.
        """

    def plan_gone(self, desired: DesiredState, memory: Memory) -> Planned:
        """Say what would be done about groups of this runtime, of which the files have none. Never writes.

        A machine that knows that there are none does not look.
        """

    def plan_order(
        self, desired: DesiredState, groups: Sequence[Group], order: DeploymentOrder, memory: Memory
    ) -> Planned:
        """Say what carrying ``order`` out on ``groups`` would ask Greengrass for. Never writes."""

    def recheck(self, plan: Plan, groups: Sequence[GroupPlan]) -> list[Standing]:
        """Look again at ``groups`` of a plan that was made before: what moved since, and what is left. Never writes."""

    def status(
        self, desired: DesiredState, groups: Sequence[Group], version_of: Callable[[str], int | None]
    ) -> list[GroupStatus]:
        """Where ``groups`` stand now; ``version_of`` tells the template version behind a group version, where known."""

    def say_live(self, said: Said, names: Collection[str]) -> Mapping[str, Saying | str]:
        """What the files would have to say of live groups: ``names``, each declared or among ``said.adopted``.

        In place of a saying the reason why there is none. Never writes.
        """

    def undeclared(self, desired: DesiredState) -> frozenset[str]:
        """The names of the live groups that no file declares. Never writes."""

    def prepare(self, plan: Plan) -> None:
        """Put where others find it what ``plan`` needs of the fleet's files, before others carry it out."""

    def carry_out(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> Ready:
        """Do everything for one group but its deployment. Threads call it for several groups at once."""

    def finish(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> None:
        """Delete what ``group`` gives up, once its deployment, if it has one, has succeeded."""

    def deploy(
        self, ready: Sequence[Ready], deadline: float, say: Say, *, again: bool = False, queued: bool = False
    ) -> Iterable[Started]:
        """Ask for the deployments of all groups that are ready, new ones together, as each is answered.

        ``deadline`` is a time of the monotonic clock until which a busy Greengrass is waited for, and what was asked
        for together; what is ``queued``, and comes back by itself, waits for the latter alone. ``again`` says that an
        earlier attempt may have asked already: groups that have their deployment by now are not asked for anew.
        """

    def outcomes(self, started: Mapping[str, tuple[str, str]], deadline: float, say: Say) -> Iterable[Outcome]:
        """What the devices report for groups (name → group id, deployment id), as it comes, until ``deadline``."""
