"""The account's host names."""

import re
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("iot:Data", r"(a\w{13})\.iot\.eu-central-1\.amazonaws\.com"),
        ("iot:Data-ATS", r"(a\w{13})-ats\.iot\.eu-central-1\.amazonaws\.com"),
        ("iot:CredentialProvider", r"(a\w{13})\.credentials\.iot\.eu-central-1\.amazonaws\.com"),
        ("iot:Jobs", r"(a\w{13})\.jobs\.iot\.eu-central-1\.amazonaws\.com"),
    ],
)
def test_every_type_has_its_host_always_the_same(iot: Any, kind: str, form: str) -> None:
    address = iot.describe_endpoint(endpointType=kind)["endpointAddress"]
    assert (found := re.fullmatch(form, address))
    assert iot.describe_endpoint(endpointType=kind)["endpointAddress"] == address
    assert iot.describe_endpoint()["endpointAddress"].startswith(f"{found[1]}.iot.")


def test_regions_have_their_own(aws: Any) -> None:
    addresses = {
        aws.client("iot", region).describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
        for region in ("eu-central-1", "eu-west-1", "cn-north-1")
    }
    assert len(addresses) == 3
    assert any(address.endswith(".iot.cn-north-1.amazonaws.com.cn") for address in addresses)


def test_an_unknown_type_is_refused(iot: Any, refused: Any) -> None:
    assert refused(iot.describe_endpoint, endpointType="iot:Nothing")[:2] == (400, "InvalidRequestException")
