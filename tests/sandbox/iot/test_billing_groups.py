"""Billing groups: a thing is in one at most."""

from collections.abc import Callable
from typing import Any

Refused = Callable[..., tuple[int, str, str]]


def test_a_group_comes_back_changes_and_goes(iot: Any, refused: Refused) -> None:
    properties = {"billingGroupDescription": "the plant"}
    made = iot.create_billing_group(billingGroupName="plant", billingGroupProperties=properties)
    again = iot.create_billing_group(billingGroupName="plant", billingGroupProperties=properties)
    assert made["billingGroupId"] == again["billingGroupId"]
    assert refused(iot.create_billing_group, billingGroupName="plant")[:2] == (409, "ResourceAlreadyExistsException")
    found = iot.describe_billing_group(billingGroupName="plant")
    assert (found["billingGroupProperties"], found["version"]) == (properties, 1)
    update = {"billingGroupName": "plant", "billingGroupProperties": {}, "expectedVersion": 1}
    assert iot.update_billing_group(**update)["version"] == 2
    assert refused(iot.update_billing_group, **update)[:2] == (409, "VersionConflictException")
    iot.create_billing_group(billingGroupName="office")
    groups = iot.list_billing_groups(namePrefixFilter="pl")["billingGroups"]
    assert groups == [{"groupName": "plant", "groupArn": made["billingGroupArn"]}]
    iot.delete_billing_group(billingGroupName="plant")
    iot.delete_billing_group(billingGroupName="plant")
    assert refused(iot.describe_billing_group, billingGroupName="plant")[:2] == (404, "ResourceNotFoundException")


def test_a_thing_moves_from_one_to_the_other(iot: Any, refused: Refused) -> None:
    for name in ("a", "b"):
        iot.create_billing_group(billingGroupName=name)
    iot.create_thing(thingName="press", billingGroupName="a")
    iot.add_thing_to_billing_group(thingName="press", billingGroupName="b")
    assert iot.list_things_in_billing_group(billingGroupName="a")["things"] == []
    assert iot.list_things_in_billing_group(billingGroupName="b")["things"] == ["press"]
    iot.remove_thing_from_billing_group(thingName="press", billingGroupName="a")
    assert iot.describe_thing(thingName="press")["billingGroupName"] == "b"
    iot.remove_thing_from_billing_group(thingName="press", billingGroupName="b")
    assert "billingGroupName" not in iot.describe_thing(thingName="press")
    iot.add_thing_to_billing_group(thingName="press", billingGroupName="b")
    iot.delete_billing_group(billingGroupName="b")
    assert "billingGroupName" not in iot.describe_thing(thingName="press")
    assert refused(iot.add_thing_to_billing_group, thingName="press", billingGroupName="b")[0] == 404
    assert refused(iot.add_thing_to_billing_group, billingGroupName="a")[:2] == (400, "InvalidRequestException")
