"""Has a plan carried out where its fleet wants it: in this process, or through the queues."""

from reconciler.execution.apply import ApplyOptions, ApplyResult, Progress, apply_plan
from reconciler.execution.session import Session
from reconciler.model.errors import UsageError
from reconciler.model.plan import Plan


def execute(session: Session, plan: Plan, options: ApplyOptions, progress: Progress) -> ApplyResult:
    """Carry out every changed group of ``plan`` and say where it ends.

    With ``options.detach`` the result is as it stands once the run is recorded and queued. Raises RefusedError before
    the first write if a guard refuses the plan, UsageError for ``detach`` where nobody else would do the work.
    """
    if session.stack is None:
        if options.detach:
            raise UsageError(
                "nobody would carry the run out: this fleet does its work in the command itself",
                hint="leave --detach out, or give the fleet `execution: {mode: queue, stack: …}`",
            )
        return apply_plan(session, plan, options, progress)
    from reconciler.execution.queue.opening import open_queues  # noqa: PLC0415 (only where there are queues)
    from reconciler.execution.queue.submit import follow, submit  # noqa: PLC0415

    queues = open_queues(session.aws, session.stack)
    with session.aws.stats.phase("submit"):
        run = submit(session.ledger, plan, queues.by_name["Devices"], queues.payloads)
    progress.say("", f"run {run.id} is recorded and queued")
    if options.detach:
        return ApplyResult(run, tuple(session.ledger.tasks(run.id).values()))
    with session.aws.stats.phase("follow"):
        return follow(session.ledger, run, options.timeout, progress, wait=options.wait)
