"""Token buckets, on a clock that only moves when told."""

from typing import Any

import pytest

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.errors import ControlError
from reconciler.sandbox.limits import Limits


def still_clock() -> Clock:
    """One that stands still until it is advanced."""
    clock = Clock()
    clock.stop()
    return clock


def admitted(limits: Limits, count: int, operation: str = "GetGroup") -> int:
    return sum(limits.admit("greengrass", operation) for _ in range(count))


def test_without_limits_everything_passes() -> None:
    assert admitted(Limits(still_clock()), 1000) == 1000


def test_one_second_s_worth_passes_at_once_and_then_as_time_goes() -> None:
    clock = still_clock()
    limits = Limits(clock)
    limits.replace({"greengrass": 30})
    assert admitted(limits, 100) == 30
    clock.advance(0.5)
    assert admitted(limits, 100) == 15
    clock.advance(3600)
    assert admitted(limits, 100) == 30


def test_less_than_one_a_second_still_passes_one() -> None:
    clock = still_clock()
    limits = Limits(clock)
    limits.replace({"greengrass": 0.1})
    assert admitted(limits, 5) == 1
    clock.advance(10)
    assert admitted(limits, 5) == 1


def test_an_operation_s_limit_holds_beside_its_service_s() -> None:
    limits = Limits(still_clock())
    limits.replace({"greengrass": 30, "greengrass:CreateDeployment": 20})
    assert admitted(limits, 25, "CreateDeployment") == 20
    # What the one bucket refused took nothing from the other.
    assert admitted(limits, 25) == 10


def test_other_services_are_not_limited() -> None:
    limits = Limits(still_clock())
    limits.replace({"greengrass": 1})
    assert all(limits.admit("iot", "DescribeThing") for _ in range(5))


@pytest.mark.parametrize("rates", [None, {}, {"greengrass": None}])
def test_limits_are_taken_away(rates: Any) -> None:
    limits = Limits(still_clock())
    limits.replace({"greengrass": 1})
    limits.replace(rates)
    assert limits.told() == {}
    assert admitted(limits, 10) == 10


@pytest.mark.parametrize("rates", [[], 5, {"iot": 0}, {"iot": -1}, {"iot": "5"}, {"iot": True}, {"iot": float("nan")}])
def test_bad_limits_change_nothing(rates: Any) -> None:
    limits = Limits(still_clock())
    limits.replace({"greengrass": 1})
    with pytest.raises(ControlError, match="limits"):
        limits.replace(rates)
    assert limits.told() == {"greengrass": 1.0}
