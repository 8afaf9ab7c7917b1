"""Client devices: things that are associated with a core device, so that they can discover it."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reconciler.sandbox.greengrass_v2.paging import by_key, page
from reconciler.sandbox.greengrass_v2.refusals import not_found

if TYPE_CHECKING:
    from reconciler.sandbox.clock import Clock
    from reconciler.sandbox.iot.store import Store


class ClientDevices:
    """The associations of one account and region, from core devices to the things that may discover them."""

    def __init__(self, clock: "Clock", iot: "Store") -> None:
        self._clock = clock
        self._iot = iot
        self._associated: dict[str, dict[str, datetime]] = {}

    def handlers(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """The three operations."""
        return {
            "BatchAssociateClientDeviceWithCoreDevice": self._associate,
            "BatchDisassociateClientDeviceFromCoreDevice": self._disassociate,
            "ListClientDevicesAssociatedWithCoreDevice": self._list,
        }

    def _associate(self, params: dict[str, Any]) -> dict[str, Any]:
        core, now = self._core(params), self._clock.now()
        errors = []
        for entry in params.get("entries", []):
            name = entry["thingName"]
            if name not in self._iot.things:
                errors.append(_error(name, "ResourceNotFoundException", f"The thing {name} does not exist"))
            elif name == core:
                errors.append(_error(name, "ValidationException", f"{name} cannot be a client device of itself"))
            else:
                # Associating again is a success, and keeps the first time.
                self._associated.setdefault(core, {}).setdefault(name, now)
        return {"errorEntries": errors}

    def _disassociate(self, params: dict[str, Any]) -> dict[str, Any]:
        associated = self._associated.get(self._core(params), {})
        errors = []
        for entry in params.get("entries", []):
            name = entry["thingName"]
            if associated.pop(name, None) is None:
                text = f"The client device {name} is not associated with the core device"
                errors.append(_error(name, "ResourceNotFoundException", text))
        return {"errorEntries": errors}

    def _list(self, params: dict[str, Any]) -> dict[str, Any]:
        associated = self._associated.get(self._core(params), {})
        items = {
            name: {"thingName": name, "associationTimestamp": since}
            for name, since in associated.items()
            if name in self._iot.things
        }
        found, more = page("ListClientDevicesAssociatedWithCoreDevice", params, by_key(items))
        return {"associatedClientDevices": found, **more}

    def _core(self, params: dict[str, Any]) -> str:
        """The core's thing, which must be there; that it has ever connected is not asked for."""
        name: str = params["coreDeviceThingName"]
        if name not in self._iot.things:
            raise not_found("coreDevice", name)
        return name


def _error(name: str, code: str, message: str) -> dict[str, str]:
    return {"thingName": name, "code": code, "message": message}
