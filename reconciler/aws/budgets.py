"""Calls a second that an account may make, kept to by waiting before a call rather than by being throttled after it."""

import threading
import time
from collections.abc import Callable, Mapping

DEFAULT_RATES: Mapping[str, float] = {
    # AWS General Reference, "AWS IoT Greengrass V1 endpoints and quotas": 30 transactions a second for all of an
    # account's Greengrass calls together, and 20 for CreateDeployment.
    "greengrass": 30,
    "greengrass:CreateDeployment": 20,
    # The same of V2: 30 a second for all of its control plane together, and 1 for CreateComponentVersion.
    "greengrassv2": 30,
    "greengrassv2:CreateComponentVersion": 1,
    # "AWS IoT Core limits" (2019 copy; today's values are the same or higher). The rest of IoT allows 100 and more.
    "iot:RegisterThing": 10,
    "iot:ListThingPrincipals": 10,
    "iot:DescribeCertificate": 10,
    "iot:DescribeThing": 350,  # Service Quotas, 2023
    "iot:DescribeThingType": 100,
    "iot:AddThingToThingGroup": 100,
    "iot:RemoveThingFromThingGroup": 100,
    "iot:CreateThingGroup": 25,
    "iot:DeleteThingGroup": 15,
    "iot:ListThingsInThingGroup": 25,
    "iot:ListThingGroupsForThing": 100,
    "iot:DescribeThingGroup": 100,
    "iot:SearchIndex": 15,
    "iot:ListTagsForResource": 10,
    "iot:TagResource": 10,
    "iot:DescribeJob": 10,
    "iot:ListJobExecutionsForJob": 10,
}
SLOW_REGIONS = ("cn-north-1", "us-gov-")
SLOW_GREENGRASS_RATE = 10.0
"""The same page: 10 a second in China (Beijing) and GovCloud."""


class TokenBucket:
    """Lets ``rate`` calls a second through, and half a second's worth at once after a pause. Threads share it.

    Raises ValueError unless ``rate`` is above 0.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not rate > 0:
            raise ValueError(f"a rate is above 0, not {rate}")
        self._rate = rate
        self._burst = max(1.0, rate / 2)
        self._tokens = self._burst
        self._clock = clock
        self._sleep = sleep
        self._updated = clock()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Take one token, waiting for it if there is none. Who comes first is served first."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._updated) * self._rate)
            self._updated = now
            self._tokens -= 1
            wait = max(0.0, -self._tokens / self._rate)
        if wait:
            self._sleep(wait)


class Budgets:
    """The buckets of one account and region, by ``service`` and ``service:Operation``.

    ``limits`` (calls a second, from ``Fleet.spec.limits``) replace the defaults of the same name. ``share`` is this
    process's part of them, where several work at once.
    """

    def __init__(
        self,
        region: str,
        limits: Mapping[str, float] | None = None,
        *,
        share: float = 1.0,
        make_bucket: Callable[[float], TokenBucket] = TokenBucket,
    ) -> None:
        rates = dict(DEFAULT_RATES)
        if region.startswith(SLOW_REGIONS):
            rates["greengrass"] = rates["greengrassv2"] = SLOW_GREENGRASS_RATE
        rates.update(limits or {})
        self._buckets = {name: make_bucket(rate * share) for name, rate in rates.items()}

    def take(self, service: str, operation: str) -> None:
        """Wait until a call of ``service:operation`` is within every budget that it counts against."""
        for name in (f"{service}:{operation}", service):
            if (bucket := self._buckets.get(name)) is not None:
                bucket.take()
