"""What simulated cores do with a deployment, as told by ``PUT /_sandbox/devices``."""

import fnmatch
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.sandbox.errors import ControlError

OUTCOMES = ("succeed", "fail", "offline", "stuck")
RUNTIMES = ("aws_nucleus_classic", "aws_nucleus_lite")
KEYS = ("outcome", "error", "delay", "runtime", "platform")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one core does: its outcome, the error it reports when it fails, and by how many seconds it is late.

    ``runtime`` is what a V2 core runs on, and ``platform`` what its machine is where that is not the usual: settled
    when it takes up its first deployment.
    """

    outcome: str = "succeed"
    error: str = ""
    delay: float = 0.0
    runtime: str = RUNTIMES[0]
    platform: Mapping[str, str] = field(default_factory=dict)
    told: bool = False


class Behaviours:
    """The rules in force. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[str, Behaviour] = {}
        self._changes = 0

    @property
    def changes(self) -> int:
        """Counts how often other rules came into force."""
        with self._lock:
            return self._changes

    def replace(self, rules: Any) -> None:
        """Put other rules in place of all there were: ``{thing name or glob: {outcome, error, delay, …}}``.

        Raises ControlError, which names the rule, for what is no such mapping.
        """
        if not isinstance(rules, Mapping):
            raise ControlError(
                'devices is a JSON object: {"NAME or GLOB": {"outcome": "fail", "error": "…", "delay": 2}}'
            )
        parsed = {name: _behaviour(name, rule) for name, rule in rules.items()}
        with self._lock:
            self._rules = parsed
            self._changes += 1

    def told(self) -> dict[str, dict[str, Any]]:
        """The rules, as they were told."""
        with self._lock:
            return {
                name: {"outcome": rule.outcome, "error": rule.error, "delay": rule.delay}
                | ({"runtime": rule.runtime} if rule.runtime != RUNTIMES[0] else {})
                | ({"platform": dict(rule.platform)} if rule.platform else {})
                for name, rule in self._rules.items()
            }

    def behaviour_of(self, thing_name: str) -> Behaviour:
        """What the core of this name does: its own rule, else the last pattern that fits, else it succeeds."""
        with self._lock:
            exact = self._rules.get(thing_name)
            if exact is not None:
                return exact
            for pattern, behaviour in reversed(self._rules.items()):
                if fnmatch.fnmatchcase(thing_name, pattern):
                    return behaviour
        return Behaviour()

    def reset(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules = {}
            self._changes += 1


def _behaviour(name: str, rule: Any) -> Behaviour:
    if not isinstance(rule, Mapping):
        raise ControlError(f'devices: {name}: the rule is a JSON object such as {{"outcome": "offline"}}')
    unknown = sorted(set(rule) - set(KEYS))
    if unknown:
        raise ControlError(f"devices: {name}: unknown key {', '.join(unknown)}; there are {', '.join(KEYS)}")
    outcome, error, delay = rule.get("outcome", "succeed"), rule.get("error") or "", rule.get("delay") or 0
    if outcome not in OUTCOMES:
        raise ControlError(f"devices: {name}: the outcome is one of {', '.join(OUTCOMES)}, not {outcome!r}")
    runtime = rule.get("runtime", RUNTIMES[0])
    if runtime not in RUNTIMES:
        raise ControlError(f"devices: {name}: the runtime is one of {', '.join(RUNTIMES)}, not {runtime!r}")
    platform = rule.get("platform") or {}
    if not isinstance(platform, Mapping) or not all(isinstance(value, str) for value in platform.values()):
        raise ControlError(
            f'devices: {name}: the platform is a JSON object such as {{"os": "linux", "architecture": "aarch64"}}, not '
            f"{platform!r}"
        )
    if not isinstance(error, str):
        raise ControlError(f"devices: {name}: the error is a text, not {error!r}")
    if isinstance(delay, bool) or not isinstance(delay, int | float) or not math.isfinite(delay) or delay < 0:
        raise ControlError(f"devices: {name}: the delay is a number of seconds from 0 on, not {delay!r}")
    return Behaviour(outcome, error, float(delay), runtime, dict(platform), told=True)
