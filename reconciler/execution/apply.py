"""Carries out a plan in this process: groups in parallel, then their deployments together, then what devices report."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from secrets import token_hex
from typing import Protocol

from reconciler.execution.journal import RunJournal
from reconciler.execution.precedence import now_text
from reconciler.execution.session import Session
from reconciler.model.errors import ReconcileError, RefusedError
from reconciler.model.plan import GroupPlan, Plan
from reconciler.model.run import GroupState, Run, RunState, Task, outcome_of
from reconciler.runtimes.base import Ready, Runtime, success_of

WORKERS = 8
"""Groups carried out at once. The call budgets set the pace; more threads would only wait for them."""


NOT_WAITED_FOR = "its deployment was not waited for, and what it gives up is deleted after that: apply again"


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """``wait`` for the devices, and for how many seconds from the start of the deployments.

    ``detach``: do not even wait for the work, which others do. ``lock_timeout``: seconds to wait for the fleet's lock.
    ``allow_partial``: leave out groups that moved since the plan was made, rather than apply nothing.
    """

    wait: bool = True
    timeout: float = 600.0
    detach: bool = False
    lock_timeout: float = 0.0
    allow_partial: bool = False


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """A run that is over, and where each group of it stands, sorted by name.

    ``reported`` is the runtime's own word for each deployment whose end was waited for, by group.
    """

    run: Run
    tasks: tuple[Task, ...]
    reported: Mapping[str, str] = field(default_factory=dict)

    def count(self, *states: GroupState) -> int:
        """How many groups stand in one of ``states``."""
        return sum(task.state in states for task in self.tasks)


class Progress(Protocol):
    """Who is told how an apply goes on. Threads call it."""

    def say(self, group: str, what: str) -> None:
        """Something happened to a group, or, with an empty name, to the run."""

    def done(self, group: str) -> None:
        """Nothing more will happen to a group in this run."""


def refuse(plan: Plan) -> None:
    """Raise RefusedError if a guard refuses the plan."""
    blocked = sum(group.blocked for group in plan.groups)
    if plan.errors or blocked:
        count = len(plan.errors) or blocked
        raise RefusedError(
            f"nothing was applied: {count} finding{'s refuse' if count > 1 else ' refuses'} the plan",
            hint="do what the findings above say, or leave groups out with --exclude",
        )


def apply_plan(session: Session, plan: Plan, run: Run, options: ApplyOptions, progress: Progress) -> ApplyResult:
    """Carry out every changed group of ``plan`` as ``run`` and say where it ends.

    One group's failure leaves the others to finish.
    """
    return _Apply(session, plan, run, options, progress).go()


@dataclass
class _Apply:
    session: Session
    plan: Plan
    run: Run
    options: ApplyOptions
    progress: Progress
    tasks: dict[str, Task] = field(default_factory=dict)
    reported: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def go(self) -> ApplyResult:
        ledger, groups, run = self.session.ledger, self.plan.changed, self.run
        ledger.start_run(run)
        for group in groups:
            waiting = Task(run.id, group.name, "waiting", now_text(), template_version=group.target.version)
            self.tasks[group.name] = waiting
        ledger.save_tasks(self.tasks.values())
        state: RunState = "stopped"
        try:
            with self.session.aws.stats.phase("apply"):
                ready = self._carry_out_all(run.id, groups)
            with self.session.aws.stats.phase("deploy"):
                self._deploy_all(run.id, ready)
            state = "stopped" if self.session.patience.is_over and self._leave_open() else self._outcome()
        finally:
            ledger.end_run(run.id, state)
        tasks = tuple(self.tasks[name] for name in sorted(self.tasks))
        return ApplyResult(replace(run, state=state, ended_at=now_text()), tasks, self.reported)

    def _carry_out_all(self, run_id: str, groups: Sequence[GroupPlan]) -> list[Ready]:
        ready: list[Ready] = []
        with ThreadPoolExecutor(WORKERS) as pool:
            futures = {pool.submit(self._carry_out, run_id, group): group for group in groups}
            try:
                for future in as_completed(futures):
                    group = futures[future]
                    try:
                        if (item := future.result()) is not None:
                            ready.append(item)
                    except ReconcileError as error:
                        self._fail(group.name, error)
            except BaseException:
                # Interrupted: what is under way is finished, what has not begun is left.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return sorted(ready, key=lambda item: item.name)

    def _carry_out(self, run_id: str, group: GroupPlan) -> Ready | None:
        """Carry out one group; None, and it stays waiting, where the run is to stop."""
        if self.session.patience.is_over:
            return None
        self._move(group.name, "running")
        ledger = self.session.ledger
        runtime = self.session.runtimes[group.runtime]
        ready = runtime.carry_out(self.plan, group, RunJournal(ledger, run_id), self.progress.say)
        ledger.remember_group(group.name, ready.group_id)
        task = replace(self.tasks[group.name], group_version_id=ready.version_id)
        self._save(task)
        if ready.deployment is None:
            self._finish(run_id, group)
            self._move(group.name, "succeeded")
        return ready

    def _finish(self, run_id: str, group: GroupPlan) -> None:
        """Delete what a group gives up, now that nothing runs it any more."""
        if group.finishing:
            journal = RunJournal(self.session.ledger, run_id)
            self.session.runtimes[group.runtime].finish(self.plan, group, journal, self.progress.say)

    def _deploy_all(self, run_id: str, ready: Sequence[Ready]) -> None:
        """Deploy the groups of each runtime, all at the same time: cores of one wait for none of another's."""
        deadline = time.monotonic() + self.options.timeout
        by_name = {group.name: group for group in self.plan.changed}
        members_of: dict[str, dict[str, Ready]] = {}
        for item in ready:
            if item.deployment:
                members_of.setdefault(by_name[item.name].runtime, {})[item.name] = item
        if not members_of:
            return
        with ThreadPoolExecutor(len(members_of)) as pool:
            deploying = [
                pool.submit(self._deploy, run_id, self.session.runtimes[name], members, deadline)
                for name, members in members_of.items()
            ]
        for deployed in deploying:
            deployed.result()

    def _deploy(self, run_id: str, runtime: Runtime, members: Mapping[str, Ready], deadline: float) -> None:
        if self.session.patience.is_over:
            return
        started = self._ask_for_deployments(runtime, members, deadline)
        if self.options.wait and started:
            self._wait_and_finish(run_id, runtime, started, deadline)
        for group in self.plan.changed if not self.options.wait else ():
            if group.name in started and group.finishing:
                self._move(group.name, "unfinished", NOT_WAITED_FOR)

    def _ask_for_deployments(
        self, runtime: Runtime, members: Mapping[str, Ready], deadline: float
    ) -> dict[str, tuple[str, str]]:
        """The group id and deployment id of every group whose deployment was made."""
        started: dict[str, tuple[str, str]] = {}
        open_names = set(members)
        try:
            for answer in runtime.deploy(list(members.values()), deadline, self.progress.say):
                open_names.discard(answer.name)
                if answer.busy:
                    self._move(answer.name, "unfinished", answer.error)
                    self.progress.say(answer.name, f"not deployed: {answer.error}")
                    continue
                if answer.deployment_id is None:
                    self._fail(answer.name, ReconcileError(answer.error or "no deployment was made"))
                    continue
                started[answer.name] = (members[answer.name].group_id, answer.deployment_id)
                self._save(replace(self.tasks[answer.name], deployment_id=answer.deployment_id))
                self._move(answer.name, "deploying")
                self.progress.say(answer.name, answer.said)
        except ReconcileError as error:
            for name in sorted(open_names):
                self._fail(name, error)
        return started

    def _wait_and_finish(
        self, run_id: str, runtime: Runtime, started: Mapping[str, tuple[str, str]], deadline: float
    ) -> None:
        """Wait for the cores; what a group gives up is deleted while others are still waited for."""
        by_name = {group.name: group for group in self.plan.changed}
        ends: list[Future[None]] = []
        with ThreadPoolExecutor(WORKERS) as pool:

            def end(name: str) -> None:
                if by_name[name].finishing:
                    ends.append(pool.submit(self._end, run_id, by_name[name]))
                else:
                    self._move(name, "succeeded")

            self._wait(runtime, started, deadline, end)
        for ended in ends:
            ended.result()

    def _end(self, run_id: str, group: GroupPlan) -> None:
        """A group's deployment has succeeded: delete what it gives up, and it is done."""
        try:
            self._finish(run_id, group)
        except ReconcileError as error:
            self._fail(group.name, error)
        else:
            self._move(group.name, "succeeded")

    def _wait(
        self,
        runtime: Runtime,
        started: Mapping[str, tuple[str, str]],
        deadline: float,
        end: Callable[[str], None],
    ) -> None:
        """Follow what the cores report; ``end`` is called with each group whose core has succeeded."""
        open_names = set(started)
        try:
            for outcome in runtime.outcomes(started, deadline, self.progress.say):
                open_names.discard(outcome.name)
                self.reported[outcome.name] = outcome.status
                if outcome.succeeded:
                    self.progress.say(outcome.name, success_of(outcome.cores))
                    end(outcome.name)
                else:
                    self._move(outcome.name, "failed" if outcome.finished else "unfinished", outcome.error)
                    self.progress.say(outcome.name, f"not deployed: {outcome.error}")
        except ReconcileError as error:
            # The deployments go on without us; what became of them can be asked later.
            for name in sorted(open_names):
                self._move(name, "unfinished", f"asking what became of its deployment: {error.message}")
                self.progress.say(name, f"no longer followed: {error.message}")

    def _outcome(self) -> RunState:
        return outcome_of([task.state for task in self.tasks.values()])

    def _leave_open(self) -> bool:
        """Say of each group that a stopped run leaves open where it stands; whether there is any."""
        left = False
        for name, task in sorted(self.tasks.items()):
            if task.state not in {"succeeded", "failed"}:
                left = True
                self._move(name, "unfinished", f"the apply was stopped before {_what_comes_after(task)}")
        return left

    def _fail(self, name: str, error: ReconcileError) -> None:
        self._move(name, "failed", f"{error.message}{f'; {error.hint}' if error.hint else ''}")
        self.progress.say(name, f"failed: {error.message}")

    def _move(self, name: str, state: GroupState, error: str | None = None) -> None:
        task = self.tasks[name]
        # A clock that was set back is no reason for the ledger to take this for something older.
        self._save(replace(task, state=state, since=max(now_text(), task.since), error=error))
        if state in {"succeeded", "failed", "unfinished"}:
            self.progress.done(name)

    def _save(self, task: Task) -> None:
        with self.lock:
            self.tasks[task.group] = task
        self.session.ledger.save_task(task)


def _what_comes_after(task: Task) -> str:
    if task.deployment_id is not None:
        return "its deployment had ended"
    return "this group was begun" if task.state == "waiting" else "its deployment was asked for"


def new_run(plan: Plan) -> Run:
    """A run of ``plan`` that begins now; ids of later runs are greater."""
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{token_hex(3)}"
    return Run(run_id, plan.fleet, plan.digest, "running", now_text())
