"""``spec.guards`` of a Fleet → its guards; and the one way to write a guard's value, in files and in ``--guard``."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from reconciler.desired.located import LocatedDict, LocatedList
from reconciler.desired.problems import Problems, names, quote
from reconciler.model.guards import LIMITS, FreezeWindow, Guards, GuardSetting, GuardSeverity

_SEVERITIES: tuple[str, ...] = get_args(GuardSeverity)
_NUMBER = re.compile(r"([0-9]{1,9})(%?)\Z")
_DURATION = re.compile(r"([0-9]{1,5})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def parse_setting(name: str, value: str | int, source: str) -> GuardSetting:
    """The setting of the guard ``name`` that ``value`` means: ``30%``, ``10``, ``30%, 10``, ``10, warning``, ``off``.

    Raises ValueError, with what is wrong as its text, for anything else.
    """
    limit: dict[str, int] = {}
    severity: Any = None
    for word in (part.strip() for part in str(value).split(",")):
        if word in _SEVERITIES:
            if severity is not None:
                raise ValueError(f"{quote(value)} names two severities")
            severity = word
            continue
        match = _NUMBER.match(word)
        if match is None or name not in LIMITS:
            kinds = "a number, a share such as 30%, error, warning or off" if name in LIMITS else names(_SEVERITIES)
            raise ValueError(f"{quote(value)} is no value of the guard {name}, which takes {kinds}")
        kind = "share" if match[2] else "number"
        if kind == "share" and name == "components":
            raise ValueError(f"{quote(value)} is a share, and components are counted by number alone")
        if kind in limit:
            raise ValueError(f"{quote(value)} names two limits of one sort")
        limit[kind] = int(match[1])
    if severity == "off" and limit:
        raise ValueError(f"{quote(value)} sets a limit and turns the guard off")
    if limit.get("share", 0) > 100:
        raise ValueError(f"{quote(value)} is more than 100%")
    return GuardSetting(limit.get("share"), limit.get("number"), severity, source)


def build_guards(spec: LocatedDict, problems: Problems) -> Guards:
    """The guards in a Fleet's spec."""
    section = spec.get("guards")
    if not isinstance(section, LocatedDict):
        return Guards(position=spec.position())
    settings: dict[str, GuardSetting] = {}
    windows: list[FreezeWindow] = []
    for name, value in section.items():
        place = section.position(name)
        if isinstance(value, LocatedList):
            windows = _windows(value, problems)
            continue
        try:
            settings[name] = parse_setting(name, value, place.line_only)
        except ValueError as error:
            hint = "write one value, such as 30%, or a share and a number with a comma between them: 30%, 10"
            problems.add(place, "bad-guard", f"spec.guards.{name}: {error}", hint)
    return Guards(settings, tuple(windows), spec.key_position("guards"))


def _windows(section: LocatedList, problems: Problems) -> list[FreezeWindow]:
    windows: dict[str, FreezeWindow] = {}
    for item in section:
        if not isinstance(item, LocatedDict):
            continue  # a problem of its own already
        window = FreezeWindow(
            name=item["name"],
            cron=item["cron"],
            duration=_duration(item["duration"]),
            time_zone=item.get("timeZone", "UTC"),
            reason=item.get("reason", ""),
            severity=item.get("severity", "error"),
            position=item.position(),
        )
        if window.name in windows:
            message = f"the freeze window {quote(window.name)} is declared twice"
            problems.add(item.position("name"), "duplicate-name", message, "rename one of the two, or take it away")
        windows[window.name] = window
        _check_window(window, item, problems)
    return list(windows.values())


def _check_window(window: FreezeWindow, item: LocatedDict, problems: Problems) -> None:
    if not window.duration:
        problems.add(item.position("duration"), "out-of-range", "duration is 0", "write how long it lasts: 2h, 1d12h")
    try:
        CronSim(window.cron, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        message = f"cron is {quote(window.cron)}: {str(error).lower()}"
        hint = 'write five fields, minute hour day month weekday: "0 18 * * FRI"'
        problems.add(item.position("cron"), "bad-cron", message, hint)
    try:
        ZoneInfo(window.time_zone)
    except (OSError, ValueError, LookupError):  # no such zone, a name that is a path, a directory of zones
        message = f"timeZone is {quote(window.time_zone)}, which is no time zone"
        hint = "write an IANA name, for example Europe/Berlin"
        problems.add(item.position("timeZone"), "bad-time-zone", message, hint)


def _duration(text: str) -> timedelta:
    """``1d12h30m`` as a span of time; its form is the schema's to check."""
    parts: Mapping[str, float] = {_UNITS[unit]: float(number) for number, unit in _DURATION.findall(text)}
    return timedelta(**parts)
