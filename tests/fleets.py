"""Small fleets written as files, the buckets that they need, and the command line called in this process."""

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple, Self
from unittest.mock import patch

import yaml

from reconciler.cli.main import run
from reconciler.desired.load import load
from reconciler.model.desired import DesiredState

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ARTIFACTS_BUCKET = "fleet-artifacts"
BULK_BUCKET = "fleet-bulk"
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:monitor:1"
TEMPLATE = "line"


class FleetFiles:
    """A fleet directory: ``fleet.yaml``, ``templates.yaml`` and a file a group.

    It starts with a Fleet that has both buckets. Every method but ``load`` and ``path_of`` returns the object itself,
    and declaring something again replaces it. Nothing is on disk before ``write``.
    """

    def __init__(self, directory: Path, name: str = "demo") -> None:
        self.directory = directory
        self._name = name
        self._fleet: dict[str, Any] = {}
        self._templates: dict[tuple[str, int], dict[str, Any]] = {}
        self._groups: dict[str, dict[str, Any]] = {}
        self.fleet()

    def fleet(self, **spec: Any) -> Self:
        """Declare the Fleet; ``spec`` is laid over the usual one, a key with None is left out."""
        usual = {
            "account": ACCOUNT,
            "region": REGION,
            "artifacts": {"bucket": ARTIFACTS_BUCKET, "prefix": "demo/"},
            "bulkDeployments": {"bucket": BULK_BUCKET, "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/bulk"},
        }
        self._fleet = _document("Fleet", {"name": self._name}, _over(usual, spec))
        return self

    def template(self, version: int = 1, *, timeout: int = 3, name: str = TEMPLATE, **spec: Any) -> Self:
        """Declare one version of a template: one function with that ``timeout``, one subscription, shared by groups."""
        function = {"Pinned": True, "Timeout": timeout, "MemorySize": 16384, "EncodingType": "json"}
        alarms = {"Id": "alarms", "Source": LAMBDA, "Subject": "alarms", "Target": "cloud"}
        usual = {
            "version": version,
            "runtime": "greengrass/v1",
            "definitions": {
                "functions": {
                    "Functions": [{"Id": "monitor", "FunctionArn": LAMBDA, "FunctionConfiguration": function}]
                },
                "subscriptions": {"Subscriptions": [alarms]},
            },
        }
        self._templates[name, version] = _document("Template", {"name": name}, _over(usual, spec))
        return self

    def group(
        self,
        name: str,
        version: int = 1,
        devices: int | Sequence[Mapping[str, Any]] = 2,
        *,
        labels: Mapping[str, str] | None = None,
        template: str = TEMPLATE,
        **spec: Any,
    ) -> Self:
        """Declare a group with the core ``<name>-core`` and so many devices ``<name>-device-1`` …, or those given."""
        if isinstance(devices, int):
            devices = [{"thingName": f"{name}-device-{number}"} for number in range(1, devices + 1)]
        usual = {
            "template": {"name": template, "version": version},
            "cores": [{"thingName": f"{name}-core"}],
            "devices": [dict(device) for device in devices],
        }
        metadata = {"name": name} | ({"labels": dict(labels)} if labels else {})
        self._groups[name] = _document("Group", metadata, _over(usual, spec))
        return self

    def without_group(self, name: str) -> Self:
        """Take a group out again."""
        del self._groups[name]
        self.path_of(name).unlink(missing_ok=True)
        return self

    def path_of(self, group: str) -> Path:
        """The file of a group."""
        return self.directory / "groups" / f"{group}.yaml"

    def write(self) -> Self:
        """Write all files; version 1 of the template is declared if nothing else was."""
        if not self._templates:
            self.template()
        (self.directory / "groups").mkdir(parents=True, exist_ok=True)
        (self.directory / "fleet.yaml").write_text(_yaml(self._fleet), encoding="utf-8")
        (self.directory / "templates.yaml").write_text(_yaml(*self._templates.values()), encoding="utf-8")
        for name, document in self._groups.items():
            self.path_of(name).write_text(_yaml(document), encoding="utf-8")
        return self

    def load(self) -> DesiredState:
        """Write all files and load them."""
        self.write()
        return load(self.directory, shown_as="fleet")


class Ran(NamedTuple):
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        """The last line on stdout."""
        return self.out.rstrip("\n").rpartition("\n")[2]


def run_cli(*arguments: str | Path) -> Ran:
    """``reconcile`` with ``arguments`` in this process, on UTF-8 streams that are no terminal."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with out, err:
        with redirect_stdout(out), redirect_stderr(err), patch("sys.stdin", io.StringIO("")):
            code = run([str(argument) for argument in arguments])
        texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    assert "Traceback" not in texts[1]
    return Ran(code, *texts)


def make_buckets(client: Callable[[str], Any]) -> None:
    """Make the buckets of the usual Fleet; ``client`` makes boto3 clients: ``make_buckets(aws.client)``."""
    for bucket in (ARTIFACTS_BUCKET, BULK_BUCKET):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})


def _document(kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "reconciler/v1", "kind": kind, "metadata": dict(metadata), "spec": dict(spec)}


def _over(usual: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**usual, **spec}.items() if value is not None}


def _yaml(*documents: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True))
