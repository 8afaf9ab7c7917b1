"""MiniStack on this machine: a stand-in for AWS in which the code of functions really runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.fleets import ACCOUNT, REGION

PROGRAM = Path(sys.prefix) / "ministack" / "bin" / "ministack"
DEADLINE = 90.0


@dataclass(frozen=True)
class MiniStack:
    """A running one. ``env`` has AWS clients speak to it; ``log`` also holds what functions print."""

    url: str
    log: Path
    env: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of it."""
        made: Any = boto3.session.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key=ACCOUNT, region_name=REGION)
        return made.client(service, endpoint_url=self.url)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, self.log.read_text(encoding="utf-8")[-8000:]
            time.sleep(0.2)


@contextmanager
def running(directory: Path, greengrass: str) -> Iterator[MiniStack]:
    """MiniStack with its files in ``directory``; it has no Greengrass: its functions find that at a URL, and IoT, and
    the buckets, out of which Greengrass reads what is to be deployed in bulk.
    """
    assert PROGRAM.exists(), "there is no MiniStack: run `make setup`"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # An access key of 12 digits is an account to it.
    keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": ACCOUNT, "AWS_REGION": REGION}
    elsewhere = {f"AWS_ENDPOINT_URL_{service}": greengrass for service in ("GREENGRASS", "GREENGRASSV2", "IOT", "S3")}
    url, log = f"http://127.0.0.1:{port}", directory / "ministack.log"
    settings = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "TMPDIR": str(directory)}
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RECONCILE_"))}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [PROGRAM],
            env=usual | settings | keys | elsewhere,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        made = MiniStack(url, log, keys | elsewhere | {"AWS_ENDPOINT_URL": url})
        made.until(lambda: process.poll() is None and _answers(port))
        yield made
    finally:
        # The processes of its functions are of its group, and would outlive it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
