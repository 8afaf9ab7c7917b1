"""Freeze windows: times in which nothing is applied."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from reconciler.model.guards import FreezeWindow
from reconciler.model.plan import GuardFinding
from reconciler.planning.guards.settings import Checked


def check_freeze(checked: Checked, windows: Iterable[FreezeWindow], now: datetime) -> Iterator[GuardFinding]:
    """A finding for each window that is open at ``now``, if the plan has something to do. ``now`` has a time zone."""
    setting = checked.setting("freeze")
    if setting is None or not checked.plan.changed:
        return
    for window in windows:
        end = open_until(window, now)
        severity = setting.severity if setting.source else window.severity
        if end is None or severity == "off":
            continue
        local = end.astimezone(ZoneInfo(window.time_zone))
        why = f" ({window.reason})" if window.reason else ""
        yield checked.finding(
            "freeze",
            replace(setting, severity=severity),
            f"{window.name}: nothing is applied until {local:%Y-%m-%d %H:%M} {window.time_zone}{why}",
            change="wait, or change the window",
            source=window.position.line_only,
            limit=f"{window.cron} for {_span(window.duration)}",
            actual=f"{now.astimezone(ZoneInfo(window.time_zone)):%Y-%m-%d %H:%M}",
        )


def open_until(window: FreezeWindow, now: datetime) -> datetime | None:
    """When ``window``, open at ``now``, ends (in UTC); None if it is not open.

    Its length is time that passes: a window over the change to summer time ends an hour later by the clock.
    """
    zone = ZoneInfo(window.time_zone)
    minute = now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    start = next(CronSim(window.cron, minute.astimezone(zone), reverse=True), None)
    if start is None:
        return None
    end: datetime = start.astimezone(UTC) + window.duration
    return end if end > now else None


def _span(duration: timedelta) -> str:
    minutes = int(duration.total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    parts = [(days, "d"), (rest // 60, "h"), (rest % 60, "m")]
    return "".join(f"{number}{unit}" for number, unit in parts if number)
