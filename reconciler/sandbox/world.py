"""The state of one sandbox, shared by all its parts."""

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.sandbox.behaviours import Behaviours
from reconciler.sandbox.call_log import CallLog
from reconciler.sandbox.cdf_settings import CdfSettings
from reconciler.sandbox.clock import Clock
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.limits import Limits
from reconciler.sandbox.moto_bridge import MotoBridge
from reconciler.sandbox.past_answers import PastAnswers

if TYPE_CHECKING:
    from reconciler.sandbox.greengrass_v2.service import GreengrassV2
    from reconciler.sandbox.iot.registry import Registry

ACCOUNT = "123456789012"
DEFAULT_REGION = "eu-central-1"

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Backend(Protocol):
    """A service that the sandbox serves itself: a handler for each of its operations."""

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By operation name. A handler raises ServiceError and runs under ``World.lock``."""


class Greengrass(Backend, Protocol):
    """Greengrass V1 of one region."""

    def tick(self) -> None:
        """Let simulated cores and bulk deployments move on to where the clock says they are."""


@dataclass(slots=True)
class World:
    """Everything that a sandbox knows. State is per region; ``region`` is the one that unsigned calls mean."""

    account: str = ACCOUNT
    region: str = DEFAULT_REGION
    clock: Clock = field(default_factory=Clock)
    behaviours: Behaviours = field(default_factory=Behaviours)
    calls: CallLog = field(default_factory=CallLog)
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(init=False)
    past: PastAnswers = field(init=False)
    moto: MotoBridge = field(init=False)
    lock: threading.RLock = field(default_factory=threading.RLock)
    # Tells this process from one that had the same port before.
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)
    cdf: CdfSettings = field(default_factory=CdfSettings)
    _greengrass: dict[str, Greengrass] = field(default_factory=dict)
    _greengrass_v2: dict[str, "GreengrassV2"] = field(default_factory=dict)
    _iot: dict[str, "Registry"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.limits = Limits(self.clock)
        self.past = PastAnswers(self.clock)
        self.moto = MotoBridge(self.account, self.clock)

    def greengrass_in(self, region: str) -> Greengrass:
        """Greengrass V1 of a region, made when first asked for."""
        with self.lock:
            if region not in self._greengrass:
                from reconciler.sandbox.greengrass_v1.service import GreengrassV1  # noqa: PLC0415 - it imports this module

                self._greengrass[region] = GreengrassV1(self, region)
            return self._greengrass[region]

    def greengrass_v2_in(self, region: str) -> "GreengrassV2":
        """Greengrass V2 of a region, made when first asked for."""
        with self.lock:
            if region not in self._greengrass_v2:
                from reconciler.sandbox import greengrass_v2  # noqa: PLC0415 - it imports this module

                self._greengrass_v2[region] = greengrass_v2.GreengrassV2(self, region)
            return self._greengrass_v2[region]

    def iot_in(self, region: str) -> "Registry":
        """AWS IoT of a region, made when first asked for."""
        with self.lock:
            if region not in self._iot:
                from reconciler.sandbox.iot.registry import Registry as IotRegistry  # noqa: PLC0415 - it imports this module

                self._iot[region] = IotRegistry(self, region)
            return self._iot[region]

    def cores(self) -> dict[str, Any]:
        """What is on each core device of Greengrass V2, by region and thing name."""
        with self.lock:
            self.tick()
            return {region: greengrass.cores() for region, greengrass in sorted(self._greengrass_v2.items())}

    def is_connected(self, thing_name: str, region: str) -> bool:
        """Whether a core is there: it has an active certificate, or was told what to do, and is not offline."""
        behaviour = self.behaviours.behaviour_of(thing_name)
        if behaviour.told:
            return behaviour.outcome != "offline"
        return self.iot_in(region).has_active_certificate(thing_name)

    def connectivity(self, thing_name: str, region: str) -> tuple[bool, datetime | None]:
        """Whether a thing is connected, and since when it is or is not: known of core devices of Greengrass V2."""
        self.tick()
        return self.is_connected(thing_name, region), self.greengrass_v2_in(region).came_or_went(thing_name)

    def tick(self) -> None:
        """Let the simulated cores of all regions move on."""
        with self.lock:
            for greengrass in (*self._greengrass.values(), *self._greengrass_v2.values()):
                greengrass.tick()

    def advance(self, seconds: float) -> None:
        """Move the clock on, and everything that waits for it. Raises ValueError for a negative number."""
        self.clock.advance(seconds)
        self.tick()

    def reset(self) -> None:
        """Forget everything: as new."""
        with self.lock:
            self._greengrass.clear()
            self._greengrass_v2.clear()
            self._iot.clear()
            self.moto.reset()
            self.behaviours.reset()
            self.faults.reset()
            self.limits.reset()
            self.past.reset()
            self.calls.clear()
            self.clock.reset()
            self.cdf.reset()
