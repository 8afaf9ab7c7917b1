from datetime import UTC, datetime, timedelta, timezone

import pytest

from reconciler.sandbox.greengrass_v1.names import Arns, iso, later, new_id, partition_of

MOMENT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-central-1", "aws"), ("cn-northwest-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")]
)
def test_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_iso_is_utc_in_milliseconds() -> None:
    assert iso(MOMENT.astimezone(timezone(timedelta(hours=2)))) == "2026-11-20T10:00:00.000Z"
    assert iso(MOMENT + timedelta(microseconds=1999)) == "2026-11-20T10:00:00.001Z"


def test_later_always_shows() -> None:
    assert iso(later(MOMENT, MOMENT)) > iso(MOMENT)
    assert later(MOMENT + timedelta(hours=1), MOMENT) == MOMENT + timedelta(hours=1)


def test_only_our_own_arns_have_a_path() -> None:
    arns = Arns("123456789012", "eu-central-1")
    assert arns.path_in(arns.of(f"groups/{new_id()}")) is not None
    assert arns.path_in(Arns("123456789012", "us-east-1").of("groups/x")) is None
    assert arns.path_in(Arns("210987654321", "eu-central-1").of("groups/x")) is None
