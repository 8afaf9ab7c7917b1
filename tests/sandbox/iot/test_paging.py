"""Pages of lists and their tokens."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from reconciler.sandbox.testing import Sandbox

Pages = Callable[..., list[list[Any]]]


@pytest.fixture
def things(iot: Any) -> list[str]:
    names = [f"press-{number:02}" for number in range(60)]
    for name in reversed(names):
        iot.create_thing(thingName=name)
    return names


def test_pages_are_as_long_as_asked_and_hold_everything_once(iot: Any, things: list[str], pages: Pages) -> None:
    found = pages(iot.list_things, "things", maxResults=25)
    assert [len(page) for page in found] == [25, 25, 10]
    assert [thing["thingName"] for page in found for thing in page] == things


def test_a_page_that_is_just_full_is_the_last(iot: Any, things: list[str], pages: Pages) -> None:
    assert [len(page) for page in pages(iot.list_things, "things", maxResults=30)] == [30, 30]


def test_without_a_size_pages_are_short(iot: Any, things: list[str], pages: Pages) -> None:
    assert [len(page) for page in pages(iot.list_things, "things")] == [25, 25, 10]


def test_what_changes_between_pages_neither_hides_nor_repeats_others(iot: Any, things: list[str]) -> None:
    first = iot.list_things(maxResults=10)
    iot.delete_thing(thingName="press-03")
    iot.delete_thing(thingName="press-10")
    iot.create_thing(thingName="press-00a")
    second = iot.list_things(maxResults=10, nextToken=first["nextToken"])
    assert [thing["thingName"] for thing in second["things"]] == things[11:21]


@pytest.mark.parametrize(
    "token", ["nonsense", "", base64.b64encode(b"[1]").decode(), base64.b64encode(b'["x", "y"]').decode(), "{}"]
)
def test_a_token_that_was_made_up_is_refused(iot: Any, refused: Any, token: str) -> None:
    assert refused(iot.list_things, nextToken=token)[:2] == (400, "InvalidRequestException")


def test_a_token_of_another_list_or_filter_is_refused(iot: Any, things: list[str], refused: Any) -> None:
    token = iot.list_things(maxResults=10)["nextToken"]
    for call in (
        lambda **more: iot.list_things(attributeName="site", **more),
        iot.list_thing_types,
        iot.list_thing_groups,
    ):
        assert refused(call, nextToken=token)[1] == "InvalidRequestException"


def test_a_page_of_an_impossible_size_is_refused_by_the_service_too(aws: Sandbox, refused: Any) -> None:
    unchecked = aws.client("iot", config=Config(parameter_validation=False))
    for size in (0, 251):
        assert refused(unchecked.list_things, maxResults=size)[:2] == (400, "InvalidRequestException")
        assert refused(unchecked.list_policies, pageSize=size)[:2] == (400, "InvalidRequestException")


def test_markers_follow_the_order_of_creation(iot: Any, certificate: Any, pages: Pages) -> None:
    made = [certificate()["certificateId"] for _ in range(7)]
    newest_first = pages(iot.list_certificates, "certificates", pageSize=3)
    oldest_first = pages(iot.list_certificates, "certificates", pageSize=3, ascendingOrder=True)
    assert [len(page) for page in newest_first] == [3, 3, 1]
    assert [item["certificateId"] for page in newest_first for item in page] == made[::-1]
    assert [item["certificateId"] for page in oldest_first for item in page] == made


def test_boto3s_paginators_work(iot: Any, things: list[str]) -> None:
    pages = iot.get_paginator("list_things").paginate(PaginationConfig={"PageSize": 7})
    assert [thing["thingName"] for page in pages for thing in page["things"]] == things
