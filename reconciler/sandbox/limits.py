"""Limits on calls a second, by token bucket, as told by ``PUT /_sandbox/limits``."""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.errors import ControlError


@dataclass(slots=True)
class _Bucket:
    rate: float
    tokens: float
    filled_at: float


class Limits:
    """Token buckets for ``service`` and ``service:Operation``, each as deep as one second's worth (at least one call).

    Time is the sandbox's: advancing the clock fills the buckets. Safe to use from any thread.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    def replace(self, rates: Any) -> None:
        """Put other limits in place of all there were: ``{"service" or "service:Operation": calls a second}`` or None.

        A limit of None is no limit. Raises ControlError, which names the key, for what is no such mapping.
        """
        if rates is not None and not isinstance(rates, Mapping):
            raise ControlError('limits is null or a JSON object: {"greengrass": 30, "greengrass:CreateDeployment": 20}')
        now = self._clock.time()
        buckets: dict[str, _Bucket] = {}
        for name, rate in (rates or {}).items():
            if rate is None:
                continue
            if isinstance(rate, bool) or not isinstance(rate, int | float) or not math.isfinite(rate) or rate <= 0:
                raise ControlError(f"limits: {name}: calls a second is a number above 0, or null, not {rate!r}")
            buckets[name] = _Bucket(float(rate), max(1.0, float(rate)), now)
        with self._lock:
            self._buckets = buckets

    def told(self) -> dict[str, float]:
        """The limits in force."""
        with self._lock:
            return {name: bucket.rate for name, bucket in self._buckets.items()}

    def admit(self, service: str, operation: str) -> bool:
        """Take a token for a call, or say no. A call that is refused by one bucket takes nothing from the other."""
        with self._lock:
            if not self._buckets:
                return True
            now = self._clock.time()
            names = (service, f"{service}:{operation}")
            buckets = [self._buckets[name] for name in names if name in self._buckets]
            for bucket in buckets:
                grown = bucket.tokens + max(0.0, now - bucket.filled_at) * bucket.rate
                bucket.tokens = min(max(1.0, bucket.rate), grown)
                bucket.filled_at = now
            if any(bucket.tokens < 1 for bucket in buckets):
                return False
            for bucket in buckets:
                bucket.tokens -= 1
            return True

    def reset(self) -> None:
        """No limits."""
        with self._lock:
            self._buckets = {}
