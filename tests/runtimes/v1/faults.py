"""One group with three things, what there has to be of it in the end, and a process that is cut off."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from reconciler.aws.client import Aws
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import ARTIFACTS_BUCKET, LAMBDA, FleetFiles


class Killed(BaseException):
    """Stands for a process that ends here."""


def one_group(fleet: FleetFiles) -> FleetFiles:
    own = {"Id": "${thingName}-out", "Source": "${thingArn}", "Subject": "dt", "Target": LAMBDA}
    return fleet.template(1, deviceSubscriptions={"*": [own]}).group("a", devices=2)


def made(aws: Sandbox) -> dict[str, int]:
    """How many things of each sort there are, made by whoever."""
    greengrass, iot = aws.client("greengrass"), aws.client("iot")
    counts = {
        "groups": len(greengrass.list_groups()["Groups"]),
        "things": len(iot.list_things()["things"]),
        "certificates": len(iot.list_certificates()["certificates"]),
        "deployments": len(live.deployments(aws.client, "a")),
        "group versions": len(greengrass.list_group_versions(GroupId=live.groups(aws.client)["a"]["Id"])["Versions"]),
    }
    for family in ("core", "device", "function", "subscription"):
        definitions = getattr(greengrass, f"list_{family}_definitions")()["Definitions"]
        counts[family] = len(definitions)
    return counts


ONCE = {
    "groups": 1,
    "things": 3,
    "certificates": 3,
    "deployments": 1,
    "group versions": 1,
    "core": 1,
    "device": 1,
    "function": 1,
    "subscription": 1,
}


def assert_all_keys_kept(aws: Sandbox) -> None:
    """The key of every certificate is in S3 beside it."""
    group_id = live.groups(aws.client)["a"]["Id"]
    for thing in ("a-core", "a-device-1", "a-device-2"):
        stored = aws.client("s3").get_object(Bucket=ARTIFACTS_BUCKET, Key=f"demo/{group_id}/{thing}/certs.zip")
        with zipfile.ZipFile(BytesIO(stored["Body"].read())) as archive:
            key = load_pem_private_key(archive.read("private.key"), None)
            certificate = x509.load_pem_x509_certificate(archive.read("cert.pem"))
        assert certificate.public_key() == key.public_key()
        (principal,) = aws.client("iot").list_thing_principals(thingName=thing)["principals"]
        found = aws.client("iot").describe_certificate(certificateId=principal.split("/")[-1])
        assert found["certificateDescription"]["certificatePem"].encode() == certificate.public_bytes(Encoding.PEM)


@contextmanager
def cut_off_at(number: int, *, after: bool) -> Iterator[list[str]]:
    """End the process at its AWS call of that number, before it is sent or after it was answered; yields the calls."""
    real = Aws.call
    calls: list[str] = []

    def call(self: Aws, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        calls.append(f"{service}:{operation}")
        if len(calls) < number:
            return real(self, service, operation, **parameters)
        if len(calls) == number and after:
            real(self, service, operation, **parameters)
        raise Killed  # and a process that is dead makes no further call

    with patch.object(Aws, "call", call):
        yield calls


@contextmanager
def killed_at(call: str, *, after: bool) -> Iterator[None]:
    """End the process at its first ``service:Operation`` of that name, before it is sent or after it was answered."""
    real = Aws.call
    seen: list[str] = []

    def cut(self: Aws, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        if seen:
            raise Killed  # a process that is dead makes no further call
        if f"{service}:{operation}" != call:
            return real(self, service, operation, **parameters)
        seen.append(call)
        if after:
            real(self, service, operation, **parameters)
        raise Killed

    with patch.object(Aws, "call", cut):
        yield
