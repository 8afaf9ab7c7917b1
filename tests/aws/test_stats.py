"""What ``--stats`` writes."""

import json
import threading
from pathlib import Path

import jsonschema
import pytest

from reconciler.aws.stats import Stats, is_write

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "stats.schema.json").read_text())


def test_calls_are_counted_by_name_writes_apart() -> None:
    stats = Stats()
    for service, operation in [
        ("s3", "PutObject"),
        ("greengrass", "ListGroups"),
        ("greengrass", "ListGroups"),
        ("cdf", "GetThing"),
    ]:
        stats.count(service, operation)
    stats.retried()
    stats.retried(2)
    document = stats.document()
    assert list(document["calls"].items()) == [("cdf:GetThing", 1), ("greengrass:ListGroups", 2), ("s3:PutObject", 1)]
    assert (document["writes"], document["retries"], stats.calls) == (1, 3, 4)
    jsonschema.validate(document, SCHEMA)


def test_nothing_counted_is_a_whole_document() -> None:
    document = Stats().document()
    assert document == {"formatVersion": 1, "calls": {}, "writes": 0, "retries": 0, "seconds": {}}
    jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize(
    ("operation", "writes"),
    [
        ("GetGroup", False),
        ("ListGroups", False),
        ("DescribeThing", False),
        ("HeadObject", False),
        ("Query", False),
        ("Scan", False),
        ("BatchGetItem", False),
        ("SearchIndex", False),
        ("ReceiveMessage", False),
        ("CreateGroup", True),
        ("RegisterThing", True),
        ("PutObject", True),
        ("TagResource", True),
        ("ResetDeployments", True),
        ("DeleteMessage", True),
        ("BatchWriteItem", True),
    ],
)
def test_what_only_reads_is_told_by_its_name(operation: str, writes: bool) -> None:
    assert is_write(operation) is writes


def test_phases_add_up_also_when_they_fail() -> None:
    stats = Stats()
    with stats.phase("plan"):
        pass
    with pytest.raises(RuntimeError), stats.phase("apply"):
        raise RuntimeError
    with stats.phase("plan"):
        pass
    seconds = stats.document()["seconds"]
    assert list(seconds) == ["apply", "plan"]
    assert all(spent >= 0 for spent in seconds.values())


def test_threads_lose_no_count() -> None:
    stats = Stats()

    def work() -> None:
        for _ in range(1000):
            stats.count("iot", "RegisterThing")
            stats.retried()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    document = stats.document()
    assert (document["calls"], document["writes"], document["retries"]) == ({"iot:RegisterThing": 8000}, 8000, 8000)
