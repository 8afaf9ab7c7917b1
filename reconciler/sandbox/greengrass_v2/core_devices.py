"""Core devices as the cloud shows them: who has ever connected, what runs there, which deployments they were sent."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from reconciler.sandbox.greengrass_v2.cores import Cores
from reconciler.sandbox.greengrass_v2.devices import Core
from reconciler.sandbox.greengrass_v2.names import Arns
from reconciler.sandbox.greengrass_v2.paging import by_key, page
from reconciler.sandbox.greengrass_v2.refusals import not_found
from reconciler.sandbox.iot.paging import by_creation

if TYPE_CHECKING:
    from reconciler.sandbox.clock import Clock


class CoreDevices:
    """The operations on the core devices of one account and region."""

    def __init__(self, arns: Arns, clock: "Clock", cores: Cores) -> None:
        self._arns = arns
        self._clock = clock
        self._cores = cores

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The five operations."""
        return {
            "ListCoreDevices": self._list,
            "GetCoreDevice": self._get,
            "DeleteCoreDevice": self._delete,
            "ListInstalledComponents": self._list_installed,
            "ListEffectiveDeployments": self._list_effective,
        }

    def tags_at(self, arn: str) -> dict[str, str] | None:
        """The tags of the core device at an ARN."""
        core = self._cores.core_devices.get(self._arns.name_in(arn, "coreDevices") or "")
        return core.tags if core is not None and core.is_listed else None

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        now, group = self._clock.now(), params.get("thingGroupArn")

        def after(key: str) -> Iterator[tuple[str, dict[str, Any]]]:
            for name in sorted(self._cores.core_devices):
                core = self._cores.core_devices[name]
                # Who once deployed for a group stays in its list, whether or not it still is a member.
                if name > key and core.is_listed and (group is None or group in core.succeeded_for):
                    summary = core.summary(now)
                    if all(params.get(filtered) in (None, summary[filtered]) for filtered in ("status", "runtime")):
                        yield name, summary

        found, more = page("ListCoreDevices", params, after)
        return {"coreDevices": found, **more}

    def _get(self, params: dict[str, Any]) -> dict[str, Any]:
        core = self._core(params)
        return {
            **core.summary(self._clock.now()),
            "coreVersion": core.nucleus.version,
            "tags": dict(core.tags) or None,
        }

    def _delete(self, params: dict[str, Any]) -> dict[str, Any]:
        # The record goes; the device keeps what it has, and is listed again when it takes up another deployment.
        core = self._core(params)
        core.is_listed = False
        core.tags.clear()
        return {}

    def _list_installed(self, params: dict[str, Any]) -> dict[str, Any]:
        core, every = self._core(params), params.get("topologyFilter", "ROOT") == "ALL"
        items = {name: item.described() for name, item in core.installed.items() if every or item.is_root}
        found, more = page("ListInstalledComponents", params, by_key(items))
        return {"installedComponents": found, **more}

    def _list_effective(self, params: dict[str, Any]) -> dict[str, Any]:
        works = [work for work in self._cores.assigned(self._core(params).name) if work.execution.status != "REMOVED"]
        found, more = page("ListEffectiveDeployments", params, by_creation(works, {}))
        return {"effectiveDeployments": [work.effective() for work in found], **more}

    def _core(self, params: dict[str, Any]) -> Core:
        name = params["coreDeviceThingName"]
        core = self._cores.core_devices.get(name)
        if core is None or not core.is_listed:
            raise not_found("coreDevice", name)
        return core
