"""Simulated cores: they take deployments up, and succeed, fail, dawdle, stay away or hang as they are told.

A deployment is Building for a moment, InProgress until its core reports, then Success or Failure. Each status
goes to EventBridge as in deployment-notifications.md (V1 developer guide).
"""

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.sandbox.greengrass_v1.records import Deployment

if TYPE_CHECKING:
    from reconciler.sandbox.world import World

BUILDING = timedelta(seconds=0.2)
"""How long the cloud builds a deployment before the core hears of it."""
AT_WORK = timedelta(seconds=0.8)
"""How long a core that was not told to be slow works on a deployment."""
LOOKS_PER_TICK = 1_000
"""How many open deployments one tick looks at; with more, each waits its turn."""
UNEXPLAINED = "Deployment failed: the core reported no reason."


class Cores:
    """The cores of one region and the deployments on their way to them."""

    def __init__(self, world: "World", region: str) -> None:
        self._world = world
        self._region = region
        self._open: deque[Deployment] = deque()

    def begin(self, deployment: Deployment) -> None:
        """Send a deployment on its way."""
        self._tell(deployment, deployment.created)
        self._open.append(deployment)

    def tick(self) -> None:
        """Let the cores move on to where the clock says they are."""
        now = self._world.clock.now()
        for _ in range(min(len(self._open), LOOKS_PER_TICK)):
            deployment = self._open.popleft()
            if not self._is_settled(deployment, now):
                self._open.append(deployment)

    def is_connected(self, thing_name: str) -> bool:
        """Whether the core is there."""
        return self._world.is_connected(thing_name, self._region)

    def _is_settled(self, deployment: Deployment, now: datetime) -> bool:
        """Move a deployment on; True when nothing will move it any more."""
        if deployment.abandoned:
            return True
        built = deployment.created + BUILDING
        if now < built:
            return False
        if deployment.status == "Building":
            self._turn(deployment, "InProgress", built)
        if deployment.type == "ForceResetDeployment":
            # The cloud's part is done and the core is not waited for (reset-deployments-scenario.md).
            self._turn(deployment, "Success", built)
            return True
        settled = self._work(deployment, now)
        deployment.looked_at = now
        return settled

    def _work(self, deployment: Deployment, now: datetime) -> bool:
        core = deployment.core or ""
        behaviour = self._world.behaviours.behaviour_of(core)
        if behaviour.outcome == "stuck":
            # For ever: what it is told later cannot free it, only a forced reset can.
            return True
        if not self.is_connected(core):
            deployment.connected, deployment.was_away = None, True
            return False
        if deployment.connected is None:
            at_once = deployment.created + BUILDING
            deployment.connected = now if deployment.was_away else at_once
        due = deployment.connected + AT_WORK + timedelta(seconds=behaviour.delay)
        if now < due:
            return False
        if behaviour.outcome == "fail":
            deployment.error = behaviour.error or UNEXPLAINED
        # A core that is told to hurry up reports now, not in the past.
        moment = max(due, deployment.looked_at)
        self._turn(deployment, "Success" if deployment.error is None else "Failure", moment)
        return True

    def _turn(self, deployment: Deployment, status: str, moment: datetime) -> None:
        deployment.status, deployment.updated = status, moment
        if status == "Success" and deployment.is_reset:
            deployment.group.deployed = None
        self._tell(deployment, moment)

    def _tell(self, deployment: Deployment, moment: datetime) -> None:
        detail = {
            "group-id": deployment.group.id,
            "deployment-id": deployment.id,
            "deployment-type": deployment.type,
            "status": deployment.status,
        }
        self._world.moto.put_event(
            self._region, "aws.greengrass", "Greengrass Deployment Status Change", detail, moment
        )
