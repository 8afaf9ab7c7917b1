"""AWS IoT in the sandbox: a client, signing requests, and what a refusal says."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reconciler.sandbox.cdf.certificates import make_request
from reconciler.sandbox.testing import Sandbox

Refusal = tuple[int, str, str]


@pytest.fixture
def iot(aws: Sandbox) -> Any:
    """A boto3 client of an empty registry."""
    return aws.client("iot")


@pytest.fixture(scope="session")
def csr() -> str:
    """A device's signing request."""
    return make_request({"commonName": "press"})[0]


@pytest.fixture
def certificate(iot: Any, csr: str) -> Callable[..., dict[str, Any]]:
    """Make a certificate, ACTIVE unless told."""

    def make(*, active: bool = True) -> dict[str, Any]:
        return dict(iot.create_certificate_from_csr(certificateSigningRequest=csr, setAsActive=active))

    return make


@pytest.fixture
def document() -> str:
    """A policy document."""
    statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def refused() -> Callable[..., Refusal]:
    """Make a call that must be refused, and answer with HTTP status, error code and message."""

    def call(operation: Callable[..., Any], **params: Any) -> Refusal:
        with pytest.raises(ClientError) as caught:
            operation(**params)
        answer = caught.value.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]

    return call


@pytest.fixture
def pages() -> Callable[..., list[list[Any]]]:
    """All pages of a list, each as its items; follows nextToken or nextMarker."""

    def walk(operation: Callable[..., Any], member: str, **params: Any) -> list[list[Any]]:
        answer = operation(**params)
        found = [answer[member]]
        while more := answer.get("nextToken") or answer.get("nextMarker"):
            name = "nextToken" if "nextToken" in answer else "marker"
            answer = operation(**params, **{name: more})
            found.append(answer[member])
        return found

    return walk
