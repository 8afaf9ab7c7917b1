"""What counts as writing, and what the log keeps."""

import pytest

from reconciler.sandbox.call_log import Call, CallLog, is_write


@pytest.mark.parametrize(
    "operation",
    [
        "GetGroup",
        "ListThings",
        "DescribeThing",
        "HeadObject",
        "Query",
        "Scan",
        "BatchGetItem",
        "SearchIndex",
        "ReceiveMessage",
        "GetUnknown",
    ],
)
def test_reading(operation: str) -> None:
    assert not is_write(operation)


@pytest.mark.parametrize("operation", ["CreateGroup", "PutObject", "DeleteMessage", "BatchWriteItem", "PutUnknown"])
def test_writing(operation: str) -> None:
    assert is_write(operation)


def test_the_log_keeps_order_and_counts() -> None:
    log = CallLog()
    for operation in ("B", "A", "B"):
        log.add(Call("s3", operation, 200, 1.5, write=True, region="eu-central-1"))
    document = log.document()
    assert [call["operation"] for call in document["calls"]] == ["B", "A", "B"]
    assert document["counts"] == {"s3:A": 1, "s3:B": 2}
    assert document["calls"][0] == {
        "service": "s3",
        "operation": "B",
        "status": 200,
        "time": 1.5,
        "write": True,
        "region": "eu-central-1",
        "fault": None,
    }
    log.clear()
    assert log.document() == {"calls": [], "counts": {}}
