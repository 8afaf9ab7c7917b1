"""Deployments and resets of groups: what AWS lets start, and what it tells of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reconciler.sandbox.greengrass_v1.client_tokens import ClientTokens
from reconciler.sandbox.greengrass_v1.cores import Cores
from reconciler.sandbox.greengrass_v1.groups import Groups
from reconciler.sandbox.greengrass_v1.names import Arns, iso, new_id
from reconciler.sandbox.greengrass_v1.paging import page
from reconciler.sandbox.greengrass_v1.records import Deployment, Group, Version
from reconciler.sandbox.greengrass_v1.refusals import (
    bad_request,
    invalid_input,
    missing_core,
    resource_not_found,
    version_not_found,
)
from reconciler.sandbox.greengrass_v1.roles import Roles

if TYPE_CHECKING:
    from reconciler.sandbox.clock import Clock

TYPES = ("NewDeployment", "Redeployment")
"""What CreateDeployment takes; the other two types come from ResetDeployments."""


class Deployments:
    """The deployments of one region's groups."""

    def __init__(self, arns: Arns, clock: "Clock", groups: Groups, roles: Roles, cores: Cores) -> None:
        self._arns = arns
        self._clock = clock
        self._groups = groups
        self._roles = roles
        self._cores = cores
        self._tokens = ClientTokens()
        self._serial = 0

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The four operations."""
        return {
            "CreateDeployment": self._create,
            "GetDeploymentStatus": self._get_status,
            "ListDeployments": self._list,
            "ResetDeployments": self._reset,
        }

    def start_new(self, group_id: str, version_id: str) -> Deployment:
        """Deploy a group version. Raises ServiceError, as CreateDeployment does."""
        group = self._group(group_id)
        return self._start(group, "NewDeployment", _version(group, version_id))

    def _create(self, params: dict[str, Any]) -> dict[str, Any]:
        answer = self._tokens.replay(params)
        if answer is not None:
            return answer
        kind = params["DeploymentType"]
        if kind not in TYPES:
            raise invalid_input(
                f"That deployment type is not valid.  Please specify one of the following types: {{{','.join(TYPES)}}}."
            )
        _require(params, "DeploymentId" if kind == "Redeployment" else "GroupVersionId")
        group = self._group(params["GroupId"])
        version = _redeployed(group, params) if kind == "Redeployment" else None
        if version is None or "GroupVersionId" in params:
            version = _version(group, params["GroupVersionId"])
        answer = _ids(self._start(group, kind, version))
        self._tokens.remember(params, answer)
        return answer

    def _reset(self, params: dict[str, Any]) -> dict[str, Any]:
        group, force = self._group(params["GroupId"]), params.get("Force", False)
        if group.deployed is None:
            raise resource_not_found(f"Group id: {group.id} has not been deployed or has already been reset.")
        if force:
            self._abandon(group)
        else:
            _refuse_while_open(group)
        kind = "ForceResetDeployment" if force else "ResetDeployment"
        deployment = self._begin(group, kind, None, group.deployed.core)
        if force:
            # Forced, the group is free at once: it may be that its core never comes back.
            group.deployed = None
        return _ids(deployment)

    def _get_status(self, params: dict[str, Any]) -> dict[str, Any]:
        group = self._groups.find(params["GroupId"])
        deployment = group.deployments.get(params["DeploymentId"]) if group else None
        if deployment is None:
            raise invalid_input(f"Deployment '{params['DeploymentId']}' does not exist.")
        return {
            "DeploymentStatus": deployment.status,
            "DeploymentType": deployment.type,
            "UpdatedAt": iso(deployment.updated),
            **deployment.error_members(),
        }

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        group = self._groups.find(params["GroupId"])
        found, more = page(
            group.deployments.values() if group else (),
            params,
            scope=f"groups/{params['GroupId']}/deployments",
            serial=lambda deployment: deployment.serial,
            newest_first=True,
        )
        return {"Deployments": [_listed(deployment) for deployment in found], **more}

    def _start(self, group: Group, kind: str, version: Version) -> Deployment:
        core = self._groups.core_of(version)
        if core is None:
            raise missing_core()
        if not self._roles.has_service_role:
            raise bad_request("TES service role is not associated with this account.")
        _refuse_while_open(group)
        deployment = self._begin(group, kind, version, core)
        group.deployed = deployment
        return deployment

    def _begin(self, group: Group, kind: str, version: Version | None, core: str | None) -> Deployment:
        self._serial += 1
        deployment_id = new_id()
        deployment = Deployment(
            id=deployment_id,
            arn=self._arns.of(f"groups/{group.id}/deployments/{deployment_id}"),
            type=kind,
            group=group,
            version=version,
            core=core,
            created=self._clock.now(),
            serial=self._serial,
        )
        group.deployments[deployment_id] = group.current = deployment
        self._cores.begin(deployment)
        return deployment

    def _abandon(self, group: Group) -> None:
        """A forced reset takes the place of whatever is under way, which stays as it is."""
        if group.current is not None:
            group.current.abandoned = True

    def _group(self, group_id: str) -> Group:
        group = self._groups.find(group_id)
        if group is None:
            raise resource_not_found("That group definition does not exist.")
        return group


def _require(params: dict[str, Any], name: str) -> None:
    if not params.get(name):
        raise invalid_input(f"Your request is missing the following required parameter(s): {{{name}}}.")


def _version(group: Group, version_id: str) -> Version:
    version = group.versions.get(version_id)
    if version is None:
        raise resource_not_found(version_not_found(version_id, "Group Definition", group.id).message)
    return version


def _redeployed(group: Group, params: dict[str, Any]) -> Version:
    """The version that an earlier deployment of the group brought."""
    earlier = group.deployments.get(params["DeploymentId"])
    if earlier is None or earlier.version is None:
        raise invalid_input(f"Deployment ID '{params['DeploymentId']}' is invalid.")
    return earlier.version


def _refuse_while_open(group: Group) -> None:
    current = group.current
    if current is not None and current.is_open:
        raise bad_request(
            f"Deployment {current.id} of group {group.id} is still {current.status}.",
            code="ConcurrentDeployment",
        )


def _ids(deployment: Deployment) -> dict[str, Any]:
    return {"DeploymentArn": deployment.arn, "DeploymentId": deployment.id}


def _listed(deployment: Deployment) -> dict[str, Any]:
    return {
        "CreatedAt": iso(deployment.created),
        "DeploymentArn": deployment.arn,
        "DeploymentId": deployment.id,
        "DeploymentType": deployment.type,
        "GroupArn": deployment.target_arn,
    }
