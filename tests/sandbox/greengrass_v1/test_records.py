from datetime import UTC, datetime

from reconciler.sandbox.greengrass_v1.records import Container

MOMENT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def test_every_change_shows_in_the_time_stamp_even_within_a_millisecond() -> None:
    container = Container(id="i", arn="a", name=None, created=MOMENT, updated=MOMENT, serial=1, tags={})
    stamps = [container.summary()["LastUpdatedTimestamp"]]
    for _ in range(3):
        container.touch(MOMENT)
        stamps.append(container.summary()["LastUpdatedTimestamp"])
    assert stamps == sorted(set(stamps))
    assert "Name" not in container.summary()
