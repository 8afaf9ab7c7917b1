"""Thing types: from creation over deprecation to deletion."""

from collections.abc import Callable
from typing import Any

Refused = Callable[..., tuple[int, str, str]]
PROPERTIES = {"thingTypeDescription": "a press", "searchableAttributes": ["site"]}


def test_a_type_comes_back_as_it_was_made(iot: Any) -> None:
    made = iot.create_thing_type(thingTypeName="press", thingTypeProperties=PROPERTIES)
    assert made["thingTypeArn"] == "arn:aws:iot:eu-central-1:123456789012:thingtype/press"
    found = iot.describe_thing_type(thingTypeName="press")
    assert found["thingTypeProperties"] == PROPERTIES
    assert found["thingTypeId"] == made["thingTypeId"]
    assert found["thingTypeMetadata"]["deprecated"] is False
    assert "deprecationDate" not in found["thingTypeMetadata"]


def test_the_same_again_is_a_success_and_another_a_conflict(iot: Any, refused: Refused) -> None:
    made = iot.create_thing_type(thingTypeName="press", thingTypeProperties=PROPERTIES)
    again = iot.create_thing_type(thingTypeName="press", thingTypeProperties=PROPERTIES)
    assert again["thingTypeId"] == made["thingTypeId"]
    assert refused(iot.create_thing_type, thingTypeName="press")[:2] == (409, "ResourceAlreadyExistsException")


def test_a_type_has_three_searchable_attributes_at_most(iot: Any, refused: Refused) -> None:
    properties = {"searchableAttributes": ["a", "b", "c", "d"]}
    create = {"thingTypeName": "press", "thingTypeProperties": properties}
    assert refused(iot.create_thing_type, **create)[1] == "InvalidRequestException"
    iot.create_thing_type(thingTypeName="press")
    assert refused(iot.update_thing_type, **create)[1] == "InvalidRequestException"


def test_an_update_changes_what_it_names(iot: Any, refused: Refused) -> None:
    iot.create_thing_type(thingTypeName="press", thingTypeProperties=PROPERTIES)
    iot.update_thing_type(thingTypeName="press", thingTypeProperties={"thingTypeDescription": "another"})
    properties = iot.describe_thing_type(thingTypeName="press")["thingTypeProperties"]
    assert properties == {"thingTypeDescription": "another", "searchableAttributes": ["site"]}
    assert refused(iot.update_thing_type, thingTypeName="none")[:2] == (404, "ResourceNotFoundException")


def test_lists_hold_all_or_the_one_asked_for(iot: Any) -> None:
    for name in ("robot", "press"):
        iot.create_thing_type(thingTypeName=name)
    assert [item["thingTypeName"] for item in iot.list_thing_types()["thingTypes"]] == ["press", "robot"]
    assert [item["thingTypeName"] for item in iot.list_thing_types(thingTypeName="robot")["thingTypes"]] == ["robot"]


def test_no_thing_takes_a_deprecated_type(iot: Any, refused: Refused) -> None:
    iot.create_thing_type(thingTypeName="press")
    iot.deprecate_thing_type(thingTypeName="press")
    assert iot.describe_thing_type(thingTypeName="press")["thingTypeMetadata"]["deprecated"] is True
    assert refused(iot.create_thing, thingName="a", thingTypeName="press")[1] == "InvalidRequestException"
    iot.deprecate_thing_type(thingTypeName="press", undoDeprecate=True)
    iot.create_thing(thingName="a", thingTypeName="press")


def test_a_type_is_deleted_five_minutes_after_deprecation_and_without_things(
    aws: Any, iot: Any, refused: Refused
) -> None:
    iot.create_thing_type(thingTypeName="press")
    iot.create_thing(thingName="a", thingTypeName="press")
    assert refused(iot.delete_thing_type, thingTypeName="press")[1] == "InvalidRequestException"
    iot.deprecate_thing_type(thingTypeName="press")
    aws.advance(299)
    iot.deprecate_thing_type(thingTypeName="press")  # again: the first time counts
    assert "1 thing" in refused(iot.delete_thing_type, thingTypeName="press")[2]
    iot.delete_thing(thingName="a")
    iot.create_thing_type(thingTypeName="robot")
    iot.deprecate_thing_type(thingTypeName="robot")
    aws.advance(2)
    assert "5 minutes" in refused(iot.delete_thing_type, thingTypeName="robot")[2]
    iot.delete_thing_type(thingTypeName="press")
    assert refused(iot.describe_thing_type, thingTypeName="press")[:2] == (404, "ResourceNotFoundException")
    assert refused(iot.delete_thing_type, thingTypeName="press")[0] == 404
