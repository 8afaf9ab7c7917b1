"""Thing groups: the tree, its limits, and who is in it."""

from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., tuple[int, str, str]]
Pages = Callable[..., list[list[Any]]]
ARN = "arn:aws:iot:eu-central-1:123456789012:thinggroup/"


@pytest.fixture
def tree(iot: Any) -> Any:
    """plant > (hall-1 > line-1, hall-2); alone."""
    for name, parent in (
        ("plant", None),
        ("hall-1", "plant"),
        ("hall-2", "plant"),
        ("line-1", "hall-1"),
        ("alone", None),
    ):
        more = {"parentGroupName": parent} if parent else {}
        iot.create_thing_group(thingGroupName=name, **more)
    return iot


def test_a_group_comes_back_with_the_way_down_to_it(tree: Any) -> None:
    found = tree.describe_thing_group(thingGroupName="line-1")
    assert found["thingGroupArn"] == f"{ARN}line-1"
    assert found["version"] == 1
    assert found["thingGroupProperties"] == {"attributePayload": {"attributes": {}}}
    assert found["thingGroupMetadata"]["parentGroupName"] == "hall-1"
    assert found["thingGroupMetadata"]["rootToParentThingGroups"] == [
        {"groupName": "plant", "groupArn": f"{ARN}plant"},
        {"groupName": "hall-1", "groupArn": f"{ARN}hall-1"},
    ]


def test_the_same_again_is_a_success_and_another_a_conflict(iot: Any, refused: Refused) -> None:
    properties = {"thingGroupDescription": "a line", "attributePayload": {"attributes": {"site": "berlin"}}}
    made = iot.create_thing_group(thingGroupName="line", thingGroupProperties=properties)
    again = iot.create_thing_group(thingGroupName="line", thingGroupProperties=properties)
    assert again["thingGroupId"] == made["thingGroupId"]
    assert refused(iot.create_thing_group, thingGroupName="line")[:2] == (409, "ResourceAlreadyExistsException")


def test_a_parent_must_be_there(iot: Any, refused: Refused) -> None:
    refusal = refused(iot.create_thing_group, thingGroupName="line", parentGroupName="none")
    assert refusal[:2] == (400, "InvalidRequestException")
    assert refused(iot.describe_thing_group, thingGroupName="line")[:2] == (404, "ResourceNotFoundException")


def test_trees_are_seven_groups_deep_at_most(iot: Any, refused: Refused) -> None:
    iot.create_thing_group(thingGroupName="g1")
    for level in range(2, 8):
        iot.create_thing_group(thingGroupName=f"g{level}", parentGroupName=f"g{level - 1}")
    assert refused(iot.create_thing_group, thingGroupName="g8", parentGroupName="g7")[1] == "InvalidRequestException"


def test_a_group_has_a_hundred_children_at_most(iot: Any, refused: Refused) -> None:
    iot.create_thing_group(thingGroupName="plant")
    for number in range(100):
        iot.create_thing_group(thingGroupName=f"hall-{number}", parentGroupName="plant")
    refusal = refused(iot.create_thing_group, thingGroupName="more", parentGroupName="plant")
    assert refusal[1] == "InvalidRequestException"


def test_an_update_merges_or_replaces_and_counts_up(iot: Any, refused: Refused) -> None:
    iot.create_thing_group(
        thingGroupName="line",
        thingGroupProperties={"thingGroupDescription": "a", "attributePayload": {"attributes": {"x": "1"}}},
    )
    merge = {"attributePayload": {"attributes": {"y": "2"}, "merge": True}}
    assert iot.update_thing_group(thingGroupName="line", thingGroupProperties=merge, expectedVersion=1)["version"] == 2
    properties = iot.describe_thing_group(thingGroupName="line")["thingGroupProperties"]
    assert properties == {"thingGroupDescription": "a", "attributePayload": {"attributes": {"x": "1", "y": "2"}}}
    stale = {"thingGroupName": "line", "thingGroupProperties": {}, "expectedVersion": 1}
    assert refused(iot.update_thing_group, **stale)[:2] == (409, "VersionConflictException")
    assert refused(iot.delete_thing_group, thingGroupName="line", expectedVersion=1)[:2] == (
        409,
        "VersionConflictException",
    )
    many = {"attributePayload": {"attributes": {f"a{number}": "x" for number in range(51)}}}
    refusal = refused(iot.update_thing_group, thingGroupName="line", thingGroupProperties=many)
    assert refusal[1] == "InvalidRequestException"


def test_groups_are_deleted_from_below_and_things_stay(tree: Any, refused: Refused) -> None:
    tree.create_thing(thingName="press")
    tree.add_thing_to_thing_group(thingName="press", thingGroupName="line-1")
    assert refused(tree.delete_thing_group, thingGroupName="hall-1")[:2] == (400, "InvalidRequestException")
    tree.delete_thing_group(thingGroupName="line-1")
    tree.delete_thing_group(thingGroupName="hall-1")
    tree.delete_thing_group(thingGroupName="hall-1")
    assert tree.list_thing_groups_for_thing(thingName="press")["thingGroups"] == []
    assert tree.describe_thing(thingName="press")["thingName"] == "press"


def test_lists_go_by_parent_prefix_and_depth(tree: Any, refused: Refused) -> None:
    def names(**filters: Any) -> list[str]:
        return [group["groupName"] for group in tree.list_thing_groups(**filters)["thingGroups"]]

    assert names() == ["alone", "hall-1", "hall-2", "line-1", "plant"]
    assert names(recursive=False) == ["alone", "plant"]
    assert names(parentGroup="plant", recursive=True) == ["hall-1", "hall-2", "line-1"]
    assert names(parentGroup="plant", recursive=False) == ["hall-1", "hall-2"]
    assert names(namePrefixFilter="hall") == ["hall-1", "hall-2"]
    assert refused(tree.list_thing_groups, parentGroup="none")[:2] == (404, "ResourceNotFoundException")


def test_things_join_and_leave_by_name_or_arn(tree: Any, refused: Refused) -> None:
    arn = tree.create_thing(thingName="press")["thingArn"]
    tree.add_thing_to_thing_group(thingArn=arn, thingGroupArn=f"{ARN}line-1")
    tree.add_thing_to_thing_group(thingName="press", thingGroupName="line-1", thingArn=arn)
    tree.add_thing_to_thing_group(thingName="press", thingGroupName="alone")
    groups = tree.list_thing_groups_for_thing(thingName="press")["thingGroups"]
    assert groups == [{"groupName": name, "groupArn": ARN + name} for name in ("alone", "line-1")]
    tree.remove_thing_from_thing_group(thingName="press", thingGroupName="alone")
    tree.remove_thing_from_thing_group(thingName="press", thingGroupName="alone")
    assert tree.list_things_in_thing_group(thingGroupName="alone")["things"] == []
    for wrong in (
        {"thingName": "press"},
        {"thingGroupName": "alone"},
        {"thingName": "other", "thingArn": arn, "thingGroupName": "alone"},
        {"thingName": "press", "thingGroupArn": arn},
    ):
        assert refused(tree.add_thing_to_thing_group, **wrong)[1] == "InvalidRequestException"
    for missing in (
        {"thingName": "none", "thingGroupName": "alone"},
        {"thingName": "press", "thingGroupName": "none"},
    ):
        assert refused(tree.add_thing_to_thing_group, **missing)[1] == "ResourceNotFoundException"
        assert refused(tree.remove_thing_from_thing_group, **missing)[1] == "ResourceNotFoundException"


def test_a_thing_is_in_one_group_of_a_tree_and_in_ten_at_most(tree: Any, refused: Refused) -> None:
    tree.create_thing(thingName="press")
    tree.add_thing_to_thing_group(thingName="press", thingGroupName="line-1")
    for relative in ("plant", "hall-1", "hall-2"):
        refusal = refused(tree.add_thing_to_thing_group, thingName="press", thingGroupName=relative)
        assert refusal[:2] == (400, "InvalidRequestException")
    for number in range(9):
        tree.create_thing_group(thingGroupName=f"g{number}")
        tree.add_thing_to_thing_group(thingName="press", thingGroupName=f"g{number}")
    refusal = refused(tree.add_thing_to_thing_group, thingName="press", thingGroupName="alone")
    assert refusal[1] == "InvalidRequestException"


def test_an_update_of_a_things_groups_is_done_whole_or_not_at_all(tree: Any, refused: Refused) -> None:
    tree.create_thing(thingName="press")
    tree.add_thing_to_thing_group(thingName="press", thingGroupName="line-1")
    for wrong in (
        {"thingGroupsToAdd": ["alone", "hall-2"]},
        {"thingGroupsToAdd": ["alone", "none"]},
        {"thingGroupsToAdd": ["alone"], "thingGroupsToRemove": ["alone"]},
    ):
        assert refused(tree.update_thing_groups_for_thing, thingName="press", **wrong)[0] in (400, 404)
    assert refused(tree.update_thing_groups_for_thing, thingGroupsToAdd=["alone"])[1] == "InvalidRequestException"
    assert [g["groupName"] for g in tree.list_thing_groups_for_thing(thingName="press")["thingGroups"]] == ["line-1"]
    tree.update_thing_groups_for_thing(
        thingName="press", thingGroupsToAdd=["alone", "hall-2"], thingGroupsToRemove=["line-1"]
    )
    groups = tree.list_thing_groups_for_thing(thingName="press")["thingGroups"]
    assert [group["groupName"] for group in groups] == ["alone", "hall-2"]


def test_members_of_a_whole_tree_come_in_pages(tree: Any, pages: Pages, refused: Refused) -> None:
    names = [f"press-{number:02}" for number in range(30)]
    for number, name in enumerate(names):
        tree.create_thing(thingName=name)
        group = ("plant", "line-1", "hall-2")[number % 3]
        tree.add_thing_to_thing_group(thingName=name, thingGroupName=group)
    found = pages(tree.list_things_in_thing_group, "things", thingGroupName="plant", recursive=True, maxResults=12)
    assert [len(page) for page in found] == [12, 12, 6]
    assert [name for page in found for name in page] == names
    assert tree.list_things_in_thing_group(thingGroupName="plant")["things"] == names[::3]
    assert refused(tree.list_things_in_thing_group, thingGroupName="none")[0] == 404
    assert refused(tree.list_thing_groups_for_thing, thingName="none")[0] == 404


def test_the_groups_of_a_thing_come_in_pages_and_not_those_above_them(tree: Any, pages: Pages) -> None:
    tree.create_thing(thingName="press")
    names = ["line-1", *(f"g{number}" for number in range(9))]
    for name in names[1:]:
        tree.create_thing_group(thingGroupName=name)
    for name in names:
        tree.add_thing_to_thing_group(thingName="press", thingGroupName=name)
    found = pages(tree.list_thing_groups_for_thing, "thingGroups", thingName="press", maxResults=4)
    assert [len(page) for page in found] == [4, 4, 2]
    assert sorted(group["groupName"] for page in found for group in page) == sorted(names)
