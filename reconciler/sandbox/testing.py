"""A sandbox inside the process that tests something against it."""

import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from reconciler.sandbox.remote import ACCESS_KEY, Remote, environment
from reconciler.sandbox.server import SandboxServer
from reconciler.sandbox.world import DEFAULT_REGION, World


class Sandbox:
    """A sandbox on a free port, served by threads of this process; a context manager.

    ``world`` is its state, for a look behind the scenes; everything else goes over HTTP.
    """

    def __init__(self, region: str = DEFAULT_REGION) -> None:
        self.world = World(region=region)
        self.world.moto.load()
        self._server = SandboxServer(self.world)
        self._server.start()
        self.url = self._server.url
        self.region = region
        self.env = environment(self.url, region)
        self.remote = Remote(self.url)
        # Any: its client() is overloaded for each service by its literal name.
        self._session: Any = boto3.session.Session(
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY, region_name=region
        )
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._others: list[Any] = []

    def client(self, service: str, region: str | None = None, config: Config | None = None) -> Any:
        """A boto3 client of the sandbox; without a ``config`` of its own always the same one."""
        region = region or self.region
        with self._lock:
            if config is not None:
                made = self._session.client(service, region_name=region, endpoint_url=self.url, config=config)
                self._others.append(made)
                return made
            if (service, region) not in self._clients:
                self._clients[service, region] = self._session.client(
                    service, region_name=region, endpoint_url=self.url, config=Config(max_pool_connections=50)
                )
            return self._clients[service, region]

    def reset(self) -> None:
        """Forget everything."""
        self.remote.reset()

    def calls(self) -> list[dict[str, Any]]:
        """The log of calls, the oldest first."""
        return list(self.remote.log()["calls"])

    def counts(self) -> dict[str, int]:
        """How often each ``service:Operation`` was called."""
        return dict(self.remote.log()["counts"])

    def writes(self) -> list[str]:
        """The ``service:Operation`` of every call that may have changed something, in order."""
        return [f"{call['service']}:{call['operation']}" for call in self.calls() if call["write"]]

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self.remote.clear_log()

    def put_devices(self, rules: Mapping[str, Any]) -> None:
        """Say what simulated cores do, as ``PUT /_sandbox/devices`` takes it."""
        self.remote.tell("devices", rules)

    def put_faults(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Say what goes wrong, as ``PUT /_sandbox/faults`` takes it."""
        self.remote.tell("faults", list(rules))

    def put_limits(self, rates: Mapping[str, float | None] | None) -> None:
        """Say how many calls a second are let through, as ``PUT /_sandbox/limits`` takes it."""
        self.remote.tell("limits", rates)

    def put_cdf(self, version: str = "v1", **auth: str) -> None:
        """Say which CDF Provisioning answers, and whom it lets in, as ``PUT /_sandbox/cdf`` takes it."""
        self.remote.tell("cdf", {"version": version, "auth": auth or {"type": "none"}})

    def advance(self, seconds: float) -> None:
        """Move the sandbox's time on."""
        self.remote.tell("clock", {"advance": seconds})

    def close(self) -> None:
        """Stop it, and close the clients that it gave out."""
        for client in (*self._clients.values(), *self._others):
            client.close()
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
