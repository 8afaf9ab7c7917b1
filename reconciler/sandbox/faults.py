"""Faults on purpose, as told by ``PUT /_sandbox/faults``."""

import fnmatch
import json
import math
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from reconciler.sandbox.errors import ControlError

KINDS = ("throttle", "error", "lost", "refused", "stale", "latency")
SECONDS = {"latency": 1.0, "stale": 5.0}
"""How long a call waits, or how old an answer may be, where the rule does not say; what is lost is done at once."""
KEYS = ("service", "operation", "fault", "rate", "after", "times", "seconds")


_going_on: ContextVar[float] = ContextVar("going_on", default=0.0)


@contextmanager
def going_on_for(seconds: float) -> Iterator[None]:
    """Within the block a service takes so long for its work that its caller has given up waiting."""
    token = _going_on.set(seconds)
    try:
        yield
    finally:
        _going_on.reset(token)


def still_going_on() -> float:
    """For how many seconds the work on the present call goes on after its answer is lost; 0 for any other call."""
    return _going_on.get()


@dataclass(slots=True)
class _Rule:
    service: str
    operation: str
    fault: str
    rate: float
    after: int
    times: int | None
    seconds: float
    chance: random.Random
    seen: int = 0
    struck: int = 0

    def counts(self, service: str, operation: str) -> bool:
        """Whether this call is one of the rule's, past the first ``after``."""
        if not (fnmatch.fnmatchcase(service, self.service) and fnmatch.fnmatchcase(operation, self.operation)):
            return False
        self.seen += 1
        return self.seen > self.after

    def strikes(self) -> bool:
        if self.times is not None and self.struck >= self.times:
            return False
        if self.rate < 1 and self.chance.random() >= self.rate:
            return False
        self.struck += 1
        return True


@dataclass(frozen=True, slots=True)
class Strike:
    """What befalls one call: seconds to wait, and one of throttle, error, lost, refused, stale, or None.

    ``span`` is by how many seconds a stale answer may lag, or for how long a lost one's work goes on.
    """

    seconds: float = 0.0
    fault: str | None = None
    span: float = 0.0


@dataclass(slots=True)
class Faults:
    """The rules in force, in their order: delays add up, of the others the first that strikes. Safe in any thread."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _rules: list[_Rule] = field(default_factory=list)
    _told: list[dict[str, Any]] = field(default_factory=list)

    def replace(self, rules: Any) -> None:
        """Put other rules in place of all there were. Raises ControlError, which names the rule, for a bad one."""
        if not isinstance(rules, list):
            raise ControlError('faults is a JSON list: [{"service": "iot", "operation": "*", "fault": "throttle"}]')
        parsed = [_rule(number, rule) for number, rule in enumerate(rules)]
        with self._lock:
            self._rules = parsed
            self._told = [dict(rule) for rule in rules]

    def told(self) -> list[dict[str, Any]]:
        """The rules, as they were told."""
        with self._lock:
            return [dict(rule) for rule in self._told]

    def strike(self, service: str, operation: str) -> Strike:
        """What is to befall this call. Every rule that fits counts it, also when an earlier one struck."""
        with self._lock:
            seconds, fault, span = 0.0, None, 0.0
            for rule in self._rules:
                if not rule.counts(service, operation):
                    continue
                if rule.fault == "latency":
                    seconds += rule.seconds if rule.strikes() else 0.0
                elif fault is None and rule.strikes():
                    fault, span = rule.fault, rule.seconds
            return Strike(seconds, fault, span)

    def reset(self) -> None:
        """No faults."""
        self.replace([])


def _rule(number: int, rule: Any) -> _Rule:
    where = f"faults[{number}]"
    if not isinstance(rule, Mapping):
        raise ControlError(f"{where}: a fault is a JSON object, not {rule!r}")
    unknown = sorted(set(rule) - set(KEYS))
    if unknown:
        raise ControlError(f"{where}: unknown key {', '.join(unknown)}; there are {', '.join(KEYS)}")
    fault = rule.get("fault")
    if fault not in KINDS:
        raise ControlError(f"{where}: the fault is one of {', '.join(KINDS)}, not {fault!r}")
    for name in ("service", "operation"):
        if not isinstance(rule.get(name, "*"), str):
            raise ControlError(f"{where}: {name} is a name or glob, not {rule[name]!r}")
    rate = _number(where, rule, "rate", default=1.0)
    if rate > 1:
        raise ControlError(f"{where}: rate is a share from 0 to 1, not {rate}")
    times = None if rule.get("times") is None else _whole(where, rule, "times")
    return _Rule(
        service=rule.get("service", "*"),
        operation=rule.get("operation", "*"),
        fault=fault,
        rate=rate,
        after=_whole(where, rule, "after"),
        times=times,
        seconds=_number(where, rule, "seconds", default=SECONDS.get(fault, 0.0)),
        # The same rules give the same run of luck, as far as the order of calls is the same.
        chance=random.Random(f"{number}{json.dumps(rule, sort_keys=True)}"),  # noqa: S311 - no secret
    )


def _number(where: str, rule: Mapping[str, Any], name: str, *, default: float) -> float:
    value = rule.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ControlError(f"{where}: {name} is a number from 0 on, not {value!r}")
    return float(value)


def _whole(where: str, rule: Mapping[str, Any], name: str) -> int:
    value = rule.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ControlError(f"{where}: {name} is a whole number from 0 on, not {value!r}")
    return value
