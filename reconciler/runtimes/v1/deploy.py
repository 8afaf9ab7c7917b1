"""Asks Greengrass V1 for deployments: new ones together in bulk, a single one, redeployments and resets each by itself.

Client tokens come from what is asked for and from what was deployed before, so that asking again after a lost answer
or a crash is one deployment, and asking anew after a failure is a new one.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.model.canonical import digest
from reconciler.model.errors import AnswerLostError, AwsError, ReconcileError
from reconciler.model.fleet import BulkDeployments
from reconciler.runtimes.base import Ready, Say, Started
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.v1.asking import BUSY, Asking, busy_with, not_yet_deployed, previous, version_to_deploy
from reconciler.runtimes.v1.bulk import BulkDeployer
from reconciler.runtimes.v1.observe import Observer

POLL_SECONDS = 2.0
RESENDS = 3


@dataclass(frozen=True)
class Deployer:
    """Asks for deployments. ``sleep`` and ``clock`` are time's own but in tests. Methods raise AwsError."""

    observer: Observer
    bulk: BulkDeployments | None
    fleet: str
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def deploy(
        self, ready: Sequence[Ready], deadline: float, say: Say, *, again: bool = False, queued: bool = False
    ) -> Iterator[Started]:
        """Ask for the deployment of every group in ``ready``; what becomes of each, new deployments first.

        With ``again``, groups whose deployment an earlier attempt has made are told with that one; so are those of
        which the plan says that it was ``asked`` for. What is ``queued`` comes back: it does not wait for deployments
        of others, but is told at once that Greengrass is busy, and with what. A new deployment goes in bulk then even
        if it is the only one left: the bulk deployment of its batch may still come to it. What is wrong with AWS
        itself, or with all in bulk, is raised at the end.
        """
        asking = Asking(deadline, say, again=again, queued=queued)
        asked = [group for group in ready if _was_asked_for(group)]
        if asked:
            left = yield from not_yet_deployed(self.observer, asked, asking)
            ready = [group for group in ready if group not in asked or group in left]
        new = [group for group in ready if group.deployment is not None and group.deployment.kind == "deploy"]
        others = [group for group in ready if group.deployment is not None and group not in new]
        problem: ReconcileError | None = None
        if len(new) > 1 or (queued and new):
            bulk = BulkDeployer(self.observer, self.bulk, self.fleet, self.sleep, self.clock)
            try:
                yield from bulk.deploy(new, asking)
            except ReconcileError as error:
                problem = error
        else:
            others = new + others
        if again:
            others = yield from not_yet_deployed(self.observer, others, asking)
        yield from in_parallel(lambda group: self._alone(group, asking), others)
        if problem is not None:
            raise problem

    def _alone(self, group: Ready, asking: Asking) -> Started:
        try:
            return Started(group.name, self._ask(group, asking))
        except ReconcileError as error:
            return asking.not_started(group, error)

    def _ask(self, group: Ready, asking: Asking) -> str:
        waiting = False
        while True:
            try:
                return self._create(group)
            except AwsError as error:
                if BUSY not in error.details and BUSY not in error.message:
                    raise
                if self.clock() >= asking.busy_until:
                    raise busy_with(self.observer.newest_deployment(group.group_id)) from error
            if not waiting:
                asking.say(group.name, "waiting: the group is busy with another deployment")
                waiting = True
            self.sleep(POLL_SECONDS)

    def _create(self, group: Ready) -> str:
        action = group.deployment
        if action is None:
            raise ValueError(f"{group.name} asks for no deployment")
        inputs, aws = action.inputs, self.observer.aws
        if action.kind == "reset-deployments":
            return self._reset(group, force=bool(inputs["force"]))
        parameters: dict[str, Any] = {"GroupId": group.group_id}
        if action.kind == "redeploy":
            parameters |= {"DeploymentType": "Redeployment", "DeploymentId": inputs["deploymentId"]}
            # The files ask by a value, and never twice for one; an order may be repeated once it has been carried out.
            asked = inputs["value"] if "value" in inputs else inputs["previous"]
            token = digest(["redeploy", group.group_id, inputs["deploymentId"], asked])
        else:
            parameters |= {"DeploymentType": "NewDeployment", "GroupVersionId": version_to_deploy(group)}
            token = digest(["deploy", group.group_id, version_to_deploy(group), inputs["previous"]])
        made = aws.call("greengrass", "CreateDeployment", AmznClientToken=token, **parameters)
        return str(made["DeploymentId"])

    def _reset(self, group: Ready, *, force: bool) -> str:
        for resend in range(RESENDS + 1):
            try:
                made = self.observer.aws.call("greengrass", "ResetDeployments", GroupId=group.group_id, Force=force)
            except AnswerLostError:
                newest = self.observer.newest_deployment(group.group_id)
                if newest is not None and newest.is_reset and newest.id != previous(group):
                    return newest.id
                if resend == RESENDS:
                    raise
            else:
                return str(made["DeploymentId"])
        raise AssertionError("the last attempt returns or raises")


def _was_asked_for(group: Ready) -> bool:
    """Whether an earlier apply of the plan has asked for the group's deployment."""
    return group.deployment is not None and bool(group.deployment.inputs.get("asked"))
