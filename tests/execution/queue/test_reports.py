"""What events of Greengrass V2 bring about: a look at the group, however many there are and whatever they say."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.execution.queue import reports, sweep
from reconciler.execution.queue.asking import Asker
from reconciler.execution.queue.messages import EFFECTIVE
from reconciler.execution.queue.reports import Listener
from reconciler.model.errors import AwsError
from reconciler.model.run import Run
from reconciler.sandbox.testing import Sandbox
from tests.execution.queue.working import Place, queue_fleet
from tests.fleets import ACCOUNT, REGION
from tests.runtimes.v2.conftest import BUDGETS
from tests.runtimes.v2.fleets import CLI, group, template

pytestmark = pytest.mark.sampled


@pytest.fixture
def fleet(aws: Sandbox, outputs: dict[str, str], tmp_path: Path) -> Iterator[Place]:
    """A group of three cores."""
    files = queue_fleet(tmp_path / "fleet", limits=dict.fromkeys(BUDGETS, 10000), guards={"components": 9})
    with Place.open(aws, group(template(files, aws_greengrass_Cli="2.12.6"), cores=3).write(), outputs) as place:
        yield place


def deployed(fleet: Place) -> Run:
    """A run whose deployments are asked for, and whose cores, those that can, have reported."""
    run = fleet.submit()
    fleet.do("Devices")
    fleet.do("NewDeployments")
    for _ in range(3):
        fleet.aws.advance(5)
    return run


def event(deployment_id: Any, core: str = "a-core-1", status: str = "SUCCEEDED") -> str:
    """What EventBridge puts on the queue (deployment-health-notifications.md)."""
    return json.dumps(
        {
            "version": "0",
            "id": "15c4fc84-0000",
            "detail-type": EFFECTIVE,
            "source": "aws.greengrass",
            "account": ACCOUNT,
            "time": "2018-03-22T00:38:11Z",
            "region": REGION,
            "resources": [f"arn:aws:greengrass:{REGION}:{ACCOUNT}:coreDevices:{core}"],
            "detail": {"deployment-id": deployment_id, "coreDeviceExecutionStatus": status, "reason": "SUCCESSFUL"},
        }
    )


def told(fleet: Place) -> list[str]:
    """The bodies on the queue, taken off it."""
    messages = fleet.take("DeploymentStatus")
    for message in messages:
        fleet.queues.by_name["DeploymentStatus"].delete(message)
    return [message.body for message in messages]


def test_the_last_core_ends_it_and_a_burst_in_any_order_is_one_look(fleet: Place, aws: Sandbox) -> None:
    run = deployed(fleet)
    bodies = told(fleet)
    assert len(bodies) == 3
    bodies *= 3
    random.Random(1).shuffle(bodies)  # noqa: S311 (an order that is the same each time)
    fleet.put("DeploymentStatus", *bodies)
    aws.clear_calls()
    assert fleet.do("DeploymentStatus") == 9
    assert fleet.states(run) == {"a": "succeeded"}
    assert ("a", "its 3 cores report success") in fleet.said
    assert aws.counts()["iot:DescribeJob"] == aws.counts()["greengrassv2:ListDeployments"] == 1
    aws.clear_calls()
    fleet.put("DeploymentStatus", *bodies)
    fleet.do("DeploymentStatus")  # after the end
    assert "iot:DescribeJob" not in aws.counts()


def test_a_core_that_fails_fails_its_group_at_once_with_its_words(fleet: Place, aws: Sandbox) -> None:
    aws.put_devices({"a-core-2": {"outcome": "fail", "error": "disk full"}})
    run = deployed(fleet)
    fleet.do("DeploymentStatus")
    task = fleet.tasks(run)["a"]
    assert task.state == "failed"
    assert "1 of 3 cores failed" in str(task.error)
    assert "a-core-2: FAILED" in str(task.error)
    assert "disk full" in str(task.error)


@pytest.mark.parametrize("core", ["a-core-2", "foreign-core"])
def test_an_event_is_not_believed_where_the_counts_say_otherwise(core: str, fleet: Place, aws: Sandbox) -> None:
    aws.put_devices({"a-core-2": {"outcome": "offline"}})
    run = deployed(fleet)
    told(fleet)
    deployment = fleet.tasks(run)["a"].deployment_id
    fleet.put("DeploymentStatus", event(deployment, core), event(deployment, core, "FAILED"))
    fleet.do("DeploymentStatus")
    assert fleet.states(run) == {"a": "deploying"}


def test_a_core_that_reports_after_the_deadline_is_heard(
    fleet: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.put_devices({"a-core-2": {"outcome": "offline"}})
    run = deployed(fleet)
    fleet.do("DeploymentStatus")
    monkeypatch.setattr(sweep, "UNHEARD_SECONDS", -1.0)
    fleet.sweep()
    assert (fleet.run(run).state, fleet.run(run).ended_at is None) == ("running", False)
    aws.put_devices({})
    aws.advance(10)
    aws.advance(10)
    fleet.do("DeploymentStatus")
    assert fleet.states(run) == {"a": "succeeded"}


def test_a_deployment_that_was_replaced_says_nothing_of_the_one_that_replaced_it(
    fleet: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.put_devices({"a-core-2": {"outcome": "offline"}})
    first = deployed(fleet)
    replaced = fleet.tasks(first)["a"].deployment_id
    monkeypatch.setattr(sweep, "UNHEARD_SECONDS", -1.0)
    fleet.sweep()
    template(fleet.files, 2, aws_greengrass_Cli="2.12.5")
    group(fleet.files, version=2, cores=3).write()
    second = deployed(fleet)
    told(fleet)
    fleet.put("DeploymentStatus", event(replaced, "a-core-2"), event(replaced, "a-core-2"))
    fleet.do("DeploymentStatus")
    assert fleet.states(second) == {"a": "deploying"}
    task = fleet.tasks(first)["a"]
    assert (task.state, "a-core-2: canceled before it had it" in str(task.error)) == ("failed", True)


def test_what_a_core_has_of_its_own_is_waited_for_and_heard_of(fleet: Place, aws: Sandbox) -> None:
    own = {"thingName": "a-core-2", "configuration": {CLI: {"port": 1}}}
    group(fleet.files, cores=[{"thingName": "a-core-1"}, own]).write()
    run = deployed(fleet)
    bodies = told(fleet)
    of_its_own = [body for body in bodies if '"COMPLETED"' in body]
    assert (len(bodies), len(of_its_own)) == (3, 1)
    fleet.put("DeploymentStatus", *of_its_own)
    fleet.do("DeploymentStatus")
    assert fleet.states(run) == {"a": "succeeded"}


def test_what_others_deploy_costs_no_call_of_greengrass(fleet: Place, aws: Sandbox) -> None:
    run = deployed(fleet)
    told(fleet)
    fleet.put("DeploymentStatus", *(event(f"foreign-{number}") for number in range(30)))
    aws.clear_calls()
    assert fleet.do("DeploymentStatus") == 30
    assert {call for call in aws.counts() if not call.startswith("sqs:")} == {"dynamodb:BatchGetItem"}
    assert aws.counts()["dynamodb:BatchGetItem"] == 1
    assert fleet.states(run) == {"a": "deploying"}
    fleet.finish(run, "succeeded")


def test_events_that_say_nothing_are_left_aside_or_buried(fleet: Place) -> None:
    component = event("d").replace(EFFECTIVE, "Greengrass V2 Installed Component Status Change")
    fleet.put("DeploymentStatus", component, event(None), event(7), event("").replace("{", "[", 1), event(""))
    fleet.do("DeploymentStatus")
    assert fleet.left("DeploymentStatus") == 0
    assert sorted(reason.partition(":")[0] for _, reason in fleet.buried("DeploymentStatus")) == [
        *(["the event lacks a deployment"] * 3),
        "the message is no JSON, or only a part of it",
    ]


def test_a_group_that_was_just_looked_at_is_looked_at_later(
    fleet: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.put_devices({"a-core-2": {"outcome": "offline"}})
    run = deployed(fleet)
    deployment = fleet.tasks(run)["a"].deployment_id
    listener = Listener(Asker(fleet.work))
    monkeypatch.setattr(reports, "age_of", lambda _task: 3600.0)
    for body in told(fleet):
        fleet.put("DeploymentStatus", body)
        (message,) = fleet.take("DeploymentStatus")
        fleet.worker().do(fleet.lane("DeploymentStatus"), message)
        aws.clear_calls()
        listener.round()
    assert "iot:DescribeJob" not in aws.counts()
    assert fleet.work.heard.take() == {deployment}
    fleet.work.heard.note([str(deployment)])
    monkeypatch.setattr(reports, "age_of", lambda _task: 0.0)
    listener.round()
    assert aws.counts()["iot:DescribeJob"] == 1


def test_what_cannot_be_looked_at_now_is_looked_at_later(fleet: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Aws, "back_off", lambda _self, _attempt: None)
    run = deployed(fleet)
    for message in fleet.take("DeploymentStatus"):
        fleet.worker().do(fleet.lane("DeploymentStatus"), message)
    listener = Listener(Asker(fleet.work))
    listener.round(is_over=lambda: True)
    assert fleet.states(run) == {"a": "deploying"}
    fleet.aws.put_faults([{"service": "dynamodb", "operation": "BatchGetItem", "fault": "refused", "times": 20}])
    with pytest.raises(AwsError, match="BatchGetItem"):
        listener.round()
    fleet.aws.put_faults([])
    listener.round()
    assert fleet.states(run) == {"a": "succeeded"}


def test_a_worker_that_never_sweeps_ends_a_run_by_what_it_hears(fleet: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep.Sweeper, "round", lambda _self: None)
    run = fleet.submit()
    fleet.worker().run()
    assert fleet.states(run) == {"a": "succeeded"}
