"""Groups that are gone from the files are deleted by workers, once their cores have answered the reset."""

import pytest

from reconciler.execution.queue import handlers
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.execution.queue.working import Place

pytestmark = pytest.mark.sampled


def deleting(fleet: Place, aws: Sandbox) -> None:
    """The fleet is applied; then b is taken out of its files, with all that was made for it."""
    fleet.finish(fleet.submit(), "succeeded")
    aws.advance(10)
    spec = {"artifacts": None, "bulkDeployments": None, "execution": {"mode": "queue", "stack": "fleet"}}
    fleet.files.without_group("b").fleet(**spec, prune=True, deprovision=True).write()


def assert_b_is_gone(fleet: Place, aws: Sandbox) -> None:
    assert set(live.groups(aws.client)) == {"a"}
    assert all(row["thingName"].startswith("a-") for row in aws.client("iot").list_things()["things"])
    assert fleet.work.ledger.removals() == {}
    assert fleet.work.ledger.known_groups().keys() == {"a"}
    assert [group.operation for group in fleet.plan().groups] == ["none"]


def test_workers_reset_wait_and_delete(fleet: Place, aws: Sandbox) -> None:
    deleting(fleet, aws)
    run = fleet.submit()
    fleet.do("Devices")
    fleet.do("NewDeployments")
    assert fleet.states(run) == {"b": "deploying"}
    assert set(live.groups(aws.client)) == {"a", "b"}
    fleet.finish(run, "succeeded")
    assert_b_is_gone(fleet, aws)


def test_a_message_to_finish_that_is_lost_is_sent_again(
    fleet: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleting(fleet, aws)
    run = fleet.submit()
    fleet.do("Devices")
    fleet.do("NewDeployments")
    aws.advance(10)
    with monkeypatch.context() as patched:
        patched.setattr(handlers.Work, "_send_to_finish", lambda *_: True)  # the worker dies before it
        fleet.do("DeploymentStatus")
    assert fleet.states(run) == {"b": "deploying"}
    fleet.finish(run, "succeeded")
    assert_b_is_gone(fleet, aws)


def test_a_deletion_that_cannot_be_done_fails_and_ends_the_run(fleet: Place, aws: Sandbox) -> None:
    deleting(fleet, aws)
    run = fleet.submit()
    fleet.do("Devices")
    fleet.do("NewDeployments")
    aws.advance(10)
    fleet.do("DeploymentStatus")
    (message,) = fleet.take("Devices")
    fleet.work.give_up(message, "it cannot be done")
    fleet.sweep()
    assert fleet.run(run).state == "failed"
