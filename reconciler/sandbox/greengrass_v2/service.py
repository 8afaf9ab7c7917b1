"""Greengrass V2 of one region, put together: its handlers and its tick."""

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from reconciler.sandbox.greengrass_v2.client_devices import ClientDevices
from reconciler.sandbox.greengrass_v2.components import Components
from reconciler.sandbox.greengrass_v2.core_devices import CoreDevices
from reconciler.sandbox.greengrass_v2.cores import Cores
from reconciler.sandbox.greengrass_v2.deployments import Deployments
from reconciler.sandbox.greengrass_v2.names import Arns
from reconciler.sandbox.greengrass_v2.tags import Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from reconciler.sandbox.world import World


class GreengrassV2:
    """The operations of Greengrass V2 in one region of a world.

    ``handlers`` maps an operation's name to a function of its parameters, as botocore's model names and types
    them, that returns the result's members or raises ServiceError. Handlers and ``tick`` run under the
    world's lock.
    """

    def __init__(self, world: "World", region: str) -> None:
        arns, clock, iot = Arns(world.account, region), world.clock, world.iot_in(region).store
        components = Components(world, arns)
        self._cores = Cores(world, arns, iot, components)
        deployments = Deployments(arns, clock, iot, self._cores)
        core_devices = CoreDevices(arns, clock, self._cores)
        finders = (deployments.tags_at, components.tags_at, core_devices.tags_at)

        def tags_at(arn: str) -> dict[str, str] | None:
            return next((tags for find in finders if (tags := find(arn)) is not None), None)

        self.handlers: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = MappingProxyType(
            components.handlers()
            | deployments.handlers()
            | core_devices.handlers()
            | ClientDevices(clock, iot).handlers()
            | Tags(tags_at).handlers()
        )

    def cores(self) -> dict[str, dict[str, Any]]:
        """What is on each core device, by thing name."""
        return {name: core.state() for name, core in sorted(self._cores.core_devices.items())}

    def came_or_went(self, thing_name: str) -> "datetime | None":
        """When a core device last connected or disconnected; None for a thing that never was one."""
        core = self._cores.core_devices.get(thing_name)
        return None if core is None else core.since

    def tick(self) -> None:
        """Let core devices move on to where the clock says they are."""
        self._cores.tick()
