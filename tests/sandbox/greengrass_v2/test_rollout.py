"""How fast a job goes out, and when it is given up."""

from itertools import islice
from typing import Any

import pytest

from reconciler.sandbox.greengrass_v2.rollout import delays, is_given_up

STEP = {"numberOfNotifiedThings": 4}


@pytest.mark.parametrize(
    ("configuration", "minutes"),
    [
        ({}, [0, 0, 0, 0, 0, 0, 0]),
        ({"maximumPerMinute": 3}, [0, 0, 0, 1, 1, 1, 2]),
        (
            {"exponentialRate": {"baseRatePerMinute": 1, "incrementFactor": 2.0, "rateIncreaseCriteria": STEP}},
            [0, 1, 2, 3, 4, 4, 5],
        ),
        (
            {
                "exponentialRate": {"baseRatePerMinute": 2, "incrementFactor": 5, "rateIncreaseCriteria": STEP},
                "maximumPerMinute": 3,
            },
            [0, 0, 1, 1, 2, 2, 2],
        ),
    ],
)
def test_the_minutes_after_which_things_are_sent_a_job(configuration: dict[str, Any], minutes: list[int]) -> None:
    assert [seconds / 60 for seconds in islice(delays(configuration), len(minutes))] == minutes


def criterion(kind: str, percentage: float, least: int) -> dict[str, Any]:
    return {
        "failureType": kind,
        "action": "CANCEL",
        "thresholdPercentage": percentage,
        "minNumberOfExecutedThings": least,
    }


@pytest.mark.parametrize(
    ("criteria", "over", "given_up"),
    [
        ([], {"FAILED": 5}, False),
        ([criterion("FAILED", 50, 4)], {"FAILED": 2, "SUCCEEDED": 2}, True),
        # Who was removed or never began has executed nothing.
        ([criterion("FAILED", 50, 4)], {"FAILED": 2, "SUCCEEDED": 1, "REMOVED": 1, "CANCELED": 1}, False),
        ([criterion("FAILED", 50, 5)], {"FAILED": 2, "SUCCEEDED": 2}, False),
        ([criterion("FAILED", 50, 1)], {"FAILED": 2, "SUCCEEDED": 3}, False),
        ([criterion("ALL", 50, 1)], {"TIMED_OUT": 1, "REJECTED": 1, "SUCCEEDED": 2}, True),
        ([criterion("REJECTED", 1, 1), criterion("FAILED", 100, 1)], {"FAILED": 1}, True),
    ],
)
def test_too_many_failures_end_a_job(criteria: list[dict[str, Any]], over: dict[str, int], given_up: bool) -> None:
    assert is_given_up(criteria, over) is given_up
