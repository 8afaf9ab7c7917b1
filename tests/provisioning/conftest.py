"""Things in the sandbox's AWS IoT, the artifact bucket, and the product's ways to both."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from reconciler.aws.client import Aws
from reconciler.provisioning.artifacts import ArtifactStore
from reconciler.provisioning.keys import new_key, signing_request
from reconciler.sandbox.testing import Sandbox

BUCKET = "fleet-artifacts"
PREFIX = "demo/"
GROUP = "group-1"


def template(*, parameters: tuple[str, ...] = ("ThingName", "CSR"), **certificate: Any) -> str:
    """A provisioning template (JSON); its certificate comes by CSR unless told."""
    properties = certificate or {"CertificateSigningRequest": {"Ref": "CSR"}, "Status": "ACTIVE"}
    body = {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "ThingName"}}},
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": properties},
        },
    }
    return json.dumps(body)


def inputs(thing_name: str = "press", **more: Any) -> dict[str, Any]:
    """What a ``provision-thing`` action of AWS IoT carries; None takes a key away."""
    whole = {
        "thingName": thing_name,
        "thingArn": f"arn:aws:iot:eu-central-1:123456789012:thing/{thing_name}",
        "role": "device",
        "parameters": {"ThingName": thing_name},
        "templateBody": template(),
        "csrParameter": "CSR",
    } | more
    return {name: value for name, value in whole.items() if value is not None}


def is_pair(key: bytes, certificate: str) -> bool:
    """Whether a private key and a certificate belong together."""
    private = serialization.load_pem_private_key(key, None)
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return private.public_key().public_bytes(*form) == public.public_bytes(*form)


def fault(operation: str, kind: str, times: int | None = 1, **more: Any) -> dict[str, Any]:
    """A fault by ``service:Operation``."""
    service, _, name = operation.partition(":")
    return {"service": service, "operation": name, "fault": kind, "times": times, **more}


@dataclass(frozen=True)
class World:
    """The account behind the sandbox, looked at with plain boto3."""

    aws: Sandbox
    iot: Any = field(init=False)
    s3: Any = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "iot", self.aws.client("iot"))
        object.__setattr__(self, "s3", self.aws.client("s3"))

    def certificates(self) -> dict[str, str]:
        """The status of every certificate of the account by its ARN."""
        pages = self.iot.get_paginator("list_certificates").paginate(pageSize=250)
        return {row["certificateArn"]: row["status"] for page in pages for row in page["certificates"]}

    def pem(self, arn: str) -> str:
        found = self.iot.describe_certificate(certificateId=arn.rpartition("/")[2])
        return str(found["certificateDescription"]["certificatePem"])

    def switch(self, arn: str, status: str) -> None:
        self.iot.update_certificate(certificateId=arn.rpartition("/")[2], newStatus=status)

    def attach_new(self, thing_name: str, csr: str, *, active: bool = True) -> str:
        """Another certificate for a thing; its ARN."""
        arn = str(
            self.iot.create_certificate_from_csr(certificateSigningRequest=csr, setAsActive=active)["certificateArn"]
        )
        self.iot.attach_thing_principal(thingName=thing_name, principal=arn)
        return arn

    def members(self, thing_name: str, name: str = "certs.zip") -> dict[str, bytes] | None:
        """The members of a stored archive by their names, None if it is not there."""
        key = f"{PREFIX}{GROUP}/{thing_name}/{name}"
        try:
            content = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {member: archive.read(member) for member in archive.namelist()}

    def put_members(self, thing_name: str, members: Mapping[str, bytes]) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        self.put(thing_name, buffer.getvalue())

    def put(self, thing_name: str, content: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}{GROUP}/{thing_name}/certs.zip", Body=content)


def several(world: World, aws: Sandbox) -> list[str]:
    """Certificates of ``press`` a minute apart, the newest neither first nor last by its ARN."""
    csr, made = signing_request(new_key(), "press"), list[str]()
    while not made or made[-1] in {min(made), max(made)}:
        made.append(world.attach_new("press", csr))
        aws.advance(60)
    return made


@pytest.fixture
def world(aws: Sandbox) -> World:
    """The account, with the artifact bucket in it."""
    made = World(aws)
    made.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    aws.clear_calls()
    return made


@pytest.fixture(scope="session")
def lasting_client(sandbox: Sandbox) -> Aws:
    """One client for all tests, since making one takes longer than most of them; nothing holds it up."""
    limits = {"iot:RegisterThing": 1000, "iot:ListThingPrincipals": 1000, "iot:DescribeCertificate": 1000}
    return Aws(sandbox.region, limits=limits, sleep=lambda _: None)


@pytest.fixture
def client(aws: Sandbox, lasting_client: Aws) -> Aws:
    """The product's client of an empty sandbox, which never really pauses."""
    return lasting_client


@pytest.fixture
def store(client: Aws, world: World) -> ArtifactStore:
    """The fleet's artifacts."""
    return ArtifactStore(client, BUCKET, PREFIX)
