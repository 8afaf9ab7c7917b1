"""Deployments: revisions of what each target is to run."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from reconciler.sandbox.greengrass_v2.client_tokens import ClientTokens
from reconciler.sandbox.greengrass_v2.cores import Cores
from reconciler.sandbox.greengrass_v2.documents import check_document, size_of, with_defaults
from reconciler.sandbox.greengrass_v2.names import Arns
from reconciler.sandbox.greengrass_v2.paging import page
from reconciler.sandbox.greengrass_v2.records import Deployment, Target
from reconciler.sandbox.greengrass_v2.refusals import conflict, invalid, not_found, throttled
from reconciler.sandbox.greengrass_v2.tags import check_tags
from reconciler.sandbox.iot.jobs import cancel
from reconciler.sandbox.iot.paging import by_creation
from reconciler.sandbox.iot.records import Job

if TYPE_CHECKING:
    from reconciler.sandbox.clock import Clock
    from reconciler.sandbox.iot.store import Store

DELETING = timedelta(seconds=1)
"""How long the job below a deployment takes to be deleted."""
DELETIONS = 10
"""Jobs that may be in deletion at once (DeleteJob, API reference of AWS IoT)."""

_KINDS: tuple[Literal["thing", "thinggroup"], ...] = ("thing", "thinggroup")


class Deployments:
    """The deployments of one account and region."""

    def __init__(self, arns: Arns, clock: "Clock", iot: "Store", cores: Cores) -> None:
        self._arns = arns
        self._clock = clock
        self._iot = iot
        self._cores = cores
        self._tokens = ClientTokens(clock, "deployment")
        self._kept: dict[str, Deployment] = {}
        self._revisions: dict[str, int] = {}
        self._parents: dict[str, str] = {}
        self._children: dict[str, set[str]] = {}
        self._deletions: list[datetime] = []

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The five operations."""
        return {
            "CreateDeployment": self._create,
            "GetDeployment": self._get,
            "ListDeployments": self._list,
            "CancelDeployment": self._cancel,
            "DeleteDeployment": self._delete,
        }

    def tags_at(self, arn: str) -> dict[str, str] | None:
        """The tags of the deployment at an ARN."""
        found = self._kept.get(self._arns.name_in(arn, "deployments") or "")
        return None if found is None else found.tags

    def _create(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._tokens.once(params, lambda: _ids(self._create_anew(params)))

    def _create_anew(self, params: dict[str, Any]) -> Deployment:
        target = self._target(params["targetArn"], "targetArn")
        check_document(params, target)
        check_tags(params.get("tags", {}))
        parent = params.get("parentTargetArn")
        if parent is not None:
            self._target(parent, "parentTargetArn")
        self._check_parent(target, parent)
        deployment = self._new(target, params)
        self._supersede(target.arn)
        # A new revision of a parent takes the place of its subdeployments, too (create-subdeployments.md).
        for below in self._children.pop(target.arn, ()):
            self._supersede(below)
        if parent is not None:
            self._parents[target.arn] = parent
            self._children.setdefault(parent, set()).add(target.arn)
        self._kept[deployment.id] = self._cores.latest[target.arn] = deployment
        self._iot.jobs[deployment.job.id] = deployment.job
        self._cores.begin(deployment)
        return deployment

    def _new(self, target: Target, params: dict[str, Any]) -> Deployment:
        deployment_id = str(uuid.uuid4())
        self._revisions[target.arn] = revision = self._revisions.get(target.arn, 0) + 1
        return Deployment(
            id=deployment_id,
            arn=self._arns.of("deployments", deployment_id),
            target=target,
            revision=revision,
            name=params.get("deploymentName", f"Deployment for {target.name}"),
            components=params.get("components", {}),
            size=size_of(params.get("components", {})),
            policies=with_defaults(params.get("deploymentPolicies", {})),
            job_configuration=params.get("iotJobConfiguration", {}),
            parent_arn=params.get("parentTargetArn"),
            created=self._clock.now(),
            sequence=self._iot.next_sequence(),
            tags=dict(params.get("tags", {})),
            job=self._new_job(target, params),
        )

    def _new_job(self, target: Target, params: dict[str, Any]) -> Job:
        job_id, now = str(uuid.uuid4()), self._clock.now()
        return Job(
            id=job_id,
            arn=self._arns.iot("job", job_id),
            targets=[target.arn],
            selection="SNAPSHOT" if target.kind == "thing" else "CONTINUOUS",
            document=json.dumps({"components": params.get("components", {})}),
            description=f"Greengrass deployment job for {target.name}",
            created=now,
            updated=now,
            sequence=self._iot.next_sequence(),
            settings=dict(params.get("iotJobConfiguration", {})),
        )

    def _supersede(self, target_arn: str) -> None:
        former = self._cores.latest.pop(target_arn, None)
        if former is None:
            return
        former.is_latest, former.superseded = False, former.status != "CANCELED"
        if former.job.status == "IN_PROGRESS":
            cancel(self._iot, former.job)

    def _get(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._deployment(params).document()

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        latest_only = params.get("historyFilter", "LATEST_ONLY") == "LATEST_ONLY"
        found = [
            deployment
            for deployment in self._kept.values()
            if (deployment.is_latest or not latest_only)
            and params.get("targetArn") in (None, deployment.target.arn)
            and params.get("parentTargetArn") in (None, deployment.parent_arn)
        ]
        taken, more = page("ListDeployments", params, by_creation(found, {}))
        return {"deployments": [deployment.summary() for deployment in taken], **more}

    def _cancel(self, params: dict[str, Any]) -> dict[str, Any]:
        deployment = self._deployment(params)
        if deployment.status != "ACTIVE":
            text = f"Deployment {deployment.id} is {deployment.status} and cannot be canceled"
            raise conflict(text, "deployment", deployment.id)
        cancel(self._iot, deployment.job)
        return {"message": f"Deployment {deployment.id} was canceled"}

    def _delete(self, params: dict[str, Any]) -> dict[str, Any]:
        deployment = self._deployment(params)
        if deployment.status == "ACTIVE":
            text = f"Deployment {deployment.id} is {deployment.status}: cancel it before it is deleted"
            raise conflict(text, "deployment", deployment.id)
        now = self._clock.now()
        self._deletions = [gone for gone in self._deletions if gone > now]
        if len(self._deletions) >= DELETIONS:
            raise throttled(f"{DELETIONS} deployments are being deleted already", seconds=1)
        self._deletions.append(now + DELETING)
        del self._kept[deployment.id]
        if deployment.is_latest:
            del self._cores.latest[deployment.target.arn]
        self._iot.jobs.pop(deployment.job.id, None)
        return {}

    def _deployment(self, params: dict[str, Any]) -> Deployment:
        found = self._kept.get(params["deploymentId"])
        if found is None:
            raise not_found("deployment", params["deploymentId"])
        return found

    def _target(self, arn: str, member: str) -> Target:
        """The thing or thing group that an ARN names, and that is there."""
        for kind in _KINDS:
            name = self._arns.iot_name_in(arn, kind)
            if name is not None:
                if name not in (self._iot.things if kind == "thing" else self._iot.thing_groups):
                    raise not_found(kind, arn)
                return Target(kind, name, arn)
        raise invalid(f"{arn} is no thing or thing group of this account and region", member)

    def _check_parent(self, target: Target, parent: str | None) -> None:
        """A thing group stays with the parent that it was first deployed under (create-subdeployments.md)."""
        if parent is not None and self._parents.get(target.arn, parent) != parent:
            text = f"{target.arn} is no subdeployment of {parent}"
            raise conflict(text, "thinggroup", target.name)


def _ids(deployment: Deployment) -> dict[str, Any]:
    return {
        "deploymentId": deployment.id,
        "iotJobId": deployment.job.id,
        "iotJobArn": deployment.job.arn,
    }
