"""When a job is sent to its things, and when it is given up (rollout and abort configuration of AWS IoT jobs)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MINUTE = 60.0
FASTEST = 1_000
"""Things a minute, where an exponential rate grows without a bound of its own (AWS IoT limits page)."""

WRONG = ("FAILED", "REJECTED", "TIMED_OUT")
"""The ends of an execution that may be a reason to give the job up."""


def delays(configuration: Mapping[str, Any]) -> Iterator[float]:
    """After how many seconds each thing is sent the job, the first ones at once; never ends.

    An exponential rate grows each time that as many things as its criterion says have been sent the job; those that
    shall have succeeded are taken to do so at once.
    """
    most, exponential = configuration.get("maximumPerMinute"), configuration.get("exponentialRate")
    minute = sent = 0
    while True:
        rate = _rate(exponential, sent, most or FASTEST) if exponential else most
        if rate is None:
            while True:
                yield 0.0
        for _ in range(rate):
            yield minute * MINUTE
        sent += rate
        minute += 1


def is_given_up(criteria: Iterable[Mapping[str, Any]], over: Mapping[str, int]) -> bool:
    """Whether so many executions went wrong that the job is canceled; ``over`` counts those that ended, by status."""
    executed = sum(over.get(status, 0) for status in ("SUCCEEDED", *WRONG))
    return any(
        executed >= criterion["minNumberOfExecutedThings"]
        and 100 * _gone_wrong(criterion["failureType"], over) >= criterion["thresholdPercentage"] * executed
        for criterion in criteria
    )


def _rate(exponential: Mapping[str, Any], sent: int, most: int) -> int:
    (step,) = exponential["rateIncreaseCriteria"].values()
    rate = exponential["baseRatePerMinute"]
    for _ in range(sent // step):
        rate *= exponential["incrementFactor"]
        if rate >= most:
            return most
    return min(most, int(rate))


def _gone_wrong(kind: str, over: Mapping[str, int]) -> int:
    kinds = WRONG if kind == "ALL" else (kind,)
    return sum(over.get(status, 0) for status in kinds)
