"""What cores report of deployments: from the counts of their jobs, and of suspects alone from what they say themselves.

A deployment's own status is never asked: to a thing group it stays ACTIVE though every core has failed.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from reconciler.aws.client import is_not_found
from reconciler.model.errors import AwsError
from reconciler.model.run import NOT_SENT_AGAIN
from reconciler.model.words import counted
from reconciler.runtimes.base import Outcome, Reported, Say
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.v2.lists import IOT_PAGE, PAGE, Newest, time_text
from reconciler.runtimes.v2.live import Counts
from reconciler.runtimes.v2.names import is_group, target_name
from reconciler.runtimes.v2.observe import Observer

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
SUSPECTS = 5
"""Cores of a group that are asked what went wrong, and that are named."""
BAD = ("FAILED", "REJECTED", "TIMED_OUT", "CANCELED")
OPEN = ("QUEUED", "IN_PROGRESS")
ENDED = frozenset({"CANCELED", "COMPLETED", "DELETION_IN_PROGRESS", ""})
"""Statuses of a job that comes to no further core; empty: there is no such job any more."""


RECENT = 5.0
"""Seconds for which a list of all deployments serves: it is read for one group, and for all others besides."""
RECENT_SHARE = 9
"""A list serves for so many times the seconds that reading it takes, if that is longer: of 10,000 targets it takes a
hundred calls."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The deployments of a group that are waited for: how many cores each has to come to, by id; ``left`` of those that
    the group's has come to are not in it any more.
    """

    deployments: Mapping[str, int]
    left: int = 0

    @property
    def cores(self) -> int:
        """How many cores there are to report."""
        return max(self.deployments.values(), default=0) - self.left


class Progress(NamedTuple):
    """How far the deployments of a group are: counts of all, and by job; whether that is the end of it, and why: a job
    is gone, or was canceled before every core had it (``is_cut``).
    """

    counts: Counts
    jobs: Mapping[str, Counts]
    is_over: bool
    is_gone: bool = False
    is_cut: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether every core has it."""
        return self.is_over and not self.counts.bad and not self.is_gone and not self.is_cut

    @property
    def noun(self) -> str:
        """What is counted: a core that gets something of its own beside the group's is counted twice."""
        return "core" if len(self.jobs) == 1 else "job execution"

    @property
    def text(self) -> str:
        """How many of them succeeded, and what became of the others."""
        return self.counts.told(self.noun)


class _Listed(NamedTuple):
    """The newest deployments, when they were read, and until when (of the monotonic clock) they serve at most."""

    at: datetime
    until: float
    newest: Newest

    def serves(self, asked: str) -> bool:
        """Whether they are recent enough, and were read after ``asked`` (ISO text), if that is not empty."""
        return time.monotonic() <= self.until and not (asked and self.at <= datetime.fromisoformat(asked))


@dataclass(frozen=True)
class Reports:
    """Reads what cores report. Threads share it. Methods raise AwsError."""

    observer: Observer
    _recent: list[_Listed] = field(default_factory=list)
    _listing: threading.Lock = field(default_factory=threading.Lock)

    def newest(self, asked: str = "") -> Newest:
        """The newest deployments by target, as they were some seconds ago at most: who sweeps asks for many groups.

        What was asked for at ``asked`` (ISO text) is among them.
        """
        with self._listing:
            recent = self._recent[-1] if self._recent else None
            if recent is None or not recent.serves(asked):
                recent = self._read()
                self._recent[:] = [recent]
            return recent.newest

    def _read(self) -> _Listed:
        at, began = datetime.now(UTC), time.monotonic()
        newest = self.observer.all_newest()
        took = time.monotonic() - began
        return _Listed(at, began + max(RECENT, RECENT_SHARE * took), newest)

    def watch(self, group_arn: str, deployment_id: str, newest: Newest) -> Watched:
        """What is to be waited for of a group, of which its ``newest`` deployments to single cores are a part."""
        name = target_name(group_arn)
        members = self.observer.members(name) or frozenset()
        found = {row["deploymentId"]: 1 for row in newest.of_group(name)}
        if is_group(self.observer.deployments.document(deployment_id).get("targetArn", "")):
            # A core that has left counts in the job for ever, and must not stand in for one that has just joined.
            every = members | self.observer.deployments.had_by(deployment_id)
            return Watched({**found, deployment_id: len(every)}, len(every - members))
        return Watched(found)

    def progress(self, watched: Watched) -> Progress:
        """How far the deployments of a group are."""
        jobs: dict[str, Counts] = {}
        is_over, is_gone, is_cut = True, False, False
        for deployment_id, expected in watched.deployments.items():
            job_id = self.observer.deployments.job_id(deployment_id)
            status, counts = self.observer.deployments.job(job_id, expected) if job_id else ("", Counts())
            jobs[job_id] = counts
            is_gone = is_gone or not status
            is_over = is_over and not counts.open and (counts.reached >= expected or status in ENDED)
            is_cut = is_cut or (status == "CANCELED" and bool(counts.canceled or counts.reached < expected))
        sums = (sum(values) for values in zip(*jobs.values(), strict=True))
        return Progress(Counts(*sums), jobs, is_over, is_gone, is_cut)

    def failures(self, watched: Watched, progress: Progress) -> str:
        """Which cores do not have it and why, in words."""
        if progress.is_gone:
            return "its job is gone: somebody has deleted the deployment"
        counts = progress.counts
        end = f"; {self._what_cut(watched)}" if progress.is_cut else ""
        if not counts.bad:
            return f"only {counts.succeeded} of {watched.cores} cores have it{end}"
        told: list[str] = []
        for job_id, of_job in progress.jobs.items():
            bad = dict(zip(BAD, (of_job.failed, of_job.rejected, of_job.timed_out, of_job.canceled), strict=True))
            for status in BAD:
                if bad[status]:
                    cores = self._executions(job_id, status)[: max(0, SUSPECTS - len(told))]
                    told += [f"{core}: {self._why(core, watched, status)}" for core, _ in cores]
        left = counts.bad - len(told)
        more = f"; and {left:,} more" if left > 0 else ""
        of_all = f"{counts.bad} of {counted(counts.total, progress.noun)}"
        is_kept = not end and any(of_job.bad and of_job.succeeded for of_job in progress.jobs.values())
        return f"{of_all} failed{f' ({NOT_SENT_AGAIN})' if is_kept else ''}: {'; '.join(told)}{more}{end}"

    def _what_cut(self, watched: Watched) -> str:
        """Why AWS stopped bringing a deployment to cores."""
        for deployment_id in watched.deployments:
            target = self.observer.deployments.document(deployment_id)["targetArn"]
            newest = self.observer.deployments.newest(target)
            if newest is not None and newest.id != deployment_id:
                named = f" ({newest.name})" if newest.name else ""
                return f"deployment {newest.id}{named} was made to {target_name(target)} after it, and took its place"
        return "it was canceled"

    def waiting(self, progress: Progress) -> str:
        """Which cores have not reported, since when, in words."""
        told: dict[str, str] = {}
        seen = 0
        for job_id, of_job in progress.jobs.items():
            for status, number in zip(OPEN, (of_job.queued, of_job.in_progress), strict=True):
                for core, execution in self._executions(job_id, status)[:SUSPECTS] if number else ():
                    seen += 1
                    if core not in told:  # one that waits for its own, too, is named once
                        told[core] = self._still(core, execution, status)
        left = progress.counts.open - seen
        more = f"; and {left:,} more" if left > 0 and told else ""
        return f"{progress.text}{': ' if told else ''}{'; '.join([*told.values()][:SUSPECTS])}{more}"

    def _executions(self, job_id: str, status: str) -> list[tuple[str, Mapping[str, Any]]]:
        """The cores whose execution of a job has that status, with what AWS IoT says of it; one page of them."""
        answer = self.observer.aws.call(
            "iot", "ListJobExecutionsForJob", jobId=job_id, status=status, maxResults=IOT_PAGE
        )
        rows = answer.get("executionSummaries", [])
        found = ((target_name(row["thingArn"]), row.get("jobExecutionSummary", {})) for row in rows)
        return sorted(found, key=lambda item: item[0])

    def _why(self, core: str, watched: Watched, status: str) -> str:
        """What a core says of the deployment: its error stack, and its own words."""
        if status == "CANCELED":
            return "canceled before it had it"
        try:
            rows = self.observer.aws.listed(
                "greengrassv2", "ListEffectiveDeployments", "effectiveDeployments", page=PAGE, coreDeviceThingName=core
            )
            row = next((row for row in rows if row["deploymentId"] in watched.deployments), None)
        except AwsError as error:
            if not is_not_found(error):
                raise
            row = None
        if row is None:
            return f"{status}, without a word of its own"
        stack = " > ".join((row.get("statusDetails") or {}).get("errorStack", ()))
        return ", ".join(filter(None, (status, stack, row.get("reason", ""))))

    def _still(self, core: str, execution: Mapping[str, Any], status: str) -> str:
        """What there is to say of a core that has not reported."""
        try:
            device = self.observer.aws.call("greengrassv2", "GetCoreDevice", coreDeviceThingName=core)
            heard = f"last heard of {time_text(device.get('lastStatusUpdateTimestamp'))}"
        except AwsError as error:
            if not is_not_found(error):
                raise
            heard = "never heard of"
        if status == "QUEUED":
            return f"{core} has not taken it up since {time_text(execution.get('queuedAt'))} ({heard}; is it online?)"
        return f"{core} is at it since {time_text(execution.get('startedAt'))} ({heard}; is it stuck?)"


@dataclass(frozen=True)
class Waiter:
    """Waits for what cores report, by asking again and again. Methods raise AwsError."""

    reports: Reports
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    def outcomes(self, started: Mapping[str, tuple[str, str]], deadline: float, say: Say) -> Iterator[Outcome]:
        """The outcome of each group (name → group ARN, deployment id): as it comes, the rest at the deadline."""
        newest = self.reports.observer.all_newest()
        names = sorted(started)
        looked = in_parallel(lambda name: self.reports.watch(*started[name], newest), names)
        watched = dict(zip(names, looked, strict=True))
        said: dict[str, str] = {}
        pause = FIRST_PAUSE
        while watched:
            names = sorted(watched)
            found = in_parallel(lambda name: self.reports.progress(watched[name]), names)
            late = self.clock() >= deadline
            for name, progress in zip(names, found, strict=True):
                if progress.is_over or late:
                    yield self._outcome(name, watched.pop(name), progress)
                elif said.get(name) != progress.text:
                    said[name] = progress.text
                    say(name, progress.text)
            if watched:
                self.sleep(min(pause, max(0.0, deadline - self.clock())))
                pause = min(pause * 1.5, LONGEST_PAUSE)

    def _outcome(self, name: str, watched: Watched, progress: Progress) -> Outcome:
        now = time_text(datetime.now(UTC))
        if not progress.is_over:
            words = self.reports.waiting(progress)
            return Outcome(name, False, False, "IN_PROGRESS", now, f"not all cores have reported: {words}")
        if progress.succeeded:
            return Outcome(name, True, True, "SUCCEEDED", now, cores=watched.cores)
        return Outcome(name, True, False, "FAILED", now, self.reports.failures(watched, progress))


def summary(reports: Reports, group_arn: str, deployment_id: str, asked: str = "") -> Reported:
    """What cores report of the deployments of a group, as it stands now; they were asked for at ``asked`` or before."""
    now = time_text(datetime.now(UTC))
    watched = reports.watch(group_arn, deployment_id, reports.newest(asked))
    progress = reports.progress(watched)
    if not progress.is_over:
        return Reported("InProgress", now)
    if progress.succeeded:
        return Reported("Success", now, cores=watched.cores)
    return Reported("Failure", now, reports.failures(watched, progress))
