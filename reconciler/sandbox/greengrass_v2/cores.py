"""Simulated core devices: they take deployments up, and succeed, fail, dawdle, stay away or hang as they are told."""

import heapq
from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.sandbox.greengrass_v2 import events
from reconciler.sandbox.greengrass_v2.carrying_out import Outcome, carry_out
from reconciler.sandbox.greengrass_v2.components import Components
from reconciler.sandbox.greengrass_v2.devices import Core, Work
from reconciler.sandbox.greengrass_v2.names import Arns
from reconciler.sandbox.greengrass_v2.platforms import LITE_RUNTIME
from reconciler.sandbox.greengrass_v2.records import Deployment
from reconciler.sandbox.greengrass_v2.rollout import delays, is_given_up
from reconciler.sandbox.greengrass_v2.targets import targets_of, things_of
from reconciler.sandbox.iot.jobs import OPEN, cancel, turn
from reconciler.sandbox.iot.records import JobExecution

if TYPE_CHECKING:
    from reconciler.sandbox.behaviours import Behaviour
    from reconciler.sandbox.iot.store import Store
    from reconciler.sandbox.world import World

TAKE_UP = timedelta(seconds=0.2)
"""How long a job is on its way to a core device that is there."""
AT_WORK = timedelta(seconds=0.8)
"""How long a core device that was not told to be slow works on a deployment."""
LOOKS_PER_TICK = 1_000
"""How much open work one tick looks at; with more, each waits its turn."""


class Cores:
    """The core devices of one account and region, and the deployments on their way to them.

    ``latest`` is the latest deployment of each target, by ARN; ``core_devices`` are those that have ever connected.
    """

    def __init__(self, world: "World", arns: Arns, iot: "Store", components: Components) -> None:
        self.latest: dict[str, Deployment] = {}
        self.core_devices: dict[str, Core] = {}
        self._world = world
        self._arns = arns
        self._iot = iot
        self._components = components
        self._open: deque[Work] = deque()
        self._parked: dict[str, list[Work]] = {}
        self._assigned: dict[str, dict[str, Work]] = {}
        self._later: list[tuple[datetime, int, str, Deployment]] = []
        self._changes_seen = 0

    def begin(self, deployment: Deployment) -> None:
        """Send a deployment on its way to the things of its target, as fast as its rollout allows."""
        wait = delays(deployment.job_configuration.get("jobExecutionsRolloutConfig", {}))
        for thing, seconds in zip(things_of(self._iot, deployment.target), wait, strict=False):
            if seconds:
                due = deployment.created + timedelta(seconds=seconds)
                heapq.heappush(self._later, (due, deployment.sequence, thing, deployment))
                deployment.waiting.add(thing)
            else:
                self._send(deployment, thing, deployment.created)

    def assigned(self, thing_name: str) -> list[Work]:
        """The deployments that a thing has been sent, the last for each target, oldest first."""
        return sorted(self._assigned.get(thing_name, {}).values(), key=lambda work: work.sequence)

    def tick(self) -> None:
        """Let the core devices move on to where the clock says they are."""
        now = self._world.clock.now()
        self._take_note_of_changes(now)
        while self._later and self._later[0][0] <= now:
            due, _, thing, deployment = heapq.heappop(self._later)
            deployment.waiting.discard(thing)
            if deployment.job.status == "IN_PROGRESS" and deployment.target.arn in targets_of(self._iot, thing):
                self._send(deployment, thing, due)
        for _ in range(min(len(self._open), LOOKS_PER_TICK)):
            work = self._open.popleft()
            if not self._is_settled(work, now):
                work.looked_at = now
                self._open.append(work)

    def _take_note_of_changes(self, now: datetime) -> None:
        """Send deployments to things that have joined a target, and see which core devices have come or gone."""
        stirred, self._iot.stirred = self._iot.stirred, set()
        changes = self._world.behaviours.changes
        if changes != self._changes_seen:
            self._changes_seen = changes
            for name in {*self.core_devices, *self._parked} - stirred:
                self._see(name, now)
        for name in sorted(stirred):
            self._see(name, now)
            self._join(name, now)

    def _see(self, thing_name: str, now: datetime) -> None:
        # What waits for the thing to come looks for itself whether it has.
        self._open.extend(self._parked.pop(thing_name, ()))
        core, is_there = self.core_devices.get(thing_name), self._is_connected(thing_name)
        if core is None or is_there == core.connected:
            return
        core.reported = now if is_there else core.last_report(now)  # it reports as its software starts
        core.connected, core.since = is_there, now

    def _join(self, thing_name: str, now: datetime) -> None:
        targets, core = targets_of(self._iot, thing_name), self.core_devices.get(thing_name)
        back = targets & core.left if core is not None else set()
        for arn in sorted(targets):
            deployment = self.latest.get(arn)
            if deployment is not None and _receives(deployment, thing_name, came_back=arn in back):
                self._send(deployment, thing_name, now)
        if core is not None:
            core.left = (core.left | set(core.roots)) - targets

    def _send(self, deployment: Deployment, thing: str, moment: datetime) -> None:
        earlier = deployment.job.executions.get(thing)
        number = 1 if earlier is None else earlier.number + 1
        execution = JobExecution(thing, queued=moment, updated=moment, number=number)
        deployment.job.executions[thing] = execution
        work = Work(deployment, thing, execution, looked_at=moment)
        self._assigned.setdefault(thing, {})[deployment.target.arn] = work
        self._open.append(work)

    def _is_connected(self, thing_name: str) -> bool:
        return self._world.is_connected(thing_name, self._arns.region)

    def _is_settled(self, work: Work, now: datetime) -> bool:
        """Move work on; True when nothing will move it any more, or not before something happens to its thing."""
        core = self.core_devices.get(work.thing)
        if work.execution.status not in OPEN:
            self._let_go(core, work)
            return True
        if self._is_gone(work):
            self._end(work, "REMOVED", now)
            self._let_go(core, work)
            return True
        if self._ran_out_of_time(work, now):
            self._let_go(core, work)
            return True
        if not self._is_connected(work.thing):
            work.connected, work.was_away = None, True
            return self._is_parked(work)
        if work.connected is None:
            work.connected = now if work.was_away else work.execution.queued
        behaviour = self._world.behaviours.behaviour_of(work.thing)
        if work.execution.status == "QUEUED":
            core = self._taken_up(work, core, behaviour, now)
        if core is None or core.busy is not work or behaviour.outcome == "stuck":
            return work.execution.status not in OPEN
        return self._is_done(work, core, behaviour, now)

    def _is_parked(self, work: Work) -> bool:
        """Lay aside what is queued until something happens to its thing; what is in progress may run out of time."""
        if work.execution.status == "QUEUED":
            self._parked.setdefault(work.thing, []).append(work)
            return True
        return False

    def _is_gone(self, work: Work) -> bool:
        """Whether the thing was deleted, or left the target before it took the deployment up."""
        is_queued = work.execution.status == "QUEUED"
        targets = targets_of(self._iot, work.thing)
        return work.deployment.target.arn not in targets if is_queued else not targets

    def _taken_up(self, work: Work, core: Core | None, behaviour: "Behaviour", now: datetime) -> Core | None:
        """The core device, if it is at work on this now; it does one thing at a time."""
        began = (work.connected or now) + TAKE_UP
        if core is not None:
            began = max(began, core.reported)  # it may have been at work on another until then
        if now < began or (core is not None and core.busy is not None):
            return None
        if core is None:
            core = self.core_devices[work.thing] = Core.set_up(work.thing, behaviour.runtime, behaviour.platform, began)
        core.is_listed, core.reported = True, began
        if core.runtime == LITE_RUNTIME and work.deployment.target.kind == "thing":
            work.reason = "REJECTED: Nucleus Lite takes deployments to thing groups only"
            work.error_stack, work.error_types = ("DEPLOYMENT_REJECTED",), ("REQUEST_ERROR",)
            self._end(work, "REJECTED", began)
            return None
        core.busy = work
        turn(work.execution, "IN_PROGRESS", began)
        return core

    def _is_done(self, work: Work, core: Core, behaviour: "Behaviour", now: datetime) -> bool:
        started = work.execution.started or now
        due = max(started, work.connected or started) + AT_WORK + timedelta(seconds=behaviour.delay)
        if now < due:
            return False
        # A core that is told to hurry up reports now, not in the past.
        moment = max(due, work.looked_at)
        # Only here, as it takes up another deployment, does a core device learn that it was removed from a thing group.
        targets = targets_of(self._iot, core.name)
        others = [
            deployment for arn, deployment in core.roots.items() if arn in targets and arn != work.deployment.target.arn
        ]
        outcome = carry_out(core, others, work.deployment, self._components, behaviour, moment)
        work.reason, work.error_stack, work.error_types = outcome.reason, outcome.stack, outcome.types
        if outcome.succeeded:
            core.succeeded_for.add(work.deployment.target.arn)
            self._forget_left(core.name, targets)
        core.reported = moment
        self._end(work, "SUCCEEDED" if outcome.succeeded else "FAILED", moment, outcome)
        core.busy = None
        return True

    def _forget_left(self, thing_name: str, targets: set[str]) -> None:
        works = self._assigned[thing_name]
        self._assigned[thing_name] = {arn: work for arn, work in works.items() if arn in targets}

    def _ran_out_of_time(self, work: Work, now: datetime) -> bool:
        minutes = work.deployment.job_configuration.get("timeoutConfig", {}).get("inProgressTimeoutInMinutes")
        if minutes is None or work.execution.started is None:
            return False
        over = work.execution.started + timedelta(minutes=minutes)
        if now < over:
            return False
        self._end(work, "TIMED_OUT", over)
        return True

    def _let_go(self, core: Core | None, work: Work) -> None:
        if core is not None and core.busy is work:
            core.busy = None

    def _end(self, work: Work, status: str, moment: datetime, outcome: Outcome | None = None) -> None:
        """Give an execution its last status, and see what that means for its job."""
        deployment, job = work.deployment, work.deployment.job
        turn(work.execution, status, moment, outcome.details() if outcome is not None else None)
        deployment.over[status] += 1
        job.updated = max(job.updated, moment)
        if job.status == "IN_PROGRESS":
            criteria = deployment.job_configuration.get("abortConfig", {}).get("criteriaList", [])
            if is_given_up(criteria, deployment.over):
                cancel(self._iot, job)
            elif job.selection == "SNAPSHOT":
                job.status, job.completed = "COMPLETED", moment
        if outcome is not None:
            self._tell(work, moment, outcome)

    def _tell(self, work: Work, moment: datetime, outcome: Outcome) -> None:
        arn = self._arns.of("coreDevices", work.thing)
        for kind, detail in events.of(work, self.core_devices[work.thing], outcome):
            self._world.moto.put_event(self._arns.region, events.SOURCE, kind, detail, moment, [arn])


def _receives(deployment: Deployment, thing_name: str, *, came_back: bool) -> bool:
    """Whether a thing that is in the target now is to be sent the deployment (again)."""
    if deployment.target.kind == "thing" or deployment.job.status != "IN_PROGRESS" or thing_name in deployment.waiting:
        return False
    earlier = deployment.job.executions.get(thing_name)
    return earlier is None or earlier.status == "REMOVED" or (came_back and earlier.status not in OPEN)
