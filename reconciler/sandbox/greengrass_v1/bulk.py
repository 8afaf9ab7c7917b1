"""Bulk deployments: many groups from one file, one bulk at a time, at a limited rate."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.greengrass_v1.bulk_input import InputFileError, Record, locate, read_records
from reconciler.sandbox.greengrass_v1.client_tokens import ClientTokens
from reconciler.sandbox.greengrass_v1.deployments import Deployments
from reconciler.sandbox.greengrass_v1.names import ROLE_ARN, Arns, iso, new_id
from reconciler.sandbox.greengrass_v1.paging import page
from reconciler.sandbox.greengrass_v1.records import Deployment
from reconciler.sandbox.greengrass_v1.refusals import bad_request, resource_not_found
from reconciler.sandbox.greengrass_v1.tags import check_tags

if TYPE_CHECKING:
    from reconciler.sandbox.world import World

STEP = timedelta(seconds=0.2)
"""How long a bulk is Initializing, and how long it takes to stop."""
RECORDS_A_SECOND = 500
"""AWS's own rate has a fixed ceiling that it does not publish."""
MOST_A_TICK = 250
"""So that no request waits long for the lock after the clock was moved far."""
RETRIES = 5
"""Of a group that cannot be deployed just now (bulk-deploy-cli.md)."""
RETRY_AFTER = timedelta(seconds=1)
RUNNING = frozenset({"Initializing", "Running", "Stopping"})


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one record: its deployment, or why there is none."""

    serial: int
    record: Record
    created: datetime
    deployment: Deployment | None = None
    error: ServiceError | None = None


@dataclass(slots=True)
class Bulk:
    """One bulk deployment."""

    id: str
    arn: str
    serial: int
    created: datetime
    place: tuple[str, str]
    tags: dict[str, str]
    status: str = "Initializing"
    stopped_at: datetime | None = None
    error: tuple[str, str] | None = None
    """Code and message of what made it fail."""
    records: list[Record] = field(default_factory=list)
    attempted: int = 0
    invalid: int = 0
    retries: int = 0
    again: deque[tuple[datetime, int, Record]] = field(default_factory=deque)
    """Records to try again: when, how many retries there were, and which."""
    reports: list[Report] = field(default_factory=list)


class BulkDeployments:
    """The bulk deployments of one region."""

    def __init__(self, world: "World", arns: Arns, deployments: Deployments) -> None:
        self._world = world
        self._arns = arns
        self._deployments = deployments
        self._tokens = ClientTokens()
        self._bulks: dict[str, Bulk] = {}
        self._latest: Bulk | None = None

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The five operations."""
        return {
            "StartBulkDeployment": self._start,
            "StopBulkDeployment": self._stop,
            "GetBulkDeploymentStatus": self._get_status,
            "ListBulkDeployments": self._list,
            "ListBulkDeploymentDetailedReports": self._list_reports,
        }

    def find(self, bulk_id: str) -> Bulk | None:
        """The bulk deployment, or None."""
        return self._bulks.get(bulk_id)

    def tick(self) -> None:
        """Move the bulk deployment that runs on to where the clock says it is."""
        bulk, now = self._latest, self._world.clock.now()
        if bulk is None or bulk.status not in RUNNING:
            return
        if bulk.stopped_at is not None:
            if now >= bulk.stopped_at + STEP:
                bulk.status = "Stopped"
            return
        if now < bulk.created + STEP:
            return
        if bulk.status == "Initializing":
            self._read(bulk)
        if bulk.status == "Running":
            self._process(bulk, now)

    def _start(self, params: dict[str, Any]) -> dict[str, Any]:
        answer = self._tokens.replay(params)
        if answer is not None:
            return answer
        check_tags(params.get("tags", {}))
        if not ROLE_ARN.fullmatch(params["ExecutionRoleArn"]):
            raise bad_request(f"The execution role's ARN is invalid: {params['ExecutionRoleArn']}")
        place = locate(params["InputFileUri"], self._arns.region)
        if self._latest is not None and self._latest.status in RUNNING:
            raise bad_request(
                "You cannot call StartBulkDeployment while another bulk deployment from the same account"
                " is still running. The request is rejected.",
                code="ConcurrentDeployment",
            )
        bulk_id = new_id()
        bulk = Bulk(
            id=bulk_id,
            arn=self._arns.of(f"bulk/deployments/{bulk_id}"),
            serial=len(self._bulks) + 1,
            created=self._world.clock.now(),
            place=place,
            tags=dict(params.get("tags", {})),
        )
        self._bulks[bulk_id] = self._latest = bulk
        answer = {"BulkDeploymentArn": bulk.arn, "BulkDeploymentId": bulk.id}
        self._tokens.remember(params, answer)
        return answer

    def _stop(self, params: dict[str, Any]) -> dict[str, Any]:
        bulk = self._get(params)
        if bulk.status not in RUNNING:
            raise bad_request(f"Bulk deployment {bulk.id} is {bulk.status} and cannot be stopped.")
        if bulk.stopped_at is None:
            bulk.status, bulk.stopped_at = "Stopping", self._world.clock.now()
        return {}

    def _get_status(self, params: dict[str, Any]) -> dict[str, Any]:
        bulk = self._get(params)
        found: dict[str, Any] = {
            "BulkDeploymentMetrics": {
                "InvalidInputRecords": bulk.invalid,
                "RecordsProcessed": bulk.attempted,
                "RetryAttempts": bulk.retries,
            },
            "BulkDeploymentStatus": bulk.status,
            "CreatedAt": iso(bulk.created),
            "tags": dict(bulk.tags),
        }
        return found | (_explained(*bulk.error) if bulk.error else {})

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        found, more = page(
            self._bulks.values(),
            params,
            scope="bulk/deployments",
            serial=lambda bulk: bulk.serial,
            newest_first=True,
        )
        listed = [
            {"BulkDeploymentArn": bulk.arn, "BulkDeploymentId": bulk.id, "CreatedAt": iso(bulk.created)}
            for bulk in found
        ]
        return {"BulkDeployments": listed, **more}

    def _list_reports(self, params: dict[str, Any]) -> dict[str, Any]:
        bulk = self._get(params)
        found, more = page(
            bulk.reports,
            params,
            scope=f"bulk/deployments/{bulk.id}/detailed-reports",
            serial=lambda report: report.serial,
            newest_first=True,
        )
        return {"Deployments": [self._reported(report) for report in found], **more}

    def _get(self, params: dict[str, Any]) -> Bulk:
        bulk = self._bulks.get(params["BulkDeploymentId"])
        if bulk is None:
            raise resource_not_found(f"Bulk deployment {params['BulkDeploymentId']} does not exist.")
        return bulk

    def _read(self, bulk: Bulk) -> None:
        """Read the file and find what is wrong in it before any group is touched."""
        try:
            content = self._world.moto.read_object(*bulk.place, region=self._arns.region)
            bulk.records, bulk.status = read_records(content), "Running"
        except InputFileError as problem:
            bulk.status, bulk.error = "Failed", ("InvalidInputFile", str(problem))
        except ServiceError as problem:
            bulk.status, bulk.error = "Failed", (problem.code, f"Reading the input file: {problem.message}")

    def _process(self, bulk: Bulk, now: datetime) -> None:
        elapsed = (now - bulk.created - STEP).total_seconds()
        due = min(len(bulk.records), int(elapsed * RECORDS_A_SECOND), bulk.attempted + MOST_A_TICK)
        while bulk.attempted < due:
            record = bulk.records[bulk.attempted]
            bulk.attempted += 1
            self._deploy(bulk, record, retries=0)
        for _ in range(min(len(bulk.again), MOST_A_TICK)):
            when, retries, record = bulk.again[0]
            if when > now:
                break
            bulk.again.popleft()
            bulk.retries += 1
            self._deploy(bulk, record, retries=retries + 1)
        if bulk.attempted == len(bulk.records) and not bulk.again:
            bulk.status = "Completed"

    def _deploy(self, bulk: Bulk, record: Record, *, retries: int) -> None:
        now = self._world.clock.now()
        deployment, error = None, None
        try:
            deployment = self._deployments.start_new(record.group_id, record.version_id)
        except ServiceError as problem:
            error = problem
            can_retry = _detail_code(problem) == "ConcurrentDeployment"
            if can_retry and retries < RETRIES:
                bulk.again.append((now + RETRY_AFTER, retries, record))
                return
            bulk.invalid += not can_retry
        bulk.reports.append(Report(len(bulk.reports) + 1, record, now, deployment, error))

    def _reported(self, report: Report) -> dict[str, Any]:
        found: dict[str, Any] = {"CreatedAt": iso(report.created), "DeploymentType": "NewDeployment"}
        if report.deployment is not None:
            return found | {
                "DeploymentArn": report.deployment.arn,
                "DeploymentId": report.deployment.id,
                "DeploymentStatus": report.deployment.status,
                "GroupArn": report.deployment.target_arn,
                **report.deployment.error_members(),
            }
        record = report.record
        found |= {
            "DeploymentStatus": "Failure",
            "GroupArn": self._arns.of(f"groups/{record.group_id}/versions/{record.version_id}"),
        }
        if report.error is not None:
            found |= _explained(_detail_code(report.error), report.error.message)
        return found


def _detail_code(error: ServiceError) -> str:
    details = error.members.get("ErrorDetails")
    return str(details[0]["DetailedErrorCode"]) if details else error.code


def _explained(code: str, message: str) -> dict[str, Any]:
    details = [{"DetailedErrorCode": code, "DetailedErrorMessage": message}]
    return {"ErrorDetails": details, "ErrorMessage": message}
