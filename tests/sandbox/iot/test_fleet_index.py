"""Searches in the index of things."""

from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox


@pytest.fixture
def indexed(aws: Sandbox, iot: Any) -> Any:
    """Some things, all indexed with their connectivity; two of them are away."""
    aws.put_devices({"*": {"outcome": "succeed"}, "bonn-*": {"outcome": "offline"}})
    mode = {"thingIndexingMode": "REGISTRY", "thingConnectivityIndexingMode": "STATUS"}
    iot.update_indexing_configuration(thingIndexingConfiguration=mode)
    for group in ("line", "site"):
        iot.create_thing_group(thingGroupName=group)
    for name, size in (("berlin-1", "3"), ("berlin-2", "20"), ("bonn-1", "3"), ("bonn-2", "x[y]")):
        iot.create_thing(thingName=name, attributePayload={"attributes": {"size": size, "owner": name[:4]}})
        group = "line" if name.endswith("1") else "site"
        iot.add_thing_to_thing_group(thingGroupName=group, thingName=name)
    return iot


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("thingGroupNames:line", ["berlin-1", "bonn-1"]),
        ("thingGroupNames:line AND connectivity.connected:false", ["bonn-1"]),
        ("thingName:b*-2", ["berlin-2", "bonn-2"]),
        ('thingGroupNames:"LINE"', ["berlin-1", "bonn-1"]),
        ("thingName:bonn-? NOT thingGroupNames:line", ["bonn-2"]),
        ("attributes.owner:berl AND (thingName:berlin-2 OR thingGroupNames:line)", ["berlin-1", "berlin-2"]),
        ("thingGroupNames:(line OR site) AND -thingName:berlin*", ["bonn-1", "bonn-2"]),
        ('attributes.size:"x[y]"', ["bonn-2"]),
        ("attributes.size:[1 TO 5]", ["berlin-1", "bonn-1"]),
        ("attributes.size:>3", ["berlin-2"]),
        ("attributes.size:<=3", ["berlin-1", "bonn-1"]),
        ("bonn", ["bonn-1", "bonn-2"]),
        ("*", ["berlin-1", "berlin-2", "bonn-1", "bonn-2"]),
        ("thingName:nobody", []),
    ],
)
def test_a_query_finds(indexed: Any, query: str, numbers: list[str]) -> None:
    found = indexed.search_index(queryString=query)["things"]
    assert [thing["thingName"] for thing in found] == numbers


def test_a_document_says_what_is_known(indexed: Any) -> None:
    (thing,) = indexed.search_index(queryString="thingName:bonn-1")["things"]
    assert thing["thingGroupNames"] == ["line"]
    assert thing["attributes"] == {"size": "3", "owner": "bonn"}
    assert thing["connectivity"] == {"connected": False}


def test_connectivity_has_a_time_once_a_core_was_there(aws: Sandbox, indexed: Any) -> None:
    def connectivity() -> Any:
        return indexed.search_index(queryString="thingName:berlin-1")["things"][0]["connectivity"]

    group = indexed.describe_thing_group(thingGroupName="line")["thingGroupArn"]
    aws.client("greengrassv2").create_deployment(targetArn=group)
    aws.advance(2)
    before = connectivity()
    aws.advance(60)
    aws.put_devices({"*": {"outcome": "offline"}})
    after = connectivity()
    assert (before["connected"], after["connected"]) == (True, False)
    assert after["timestamp"] - before["timestamp"] >= 60_000


def test_pages(indexed: Any) -> None:
    page = indexed.search_index(queryString="thingName:b*", maxResults=3)
    assert [thing["thingName"] for thing in page["things"]] == ["berlin-1", "berlin-2", "bonn-1"]
    rest = indexed.search_index(queryString="thingName:b*", maxResults=3, nextToken=page["nextToken"])
    assert [thing["thingName"] for thing in rest["things"]] == ["bonn-2"]


def test_a_query_has_up_to_twelve_terms(indexed: Any, refused: Any) -> None:
    terms = [f'thingName:"berlin-{number}"' for number in range(13)]
    assert len(indexed.search_index(queryString=" OR ".join(terms[:12]))["things"]) == 2
    assert refused(indexed.search_index, queryString=" OR ".join(terms))[1] == "InvalidQueryException"


@pytest.mark.parametrize("query", ["thingName:a AND", "thingName:*-1", "attributes.size:>many", "thingName:a~2"])
def test_what_is_no_query_is_refused(indexed: Any, refused: Any, query: str) -> None:
    assert refused(indexed.search_index, queryString=query)[1] == "InvalidQueryException"


def test_a_page_has_a_hundred_and_other_indices_are_not_there(indexed: Any, refused: Any) -> None:
    assert refused(indexed.search_index, queryString="*", maxResults=101)[1] == "InvalidRequestException"
    assert refused(indexed.search_index, queryString="*", indexName="other")[1] == "ResourceNotFoundException"


def test_the_index_is_off_until_it_is_told_otherwise(iot: Any, refused: Any) -> None:
    assert iot.get_indexing_configuration()["thingIndexingConfiguration"] == {"thingIndexingMode": "OFF"}
    assert refused(iot.search_index, queryString="*")[1] == "IndexNotReadyException"


def test_connectivity_is_indexed_only_when_told(indexed: Any) -> None:
    indexed.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"})
    assert indexed.search_index(queryString="connectivity.connected:false")["things"] == []
    assert "connectivity" not in indexed.search_index(queryString="*")["things"][0]
