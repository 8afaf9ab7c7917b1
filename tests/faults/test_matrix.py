"""The fault matrix of an apply in the command itself: every call of every scenario, disturbed in every way.

Whatever went wrong, applying again, with nothing going wrong any more, ends in the account in which an undisturbed
apply ends: nothing is missing, nothing is there twice, and the key of every certificate is kept.
"""

import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from _pytest.mark import ParameterSet

from reconciler.sandbox.testing import Sandbox
from tests.cli.processes import PROGRAM
from tests.faults.accounts import account
from tests.faults.calls import at_every_call
from tests.faults.conftest import empty
from tests.faults.killing import killed_at
from tests.faults.scenarios import MOST_CALLS, SCENARIOS
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v1.faults import Killed, cut_off_at

LOCAL = "local"
"""What the matrix calls this half of it."""
Undisturbed = Callable[[str], tuple[dict[str, Any], int]]
EVERY = 199
"""`make test` takes one case in so many, `make faults` all."""


def cases(*kinds: str) -> list[ParameterSet]:
    """Each kind of fault at each call of each scenario."""
    return at_every_call(((kind, scenario) for kind in kinds for scenario in SCENARIOS), MOST_CALLS, EVERY)


SAMPLED = [
    name if name in {"changed", "several", "v2_several"} else pytest.param(name, marks=pytest.mark.long)
    for name in SCENARIOS
]
"""All scenarios, of which `make test` takes those that touch the most."""


def finish(aws: Sandbox, fleet: FleetFiles) -> None:
    """Apply again with nothing going wrong, and plan."""
    aws.put_faults([])
    aws.advance(10)
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code == 0, ran.out + ran.err
    aws.advance(10)
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_scenario_makes_more_calls_than_the_matrix_has(scenario: str, undisturbed: Undisturbed) -> None:
    assert MOST_CALLS[scenario] - 5 <= undisturbed(scenario)[1] <= MOST_CALLS[scenario]


@pytest.mark.disturbed(where=LOCAL)
@pytest.mark.parametrize(("scenario", "fault", "call"), cases("lost", "refused", "error", "throttle"))
def test_one_bad_answer(
    aws: Sandbox, fleet: FleetFiles, undisturbed: Undisturbed, scenario: str, fault: str, call: int
) -> None:
    wanted, _ = undisturbed(scenario)
    fleet = SCENARIOS[scenario](aws, empty(aws, fleet.directory))
    aws.put_faults([{"service": "*", "operation": "*", "fault": fault, "after": call - 1, "times": 1}])
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code in {0, 1, 5}
    finish(aws, fleet)
    assert account(aws) == wanted


@pytest.mark.disturbed(where=LOCAL)
@pytest.mark.parametrize(("scenario", "moment", "call"), cases("before", "after"))
def test_the_process_ends_at_a_call(
    aws: Sandbox, fleet: FleetFiles, undisturbed: Undisturbed, scenario: str, moment: str, call: int
) -> None:
    wanted, _ = undisturbed(scenario)
    fleet = SCENARIOS[scenario](aws, empty(aws, fleet.directory))
    try:
        with cut_off_at(call, after=moment == "after"):
            run_cli("apply", fleet.directory, "--yes", "--no-wait")
    except Killed:
        pass
    finish(aws, fleet)
    assert account(aws) == wanted


@pytest.mark.disturbed(where=LOCAL, how="process killed")
@pytest.mark.parametrize(("scenario", "moment", "call"), cases("kill-before", "kill-after"))
def test_the_process_is_killed_at_a_call(
    aws: Sandbox, fleet: FleetFiles, undisturbed: Undisturbed, scenario: str, moment: str, call: int
) -> None:
    wanted, _ = undisturbed(scenario)
    fleet = SCENARIOS[scenario](aws, empty(aws, fleet.directory))
    with killed_at(call, after=moment == "kill-after") as start:
        code = start([*PROGRAM, "apply", str(fleet.directory), "--yes", "--no-wait"])
    assert code in {0, -signal.SIGKILL}
    finish(aws, fleet)
    assert account(aws) == wanted


@pytest.mark.disturbed(where=LOCAL, how="reads lag")
@pytest.mark.parametrize("scenario", SAMPLED)
def test_reads_that_lag_behind_writes(aws: Sandbox, fleet: FleetFiles, undisturbed: Undisturbed, scenario: str) -> None:
    wanted, _ = undisturbed(scenario)
    fleet = SCENARIOS[scenario](aws, empty(aws, fleet.directory))
    aws.put_faults([{"service": "greengrass", "operation": "List*", "fault": "stale", "seconds": 60}])
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code in {0, 5}, ran.err
    finish(aws, fleet)
    assert account(aws) == wanted


@pytest.mark.disturbed(where=LOCAL, how="clock set")
@pytest.mark.parametrize("hours", [-25, 25])
@pytest.mark.parametrize("scenario", SAMPLED)
def test_a_clock_that_was_set(
    aws: Sandbox, fleet: FleetFiles, undisturbed: Undisturbed, scenario: str, hours: int
) -> None:
    """The machine's clock moves after a crash, and so does AWS's."""
    wanted, calls = undisturbed(scenario)
    fleet = SCENARIOS[scenario](aws, empty(aws, fleet.directory))

    class Moved(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]  # a datetime is good enough
            return datetime.now(tz or UTC) + timedelta(hours=hours)

    try:
        with cut_off_at(calls - 3, after=True):
            run_cli("apply", fleet.directory, "--yes", "--no-wait")
    except Killed:
        pass
    with patch("reconciler.execution.precedence.datetime", Moved):
        aws.advance(max(0, hours * 3600))
        finish(aws, fleet)
    assert account(aws) == wanted
    assert run_cli("status", fleet.directory).code == 0
