"""Where moto's IoT is no model: each of its gaps that the product could meet, and that ours does better."""

import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from reconciler.sandbox.testing import Sandbox


def test_creating_a_thing_again_with_other_attributes_neither_overwrites_nor_changes_its_id(
    iot: Any, refused: Any
) -> None:
    made = iot.create_thing(thingName="press", attributePayload={"attributes": {"site": "berlin"}})
    other = {"thingName": "press", "attributePayload": {"attributes": {"site": "paris"}}}
    assert refused(iot.create_thing, **other)[1] == "ResourceAlreadyExistsException"
    thing = iot.describe_thing(thingName="press")
    assert (thing["attributes"], thing["thingId"]) == ({"site": "berlin"}, made["thingId"])


def test_the_version_counts_and_the_expected_version_counts(iot: Any, refused: Any) -> None:
    iot.create_thing(thingName="press")
    iot.update_thing(thingName="press", attributePayload={"attributes": {"site": "berlin"}})
    assert iot.describe_thing(thingName="press")["version"] == 2
    assert refused(iot.update_thing, thingName="press", expectedVersion=1)[1] == "VersionConflictException"


def test_members_of_a_group_come_in_pages(iot: Any) -> None:
    iot.create_thing_group(thingGroupName="line")
    for number in range(5):
        iot.create_thing(thingName=f"press-{number}")
        iot.add_thing_to_thing_group(thingName=f"press-{number}", thingGroupName="line")
    page = iot.list_things_in_thing_group(thingGroupName="line", maxResults=2)
    assert page["things"] == ["press-0", "press-1"]
    assert "nextToken" in page


def test_recursive_members_are_found(iot: Any) -> None:
    iot.create_thing_group(thingGroupName="plant")
    iot.create_thing_group(thingGroupName="line", parentGroupName="plant")
    iot.create_thing(thingName="press")
    iot.add_thing_to_thing_group(thingName="press", thingGroupName="line")
    assert iot.list_things_in_thing_group(thingGroupName="plant", recursive=True)["things"] == ["press"]


def test_a_certificates_id_is_the_hash_of_its_der(iot: Any, certificate: Any) -> None:
    made = certificate()
    der = x509.load_pem_x509_certificate(made["certificatePem"].encode()).public_bytes(serialization.Encoding.DER)
    assert made["certificateId"] == hashlib.sha256(der).hexdigest()


def test_tags_thing_type_updates_provisioning_templates_and_claims_are_there(aws: Sandbox) -> None:
    handlers = aws.world.iot_in(aws.region).handlers
    for operation in (
        "RegisterThing",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
        "UpdateThingType",
        "CreateProvisioningClaim",
        "CreateProvisioningTemplate",
        "DescribeProvisioningTemplate",
        "UpdateProvisioningTemplate",
        "DeleteProvisioningTemplate",
        "ListProvisioningTemplates",
        "CreateProvisioningTemplateVersion",
        "DescribeProvisioningTemplateVersion",
        "DeleteProvisioningTemplateVersion",
        "ListProvisioningTemplateVersions",
    ):
        assert operation in handlers


@pytest.mark.long
def test_a_hundred_thousand_things_are_no_trouble(aws: Sandbox, iot: Any) -> None:
    handlers = aws.world.iot_in(aws.region).handlers
    for number in range(100_000):
        handlers["CreateThing"]({"thingName": f"press-{number:06}"})
    assert iot.describe_thing(thingName="press-099999")["thingName"] == "press-099999"
    page = iot.list_things(maxResults=250)
    assert [thing["thingName"] for thing in page["things"]][-1] == "press-000249"


def test_a_key_and_certificate_are_elliptic_and_so_cheap(iot: Any) -> None:
    made = iot.create_keys_and_certificate()
    assert made["keyPair"]["PrivateKey"].startswith("-----BEGIN EC PRIVATE KEY-----")


def test_what_we_do_not_serve_is_motos(aws: Sandbox, iot: Any) -> None:
    iot.create_role_alias(roleAlias="core", roleArn="arn:aws:iam::123456789012:role/core")
    assert iot.describe_role_alias(roleAlias="core")["roleAliasDescription"]["roleAlias"] == "core"
    assert "CreateRoleAlias" not in aws.world.iot_in(aws.region).handlers
