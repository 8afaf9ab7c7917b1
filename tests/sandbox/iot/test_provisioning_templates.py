"""Named provisioning templates, their versions and claims."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox

Refused = Callable[..., tuple[int, str, str]]
ROLE = "arn:aws:iam::123456789012:role/provisioning"
BODY = json.dumps(
    {
        "Parameters": {"Serial": {"Type": "String"}, "AWS::IoT::Certificate::Id": {"Type": "String"}},
        "Mappings": {"Sites": {"b": {"Url": "https://b.example.com"}}},
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {"ThingName": {"Fn::Join": ["-", ["press", {"Ref": "Serial"}]]}},
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
            },
        },
        "DeviceConfiguration": {"Url": {"Fn::FindInMap": ["Sites", "b", "Url"]}},
    }
)


@pytest.fixture
def template(iot: Any) -> str:
    iot.create_provisioning_template(templateName="core", templateBody=BODY, provisioningRoleArn=ROLE)
    return "core"


def test_a_template_comes_back_as_it_was_made(iot: Any) -> None:
    hook = {"payloadVersion": "2020-04-01", "targetArn": "arn:aws:lambda:eu-central-1:123456789012:function:hook"}
    made = iot.create_provisioning_template(
        templateName="core",
        description="cores",
        templateBody=BODY,
        provisioningRoleArn=ROLE,
        enabled=True,
        preProvisioningHook=hook,
        tags=[{"Key": "site", "Value": "berlin"}],
    )
    arn = "arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/core"
    assert (made["templateArn"], made["defaultVersionId"]) == (arn, 1)
    found = iot.describe_provisioning_template(templateName="core")
    assert found["templateBody"] == BODY
    assert (found["type"], found["enabled"], found["description"]) == ("FLEET_PROVISIONING", True, "cores")
    assert (found["preProvisioningHook"], found["provisioningRoleArn"]) == (hook, ROLE)
    assert iot.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "site", "Value": "berlin"}]
    listed = iot.list_provisioning_templates()["templates"]
    assert [(item["templateName"], item["templateArn"]) for item in listed] == [("core", arn)]


def test_a_name_is_taken_once_and_there_are_no_more_than_256(
    aws: Sandbox, iot: Any, template: str, refused: Refused
) -> None:
    new = {"templateBody": BODY, "provisioningRoleArn": ROLE}
    refusal = refused(iot.create_provisioning_template, templateName=template, **new)
    assert refusal[:2] == (409, "ResourceAlreadyExistsException")
    create = aws.world.iot_in(aws.region).handlers["CreateProvisioningTemplate"]
    for number in range(255):
        create({"templateName": f"t{number}", **new})
    refusal = refused(iot.create_provisioning_template, templateName="more", **new)
    assert refusal[:2] == (410, "LimitExceededException")


@pytest.mark.parametrize("name", ["x" * 37, "white space", "a:b"])
def test_names_are_checked(iot: Any, refused: Refused, name: str) -> None:
    new = {"templateName": name, "templateBody": BODY, "provisioningRoleArn": ROLE}
    assert refused(iot.create_provisioning_template, **new)[:2] == (400, "InvalidRequestException")


@pytest.mark.parametrize(
    "body",
    [
        "nonsense",
        "[]",
        "{}",
        '{"Resources": {}}',
        '{"Resources": {"thing": {"Type": "AWS::IoT::Job"}}}',
        '{"Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "None"}}}}}',
        '{"Resources": {"thing": {"Type": "AWS::IoT::Thing"}}, "Conditions": {}}',
        " " * 10_241,
    ],
)
def test_a_body_that_is_no_template_is_refused(iot: Any, template: str, refused: Refused, body: str) -> None:
    new = {"templateName": "other", "templateBody": body, "provisioningRoleArn": ROLE}
    assert refused(iot.create_provisioning_template, **new)[:2] == (400, "InvalidRequestException")
    version = {"templateName": template, "templateBody": body}
    assert refused(iot.create_provisioning_template_version, **version)[:2] == (400, "InvalidRequestException")


def test_an_update_changes_what_it_names(iot: Any, template: str, refused: Refused) -> None:
    hook = {"targetArn": "arn:aws:lambda:eu-central-1:123456789012:function:hook"}
    iot.update_provisioning_template(templateName=template, enabled=True, preProvisioningHook=hook)
    iot.update_provisioning_template(templateName=template, description="cores")
    found = iot.describe_provisioning_template(templateName=template)
    assert (found["enabled"], found["description"], found["preProvisioningHook"]) == (True, "cores", hook)
    iot.update_provisioning_template(templateName=template, removePreProvisioningHook=True)
    assert "preProvisioningHook" not in iot.describe_provisioning_template(templateName=template)
    both = {"preProvisioningHook": hook, "removePreProvisioningHook": True}
    assert refused(iot.update_provisioning_template, templateName=template, **both)[1] == "InvalidRequestException"
    missing = refused(iot.update_provisioning_template, templateName=template, defaultVersionId=9)
    assert missing[:2] == (404, "ResourceNotFoundException")


def test_only_fleet_templates_have_hooks(iot: Any, refused: Refused) -> None:
    hook = {"targetArn": "arn:aws:lambda:eu-central-1:123456789012:function:hook"}
    new = {"templateName": "jitp", "templateBody": BODY, "provisioningRoleArn": ROLE, "type": "JITP"}
    refusal = refused(iot.create_provisioning_template, **new, preProvisioningHook=hook)
    assert refusal[:2] == (400, "InvalidRequestException")
    iot.create_provisioning_template(**new)
    assert iot.describe_provisioning_template(templateName="jitp")["type"] == "JITP"


def test_versions_are_numbered_limited_and_one_is_the_default(iot: Any, template: str, refused: Refused) -> None:
    other = BODY.replace("press", "robot")
    for number in range(2, 6):
        made = iot.create_provisioning_template_version(
            templateName=template, templateBody=other, setAsDefault=number == 2
        )
        assert (made["versionId"], made["isDefaultVersion"]) == (number, number == 2)
    new = {"templateName": template, "templateBody": BODY}
    refusal = refused(iot.create_provisioning_template_version, **new)
    assert refusal[:2] == (409, "VersionsLimitExceededException")
    assert iot.describe_provisioning_template(templateName=template)["templateBody"] == other
    default = {"templateName": template, "versionId": 2}
    refusal = refused(iot.delete_provisioning_template_version, **default)
    assert refusal[:2] == (409, "DeleteConflictException")
    iot.update_provisioning_template(templateName=template, defaultVersionId=1)
    iot.delete_provisioning_template_version(**default)
    refusal = refused(iot.describe_provisioning_template_version, **default)
    assert refusal[:2] == (404, "ResourceNotFoundException")
    assert iot.create_provisioning_template_version(**new)["versionId"] == 6
    pages = [iot.list_provisioning_template_versions(templateName=template, maxResults=2)]
    pages.append(
        iot.list_provisioning_template_versions(templateName=template, maxResults=9, nextToken=pages[0]["nextToken"])
    )
    assert [item["versionId"] for page in pages for item in page["versions"]] == [1, 3, 4, 5, 6]
    version = iot.describe_provisioning_template_version(templateName=template, versionId=1)
    assert (version["templateBody"], version["isDefaultVersion"]) == (BODY, True)


def test_a_template_goes_with_its_versions(iot: Any, template: str, refused: Refused) -> None:
    iot.create_provisioning_template_version(templateName=template, templateBody=BODY)
    iot.delete_provisioning_template(templateName=template)
    assert refused(iot.delete_provisioning_template, templateName=template)[:2] == (404, "ResourceNotFoundException")
    assert refused(iot.describe_provisioning_template, templateName=template)[0] == 404


def test_a_claim_lasts_five_minutes_and_is_not_in_the_registry(iot: Any, template: str, refused: Refused) -> None:
    claim = iot.create_provisioning_claim(templateName=template)
    assert "PRIVATE KEY" in claim["keyPair"]["PrivateKey"]
    assert iot.list_certificates()["certificates"] == []
    made = iot.describe_provisioning_template(templateName=template)["creationDate"]
    assert timedelta(minutes=4) < claim["expiration"] - made < timedelta(minutes=6)
    assert refused(iot.create_provisioning_claim, templateName="none")[:2] == (404, "ResourceNotFoundException")
