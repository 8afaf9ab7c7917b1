"""Things: what CreateThing, DescribeThing, UpdateThing, DeleteThing and ListThings promise."""

from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., tuple[int, str, str]]


def test_a_thing_comes_back_as_it_was_made(iot: Any) -> None:
    iot.create_thing_type(thingTypeName="press")
    iot.create_billing_group(billingGroupName="plant")
    made = iot.create_thing(
        thingName="line:1_press-a",
        thingTypeName="press",
        attributePayload={"attributes": {"site": "berlin", "empty": ""}},
        billingGroupName="plant",
    )
    assert made["thingArn"] == "arn:aws:iot:eu-central-1:123456789012:thing/line:1_press-a"
    thing = iot.describe_thing(thingName="line:1_press-a")
    del thing["ResponseMetadata"]
    assert thing == {
        "defaultClientId": "line:1_press-a",
        "thingName": "line:1_press-a",
        "thingId": made["thingId"],
        "thingArn": made["thingArn"],
        "thingTypeName": "press",
        "attributes": {"site": "berlin"},
        "version": 1,
        "billingGroupName": "plant",
    }


def test_a_thing_without_anything_says_nothing_of_it(iot: Any) -> None:
    iot.create_thing(thingName="press")
    assert iot.describe_thing(thingName="press").keys() == {
        "ResponseMetadata",
        "defaultClientId",
        "thingName",
        "thingId",
        "thingArn",
        "attributes",
        "version",
    }


def test_creating_the_same_again_is_a_success(iot: Any) -> None:
    config = {"thingName": "press", "attributePayload": {"attributes": {"site": "berlin"}}}
    assert iot.create_thing(**config)["thingId"] == iot.create_thing(**config)["thingId"]
    assert iot.describe_thing(thingName="press")["version"] == 1


def test_creating_with_another_configuration_is_a_conflict_that_names_the_thing(iot: Any, refused: Refused) -> None:
    made = iot.create_thing(thingName="press", attributePayload={"attributes": {"site": "berlin"}})
    iot.create_thing_type(thingTypeName="robot")
    for other in (
        {},
        {"attributePayload": {"attributes": {"site": "paris"}}},
        {"attributePayload": {"attributes": {"site": "berlin"}}, "thingTypeName": "robot"},
    ):
        status, code, message = refused(iot.create_thing, thingName="press", **other)
        assert (status, code) == (409, "ResourceAlreadyExistsException")
        assert "press" in message
    with pytest.raises(iot.exceptions.ResourceAlreadyExistsException) as caught:
        iot.create_thing(thingName="press")
    assert caught.value.response["resourceArn"] == made["thingArn"]
    assert caught.value.response["resourceId"] == made["thingId"]
    assert iot.describe_thing(thingName="press")["attributes"] == {"site": "berlin"}


@pytest.mark.parametrize("missing", [{"thingTypeName": "robot"}, {"billingGroupName": "plant"}])
def test_a_thing_of_what_is_not_there_is_not_made(iot: Any, refused: Refused, missing: dict[str, str]) -> None:
    assert refused(iot.create_thing, thingName="press", **missing)[:2] == (404, "ResourceNotFoundException")
    assert iot.list_things()["things"] == []


@pytest.mark.parametrize("name", ["white space", "a/b", "ä", "x" * 129])
def test_names_are_checked(iot: Any, refused: Refused, name: str) -> None:
    assert refused(iot.create_thing, thingName=name)[:2] == (400, "InvalidRequestException")


def test_attributes_are_limited_and_their_texts_checked(iot: Any, refused: Refused) -> None:
    iot.create_thing_type(thingTypeName="press")

    def create(count: int, **more: Any) -> Any:
        attributes = {f"a{number}": "x" for number in range(count)}
        return iot.create_thing(thingName=f"press-{count}", attributePayload={"attributes": attributes}, **more)

    create(3)
    create(50, thingTypeName="press")
    assert refused(create, count=4)[:2] == (400, "InvalidRequestException")
    assert refused(create, count=51, thingTypeName="press")[:2] == (400, "InvalidRequestException")
    for attributes in ({"white space": "x"}, {"site": "white space"}, {"site": "x" * 801}, {"x" * 129: "y"}):
        payload = {"attributes": attributes}
        assert refused(iot.create_thing, thingName="press", attributePayload=payload)[0] == 400


def test_update_replaces_or_merges_and_counts_up(iot: Any) -> None:
    iot.create_thing(thingName="press", attributePayload={"attributes": {"site": "berlin", "line": "1"}})
    iot.update_thing(thingName="press", attributePayload={"attributes": {"line": "", "ring": "canary"}, "merge": True})
    thing = iot.describe_thing(thingName="press")
    assert (thing["attributes"], thing["version"]) == ({"site": "berlin", "ring": "canary"}, 2)
    iot.update_thing(thingName="press", attributePayload={"attributes": {"line": "2"}})
    thing = iot.describe_thing(thingName="press")
    assert (thing["attributes"], thing["version"]) == ({"line": "2"}, 3)


def test_the_expected_version_guards_update_and_delete(iot: Any, refused: Refused) -> None:
    iot.create_thing(thingName="press")
    iot.update_thing(thingName="press", expectedVersion=1)
    for call in (iot.update_thing, iot.delete_thing):
        assert refused(call, thingName="press", expectedVersion=1)[:2] == (409, "VersionConflictException")
    assert iot.describe_thing(thingName="press")["version"] == 2
    iot.delete_thing(thingName="press", expectedVersion=2)
    assert refused(iot.describe_thing, thingName="press")[:2] == (404, "ResourceNotFoundException")


def test_a_thing_changes_its_type_only_by_way_of_none(iot: Any, refused: Refused) -> None:
    for name in ("press", "robot"):
        iot.create_thing_type(thingTypeName=name)
    iot.create_thing(thingName="line", thingTypeName="press")
    assert refused(iot.update_thing, thingName="line", thingTypeName="robot")[1] == "InvalidRequestException"
    both = {"thingTypeName": "robot", "removeThingType": True}
    assert refused(iot.update_thing, thingName="line", **both)[1] == "InvalidRequestException"
    iot.update_thing(thingName="line", removeThingType=True)
    assert "thingTypeName" not in iot.describe_thing(thingName="line")
    iot.update_thing(thingName="line", thingTypeName="robot")
    assert iot.describe_thing(thingName="line")["thingTypeName"] == "robot"
    assert refused(iot.update_thing, thingName="other", thingTypeName="none")[0] == 404


def test_a_type_that_is_missing_leaves_the_thing_as_it_was(iot: Any, refused: Refused) -> None:
    iot.create_thing(thingName="press")
    assert refused(iot.update_thing, thingName="press", thingTypeName="none")[:2] == (404, "ResourceNotFoundException")
    assert iot.describe_thing(thingName="press")["version"] == 1


def test_losing_the_type_is_refused_with_more_than_three_attributes(iot: Any, refused: Refused) -> None:
    iot.create_thing_type(thingTypeName="press")
    attributes = {f"a{number}": "x" for number in range(4)}
    iot.create_thing(thingName="line", thingTypeName="press", attributePayload={"attributes": attributes})
    assert refused(iot.update_thing, thingName="line", removeThingType=True)[1] == "InvalidRequestException"
    assert iot.describe_thing(thingName="line")["thingTypeName"] == "press"


def test_deleting_what_is_not_there_is_a_success(iot: Any) -> None:
    assert iot.delete_thing(thingName="nobody")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_deleted_thing_leaves_its_groups(iot: Any) -> None:
    iot.create_thing_group(thingGroupName="line")
    iot.create_billing_group(billingGroupName="plant")
    iot.create_thing(thingName="press", billingGroupName="plant")
    iot.add_thing_to_thing_group(thingName="press", thingGroupName="line")
    iot.delete_thing(thingName="press")
    assert iot.list_things_in_thing_group(thingGroupName="line")["things"] == []
    assert iot.list_things_in_billing_group(billingGroupName="plant")["things"] == []


def test_lists_are_filtered_by_attribute_and_type(iot: Any, refused: Refused) -> None:
    iot.create_thing_type(thingTypeName="press")
    for name, site in (("a", "berlin"), ("b", "bern"), ("c", "paris")):
        iot.create_thing(thingName=name, attributePayload={"attributes": {"site": site}})
    iot.create_thing(thingName="d", thingTypeName="press")

    def names(**filters: Any) -> str:
        return "".join(thing["thingName"] for thing in iot.list_things(**filters)["things"])

    assert names() == "abcd"
    assert names(attributeName="site") == "abc"
    assert names(attributeName="site", attributeValue="bern") == "b"
    assert names(attributeName="site", attributeValue="ber", usePrefixAttributeValue=True) == "ab"
    assert names(attributeName="site", attributeValue="ber") == ""
    assert names(thingTypeName="press") == "d"
    assert names(thingTypeName="press", attributeName="site") == ""
    assert refused(iot.list_things, attributeValue="bern")[1] == "InvalidRequestException"


def test_regions_and_partitions_are_apart(aws: Any) -> None:
    aws.client("iot").create_thing(thingName="press")
    china = aws.client("iot", "cn-north-1")
    assert china.list_things()["things"] == []
    assert china.create_thing(thingName="press")["thingArn"] == "arn:aws-cn:iot:cn-north-1:123456789012:thing/press"
