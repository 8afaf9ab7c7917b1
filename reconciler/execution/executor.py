"""Has a plan carried out by one run that holds the fleet's lock: in this process, or through the queues."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reconciler.execution.apply import ApplyOptions, ApplyResult, Progress, apply_plan, new_run, refuse
from reconciler.execution.lock import locked
from reconciler.execution.session import Session
from reconciler.model.errors import StaleError, UsageError
from reconciler.model.plan import GroupPlan, Plan
from reconciler.model.run import Run
from reconciler.model.words import counted
from reconciler.runtimes.base import Standing


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a plan. ``plan`` is what was left of it, ``standings`` are empty where nobody had to look again.

    ``result`` is None if nothing was left to do.
    """

    plan: Plan
    result: ApplyResult | None
    standings: tuple[Standing, ...] = ()

    @property
    def stale(self) -> tuple[Standing, ...]:
        """The groups that were left out, since somebody changed them."""
        return tuple(standing for standing in self.standings if standing.state == "stale")


def execute(
    session: Session,
    plan: Plan,
    options: ApplyOptions,
    progress: Progress,
    *,
    seen: int | None,
    show: Callable[[Sequence[Standing]], None],
) -> Carried:
    """Carry out every changed group of ``plan`` and say where it ends.

    ``seen`` is the number of the fleet's lease before the plan was made (``lease_seen``), None for a plan made long
    before. If somebody else may have written since, the groups are looked at again, and ``show`` is told how they
    stand.

    With ``options.detach`` the result is as it stands once the run is recorded and queued. Raises, before the first
    write: RefusedError if a guard refuses the plan, StaleError if somebody else has the lock, or if groups moved and
    ``options.allow_partial`` is not set, UsageError for ``detach`` where nobody else would do the work, ReconcileError
    for a stack that serves another fleet.
    """
    refuse(plan)
    if options.detach and session.stack is None:
        raise UsageError(
            "nobody would carry the run out: this fleet does its work in the command itself",
            hint="leave --detach out, or give the fleet `execution: {mode: queue, stack: …}`",
        )
    run = new_run(plan)
    queued = session.stack is not None
    leases, timeout = session.ledger.leases, options.lock_timeout
    with locked(leases, run.id, timeout, progress.say, queued=queued, patience=session.patience) as held:
        session.aws.before_write = held.check
        standings: tuple[Standing, ...] = ()
        if seen is None or held.lease.number != seen + 1:
            with session.aws.stats.phase("recheck"):
                standings = recheck(session, plan)
            show(standings)
            _check_stale(standings, options)
            plan = left_of(plan, standings)
        if not plan.changed:
            held.give_back()
            return Carried(plan, None, standings)
        return Carried(plan, _carry_out(session, plan, run, options, progress), standings)


def carried_out_before(session: Session, plan: Plan) -> Carried | None:
    """A plan that an earlier apply has carried out to its end, so that no guard needs to refuse it; else None."""
    if any(group.blocked for group in plan.groups):
        return None
    with session.aws.stats.phase("recheck"):
        standings = recheck(session, plan)
    if any(standing.state != "converged" for standing in standings):
        return None
    return Carried(left_of(plan, standings), None, standings)


def recheck(session: Session, plan: Plan) -> tuple[Standing, ...]:
    """How the changed groups of a plan that was made before stand now, sorted by name. Never writes."""
    by_runtime: dict[str, list[GroupPlan]] = {}
    for group in plan.changed:
        by_runtime.setdefault(group.runtime, []).append(group)
    found: list[Standing] = []
    for name, members in sorted(by_runtime.items()):
        found += session.runtimes[name].recheck(plan, members)
    return tuple(sorted(found, key=lambda standing: standing.name))


def left_of(plan: Plan, standings: Sequence[Standing]) -> Plan:
    """``plan`` with what is left of each group that was looked at again."""
    left = {standing.name: standing.left for standing in standings}
    groups = (
        (left[group.name] or replace(group, actions=())) if group.name in left else group for group in plan.groups
    )
    return replace(plan, groups=tuple(groups))


def _check_stale(standings: Sequence[Standing], options: ApplyOptions) -> None:
    stale = [standing for standing in standings if standing.state == "stale"]
    if stale and not options.allow_partial:
        of = counted(len(standings), "group")
        raise StaleError(
            f"nothing was applied: {len(stale)} of {of} moved since the plan was made",
            hint="plan again, or apply the others alone with --allow-partial",
        )


def _carry_out(session: Session, plan: Plan, run: Run, options: ApplyOptions, progress: Progress) -> ApplyResult:
    if session.stack is None:
        return apply_plan(session, plan, run, options, progress)
    from reconciler.execution.queue.opening import open_queues  # noqa: PLC0415 (only where there are queues)
    from reconciler.execution.queue.served import serve  # noqa: PLC0415
    from reconciler.execution.queue.submit import follow, submit  # noqa: PLC0415

    queues = open_queues(session.aws, session.stack)
    with session.aws.stats.phase("submit"):
        serve(session.aws, session.stack)
        for runtime in session.runtimes.values():
            runtime.prepare(plan)
        submit(session.ledger, plan, run, queues.by_name["Devices"], queues.payloads)
    progress.say("", f"run {run.id} is recorded and queued")
    if options.detach:
        return ApplyResult(run, tuple(session.ledger.tasks(run.id).values()))
    with session.aws.stats.phase("follow"):
        return follow(
            session.ledger,
            run,
            options.timeout,
            progress,
            wait=options.wait,
            clock=session.patience.now,
            sleep=session.patience.sleep,
        )
