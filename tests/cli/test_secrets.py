"""No private key and no token is in anything that is printed, logged, saved, remembered or raised."""

import logging
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import ARTIFACTS_BUCKET, FleetFiles, run_cli
from tests.provisioning.conftest import template

TOKEN = "tok-3f9a1c77e0b24d58"
FAULTS = [
    ("iot", "RegisterThing", "lost"),
    ("s3", "PutObject", "error"),
    ("cdf", "CreateThing", "lost"),
    ("greengrass", "CreateGroupVersion", "refused"),
]


def private_keys(aws: Sandbox) -> Iterator[str]:
    """Every line of every private key in the artifact bucket, long enough to be nobody else's."""
    s3 = aws.client("s3")
    for row in s3.list_objects_v2(Bucket=ARTIFACTS_BUCKET).get("Contents", []):
        if row["Key"].endswith("/certs.zip"):
            body = s3.get_object(Bucket=ARTIFACTS_BUCKET, Key=row["Key"])["Body"].read()
            with zipfile.ZipFile(BytesIO(body)) as archive:
                if "private.key" in archive.namelist():
                    lines = archive.read("private.key").decode().splitlines()
                    yield from (line for line in lines if len(line) > 20 and not line.startswith("-----"))


def written_to(directory: Path) -> bytes:
    """Every byte of every file that is there."""
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


@pytest.mark.parametrize("provider", ["cdf", pytest.param("iot", marks=pytest.mark.long)])
def test_whatever_happens_nothing_tells_a_secret(
    fleet: FleetFiles,
    aws: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    provider: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CDF_TOKEN", TOKEN)
    monkeypatch.setenv("RECONCILE_DEBUG", "1")
    if provider == "cdf":
        aws.put_cdf("v1", type="bearer", secret=TOKEN)
        auth = {"type": "bearer", "variable": "CDF_TOKEN"}
        fleet.fleet(provisioning={"provider": "cdf", "url": f"{aws.url}/cdf", "auth": auth})
        here = {"LocationConstraint": "eu-central-1"}
        aws.client("s3").create_bucket(Bucket="cdf-templates", CreateBucketConfiguration=here)
        body = template().encode()
        aws.client("s3").put_object(Bucket="cdf-templates", Key="templates/device.json", Body=body)
    by_template = {"provisioningTemplate": "device"} if provider == "cdf" else {}
    devices = [{"thingName": f"berlin-device-{number}"} | by_template for number in (1, 2)]
    for name, members in (("berlin", devices), ("munich", [])):
        fleet.group(name, devices=members, cores=[{"thingName": f"{name}-core"} | by_template])
    fleet.write()
    told = ""
    for service, operation, fault in FAULTS:
        aws.put_faults([{"service": service, "operation": operation, "fault": fault, "times": 2}])
        commands: list[list[str | Path]] = [
            ["plan", fleet.directory, "--out", tmp_path / "plan.json", "--verbose"],
            ["plan", fleet.directory, "--format", "json"],
            ["apply", fleet.directory, "--yes", "--no-wait", "--stats", tmp_path / "stats.json"],
            ["status", fleet.directory, "--format", "json"],
            ["doctor", fleet.directory],
        ]
        for words in commands:
            ran = run_cli(*words)
            told += ran.out + ran.err
        aws.advance(10)
    keys = set(private_keys(aws))
    assert len(keys) > 3
    everything = told.encode() + written_to(tmp_path) + caplog.text.encode()
    assert not [line for line in keys if line.encode() in everything]
    assert not re.search(rb"PRIVATE KEY", everything)
    # What signs its own requests logs them with their headers at debug level; the product's words have no token.
    assert TOKEN.encode() not in told.encode() + written_to(tmp_path)
