"""Reads deployments: what never changes of one is kept for ever, how far it has come is asked until all have it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws, is_not_found
from reconciler.model.errors import AwsError
from reconciler.runtimes.v2.documents import comparable
from reconciler.runtimes.v2.lists import IOT_PAGE, PAGE, Row, time_text
from reconciler.runtimes.v2.live import Counts, LiveDeployment
from reconciler.runtimes.v2.names import target_name

_IMMUTABLE = ("targetArn", "components", "deploymentPolicies", "iotJobConfiguration", "iotJobId")
"""What never changes of a deployment (CloudFormation's resource type has all of it as create-only)."""


class Outline(NamedTuple):
    """The components that a deployment names, with their versions, and its job (empty: it has none)."""

    versions: Mapping[str, str]
    job_id: str


@dataclass(frozen=True, slots=True)
class Deployments:
    """Reads deployments through ``aws``, keeping what is immutable in ``cache``. Methods raise AwsError."""

    aws: Aws
    cache: Cache

    def of_row(self, row: Row, cores: frozenset[str] | None = None) -> LiveDeployment:
        """A deployment of which ListDeployments tells ``row``; if it is to come to ``cores``, with its counts unless
        all of them have it.
        """
        found = self.document(row["deploymentId"])
        return LiveDeployment(
            row["deploymentId"],
            row.get("deploymentName", ""),
            row["targetArn"],
            row.get("deploymentStatus", ""),
            time_text(row.get("creationTimestamp")),
            self.aws.secrets.hide(comparable(found)),
            self.counts(row["deploymentId"], found.get("iotJobId", ""), cores) if cores is not None else None,
        )

    def document(self, deployment_id: str) -> dict[str, Any]:
        """What never changes of a deployment, in CreateDeployment's shape, with ``iotJobId``; cached for ever."""
        return self._kept(deployment_id, lambda: self._read(deployment_id))

    def is_there(self, deployment_id: str) -> bool:
        """Whether AWS has a deployment now, whatever was read of it before."""
        try:
            found = self._read(deployment_id)
        except AwsError as error:
            if is_not_found(error):
                return False
            raise
        self._kept(deployment_id, lambda: found)
        return True

    def _read(self, deployment_id: str) -> dict[str, Any]:
        answer = self.aws.call("greengrassv2", "GetDeployment", deploymentId=deployment_id)
        return {name: answer[name] for name in _IMMUTABLE if name in answer}

    def _kept(self, deployment_id: str, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        # Where there are secrets, what may hold one's earlier value is not to be on disk.
        on_disk = not self.aws.secrets.values
        return dict(
            self.cache.get_or_read("v2-deployment", f"{self.aws.region}/{deployment_id}", read, on_disk=on_disk)
        )

    def outline(self, deployment_id: str) -> Outline:
        """What is to be known of a deployment of others; kept for ever, and nothing else of it: what others configure
        is theirs.
        """

        def read() -> dict[str, Any]:
            try:
                answer = self.aws.call("greengrassv2", "GetDeployment", deploymentId=deployment_id)
            except AwsError as error:
                if is_not_found(error):
                    return {"versions": {}, "job": ""}  # it was deleted just now
                raise
            components = answer.get("components", {})
            versions = {name: entry.get("componentVersion", "") for name, entry in components.items()}
            return {"versions": versions, "job": answer.get("iotJobId", "")}

        kept = self.cache.get_or_read("v2-outline", f"{self.aws.region}/{deployment_id}", read)
        return Outline(kept["versions"], kept["job"])

    def has_outline(self, deployment_id: str) -> bool:
        """Whether the outline of a deployment is kept."""
        return self.cache.get("v2-outline", f"{self.aws.region}/{deployment_id}") is not None

    def failed_on(self, job_id: str) -> frozenset[str]:
        """The things on which the deployment of that job has failed, or to which it will not come any more."""
        counts = self.job(job_id, 0)[1] if job_id else Counts()
        numbers = (counts.failed, counts.rejected, counts.timed_out, counts.canceled)
        rows: list[Row] = []
        for status, number in zip(("FAILED", "REJECTED", "TIMED_OUT", "CANCELED"), numbers, strict=True):
            if number:
                listed = {"jobId": job_id, "status": status}
                rows += self.aws.listed("iot", "ListJobExecutionsForJob", "executionSummaries", page=IOT_PAGE, **listed)
        return frozenset(target_name(row["thingArn"]) for row in rows)

    def remember_job(self, deployment_id: str, job_id: str) -> None:
        """Note the job of a deployment that was just made."""
        self.cache.put("v2-job", f"{self.aws.region}/{deployment_id}", job_id)

    def job_id(self, deployment_id: str) -> str:
        """The job of a deployment; empty if it has none."""
        kept = self.cache.get("v2-job", f"{self.aws.region}/{deployment_id}")
        return str(kept or self.document(deployment_id).get("iotJobId", ""))

    def counts(self, deployment_id: str, job_id: str, cores: frozenset[str]) -> Counts | None:
        """How far a deployment has come; None once all ``cores`` have it, and every other that it came to: which cores
        that were is remembered, so that one that joins them later is asked about.
        """
        kept = self.had_by(deployment_id)
        if not job_id or (kept and cores <= kept):
            return None
        _, counts = self.job(job_id, len(cores))
        had_by = kept | cores
        if counts.succeeded and not counts.bad and not counts.open and counts.reached >= len(had_by):
            self.cache.put("v2-had-by", f"{self.aws.region}/{deployment_id}", sorted(had_by))
            return None
        return counts

    def had_by(self, deployment_id: str) -> frozenset[str]:
        """The cores of which is remembered that they have a deployment, also those that left its group since."""
        return frozenset(self.cache.get("v2-had-by", f"{self.aws.region}/{deployment_id}") or ())

    def job(self, job_id: str, expected: int) -> tuple[str, Counts]:
        """The status and the counts of a deployment's job, which is to come to so many cores as are ``expected``; no
        counts where the job is gone.
        """
        try:
            job = self.aws.call("iot", "DescribeJob", jobId=job_id)["job"]
        except AwsError as error:
            if is_not_found(error):
                return "", Counts()
            raise
        status, counts = job.get("status", ""), Counts.of(job)
        to_come = max(0, expected - counts.reached) if status == "IN_PROGRESS" else 0
        return status, counts._replace(to_come=to_come)

    def newest(self, target_arn: str) -> LiveDeployment | None:
        """The newest deployment to a target, None if it never had one."""
        row = self.newest_row(target_arn)
        return self.of_row(row) if row is not None else None

    def newest_row(self, target_arn: str) -> Row | None:
        """What ListDeployments tells of the newest deployment to a target, None if it never had one."""
        rows = self.aws.listed(
            "greengrassv2",
            "ListDeployments",
            "deployments",
            page=PAGE,
            targetArn=target_arn,
            historyFilter="LATEST_ONLY",
        )
        return next(iter(rows), None)
