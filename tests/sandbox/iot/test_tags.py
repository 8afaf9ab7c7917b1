"""Tags: on what AWS IoT lets tag, and on nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., tuple[int, str, str]]
BASE = "arn:aws:iot:eu-central-1:123456789012:"


def tags(iot: Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in iot.list_tags_for_resource(resourceArn=arn)["tags"]}


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


@pytest.fixture
def group(iot: Any) -> str:
    return str(iot.create_thing_group(thingGroupName="line", tags=pairs(site="berlin"))["thingGroupArn"])


def test_tags_are_added_changed_and_removed(iot: Any, group: str) -> None:
    assert tags(iot, group) == {"site": "berlin"}
    iot.tag_resource(resourceArn=group, tags=pairs(site="paris", ring="canary"))
    assert tags(iot, group) == {"ring": "canary", "site": "paris"}
    iot.untag_resource(resourceArn=group, tagKeys=["ring", "never there"])
    assert tags(iot, group) == {"site": "paris"}


def test_tags_given_at_creation_come_back(iot: Any, document: str) -> None:
    given = pairs(site="berlin")
    arns = [
        iot.create_thing_type(thingTypeName="press", tags=given)["thingTypeArn"],
        iot.create_billing_group(billingGroupName="plant", tags=given)["billingGroupArn"],
        iot.create_policy(policyName="connect", policyDocument=document, tags=given)["policyArn"],
    ]
    assert [tags(iot, arn) for arn in arns] == [{"site": "berlin"}] * 3


def test_tags_go_with_what_bears_them(iot: Any, group: str, refused: Refused) -> None:
    iot.delete_thing_group(thingGroupName="line")
    refusal = refused(iot.list_tags_for_resource, resourceArn=group)
    assert refusal[:2] == (404, "ResourceNotFoundException")
    iot.create_thing_group(thingGroupName="line")
    assert tags(iot, group) == {}


def test_a_resource_has_fifty_tags_at_most_in_pages(iot: Any, group: str, refused: Refused) -> None:
    iot.tag_resource(resourceArn=group, tags=pairs(**{f"k{number:02}": "x" for number in range(49)}))
    refusal = refused(iot.tag_resource, resourceArn=group, tags=pairs(more="x"))
    assert refusal[:2] == (410, "LimitExceededException")
    first = iot.list_tags_for_resource(resourceArn=group)
    second = iot.list_tags_for_resource(resourceArn=group, nextToken=first["nextToken"])
    assert [len(page["tags"]) for page in (first, second)] == [25, 25]
    assert "nextToken" not in second


def test_reserved_keys_are_refused(iot: Any, group: str, refused: Refused) -> None:
    reserved = [{"Key": "aws:site", "Value": "x"}]
    assert refused(iot.tag_resource, resourceArn=group, tags=reserved)[:2] == (400, "InvalidRequestException")


def test_things_and_certificates_cannot_be_tagged(iot: Any, certificate: Any, refused: Refused) -> None:
    thing = iot.create_thing(thingName="press")["thingArn"]
    for arn in (thing, certificate()["certificateArn"], "nonsense", BASE, f"{BASE}thinggroup/"):
        assert refused(iot.tag_resource, resourceArn=arn, tags=pairs(a="b"))[:2] == (400, "InvalidRequestException")


def test_what_others_keep_can_be_tagged(iot: Any) -> None:
    iot.tag_resource(resourceArn=f"{BASE}job/roll-out", tags=pairs(task="1"))
    assert tags(iot, f"{BASE}job/roll-out") == {"task": "1"}
    iot.untag_resource(resourceArn=f"{BASE}job/another", tagKeys=["task"])
