"""Freeze windows: when they are open, over time zones and changes of the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from reconciler.model.guards import FreezeWindow, Guards, GuardSetting
from reconciler.model.position import Position
from reconciler.planning.guards.check import Around, check_guards
from reconciler.planning.guards.freeze import open_until
from tests.planning.guards.plans import PLACE, fleet_of, many, plan_of

BERLIN = ZoneInfo("Europe/Berlin")
WEEKEND = FreezeWindow(
    "weekend",
    "0 18 * * FRI",
    timedelta(hours=60),
    "Europe/Berlin",
    "nobody is on call",
    "error",
    Position("f.yaml", 9, 5),
)
FRIDAY = datetime(2026, 11, 27, 18, 0, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("after", "is_open"),
    [
        (timedelta(seconds=-1), False),
        (timedelta(0), True),
        (timedelta(hours=59, minutes=59), True),
        (timedelta(hours=60), False),
    ],
)
def test_a_window_is_open_from_its_start_up_to_its_end(after: timedelta, is_open: bool) -> None:
    assert open_until(WEEKEND, FRIDAY + after) == ((FRIDAY + timedelta(hours=60)).astimezone(UTC) if is_open else None)


def test_windows_that_overlap_are_one() -> None:
    daily = replace(WEEKEND, cron="0 0 * * *", duration=timedelta(hours=30))
    assert open_until(daily, datetime(2026, 11, 27, 23, 59, tzinfo=BERLIN)) is not None
    assert open_until(daily, datetime(2026, 11, 28, 0, 0, tzinfo=BERLIN)) == datetime(2026, 11, 29, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize("day", [datetime(2026, 3, 28, tzinfo=BERLIN), datetime(2026, 10, 24, tzinfo=BERLIN)])
def test_its_length_is_time_that_passes_though_the_clock_be_changed(day: datetime) -> None:
    window = replace(WEEKEND, cron="0 22 * * SAT", duration=timedelta(hours=8))
    start = day.replace(hour=22).astimezone(UTC)
    assert open_until(window, start + timedelta(hours=7, minutes=59)) == start + timedelta(hours=8)
    assert open_until(window, start + timedelta(hours=8)) is None


@given(st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.timezones()), st.integers(1, 100_000))  # noqa: DTZ001 (hypothesis adds the zone)
def test_a_window_ends_within_its_length(now: datetime, minutes: int) -> None:
    window = replace(WEEKEND, cron="17 3 * * *", duration=timedelta(minutes=minutes))
    end = open_until(window, now)
    assert end is None or now < end <= now.astimezone(UTC) + window.duration  # time that passes
    if minutes >= 25 * 60:
        assert end is not None, "it begins anew every day"


def said(now: datetime, guards: Guards, groups: int = 1) -> list[tuple[str, str]]:
    plan = plan_of(many(groups, unchanged=1))
    found = check_guards(plan, fleet_of(plan, guards), Around(now)).guards
    return [(finding.severity, finding.message) for finding in found]


GUARDED = Guards(freeze=(WEEKEND,), position=PLACE)


def test_a_finding_says_until_when_and_why() -> None:
    plan = plan_of(many(1))
    (finding,) = check_guards(plan, fleet_of(plan, GUARDED), Around(FRIDAY)).guards
    assert (finding.guard, finding.source, finding.limit) == ("freeze", "f.yaml:9", "0 18 * * FRI for 2d12h")
    assert finding.actual == "2026-11-27 18:00"
    assert finding.message == (
        "weekend: nothing is applied until 2026-11-30 06:00 Europe/Berlin (nobody is on call); wait, or change the "
        f"window, or let this plan alone pass with `--waive freeze@{plan.digest[:12]}`"
    )
    assert not check_guards(plan, fleet_of(plan, GUARDED), Around(FRIDAY - timedelta(hours=1))).guards


def test_a_plan_that_does_nothing_may_be_applied_at_any_time() -> None:
    assert said(FRIDAY, GUARDED, groups=0) == []


def test_severities() -> None:
    only_warns = replace(GUARDED, freeze=(replace(WEEKEND, severity="warning"),))
    assert [severity for severity, _ in said(FRIDAY, only_warns)] == ["warning"]
    assert said(FRIDAY, GUARDED.overlaid({"freeze": GuardSetting(severity="off", source="--guard")})) == []
    for severity in ("error", "warning"):
        told = GuardSetting(severity=severity, source="--guard")
        assert [found for found, _ in said(FRIDAY, only_warns.overlaid({"freeze": told}))] == [severity]
