"""The ledger: runs and their groups and devices, deployments and what became of them, and the journal of actions.

It is a journal and a cache, never the truth: with it lost, the next plan is slower, and a crash before that may have
left a definition version that nobody uses. ``sqlite_ledger`` serves one machine, ``dynamodb_ledger`` any number. Here
is what they have in common: the interface; ``precedence`` has the order in which one state follows another.

Whoever writes may be one of many, may be late, and may say the same twice. So nothing that is known is overwritten by
something older: every write of a state has a condition, and the same writes in any order leave the same ledger.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Protocol

from reconciler.model.errors import ReconcileError
from reconciler.model.group import Group
from reconciler.model.run import (
    BroughtIn,
    Claim,
    DeploymentRecord,
    Failures,
    Lease,
    Run,
    RunState,
    Task,
)
from reconciler.runtimes.base import Begun

KEPT = timedelta(days=90)
"""How long all but groups and the versions made for them is kept: runs, and what was begun and heard in them."""

MOST_MEMBERS = 2000
"""The members of one batch: with names of 128 letters they fit into one item of DynamoDB (400 KB)."""

LONGEST_ERROR = 4000


class Leases(Protocol):
    """Who may write to one fleet. Every method raises ReconcileError if the ledger cannot be used."""

    def current(self) -> Lease | None:
        """The lease that was taken last, which may have ended; None before the first."""

    def take(self, wanted: Lease, seconds: float) -> Lease:
        """Take the lease for so many seconds as ``wanted`` has it, unless another run has it; who has it now.

        Its number and times are made here.
        """

    def renew(self, run: str, seconds: float) -> bool:
        """Keep the lease for so many seconds from now, also if it ran out; false if ``run`` has it no longer."""

    def end(self, run: str) -> bool:
        """Give the lease back, or take it from a run that is dead; false if ``run`` did not have it."""


class Sharing(Protocol):
    """How those who carry out runs of one fleet share the work: who is at what, what waits for whom, what has failed.

    Every method raises ReconcileError if the ledger cannot be used.
    """

    def claim(self, name: str, holder: str, seconds: float) -> Claim:
        """Claim something for so many seconds, unless somebody else holds it; who holds it now.

        Who holds it prolongs it by claiming again. Holders are told apart by name: give every process its own.
        """

    def release(self, name: str, holder: str) -> bool:
        """Give a claim back; false if ``holder`` did not hold it."""

    def start_batch(self, run_id: str, batch: str, members: Iterable[str]) -> None:
        """Record what a batch waits for; one that is recorded already is left as it is.

        Raises ReconcileError for none or more than MOST_MEMBERS.
        """

    def leave_batch(self, run_id: str, batch: str, member: str) -> frozenset[str] | None:
        """Record that a batch waits for ``member`` no longer; whom it still waits for. None if there is no such batch.

        Of two that leave, one at least is told that nobody is left; ``claim`` decides who acts on it.
        """

    def batches(self, run_id: str) -> dict[str, frozenset[str]]:
        """The batches of a run, and whom each still waits for."""

    def note_failure(self, subject: str, attempt: str, error: str) -> Failures:
        """Count that an attempt at something failed, each attempt once; all its failures."""

    def failures(self, subject: str) -> Failures | None:
        """How often something failed; None if it never did."""


class Ledger(Protocol):
    """The ledger of one fleet. Threads share it. Every method raises ReconcileError if the ledger cannot be used."""

    @property
    def leases(self) -> Leases:
        """Who alone may write to the fleet."""

    @property
    def sharing(self) -> Sharing:
        """How those who carry runs out share the work."""

    def close(self) -> None:
        """Let go of what is open; further use is an error where there is something to close."""

    def start_run(self, run: Run, *, stop_others: bool = True) -> None:
        """Record a run that begins, and forget runs of long ago.

        With ``stop_others``, one that never ended was killed: it is stopped from now on. Raises ReconcileError for a
        run that is recorded already.
        """

    def end_run(self, run_id: str, state: RunState) -> None:
        """Record how a run ended, and when."""

    def settle_run(self, run_id: str, state: RunState, *, was: RunState | None = None) -> bool:
        """Record what became of a run after its end, once the cores that it did not wait for have reported.

        With ``was``, only if that is still its state. Whether it was recorded.
        """

    def run(self, run_id: str | None = None) -> Run | None:
        """A run of the fleet by its id, the latest one without; None if there is none."""

    def runs(self, most: int) -> list[Run]:
        """The fleet's newest runs, at most so many, newest first."""

    def open_runs(self) -> list[Run]:
        """The fleet's runs that have not ended, newest first."""

    def save_task(self, task: Task) -> bool:
        """Record where a group stands in a run, unless something later is known: by ``since``, then by GROUP_RANKS.

        Whether it is what the ledger holds now.
        """

    def save_tasks(self, tasks: Iterable[Task]) -> None:
        """``save_task`` for many."""

    def task(self, run_id: str, group: str) -> Task | None:
        """Where one group stands in a run; None if it has no part in it."""

    def tasks(self, run_id: str) -> dict[str, Task]:
        """The groups of a run by name."""

    def template_version_of(self, group_version_id: str) -> int | None:
        """The template version that a group version was made for, None if no run here made it."""

    def bring_in(self, brought: BroughtIn) -> None:
        """Record that a run has brought a core or device into a group."""

    def brought_in(self, run_id: str, group: str) -> dict[str, BroughtIn]:
        """The cores and devices that a run has brought into a group, by thing name."""

    def known_groups(self) -> dict[str, str]:
        """The groups that the fleet has made or taken over: name to id."""

    def remember_group(self, name: str, group_id: str) -> None:
        """Record that a group is the fleet's."""

    def group_of_id(self, group_id: str) -> str | None:
        """The name of the group of that id, None if it is none of the fleet's."""

    def forget_group(self, name: str) -> None:
        """Record that there is no group of that name any more: it was deleted, or renamed."""

    def note_removal(self, group_id: str, document: str) -> None:
        """Record what is to be deleted with a group, or after it; ``document`` takes the place of an earlier one."""

    def end_removal(self, group_id: str) -> None:
        """Record that all that was to be deleted with a group is."""

    def removals(self) -> dict[str, str]:
        """What was to be deleted and may not be: group id to the document that was noted."""

    def remember_deployment(
        self, deployment_id: str, *, group: str, group_id: str, group_version_id: str | None, run_id: str
    ) -> DeploymentRecord:
        """Record whose deployment it is; what is known of it now, a status that came before included.

        Where several runs say so, the newest (the greatest id) is believed.
        """

    def deployment(self, deployment_id: str) -> DeploymentRecord | None:
        """What is known of a deployment; None if nothing is."""

    def deployments(self, deployment_ids: Iterable[str]) -> dict[str, DeploymentRecord]:
        """``deployment`` for many, by id, without those of which nothing is known."""

    def record_status(
        self, deployment_id: str, group_id: str, status: str, time: str, error: str | None = None
    ) -> bool:
        """Record what a deployment reported at ``time``, unless something later is known: by time, then STATUS_RANKS.

        An error is kept beside the status that it came with, also if it comes late. Whether anything changed; false for
        a duplicate, which may also be this call's own, sent again after a lost answer. Decide by ``deployment``.
        Raises ReconcileError if ``time`` is not ISO 8601.
        """

    def begin(self, run_id: str, action_id: str) -> Begun | None:
        """Record that an action begins; what was recorded of it before, None if this is the first time."""

    def finish(self, action_id: str, result: str) -> None:
        """Record the result of an action that was begun."""


def lease_seen(ledger: Ledger) -> int | None:
    """The number of the lease that was taken last and given back, 0 before the first.

    None if it was not given back: whoever has it may be at work, or may wake up and write.
    """
    lease = ledger.leases.current()
    if lease is None:
        return 0
    return lease.number if not lease.until else None


def left_open(ledger: Ledger, run_id: str, groups: Sequence[Group]) -> list[Group]:
    """Those of ``groups`` that a run had something to do for and did not finish.

    Raises ReconcileError for an unknown run, and for groups of it that are not declared any more.
    """
    if ledger.run(run_id) is None:
        raise ReconcileError(f"the ledger knows no run {run_id}", hint="`reconcile runs` lists them")
    left = {name for name, task in ledger.tasks(run_id).items() if task.state != "succeeded"}
    if gone := sorted(left - {group.name for group in groups}):
        raise ReconcileError(
            f"run {run_id} left {', '.join(gone)} open, and the files declare no such group any more",
            hint="apply without --resume",
        )
    return [group for group in groups if group.name in left]


def shortened(error: str | None) -> str | None:
    """An error at a length that every ledger can keep."""
    return error if error is None or len(error) <= LONGEST_ERROR else f"{error[: LONGEST_ERROR - 1]}…"


def checked_members(members: Iterable[str]) -> frozenset[str]:
    """The members of a batch. Raises ReconcileError for none or too many."""
    found = frozenset(members)
    if not 0 < len(found) <= MOST_MEMBERS:
        raise ReconcileError(
            f"recording a batch of {len(found)} members: it has 1 to {MOST_MEMBERS}", hint="split the batch"
        )
    return found
