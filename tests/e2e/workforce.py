"""``reconcile worker`` processes that are killed and replaced, and what there has to be in the account in the end."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.cli.processes import PROGRAM

QUEUES = ("Devices", "NewDeployments", "DeploymentStatus")
HASTY = [sys.executable, str(Path(__file__).with_name("hasty.py"))]
"""``reconcile`` whose claims and messages come back within seconds."""


@dataclass
class Workforce:
    """So many workers of a fleet, each a process of its own, whose last words go to ``log``."""

    directory: Path
    log: Path
    program: Sequence[str] = tuple(PROGRAM)
    options: Sequence[str] = ()
    started: int = 0
    killed: int = 0
    _workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, count: int = 1) -> None:
        """Start some more."""
        for _ in range(count):
            self.started += 1
            command = [*self.program, "worker", str(self.directory), *self.options]
            with self.log.open("ab") as log:
                self._workers.append(subprocess.Popen(command, stderr=log, stdout=log, stdin=subprocess.DEVNULL))

    def kill_one(self) -> None:
        """Kill the one that has worked longest, without a word, and put a new one in its place.

        Not before all of them are at work: on a slow machine there would be none at all.
        """
        if not self.are_at_work():
            return
        victim = self._workers.pop(0)
        victim.kill()
        victim.wait()
        self.killed += 1
        self.start()

    def are_at_work(self) -> bool:
        """Whether all have said that they work."""
        return self.log.read_text().count(" works on ") == self.started

    def stop(self) -> list[int]:
        """Ask all to stop, and wait; their exit codes."""
        for worker in self._workers:
            worker.send_signal(signal.SIGTERM)
        return [worker.wait(60) for worker in self._workers]

    def check_alive(self) -> None:
        """Fail if one has ended by itself."""
        ended = [worker.returncode for worker in self._workers if worker.poll() is not None]
        assert not ended, f"workers ended with {ended}: {self.log.read_text()[-2000:]}"

    def close(self) -> None:
        """Leave no process behind."""
        for worker in self._workers:
            worker.kill()
            worker.wait()


@contextmanager
def workforce(directory: Path, count: int, **options: Any) -> Iterator[Workforce]:
    """So many workers at work until the end of the block."""
    workers = Workforce(directory, directory.parent / f"{directory.name}-workers.log", **options)
    workers.start(count)
    try:
        yield workers
    finally:
        workers.close()


def until(condition: Callable[[], bool], *, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Wait until a condition holds; ``meanwhile`` is called between two looks."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        meanwhile()
        time.sleep(0.1)


def every(seconds: float, act: Callable[[], None]) -> Callable[[], None]:
    """Something to be called often that calls ``act`` when so many seconds have passed since it did."""
    last = [time.monotonic()]

    def maybe() -> None:
        if time.monotonic() - last[0] >= seconds:
            act()
            last[0] = time.monotonic()

    return maybe


def reconcile(
    *arguments: str | Path, env: Mapping[str, str] | None = None, seconds: float = 300
) -> tuple[int, str, str]:
    """Run a command as a process; exit code, stdout, stderr."""
    ran = subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True,
        check=False,
        timeout=seconds,
        env={**os.environ, **(env or {})},
        encoding="utf-8",
    )
    return ran.returncode, ran.stdout, ran.stderr


def detach(directory: Path) -> str:
    """``apply --detach``; the run's id."""
    code, out, err = reconcile("apply", directory, "--yes", "--detach")
    assert code == 0, out + err
    return out.rstrip().rpartition("\n")[2].split()[3].rstrip(",")


def status(directory: Path, run: str) -> dict[str, Any]:
    """``status --run RUN --format json``."""
    code, out, err = reconcile("status", directory, "--run", run, "--format", "json")
    assert code == 0, out + err
    return dict(json.loads(out))


def left(aws: Sandbox, outputs: Mapping[str, str]) -> dict[str, int]:
    """How many messages each queue and dead-letter queue holds, those in hand included; without those of none."""
    found = {}
    for name in [*QUEUES, *(f"{queue}DeadLetter" for queue in QUEUES), "EventsDeadLetter"]:
        answer = aws.client("sqs").get_queue_attributes(QueueUrl=outputs[f"{name}QueueUrl"], AttributeNames=["All"])
        counted = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found[name] = sum(int(answer["Attributes"][attribute]) for attribute in counted)
    return {name: count for name, count in found.items() if count}


@dataclass(frozen=True)
class Account:
    """What an account holds of a fleet of ``groups`` (name to its things), read with boto3 alone."""

    aws: Sandbox
    bucket: str
    groups: Mapping[str, Sequence[str]]

    def assert_made_once(self) -> None:
        """Every group, definition and version, thing, certificate and deployment is there once."""
        greengrass, iot = self.aws.client("greengrass"), self.aws.client("iot")
        names = Counter(row["Name"] for row in paged(greengrass.list_groups, "Groups"))
        assert names == Counter(list(self.groups))
        for family in live.FAMILIES:
            rows = paged(getattr(greengrass, f"list_{family.lower()}_definitions"), "Definitions")
            twice = [name for name, count in Counter(row["Name"] for row in rows).items() if count > 1]
            assert twice == [], f"{family} definitions made twice: {twice}"
        ids = {row["Name"]: row["Id"] for row in paged(greengrass.list_groups, "Groups")}
        with ThreadPoolExecutor(8) as pool:
            versions = pool.map(
                lambda group: paged(greengrass.list_group_versions, "Versions", GroupId=group), ids.values()
            )
            made = dict(zip(ids, map(len, versions), strict=True))
            deployments = pool.map(
                lambda group: paged(greengrass.list_deployments, "Deployments", GroupId=group), ids.values()
            )
            deployed = dict(zip(ids, map(len, deployments), strict=True))
        assert made == dict.fromkeys(self.groups, 1)
        assert deployed == dict.fromkeys(self.groups, 1)
        things = [row["thingName"] for page in iot.get_paginator("list_things").paginate() for row in page["things"]]
        assert sorted(things) == sorted(thing for group in self.groups.values() for thing in group)
        pages = iot.get_paginator("list_certificates").paginate()
        assert sum(len(page["certificates"]) for page in pages) == len(things)

    def assert_keys_kept(self) -> None:
        """Every thing has one active certificate, and its key lies in S3 beside it."""
        ids = {name: row["Id"] for name, row in self._rows().items()}
        pairs = [(ids[group], thing) for group, things in self.groups.items() for thing in things]
        with ThreadPoolExecutor(8) as pool:
            missing = [found for found in pool.map(lambda pair: self._missing(*pair), pairs) if found]
        assert missing == []

    def _rows(self) -> dict[str, dict[str, Any]]:
        return {row["Name"]: row for row in paged(self.aws.client("greengrass").list_groups, "Groups")}

    def _missing(self, group_id: str, thing: str) -> str:
        iot, s3 = self.aws.client("iot"), self.aws.client("s3")
        principals = iot.list_thing_principals(thingName=thing)["principals"]
        if len(principals) != 1:
            return f"{thing} has {len(principals)} certificates"
        found = iot.describe_certificate(certificateId=principals[0].rpartition("/")[2])["certificateDescription"]
        stored = s3.get_object(Bucket=self.bucket, Key=f"demo/{group_id}/{thing}/certs.zip")["Body"].read()
        with zipfile.ZipFile(BytesIO(stored)) as archive:
            key = load_pem_private_key(archive.read("private.key"), None).public_key()
            kept = archive.read("cert.pem").decode()
        certificate = x509.load_pem_x509_certificate(found["certificatePem"].encode())
        fits = found["status"] == "ACTIVE" and kept == found["certificatePem"] and certificate.public_key() == key
        return "" if fits else f"the key of {thing} is not the one of its certificate"


def paged(call: Callable[..., dict[str, Any]], key: str, **parameters: Any) -> list[dict[str, Any]]:
    """All rows of a list of Greengrass V1."""
    rows: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = call(MaxResults="250", **parameters, **token)
        rows += answer.get(key) or []
        if not answer.get("NextToken"):
            return rows
        token = {"NextToken": answer["NextToken"]}
