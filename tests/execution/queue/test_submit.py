"""Applying through the queues: recorded, queued, followed, and taken up where the command was killed."""

import pytest

from reconciler.execution.apply import ApplyOptions, new_run
from reconciler.execution.queue.messages import decode_group
from reconciler.execution.queue.submit import FOLLOW_SECONDS, follow, submit
from reconciler.model.errors import RefusedError
from reconciler.model.plan import Plan
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.execution.queue.working import Heard, Place
from tests.fleets import run_cli
from tests.runtimes.v1.faults import Killed, cut_off_at

pytestmark = pytest.mark.sampled


def test_an_apply_through_the_queues_ends_like_one_of_its_own(fleet: Place, aws: Sandbox) -> None:
    heard = Heard()
    with fleet.working():
        result = fleet.apply(ApplyOptions(timeout=60), heard)
    assert (result.run.state, result.count("succeeded")) == ("succeeded", 2)
    assert ("a", "succeeded") in heard.said
    assert live.contents(aws.client, "a")["Core"]["Cores"][0]["ThingArn"].endswith("/a-core")
    assert len(live.contents(aws.client, "b")["Device"]["Devices"]) == 2
    assert len(live.deployments(aws.client, "a")) == len(live.deployments(aws.client, "b")) == 1
    aws.clear_calls()
    assert fleet.plan().changed == ()
    assert aws.writes() == []


def test_what_was_recorded_and_queued_waits_for_a_worker(fleet: Place, aws: Sandbox) -> None:
    run = fleet.submit()
    assert fleet.states(run) == {"a": "waiting", "b": "waiting"}
    assert live.groups(aws.client) == {}
    messages = [decode_group(message.body, fleet.work.payloads) for message in fleet.take("Devices")]
    assert sorted((message.run, message.batch, message.group.name) for message in messages) == [
        (run.id, "batch-1", "a"),
        (run.id, "batch-1", "b"),
    ]


def test_deployments_that_are_ordered_go_the_same_way(fleet: Place, aws: Sandbox) -> None:
    with fleet.working():
        fleet.apply(ApplyOptions(timeout=60))
        for kind in ("NewDeployment", "Redeployment", "ResetDeployment"):
            ran = run_cli("deploy", fleet.files.directory, "a", "--type", kind, "--yes", "--timeout", "60")
            assert ran.code == 0, ran.out + ran.err
    kinds = [row["DeploymentType"] for row in live.deployments(aws.client, "a")]
    assert kinds == ["ResetDeployment", "Redeployment", "NewDeployment", "NewDeployment"]
    assert len(live.deployments(aws.client, "b")) == 1
    assert [(run.state, set(fleet.states(run))) for run in fleet.work.ledger.runs(3)] == [("succeeded", {"a"})] * 3


def test_an_order_can_be_left_to_workers(fleet: Place, aws: Sandbox) -> None:
    fleet.finish(fleet.submit(), "succeeded")
    aws.advance(10)
    ran = run_cli("deploy", fleet.files.directory, "a", "--type", "Redeployment", "--yes", "--detach")
    run = fleet.work.ledger.runs(1)[0]
    assert (ran.code, ran.last_line) == (0, f"Deploy queued: run {run.id}, 1 group.")
    assert f"status {fleet.files.directory} --run {run.id}" in ran.out
    assert fleet.states(run) == {"a": "waiting"}
    fleet.finish(run, "succeeded")
    kinds = [row["DeploymentType"] for row in live.deployments(aws.client, "a")]
    assert kinds == ["Redeployment", "NewDeployment"]


def test_a_detached_run_is_ended_by_a_sweep(fleet: Place) -> None:
    run = fleet.submit()
    assert fleet.work_until(run, "succeeded").ended_at is not None


def test_without_waiting_a_deployment_that_was_asked_for_is_far_enough(fleet: Place, aws: Sandbox) -> None:
    aws.put_devices({"*": {"outcome": "offline"}})
    with fleet.working():
        result = fleet.apply(ApplyOptions(wait=False, timeout=60))
    assert result.count("deploying") == 2
    assert result.run.ended_at is None


def test_a_deadline_leaves_the_work_to_the_workers(fleet: Place) -> None:
    result = fleet.apply(ApplyOptions(timeout=0))
    assert result.count("unfinished") == 2
    assert result.tasks[0].error == "still waiting at the deadline; the workers go on"
    assert fleet.states(result.run) == {"a": "waiting", "b": "waiting"}
    fleet.finish(result.run, "succeeded")


def test_a_refused_plan_is_neither_recorded_nor_queued(fleet: Place, aws: Sandbox) -> None:
    aws.client("greengrass").create_group(Name="a")
    aws.clear_calls()
    with pytest.raises(RefusedError):
        fleet.submit()
    assert aws.writes() == []


@pytest.mark.parametrize(("number", "after"), [(1, True), (3, False), (3, True), (6, True), (10, False), (10, True)])
def test_a_command_that_is_killed_at_any_call_of_queueing_loses_nothing(
    number: int, after: bool, fleet: Place, aws: Sandbox
) -> None:
    plan = fleet.plan()
    with pytest.raises(Killed), cut_off_at(number, after=after):
        submit_here(fleet, plan)
    runs = fleet.work.ledger.runs(10)
    if not runs:
        assert fleet.left("Devices") == 0
        return
    fleet.until(lambda: fleet.queueing().claim(runs[0].id, fleet.work.holder))  # the dead command's lapses
    fleet.finish(runs[0], "succeeded")
    assert len(aws.client("iot").list_certificates()["certificates"]) == 6
    assert len(live.deployments(aws.client, "a")) == len(live.deployments(aws.client, "b")) == 1
    assert [fleet.left(name) for name in ("Devices", "NewDeployments", "DeploymentStatus")] == [0, 0, 0]


def submit_here(fleet: Place, plan: Plan) -> None:
    submit(fleet.work.ledger, plan, new_run(plan), fleet.work.group_queue, fleet.work.payloads)


def test_a_run_whose_plan_is_gone_ends(fleet: Place, aws: Sandbox) -> None:
    plan = fleet.plan()
    with pytest.raises(Killed), cut_off_at(8, after=True):
        submit_here(fleet, plan)
    (run,) = fleet.work.ledger.runs(10)
    assert not fleet.queueing().is_queued(run.id)
    aws.client("s3").delete_object(Bucket=fleet.work.payloads.bucket, Key=fleet.work.payloads.key(run.id, "plan"))
    fleet.until(lambda: fleet.queueing().claim(run.id, fleet.work.holder))
    ended = fleet.finish(run, "failed")
    assert "apply again" in (fleet.tasks(ended)["a"].error or "")


def test_who_follows_a_large_run_looks_less_often(fleet: Place) -> None:
    run = fleet.submit()
    # The start; then a look each: it begins, the deadline is looked at, it took so long.
    seconds = iter([0.0, 0.0, 0.1, 0.1, 1.0, 3.0, 3.0, 20.0, 200.0])
    slept: list[float] = []
    follow(fleet.work.ledger, run, 100, Heard(), clock=lambda: next(seconds), sleep=slept.append)
    assert slept == [FOLLOW_SECONDS, 18.0]
