"""Records a run and puts its groups on the queue; and follows a run that others work off."""

import time
from collections.abc import Callable
from dataclasses import replace
from secrets import token_hex

from reconciler.execution.apply import ApplyResult, Progress
from reconciler.execution.ledger import Ledger
from reconciler.execution.queue.handlers import FINAL
from reconciler.execution.queue.payloads import Payloads
from reconciler.execution.queue.queueing import Queueing
from reconciler.execution.queue.sqs import Queue
from reconciler.model.plan import Plan
from reconciler.model.run import Run, Task, outcome_of

FOLLOW_SECONDS = 1.0
"""Between two looks at a run, at least."""
FOLLOW_SHARE = 9
"""Between two looks pass so many times the seconds that a look takes: a run of 10,000 groups is read less often."""


def submit(ledger: Ledger, plan: Plan, run: Run, devices: Queue, payloads: Payloads) -> None:
    """Record ``run`` of every changed group of ``plan`` and queue them; from then on workers carry it out.

    Killed in the middle, the run is queued to its end by a worker's sweep.
    """
    queueing = Queueing(ledger, devices, payloads)
    holder = f"submit/{token_hex(8)}"
    queueing.keep_plan(run.id, plan)
    queueing.claim(run.id, holder)
    ledger.start_run(run, stop_others=False)
    queueing.send_claimed(run, plan, holder)


def follow(
    ledger: Ledger,
    run: Run,
    timeout: float,
    progress: Progress,
    *,
    wait: bool = True,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> ApplyResult:
    """Tell how a run goes on until each of its groups stands in a final state, or ``timeout`` seconds are over.

    Without ``wait`` a deployment that was asked for is far enough.
    """
    enough = FINAL if wait else FINAL | {"deploying"}
    deadline = clock() + timeout
    told: dict[str, Task] = {}
    while True:
        began = clock()
        tasks = ledger.tasks(run.id)
        for name in sorted(tasks):
            task = tasks[name]
            if (before := told.get(name)) is None or (before.state, before.error) != (task.state, task.error):
                progress.say(name, task.state + (f": {task.error}" if task.error else ""))
                if task.state in enough:
                    progress.done(name)
            told[name] = task
        if all(task.state in enough for task in tasks.values()) or clock() >= deadline:
            break
        sleep(max(FOLLOW_SECONDS, FOLLOW_SHARE * (clock() - began)))
    if tasks and all(task.state in FINAL for task in tasks.values()):
        ledger.end_run(run.id, outcome_of([task.state for task in tasks.values()]))
        ledger.leases.end(run.id)
    left = [task if task.state in enough else _unfinished(task) for _, task in sorted(tasks.items())]
    latest = ledger.run(run.id) or run
    return ApplyResult(latest, tuple(left))


def _unfinished(task: Task) -> Task:
    why = task.error or f"still {task.state} at the deadline; the workers go on"
    return replace(task, state="unfinished", error=why)
