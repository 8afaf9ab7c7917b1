"""Asks Greengrass V2 for deployments: one to each thing group, then those to single cores.

Client tokens come from the document, the target, and the deployment that it follows: asking again after a lost answer
or a crash is one deployment, and going back to what was deployed within the last hours is a new one. So is asking for
what was deleted since: AWS then answers with the deployment that is no more, and is asked under another token.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from reconciler.aws.client import is_not_found
from reconciler.aws.errors import may_pass
from reconciler.model.canonical import digest
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.plan import Action
from reconciler.runtimes.base import Ready, Started
from reconciler.runtimes.marks import owner_tags
from reconciler.runtimes.parallel import WORKERS
from reconciler.runtimes.v2.documents import parameters
from reconciler.runtimes.v2.live import LiveDeployment, is_foreign
from reconciler.runtimes.v2.names import target_name
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.outcomes import Reports, Watched

IN_PROGRESS = "RequestAlreadyInProgressException"
ATTEMPTS = 6
RECALLED = 8
"""How many deployments of one document to one target, made and deleted within the hours that AWS remembers client
tokens, are told from a new one."""
SEEN_LATE = (0.5, 1.0, 2.0)
"""Seconds between looks for a deployment that was made just now and is not seen yet."""
PATIENCE, FIRST_PAUSE = 30.0, 0.5
"""Seconds that cores get to give up what they alone have, and before they are first asked again."""


@dataclass(frozen=True)
class Deployer:
    """Asks for deployments. Threads share it. Methods raise AwsError."""

    observer: Observer
    reports: Reports
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    def deploy(self, ready: Sequence[Ready], *, again: bool, queued: bool) -> Iterator[Started]:
        """Ask for the deployments of every group in ``ready``; what becomes of each, as it is known.

        With ``again`` an earlier attempt may have asked already, longer ago than AWS remembers tokens: deployments that
        are there by now are not asked for anew. What is ``queued`` comes back: an error of AWS as a whole is raised.
        """

        def ask(group: Ready) -> Started:
            try:
                first, *others = self._ask(group, again=again)
                return Started(group.name, first, beside=tuple(others), is_new=not _goes_on(group.deployment, first))
            except ReconcileError as error:
                if queued and may_pass(error):
                    raise
                return Started(group.name, None, f"{error.message}{f'; {error.hint}' if error.hint else ''}")

        with ThreadPoolExecutor(WORKERS) as pool:
            yield from pool.map(ask, [group for group in ready if group.deployment is not None])

    def _ask(self, group: Ready, *, again: bool) -> list[str]:
        """Ask for the deployments of a group; their ids, that of the one to the thing group first."""
        action = group.deployment
        if action is None:
            raise ValueError(f"{group.name} asks for no deployment")
        again = again or bool(action.inputs.get("asked"))
        made = [str(action.inputs["deploymentId"])] if "deploymentId" in action.inputs else []
        if action.inputs["release"] and "document" in action.inputs:
            self._made_since(action.inputs, again=again)  # else cores would lose what they have, and get nothing for it
        released = self._release(action, again=again)
        if "document" in action.inputs:
            made = [self.create(action.kind, action.inputs, again=again)]
        made += [self.create(action.kind, core, again=again) for core in action.inputs["cores"]]
        return made + released

    def _release(self, action: Action, *, again: bool) -> list[str]:
        """Take from cores what they alone have, and give them a while to do it before they get something else.

        One that is offline gets both later, in this order.
        """
        made = []
        for core in action.inputs["release"]:
            try:
                made.append(self.create(action.kind, core, again=again))
            except AwsError as error:
                if not is_not_found(error):  # a thing that was deleted has nothing any more
                    raise
        watched = Watched(dict.fromkeys(made, 1))
        until, pause = self.clock() + PATIENCE, FIRST_PAUSE
        while made and not self.reports.progress(watched).is_over and self.clock() < until:
            self.sleep(pause)
            pause *= 1.5
        return made

    def create(self, kind: str, inputs: Mapping[str, Any], *, again: bool) -> str:
        """Ask for one deployment; its id. With ``again``, one that was made by now is not made anew.

        Raises ReconcileError where somebody else has deployed since to a target that had a deployment.
        """
        if there := self._made_since(inputs, again=again):
            return there
        arn, name = inputs["targetArn"], inputs["name"]
        said = [kind, arn, name, inputs["document"], inputs["previous"], inputs.get("value")]
        for _ in range(RECALLED):
            made = self._request(arn, name, inputs["document"], digest(said))
            if self._is_there(made["deploymentId"]):
                break
            said.append(made["deploymentId"])
        self.observer.deployments.remember_job(made["deploymentId"], made.get("iotJobId", ""))
        return str(made["deploymentId"])

    def _made_since(self, inputs: Mapping[str, Any], *, again: bool) -> str:
        """The id of the deployment that ``inputs`` ask for, if it may be there and is; else empty.

        Raises ReconcileError where somebody else has deployed since to a target that had a deployment.
        """
        arn, previous, read = inputs["targetArn"], inputs["previous"], self.observer.deployments
        row = read.newest_row(arn) if again or previous else None
        if row is None or row["deploymentId"] == previous:
            return ""
        if again and row.get("deploymentName") == inputs["name"]:
            return str(row["deploymentId"])
        newest = read.of_row(row)  # what it holds is read only where that has to be told
        if is_foreign(newest, self.observer.fleet.name):
            raise _moved(newest, target_name(arn))
        return ""

    def _request(self, arn: str, name: str, document: Mapping[str, Any], token: str) -> Mapping[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.observer.aws.call(
                    "greengrassv2",
                    "CreateDeployment",
                    targetArn=arn,
                    deploymentName=name,
                    clientToken=token,
                    tags=owner_tags(self.observer.fleet),
                    **parameters(self.observer.aws.secrets.reveal(document)),
                )
            except AwsError as error:
                if error.code != IN_PROGRESS or attempt == ATTEMPTS:
                    raise
                self.observer.aws.back_off(attempt)
        raise AssertionError("the last attempt returns or raises")

    def _is_there(self, deployment_id: str) -> bool:
        """Whether a deployment that AWS says it made is there: to a token that it knows from the last hours it answers
        as it did then, also where that deployment has been deleted since.

        Who is about to stop waits all the same: one that is not seen yet would be taken for deleted, and made again.
        """
        for pause in SEEN_LATE:
            if self.observer.deployments.is_there(deployment_id):
                return True
            time.sleep(pause)
        return self.observer.deployments.is_there(deployment_id)


def _moved(newest: LiveDeployment, target: str) -> ReconcileError:
    named = f" ({newest.name})" if newest.name else ""
    return ReconcileError(
        f"not deployed: somebody has made deployment {newest.id}{named} to {target} since it was planned",
        hint="plan again, and look at it",
    )


def _goes_on(action: Action | None, deployment_id: str) -> bool:
    """Whether a deployment is the one that the group had before."""
    return action is not None and action.inputs.get("deploymentId") == deployment_id
