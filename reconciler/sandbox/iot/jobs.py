"""Jobs and their executions: what Greengrass V2's deployments are made of, as AWS IoT shows it."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from reconciler.sandbox.iot import refusals
from reconciler.sandbox.iot.paging import by_creation, next_page
from reconciler.sandbox.iot.records import Job, JobExecution
from reconciler.sandbox.iot.store import Handler, Store

OPEN = frozenset({"QUEUED", "IN_PROGRESS"})
"""An execution that has one of these is not over."""

_COUNTED = {
    "CANCELED": "numberOfCanceledThings",
    "SUCCEEDED": "numberOfSucceededThings",
    "FAILED": "numberOfFailedThings",
    "REJECTED": "numberOfRejectedThings",
    "QUEUED": "numberOfQueuedThings",
    "IN_PROGRESS": "numberOfInProgressThings",
    "REMOVED": "numberOfRemovedThings",
    "TIMED_OUT": "numberOfTimedOutThings",
}


class Jobs:
    """The operations on jobs over one store. ``settle`` lets devices move on to where the clock says they are."""

    def __init__(self, store: Store, settle: Callable[[], None]) -> None:
        self._store = store
        self._settle = settle
        self.handlers: dict[str, Handler] = {
            "CancelJob": self.cancel,
            "DescribeJob": self.describe,
            "DescribeJobExecution": self.describe_execution,
            "GetJobDocument": self.document,
            "ListJobExecutionsForJob": self.list_executions,
            "ListJobExecutionsForThing": self.list_executions_of_thing,
            "ListJobs": self.list_jobs,
        }

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """A job with how many things are how far."""
        job = self._job(params)
        counts = Counter(execution.status for execution in job.executions.values())
        details: dict[str, Any] = {member: counts[status] for status, member in _COUNTED.items()}
        if job.status == "IN_PROGRESS":
            details["processingTargets"] = list(job.targets)
        described = {
            **_summary(job),
            "targets": list(job.targets),
            "description": job.description,
            "jobProcessDetails": details,
            "forceCanceled": job.forced or None,
            "reasonCode": job.reason,
            "comment": job.comment,
            **job.settings,
        }
        return {"job": described}

    def document(self, params: dict[str, Any]) -> dict[str, Any]:
        """What the job tells its things to do."""
        return {"document": self._job(params).document}

    def cancel(self, params: dict[str, Any]) -> dict[str, Any]:
        """What things have begun they bring to an end, unless it is forced; a job that is over is refused."""
        job = self._job(params)
        if job.status != "IN_PROGRESS":
            raise refusals.invalid(f"Job {job.id} is {job.status} and cannot be canceled.")
        job.reason, job.comment = params.get("reasonCode"), params.get("comment")
        cancel(self._store, job, force=params.get("force", False))
        return {"jobArn": job.arn, "jobId": job.id, "description": job.description}

    def list_jobs(self, params: dict[str, Any]) -> dict[str, Any]:
        """The newest first; by status, kind or thing group where the caller asks for it."""
        self._settle()
        group = params.get("thingGroupName")
        target = None if group is None else self._store.thing_group(group).arn
        found = [
            job
            for job in self._store.jobs.values()
            if params.get("status") in (None, job.status)
            and params.get("targetSelection") in (None, job.selection)
            and (target is None or target in job.targets)
        ]
        page, more = next_page("ListJobs", params, by_creation(found, {}))
        return {"jobs": [_summary(job) for job in page], **more}

    def list_executions(self, params: dict[str, Any]) -> dict[str, Any]:
        """By thing name; those of one status where the caller asks for it."""
        job, wanted = self._job(params), params.get("status")

        def after(key: str) -> Iterator[tuple[str, dict[str, Any]]]:
            for name, execution in job.executions.after(key):
                if wanted in (None, execution.status):
                    arn = self._store.arn("thing", name)
                    yield name, {"thingArn": arn, "jobExecutionSummary": _execution_summary(execution)}

        page, more = next_page("ListJobExecutionsForJob", params, after)
        return {"executionSummaries": page, **more}

    def list_executions_of_thing(self, params: dict[str, Any]) -> dict[str, Any]:
        """The newest job first; those of one status or one job where the caller asks for it."""
        self._settle()
        name, wanted, job_id = self._store.thing(params["thingName"]).name, params.get("status"), params.get("jobId")
        found = [job for job in self._store.jobs.values() if name in job.executions and job_id in (None, job.id)]
        found = [job for job in found if wanted in (None, job.executions[name].status)]
        page, more = next_page("ListJobExecutionsForThing", params, by_creation(found, {}))
        summaries = [{"jobId": job.id, "jobExecutionSummary": _execution_summary(job.executions[name])} for job in page]
        return {"executionSummaries": summaries, **more}

    def describe_execution(self, params: dict[str, Any]) -> dict[str, Any]:
        """What one thing made of a job, with what it said of it."""
        job, name = self._job(params), params["thingName"]
        execution = job.executions.get(name)
        if execution is None or params.get("executionNumber") not in (None, execution.number):
            raise refusals.not_found(f"Job execution of job {job.id} for thing {name} cannot be found.")
        described = {
            "jobId": job.id,
            "thingArn": self._store.arn("thing", name),
            "versionNumber": execution.version,
            "statusDetails": {"detailsMap": dict(execution.details)} if execution.details else None,
            "forceCanceled": execution.forced or None,
            **_execution_summary(execution),
        }
        return {"execution": described}

    def _job(self, params: dict[str, Any]) -> Job:
        self._settle()
        return self._store.job(params["jobId"])


def cancel(store: Store, job: Job, *, force: bool = False) -> None:
    """Cancel a job: what is queued never starts; what is in progress goes on, unless it is forced."""
    now = store.now()
    job.status, job.updated, job.completed, job.forced = "CANCELED", now, now, force
    for execution in job.executions.values():
        if execution.status == "QUEUED" or (force and execution.status in OPEN):
            turn(execution, "CANCELED", now)
            execution.forced = force


def turn(execution: JobExecution, status: str, moment: datetime, details: dict[str, str] | None = None) -> None:
    """Give an execution another status."""
    execution.status, execution.updated = status, moment
    execution.version += 1
    execution.details = details or {}
    if status == "IN_PROGRESS":
        execution.started = moment


def _summary(job: Job) -> dict[str, Any]:
    return {
        "jobArn": job.arn,
        "jobId": job.id,
        "targetSelection": job.selection,
        "status": job.status,
        "createdAt": job.created,
        "lastUpdatedAt": job.updated,
        "completedAt": job.completed,
        "isConcurrent": False,
    }


def _execution_summary(execution: JobExecution) -> dict[str, Any]:
    return {
        "status": execution.status,
        "queuedAt": execution.queued,
        "startedAt": execution.started,
        "lastUpdatedAt": execution.updated,
        "executionNumber": execution.number,
    }
