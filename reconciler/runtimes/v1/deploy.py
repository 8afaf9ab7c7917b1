"""Asks Greengrass V1 for deployments: new ones together in bulk, a single one, redeployments and resets each by itself.

Client tokens come from what is asked for and from what was deployed before, so that asking again after a lost answer
or a crash is one deployment, and asking anew after a failure is a new one.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.aws.client import PAGE
from reconciler.model.canonical import digest
from reconciler.model.errors import AnswerLostError, AwsError, ReconcileError
from reconciler.model.fleet import BulkDeployments
from reconciler.model.plan import KNOWN_AFTER_APPLY
from reconciler.runtimes.base import Ready, Say, Started
from reconciler.runtimes.v1.live import LiveDeployment
from reconciler.runtimes.v1.observe import Observer, in_parallel

BUSY = "ConcurrentDeployment"
BULK_RUNNING = frozenset({"Initializing", "Running", "Stopping"})
POLL_SECONDS = 2.0
RESENDS = 3


class StillBusyError(ReconcileError):
    """Greengrass was busy with somebody else's deployment until the deadline."""


@dataclass(frozen=True)
class Deployer:
    """Asks for deployments. ``sleep`` and ``clock`` are time's own but in tests. Methods raise AwsError."""

    observer: Observer
    bulk: BulkDeployments | None
    fleet: str
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def deploy(self, ready: Sequence[Ready], deadline: float, say: Say, *, again: bool = False) -> Iterator[Started]:
        """Ask for the deployment of every group in ``ready``; what becomes of each, new deployments first.

        With ``again``, groups whose deployment an earlier attempt has made are told with that one; so are those of
        which the plan says that it was ``asked`` for.
        """
        asked = [group for group in ready if again or _was_asked_for(group)]
        if asked:
            left, done = self._not_yet_deployed(asked)
            yield from done
            ready = [group for group in ready if group not in asked or group in left]
        new = [group for group in ready if group.deployment is not None and group.deployment.kind == "deploy"]
        others = [group for group in ready if group.deployment is not None and group not in new]
        if len(new) > 1:
            yield from self._in_bulk(new, deadline, say)
        else:
            others = new + others
        yield from in_parallel(lambda group: self._alone(group, deadline, say), others)

    def _alone(self, group: Ready, deadline: float, say: Say) -> Started:
        try:
            return Started(group.name, self._ask(group, deadline, say))
        except ReconcileError as error:
            return _not_started(group, error)

    def _ask(self, group: Ready, deadline: float, say: Say) -> str:
        waiting = False
        while True:
            try:
                return self._create(group)
            except AwsError as error:
                if BUSY not in error.details and BUSY not in error.message:
                    raise
                if self.clock() >= deadline:
                    raise StillBusyError(
                        "the group is still busy with a deployment that was asked for before",
                        hint="wait until its core has reported, or reset it (`state: reset` with `force: true`)",
                    ) from error
            if not waiting:
                say(group.name, "waiting: the group is busy with another deployment")
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
                if newest is not None and newest.is_reset and newest.id != _previous(group):
                    return newest.id
                if resend == RESENDS:
                    raise
            else:
                return str(made["DeploymentId"])
        raise AssertionError("the last attempt returns or raises")

    def _in_bulk(self, groups: list[Ready], deadline: float, say: Say) -> Iterator[Started]:
        """Deploy ``groups`` in one bulk deployment, once AWS runs no other: it runs one at a time.

        Whenever time has passed since the plan, or a bulk deployment turns out to be an earlier run's, the groups are
        looked at again: that one may have deployed them meanwhile.
        """
        earlier, said = "", ""
        try:
            while True:
                known = self._bulk_ids()
                if known and self._bulk_status(known[0])["BulkDeploymentStatus"] in BULK_RUNNING:
                    if self.clock() >= deadline:
                        raise _still_busy(known[0])
                    if known[0] != said:
                        say("", f"waiting: bulk deployment {known[0]} is running, and AWS runs one at a time")
                        said = known[0]
                    self.sleep(POLL_SECONDS)
                    continue
                if said or earlier:
                    groups, settled = self._not_yet_deployed(groups)
                    yield from settled
                    if not groups:
                        return
                bulk_id = self._start(groups, earlier)
                if bulk_id not in {None, *known}:
                    break
                if bulk_id is not None:
                    earlier = bulk_id
                    continue
                if self.clock() >= deadline:
                    raise _still_busy("of somebody else")
                said = said or "somebody was faster"
                self.sleep(POLL_SECONDS)
            say("", f"bulk deployment {bulk_id} started for {len(groups)} groups")
            yield from self._reports(str(bulk_id), groups, deadline)
        except ReconcileError as error:
            yield from (_not_started(group, error) for group in groups)

    def _bulk_ids(self) -> list[str]:
        """The ids of the newest bulk deployments, newest first."""
        answer = self.observer.aws.call("greengrass", "ListBulkDeployments", MaxResults=PAGE)
        return [row["BulkDeploymentId"] for row in answer.get("BulkDeployments") or []]

    def _not_yet_deployed(self, groups: Sequence[Ready]) -> tuple[list[Ready], list[Started]]:
        """Part off the groups whose deployment has been made meanwhile, by an earlier attempt or run."""

        def look(group: Ready) -> Started | None:
            try:
                last = self.observer.newest_deployment(group.group_id)
            except ReconcileError as error:
                return _not_started(group, error)
            is_there = last is not None and last.id != _previous(group) and _is_asked_for(group, last)
            return Started(group.name, last.id) if last is not None and is_there else None

        found = in_parallel(look, groups)
        left = [group for group, started in zip(groups, found, strict=True) if started is None]
        return left, [started for started in found if started is not None]

    def _start(self, groups: list[Ready], earlier: str) -> str | None:
        """The id of the bulk deployment of ``groups``, None if AWS runs another one just now.

        It may be that of an earlier run which asked for the same, and is over: with its id as ``earlier`` it is a new
        one that is asked for.
        """
        if self.bulk is None:
            raise ReconcileError(
                "the fleet names nothing to deploy several groups together with",
                hint="add `bulkDeployments: {bucket: …, executionRoleArn: …}` to the Fleet's spec",
            )
        body, token = bulk_input(groups, earlier)
        key = f"{self.bulk.prefix}{token}.json"
        aws = self.observer.aws
        aws.call("s3", "PutObject", Bucket=self.bulk.bucket, Key=key, Body=body.encode())
        try:
            made = aws.call(
                "greengrass",
                "StartBulkDeployment",
                ExecutionRoleArn=self.bulk.execution_role_arn,
                InputFileUri=f"https://{self.bulk.bucket}.s3.{aws.region}.amazonaws.com/{key}",
                AmznClientToken=token,
                tags={"reconciler:fleet": self.fleet},
            )
        except AwsError as error:
            if BUSY not in error.details and "still running" not in error.message:
                raise
            return None
        return str(made["BulkDeploymentId"])

    def _reports(self, bulk_id: str, groups: list[Ready], deadline: float) -> Iterator[Started]:
        """The deployment of each group, once the bulk deployment has asked for it."""
        while (status := self._bulk_status(bulk_id))["BulkDeploymentStatus"] in BULK_RUNNING:
            if self.clock() >= deadline:
                break
            self.sleep(POLL_SECONDS / 4)
        reports = self.observer.aws.pages(
            "greengrass", "ListBulkDeploymentDetailedReports", "Deployments", BulkDeploymentId=bulk_id
        )
        by_group = {row["GroupArn"].split("/groups/")[-1].split("/")[0]: row for row in reports}
        for group in groups:
            row = by_group.get(group.group_id, {})
            if row.get("DeploymentId"):
                yield Started(group.name, row["DeploymentId"])
            elif status["BulkDeploymentStatus"] in BULK_RUNNING:
                yield Started(
                    group.name, None, f"bulk deployment {bulk_id} has not come to it by the deadline", busy=True
                )
            else:
                why = row.get("ErrorMessage") or status.get("ErrorMessage") or "no deployment was made for it"
                yield Started(group.name, None, f"bulk deployment {bulk_id} ({status['BulkDeploymentStatus']}): {why}")

    def _bulk_status(self, bulk_id: str) -> dict[str, Any]:
        return self.observer.aws.call("greengrass", "GetBulkDeploymentStatus", BulkDeploymentId=bulk_id)


def _not_started(group: Ready, error: ReconcileError) -> Started:
    words = f"{error.message}; {error.hint}" if error.hint else error.message
    return Started(group.name, None, words, busy=isinstance(error, StillBusyError))


def _still_busy(bulk: str) -> StillBusyError:
    return StillBusyError(
        f"a bulk deployment ({bulk}) was still running at the deadline, and AWS runs one at a time",
        hint="apply again when it has finished, or stop it: `aws greengrass stop-bulk-deployment`",
    )


def _previous(group: Ready) -> str:
    """The newest deployment of the group when the plan was made, empty if there was none."""
    if group.deployment is None:
        return ""
    inputs = group.deployment.inputs
    return str(inputs.get("previous", inputs.get("deploymentId", "")))


def _was_asked_for(group: Ready) -> bool:
    """Whether an earlier apply of the plan has asked for the group's deployment."""
    return group.deployment is not None and bool(group.deployment.inputs.get("asked"))


def _is_asked_for(group: Ready, deployment: LiveDeployment) -> bool:
    """Whether a deployment is what the group's action asks for."""
    if group.deployment is None or group.deployment.kind == "reset-deployments":
        return deployment.is_reset
    if group.deployment.kind == "redeploy":
        return deployment.type == "Redeployment"
    return deployment.group_version_id == version_to_deploy(group)


def version_to_deploy(group: Ready) -> str:
    """The group version that a ``deploy`` action means: the one it names, else the one just made."""
    if group.deployment is None:
        raise ValueError(f"{group.name} asks for no deployment")
    named = group.deployment.inputs["groupVersionId"]
    return str(group.version_id if named == KNOWN_AFTER_APPLY else named)


def bulk_input(groups: Sequence[Ready], earlier: str = "") -> tuple[str, str]:
    """A bulk deployment's input, a line a group (V1 guide, "Create bulk deployments"), and its client token.

    The token is another one after each ``earlier`` bulk deployment of the same, which did not do it: AWS would answer
    with that one for ever.
    """
    lines, asked = [], []
    for group in sorted(groups, key=lambda item: item.group_id):
        line = {
            "GroupId": group.group_id,
            "GroupVersionId": version_to_deploy(group),
            "DeploymentType": "NewDeployment",
        }
        lines.append(json.dumps(line) + "\n")
        asked.append([line, _previous(group)])
    return "".join(lines), digest(["bulk", asked, earlier])
