"""A plan whose carrying out was cut off is carried out again, as a worker does with a message that comes back."""

import pytest

from reconciler.execution.journal import RunJournal
from reconciler.execution.precedence import now_text
from reconciler.execution.session import Session, make_plan, open_session
from reconciler.model.plan import Plan
from reconciler.model.run import Run
from reconciler.runtimes.base import Ready
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles
from tests.runtimes.v1.faults import ONCE, Killed, assert_all_keys_kept, cut_off_at, made, one_group

CALLS = 30
"""More calls than carrying the group out takes; what lies beyond the last one is no cut."""


def planned(session: Session) -> Plan:
    plan = make_plan(session, session.desired.groups)
    session.ledger.start_run(Run("run-1", plan.fleet, plan.digest, "running", now_text()))
    return plan


def carry_out(session: Session, plan: Plan) -> Ready:
    (group,) = plan.groups
    runtime = session.runtimes[group.runtime]
    return runtime.carry_out(plan, group, RunJournal(session.ledger, "run-1"), lambda _group, _what: None)


@pytest.mark.parametrize("after", [True, pytest.param(False, marks=pytest.mark.long)], ids=["after", "before"])
@pytest.mark.parametrize(
    "number",
    [number if number % 6 == 0 else pytest.param(number, marks=pytest.mark.long) for number in range(1, CALLS + 1)],
)
def test_cut_at_any_call_the_same_plan_ends_in_the_same_state(
    fleet: FleetFiles, aws: Sandbox, number: int, after: bool
) -> None:
    with open_session(one_group(fleet).load()) as session:
        plan = planned(session)
        try:
            with cut_off_at(number, after=after) as calls:
                carry_out(session, plan)
        except Killed:
            assert len(calls) >= number
    with open_session(fleet.load()) as session:  # another process
        ready = carry_out(session, plan)
    assert ready.version_id == live.groups(aws.client)["a"]["LatestVersion"]
    assert made(aws) == ONCE | {"deployments": 0}
    assert_all_keys_kept(aws)


def test_a_run_that_is_done_costs_its_second_carrying_out_next_to_nothing(fleet: FleetFiles, aws: Sandbox) -> None:
    with open_session(one_group(fleet).load()) as session:
        plan = planned(session)
        first = carry_out(session, plan)
        aws.clear_calls()
        assert carry_out(session, plan) == first
        assert set(aws.writes()) == {"greengrass:TagResource"}
        assert set(session.ledger.brought_in("run-1", "a")) == {"a-core", "a-device-1", "a-device-2"}
