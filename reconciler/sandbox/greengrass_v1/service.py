"""Greengrass V1 of one region, put together: its handlers and its tick."""

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from reconciler.sandbox.greengrass_v1.bulk import BulkDeployments
from reconciler.sandbox.greengrass_v1.certificate_authorities import CertificateAuthorities
from reconciler.sandbox.greengrass_v1.cores import Cores
from reconciler.sandbox.greengrass_v1.deployments import Deployments
from reconciler.sandbox.greengrass_v1.groups import Groups
from reconciler.sandbox.greengrass_v1.names import Arns
from reconciler.sandbox.greengrass_v1.roles import Roles
from reconciler.sandbox.greengrass_v1.tags import Tags
from reconciler.sandbox.greengrass_v1.things import Things

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.sandbox.world import World


class GreengrassV1:
    """All operations of Greengrass V1 in one region of a world.

    ``handlers`` maps an operation's name to a function of its parameters, as botocore's model names and types
    them, that returns the result's members or raises ServiceError. Handlers and ``tick`` run under the
    world's lock.
    """

    def __init__(self, world: "World", region: str) -> None:
        arns, clock = Arns(world.account, region), world.clock
        self._groups = Groups(arns, clock)
        self._cores = Cores(world, region)
        roles = Roles(arns, clock)
        deployments = Deployments(arns, clock, self._groups, roles, self._cores)
        self._bulks = BulkDeployments(world, arns, deployments)
        self.handlers: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = MappingProxyType(
            self._groups.handlers()
            | self._groups.definitions.handlers()
            | deployments.handlers()
            | self._bulks.handlers()
            | roles.handlers()
            | CertificateAuthorities(arns, clock, self._groups).handlers()
            | Things(arns, self._cores).handlers()
            | Tags(arns, self._tags_at).handlers()
        )

    def tick(self) -> None:
        """Let cores and bulk deployments move on to where the clock says they are."""
        # Cores first: the groups that they are done with are free for a bulk deployment's next try.
        self._cores.tick()
        self._bulks.tick()

    def _tags_at(self, path: list[str]) -> dict[str, str] | None:
        """The tags of what lies at an ARN's path."""
        match path:
            case ["groups", group_id]:
                group = self._groups.find(group_id)
                return group.tags if group else None
            case ["definition", folder, definition_id]:
                definition = self._groups.definitions.find(folder, definition_id)
                return definition.tags if definition else None
            case ["bulk", "deployments", bulk_id]:
                bulk = self._bulks.find(bulk_id)
                return bulk.tags if bulk else None
        return None
