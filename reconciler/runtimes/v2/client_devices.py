"""Reads the client devices of cores: there is no bulk read for them, and those that were last seen may serve."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws, is_not_found
from reconciler.model.errors import AwsError
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.v2.lists import PAGE, time_text
from reconciler.runtimes.v2.live import Associated
from reconciler.runtimes.v2.members import Cores


@dataclass(frozen=True, slots=True)
class ClientDevices:
    """Reads through ``aws`` and keeps in ``cache`` what was seen, and when; with ``refresh`` that does not serve.

    Methods raise AwsError.
    """

    aws: Aws
    cache: Cache
    refresh: bool = False

    def of_all(self, declared: Cores, cores: Iterable[str]) -> dict[str, Associated]:
        """The client devices of ``cores``. There is no bulk read for them: those last seen serve, if they are as the
        files want them.
        """

        def read(core: str) -> Associated:
            wanted = declared.devices.get(core, frozenset())
            kept = None if self.refresh else self.cache.get("v2-client-devices", self._key(core))
            if kept is not None and frozenset(kept["devices"]) == wanted:
                return Associated(wanted, kept["at"])
            return Associated(self.of(core))

        cores = sorted(cores)
        return dict(zip(cores, in_parallel(read, cores), strict=True))

    def of(self, core: str) -> frozenset[str]:
        """The client devices of a core as AWS has them now."""
        try:
            rows = self.aws.listed(
                "greengrassv2",
                "ListClientDevicesAssociatedWithCoreDevice",
                "associatedClientDevices",
                page=PAGE,
                coreDeviceThingName=core,
            )
            devices = frozenset(row["thingName"] for row in rows)
        except AwsError as error:
            if not is_not_found(error):
                raise
            devices = frozenset()
        seen = {"devices": sorted(devices), "at": time_text(datetime.now(UTC))}
        self.cache.put("v2-client-devices", self._key(core), seen)
        return devices

    def forget(self, core: str) -> None:
        """The client devices of a core are about to change: read them the next time."""
        self.cache.put("v2-client-devices", self._key(core), None)

    def _key(self, core: str) -> str:
        return f"{self.aws.region}/{core}"
