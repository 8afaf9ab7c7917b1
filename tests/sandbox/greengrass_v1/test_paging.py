from typing import Any

import pytest
from hypothesis import given, strategies as st

from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.greengrass_v1.paging import make_token, page, read_token


def walk(items: list[int], size: int, *, newest_first: bool) -> list[int]:
    found: list[int] = []
    params: dict[str, Any] = {"MaxResults": str(size)}
    while True:
        some, more = page(items, params, scope="s", serial=int, newest_first=newest_first)
        assert len(some) <= size
        found += some
        if not more:
            return found
        params |= more


@given(st.sets(st.integers(0, 10_000), max_size=60), st.integers(1, 250), st.booleans())
def test_pages_hold_every_item_once(serials: set[int], size: int, newest_first: bool) -> None:
    items = sorted(serials)
    assert walk(items, size, newest_first=newest_first) == sorted(items, reverse=newest_first)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_other_text_is_no_token(text: str) -> None:
    with pytest.raises(ServiceError) as caught:
        read_token(text, "groups")
    assert (caught.value.code, caught.value.status) == ("BadRequestException", 400)


def test_token_of_another_list_is_refused() -> None:
    with pytest.raises(ServiceError):
        read_token(make_token("groups/a/versions", 3), "groups/b/versions")


@pytest.mark.parametrize("size", ["0", "251", "-1", "ten", "1.5", "", "٣"])
def test_page_size_out_of_range_is_refused(gg: Any, refused: Any, size: str) -> None:
    assert refused(gg.list_groups, MaxResults=size)[:2] == (400, "BadRequestException")


@pytest.mark.parametrize("token", ["", "garbage", "WyJncm91cHMiLCAtMV0="])
def test_bad_token_is_refused(gg: Any, refused: Any, token: str) -> None:
    assert refused(gg.list_groups, NextToken=token)[:2] == (400, "BadRequestException")


def test_default_page_is_fifty(gg: Any) -> None:
    for number in range(51):
        gg.create_group(Name=f"g{number}")
    first = gg.list_groups()
    assert len(first["Groups"]) == 50
    assert len(gg.list_groups(NextToken=first["NextToken"])["Groups"]) == 1


def test_last_full_page_has_no_token(gg: Any) -> None:
    for number in range(4):
        gg.create_group(Name=f"g{number}")
    second = gg.list_groups(MaxResults="2", NextToken=gg.list_groups(MaxResults="2")["NextToken"])
    assert len(second["Groups"]) == 2
    assert "NextToken" not in second


def test_groups_deleted_between_pages_make_no_gap(gg: Any) -> None:
    ids = [gg.create_group(Name=f"g{number}")["Id"] for number in range(5)]
    first = gg.list_groups(MaxResults="2")
    gg.delete_group(GroupId=ids[1])
    second = gg.list_groups(MaxResults="2", NextToken=first["NextToken"])
    assert [group["Id"] for group in second["Groups"]] == ids[2:4]


LISTS = [
    ("list_groups", "create_group", {"Name": "g"}),
    *(
        (f"list_{family}_definitions", f"create_{family}_definition", {})
        for family in ("core", "device", "function", "subscription", "logger", "resource", "connector")
    ),
]


@pytest.mark.parametrize(("listing", "create", "params"), LISTS)
def test_every_list_of_containers_is_paged(gg: Any, listing: str, create: str, params: dict[str, Any]) -> None:
    made = [getattr(gg, create)(**params)["Id"] for _ in range(3)]
    pages = list(gg.get_paginator(listing).paginate(PaginationConfig={"PageSize": 2}))
    member = "Groups" if listing == "list_groups" else "Definitions"
    assert [[item["Id"] for item in page[member]] for page in pages] == [made[:2], made[2:]]


def test_versions_are_paged(fleet: Any) -> None:
    group = fleet.group()
    made = [group.version, *(fleet.gg.create_group_version(GroupId=group.id)["Version"] for _ in range(2))]
    pages = fleet.gg.get_paginator("list_group_versions").paginate(GroupId=group.id, PaginationConfig={"PageSize": 2})
    assert [version["Version"] for page in pages for version in page["Versions"]] == made
    loggers = fleet.gg.create_logger_definition()["Id"]
    made = [fleet.gg.create_logger_definition_version(LoggerDefinitionId=loggers)["Version"] for _ in range(3)]
    pages = fleet.gg.get_paginator("list_logger_definition_versions").paginate(
        LoggerDefinitionId=loggers, PaginationConfig={"PageSize": 2}
    )
    assert [version["Version"] for page in pages for version in page["Versions"]] == made
