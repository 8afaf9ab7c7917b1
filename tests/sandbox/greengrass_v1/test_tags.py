from typing import Any

import pytest

PREFIX = "arn:aws:greengrass:eu-central-1:123456789012:/greengrass"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
FAMILIES = ["core", "device", "function", "subscription", "logger", "resource", "connector"]


@pytest.mark.parametrize("kind", ["group", *(f"{family}_definition" for family in FAMILIES)])
def test_tag_and_untag(gg: Any, kind: str) -> None:
    made = getattr(gg, f"create_{kind}")(Name="n", tags={"a": "1", "b": "2"})
    arn = made["Arn"]
    gg.tag_resource(ResourceArn=arn, tags={"b": "3", "c:d": "ä"})
    assert gg.list_tags_for_resource(ResourceArn=arn)["tags"] == {"a": "1", "b": "3", "c:d": "ä"}
    gg.untag_resource(ResourceArn=arn, TagKeys=["a", "c:d", "never"])
    assert gg.list_tags_for_resource(ResourceArn=arn)["tags"] == {"b": "3"}
    key = "GroupId" if kind == "group" else f"{kind.split('_', maxsplit=1)[0].title()}DefinitionId"
    assert getattr(gg, f"get_{kind}")(**{key: made["Id"]})["tags"] == {"b": "3"}


@pytest.mark.parametrize(
    "arn",
    [f"{PREFIX}/groups/{UNKNOWN}", f"{PREFIX}/definition/cores/{UNKNOWN}", f"{PREFIX}/bulk/deployments/{UNKNOWN}"],
)
def test_unknown_resource_is_404(gg: Any, refused: Any, arn: str) -> None:
    assert refused(gg.list_tags_for_resource, ResourceArn=arn)[0] == 404
    assert refused(gg.tag_resource, ResourceArn=arn, tags={"a": "b"})[0] == 404
    assert refused(gg.untag_resource, ResourceArn=arn, TagKeys=["a"])[0] == 404


def test_versions_and_foreign_arns_bear_no_tags(fleet: Any, refused: Any) -> None:
    group = fleet.gg.get_group(GroupId=fleet.group().id)
    for arn in (group["LatestVersionArn"], group["Arn"].replace("eu-central-1", "us-east-1"), "garbage"):
        assert refused(fleet.gg.tag_resource, ResourceArn=arn, tags={"a": "b"})[0] == 400


@pytest.mark.parametrize(
    "tags",
    [{"aws:x": "1"}, {"": "1"}, {"k" * 129: "1"}, {"k": "v" * 257}, {f"k{number}": "" for number in range(51)}],
)
def test_bad_tags_are_refused(gg: Any, refused: Any, tags: dict[str, str]) -> None:
    arn = gg.create_group(Name="g", tags={"kept": "1"})["Arn"]
    assert refused(gg.tag_resource, ResourceArn=arn, tags=tags)[0] == 400
    assert gg.list_tags_for_resource(ResourceArn=arn)["tags"] == {"kept": "1"}
    assert refused(gg.create_group, Name="h", tags=tags)[0] == 400
    assert refused(gg.create_core_definition, tags=tags)[0] == 400
    assert len(gg.list_groups()["Groups"]) == 1


def test_tags_go_with_their_group(gg: Any, refused: Any) -> None:
    made = gg.create_group(Name="g", tags={"a": "b"})
    gg.delete_group(GroupId=made["Id"])
    assert refused(gg.list_tags_for_resource, ResourceArn=made["Arn"])[0] == 404
