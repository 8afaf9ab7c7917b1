"""Where moto is short of what the sandbox promises, and has no setting for it: mended in place, once a process."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from reconciler.sandbox.clock import Clock

# moto is one a process, sandboxes may be several: each call of moto goes by the clock of the sandbox that makes it.
_CLOCK: ContextVar[Clock | None] = ContextVar("clock", default=None)


@contextmanager
def on_clock(clock: Clock) -> Iterator[None]:
    """Within, moto's time is ``clock``'s."""
    token = _CLOCK.set(clock)
    try:
        yield
    finally:
        _CLOCK.reset(token)


def mend() -> None:
    """Put moto on the clock of the sandbox that calls it (``on_clock``), and have it deliver events whole.

    moto asks one function for the time of queues and events; on our clock, messages that were taken from a queue
    come back when a test moves the clock. Its default for what a rule hands to its target lacks ``account``, and
    takes six milliseconds an event for a JSONPath search of each member. It looks up on the disk what services it has,
    at each request.
    """
    import moto.backends  # noqa: PLC0415 - as below
    import moto.core.utils  # noqa: PLC0415 - half a second, and of the extra "sandbox", which may be missing
    import moto.events.utils  # noqa: PLC0415 - as above

    backends: Any = moto.backends
    services = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: services
    utils: Any = moto.core.utils
    utils.utcnow = _utcnow
    parser: Any = moto.events.utils.EventTemplateParser
    if not hasattr(parser, "parse_template"):
        parser.parse_template = parser.parse
        parser.parse = staticmethod(_event_for_target)


def _utcnow() -> datetime:
    clock = _CLOCK.get()
    return (clock.now() if clock is not None else datetime.now(tz=UTC)).replace(tzinfo=None)


def _event_for_target(input_template: str | None, input_paths_map: dict[str, Any], event: dict[str, Any]) -> Any:
    """What a target gets: the event as it is, unless the target has a template of its own."""
    import moto.events.utils  # noqa: PLC0415 - as above

    parser: Any = moto.events.utils.EventTemplateParser
    if input_template:
        return parser.parse_template(input_template, input_paths_map, event)
    return {name: copy.deepcopy(value) for name, value in event.items() if name != "ingestion-time"}
