"""Times as text, and which of two states, statuses or errors is the later one, whoever tells of them and when."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from reconciler.model.errors import ReconcileError
from reconciler.model.run import GroupState

GROUP_RANKS: Mapping[GroupState, int] = {
    "waiting": 0,
    "running": 1,
    "deploying": 2,
    "unfinished": 3,
    "failed": 4,
    "succeeded": 5,
}
"""Which of two states of a group in the same millisecond is the later one."""

STATUS_RANKS: Mapping[str, int] = {"Building": 0, "InProgress": 1}
"""Which of two statuses of a deployment at the same time is the later one: events tell whole seconds. Others end it."""
LAST_RANK = 2


def now_text(later: float = 0) -> str:
    """Now (or so many seconds later), as the ledger and every document write it: ISO 8601 in UTC with milliseconds."""
    return _text(datetime.now(UTC) + timedelta(seconds=later))


def time_text(time: str, later: timedelta = timedelta(0)) -> str:
    """Any ISO 8601 time as ``now_text`` writes it, so that texts compare as times do; UTC where it names no zone.

    Raises ReconcileError if it is no such time.
    """
    try:
        moment = datetime.fromisoformat(time)
        return _text((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC) + later)
    except (ValueError, OverflowError) as error:
        raise ReconcileError(f"reading the time {time!r}: not ISO 8601", hint="such as 2026-11-20T10:00:00Z") from error


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def status_order(status: str, time: str) -> str:
    """A text that is greater the later a status is; ``time`` as ``time_text`` gives it."""
    return f"{time}#{STATUS_RANKS.get(status, LAST_RANK)}#{status}"


def error_order(status: str, time: str, error: str) -> str:
    """A text that is greater the later an error is, from which ``is_error_of`` tells the status that it came with."""
    return f"{time}#{status}#{error}"


def is_error_of(status: str | None, order: str | None) -> bool:
    """Whether an error with that ``error_order`` came with ``status``."""
    return status is not None and order is not None and order.partition("#")[2].startswith(f"{status}#")
