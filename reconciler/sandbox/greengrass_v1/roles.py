"""The roles that Greengrass takes on: one for the account and region, and one for each group."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.greengrass_v1.names import ROLE_ARN, Arns, iso
from reconciler.sandbox.greengrass_v1.refusals import bad_request, nothing_attached

if TYPE_CHECKING:
    from datetime import datetime


class Roles:
    """The service role, which is there from the start, and the groups' roles."""

    def __init__(self, arns: Arns, clock: Clock) -> None:
        self._clock = clock
        arn = f"arn:{arns.partition}:iam::{arns.account}:role/Greengrass_ServiceRole"
        self._service_role: tuple[str, datetime] | None = (arn, clock.now())
        self._group_roles: dict[str, tuple[str, datetime]] = {}

    @property
    def has_service_role(self) -> bool:
        """Whether groups can be deployed at all."""
        return self._service_role is not None

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The six operations."""
        return {
            "AssociateServiceRoleToAccount": self._associate_service_role,
            "GetServiceRoleForAccount": self._get_service_role,
            "DisassociateServiceRoleFromAccount": self._disassociate_service_role,
            "AssociateRoleToGroup": self._associate_role,
            "GetAssociatedRole": self._get_role,
            "DisassociateRoleFromGroup": self._disassociate_role,
        }

    def _associate_service_role(self, params: dict[str, Any]) -> dict[str, Any]:
        self._service_role = (_checked(params["RoleArn"]), self._clock.now())
        return {"AssociatedAt": iso(self._service_role[1])}

    def _get_service_role(self, _params: dict[str, Any]) -> dict[str, Any]:
        if self._service_role is None:
            raise nothing_attached("You need to attach a service role to this account.")
        return {"AssociatedAt": iso(self._service_role[1]), "RoleArn": self._service_role[0]}

    def _disassociate_service_role(self, _params: dict[str, Any]) -> dict[str, Any]:
        self._service_role = None
        return {"DisassociatedAt": iso(self._clock.now())}

    def _associate_role(self, params: dict[str, Any]) -> dict[str, Any]:
        # AWS does not look whether there is such a group.
        role = (_checked(params["RoleArn"]), self._clock.now())
        self._group_roles[params["GroupId"]] = role
        return {"AssociatedAt": iso(role[1])}

    def _get_role(self, params: dict[str, Any]) -> dict[str, Any]:
        role = self._group_roles.get(params["GroupId"])
        if role is None:
            raise nothing_attached("You need to attach an IAM role to this deployment group.")
        return {"AssociatedAt": iso(role[1]), "RoleArn": role[0]}

    def _disassociate_role(self, params: dict[str, Any]) -> dict[str, Any]:
        self._group_roles.pop(params["GroupId"], None)
        return {"DisassociatedAt": iso(self._clock.now())}


def _checked(arn: str) -> str:
    if not ROLE_ARN.fullmatch(arn):
        raise bad_request(f"The role ARN is invalid: {arn}")
    return arn
