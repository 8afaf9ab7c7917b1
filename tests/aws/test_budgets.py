"""Call budgets, in a time that only waiting moves."""

from dataclasses import dataclass, field
from itertools import combinations

import pytest
from hypothesis import given, strategies as st

from reconciler.aws.budgets import DEFAULT_RATES, Budgets, TokenBucket


@dataclass
class Time:
    """A clock that moves when somebody sleeps, or is told to."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def bucket(rate: float, time: Time) -> TokenBucket:
    return TokenBucket(rate, clock=time.clock, sleep=time.sleep)


rates = st.floats(min_value=0.1, max_value=200)
idle = st.lists(st.floats(min_value=0, max_value=10), min_size=1, max_size=60)


@given(rates, idle)
def test_no_window_sees_more_than_its_rate_and_one_burst(rate: float, pauses: list[float]) -> None:
    time = Time()
    tokens = bucket(rate, time)
    passed = []
    for pause in pauses:
        time.now += pause
        tokens.take()
        passed.append(time.now)
    burst = max(1.0, rate / 2)
    for first, last in combinations(range(len(passed)), 2):
        window = passed[last] - passed[first]
        assert last - first + 1 <= rate * window + burst + 1e-6 * (1 + rate)


@given(rates, st.integers(min_value=1, max_value=300))
def test_it_waits_no_longer_than_the_rate_asks_for(rate: float, count: int) -> None:
    time = Time()
    tokens = bucket(rate, time)
    for _ in range(count):
        tokens.take()
    burst = max(1.0, rate / 2)
    assert time.now - 1000 == pytest.approx(max(0.0, count - burst) / rate, abs=1e-6)


def test_a_burst_passes_at_once_and_the_next_call_waits() -> None:
    time = Time()
    tokens = bucket(10, time)
    for _ in range(5):
        tokens.take()
    assert time.slept == []
    tokens.take()
    assert time.slept == [pytest.approx(0.1)]


def test_a_long_pause_earns_no_more_than_one_burst() -> None:
    time = Time()
    tokens = bucket(10, time)
    time.now += 3600
    for _ in range(6):
        tokens.take()
    assert sum(time.slept) == pytest.approx(0.1)


def test_a_clock_that_stands_still_makes_each_waiter_wait_longer() -> None:
    """Threads that come while others sleep queue up behind them instead of waking together."""
    slept: list[float] = []
    tokens = TokenBucket(2, clock=lambda: 0.0, sleep=slept.append)
    for _ in range(4):
        tokens.take()
    assert slept == [pytest.approx(0.5), pytest.approx(1.0), pytest.approx(1.5)]


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_lets_nothing_through_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="a rate is above 0"):
        TokenBucket(rate)


class Recorder(TokenBucket):
    """A bucket that never waits and knows its rate and how often it was asked."""

    def __init__(self, rate: float) -> None:
        super().__init__(rate)
        self.rate = rate
        self.taken = 0

    def take(self) -> None:
        self.taken += 1


def recorded(region: str, limits: dict[str, float] | None = None) -> tuple[Budgets, dict[str, Recorder]]:
    made: list[Recorder] = []

    def make(rate: float) -> Recorder:
        made.append(Recorder(rate))
        return made[-1]

    budgets = Budgets(region, limits, make_bucket=make)
    return budgets, dict(zip(dict(DEFAULT_RATES) | (limits or {}), made, strict=True))


@pytest.mark.parametrize(
    ("region", "rate"),
    [
        ("eu-central-1", 30),
        ("us-east-1", 30),
        ("cn-northwest-1", 30),
        ("cn-north-1", 10),
        ("us-gov-west-1", 10),
        ("us-gov-east-1", 10),
    ],
)
def test_greengrass_is_slower_in_beijing_and_govcloud(region: str, rate: float) -> None:
    _, buckets = recorded(region)
    assert buckets["greengrass"].rate == rate
    assert buckets["greengrass:CreateDeployment"].rate == 20


def test_the_fleets_limits_replace_defaults_and_add_others() -> None:
    _, buckets = recorded("us-gov-west-1", {"greengrass": 4, "s3": 100, "iot:RegisterThing": 2.5})
    assert {name: buckets[name].rate for name in ("greengrass", "s3", "iot:RegisterThing", "iot:DescribeThing")} == {
        "greengrass": 4,
        "s3": 100,
        "iot:RegisterThing": 2.5,
        "iot:DescribeThing": 350,
    }


def test_a_call_counts_against_its_own_budget_and_its_services() -> None:
    budgets, buckets = recorded("eu-central-1")
    budgets.take("greengrass", "CreateDeployment")
    budgets.take("greengrass", "ListGroups")
    budgets.take("iot", "RegisterThing")
    budgets.take("s3", "PutObject")
    assert {name: bucket.taken for name, bucket in buckets.items() if bucket.taken} == {
        "greengrass": 2,
        "greengrass:CreateDeployment": 1,
        "iot:RegisterThing": 1,
    }
