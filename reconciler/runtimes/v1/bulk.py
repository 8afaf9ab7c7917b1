"""Deploys groups of Greengrass V1 in bulk: AWS runs one bulk deployment at a time, whoever has started it."""

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.aws.client import PAGE
from reconciler.model.canonical import digest
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.fleet import BulkDeployments
from reconciler.runtimes.base import Ready, Started
from reconciler.runtimes.v1.asking import BUSY, Asking, StillBusyError, not_yet_deployed, previous, version_to_deploy
from reconciler.runtimes.v1.families import group_version_id
from reconciler.runtimes.v1.observe import Observer

BULK_RUNNING = frozenset({"Initializing", "Running", "Stopping"})
POLL_SECONDS = 2.0


@dataclass(frozen=True)
class BulkDeployer:
    """Asks for bulk deployments. ``sleep`` and ``clock`` are time's own but in tests. Methods raise AwsError."""

    observer: Observer
    bulk: BulkDeployments | None
    fleet: str
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def deploy(self, groups: list[Ready], asking: Asking) -> Iterator[Started]:
        """Deploy ``groups`` in one bulk deployment, once AWS runs no other; what becomes of each.

        Whenever time has passed since the plan, an earlier attempt may have asked, or a bulk deployment turns out to be
        an earlier run's, the groups are looked at again: that one may have deployed them meanwhile.
        """
        earlier, said, rejected = "", "", 0
        try:
            while True:
                known = self._ids()
                newest = self._status(known[0]) if known else {}
                if newest.get("BulkDeploymentStatus") in BULK_RUNNING:
                    if self.clock() >= asking.busy_until:
                        raise _still_busy(known[0], newest)
                    if known[0] != said:
                        asking.say("", f"waiting: bulk deployment {known[0]} is running, and AWS runs one at a time")
                        said = known[0]
                    self.sleep(POLL_SECONDS)
                    continue
                if known and asking.again:
                    groups = yield from self._in_newest(known[0], groups)
                if said or earlier or asking.again:
                    groups = yield from not_yet_deployed(self.observer, groups, asking)
                    if not groups:
                        return
                bulk_id = self._start(groups, earlier)
                if bulk_id not in {None, *known}:
                    break
                if bulk_id is not None:
                    earlier = bulk_id
                    continue
                rejected += 1
                if rejected > 1 and self.clock() >= asking.busy_until:
                    raise _still_busy("of somebody else", {})
                # Somebody was faster: the list tells who, or that it is over.
                said = said or "somebody"
                self.sleep(POLL_SECONDS)
            asking.say("", f"bulk deployment {bulk_id} started for {len(groups)} groups")
            yield from self._reports(str(bulk_id), groups, asking.deadline)
        except ReconcileError as error:
            if asking.queued and not isinstance(error, StillBusyError):
                raise
            yield from (asking.not_started(group, error) for group in groups)

    def _ids(self) -> list[str]:
        """The ids of the newest bulk deployments, newest first."""
        answer = self.observer.aws.call("greengrass", "ListBulkDeployments", MaxResults=PAGE)
        return [row["BulkDeploymentId"] for row in answer.get("BulkDeployments") or []]

    def _in_newest(self, bulk_id: str, groups: list[Ready]) -> Generator[Started, None, list[Ready]]:
        """Tell of the groups that the newest bulk deployment has deployed as is asked; return the others.

        It mostly is the one that an attempt which was cut off has started: a page tells of 250 groups.
        """
        by_group, left = self._rows(bulk_id), []
        for group in groups:
            row = by_group.get(group.group_id, {})
            is_asked_for = group_version_id(row.get("GroupArn", "")) == version_to_deploy(group)
            if is_asked_for and row.get("DeploymentId") not in {None, previous(group)}:
                yield Started(group.name, row["DeploymentId"])
            else:
                left.append(group)
        return left

    def _rows(self, bulk_id: str) -> dict[str, dict[str, Any]]:
        """The detailed reports of a bulk deployment by group id."""
        reports = self.observer.aws.pages(
            "greengrass", "ListBulkDeploymentDetailedReports", "Deployments", BulkDeploymentId=bulk_id
        )
        return {row["GroupArn"].split("/groups/")[-1].split("/")[0]: row for row in reports}

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
        while (status := self._status(bulk_id))["BulkDeploymentStatus"] in BULK_RUNNING:
            if self.clock() >= deadline:
                break
            self.sleep(POLL_SECONDS / 4)
        by_group = self._rows(bulk_id)
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
                codes = {detail.get("DetailedErrorCode") for detail in row.get("ErrorDetails") or ()}
                words = f"bulk deployment {bulk_id} ({status['BulkDeploymentStatus']}): {why}"
                yield Started(group.name, None, words, busy=BUSY in codes)

    def _status(self, bulk_id: str) -> dict[str, Any]:
        return self.observer.aws.call("greengrass", "GetBulkDeploymentStatus", BulkDeploymentId=bulk_id)


def _still_busy(bulk: str, status: Mapping[str, Any]) -> StillBusyError:
    since = f", made at {status['CreatedAt']}," if status.get("CreatedAt") else ""
    return StillBusyError(
        f"a bulk deployment ({bulk}){since} is still running, and AWS runs one at a time",
        hint="apply again when it has finished, or stop it: `aws greengrass stop-bulk-deployment`",
    )


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
        asked.append([line, previous(group)])
    return "".join(lines), digest(["bulk", asked, earlier])
