"""What is done with messages: once each, whatever comes twice, late, in disorder, or from somebody else."""

import json
import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from reconciler.aws.client import Aws
from reconciler.execution.queue import handlers, sweep
from reconciler.execution.queue.handlers import Later
from reconciler.execution.queue.lanes import MOST_FAILURES
from reconciler.execution.queue.messages import GroupMessage, encode_group, one_group
from reconciler.execution.queue.sqs import Message
from reconciler.model.errors import AwsError
from reconciler.model.plan import GroupPlan, Plan
from reconciler.sandbox.greengrass_v1 import bulk
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.execution.queue.working import DEADLINE, QUEUES, Place
from tests.fleets import run_cli
from tests.runtimes.v1.faults import Killed, cut_off_at

pytestmark = pytest.mark.long  # claims end by the real clock: too slow for every run

NOTHING_LEFT = [0, 0, 0]


def left(fleet: Place) -> list[int]:
    """What is left on the queues, and that nothing was buried."""
    assert [fleet.left(f"{name}DeadLetter") for name in QUEUES] == [0, 0, 0]
    return [fleet.left(name) for name in QUEUES]


def assert_made_once(fleet: Place, aws: Sandbox) -> None:
    """Two groups with three things each, nothing of it twice."""
    greengrass, iot = aws.client("greengrass"), aws.client("iot")
    assert sorted(row["Name"] for row in greengrass.list_groups()["Groups"]) == ["a", "b"]
    assert len(iot.list_things()["things"]) == len(iot.list_certificates()["certificates"]) == 6
    assert len(live.deployments(aws.client, "a")) == len(live.deployments(aws.client, "b")) == 1
    for name in ("a", "b"):
        assert len(greengrass.list_group_versions(GroupId=live.groups(aws.client)[name]["Id"])["Versions"]) == 1
    assert fleet.plan().changed == ()


def an_event(number: int, **detail: str) -> str:
    usual = {"deployment-id": f"d{number}", "group-id": f"g{number}", "status": "Success"}
    return json.dumps({"source": "aws.greengrass", "time": "2026-11-20T10:00:00Z", "detail": usual | detail})


def all_messages(fleet: Place, name: str) -> list[Message]:
    found: list[Message] = []
    while messages := fleet.take(name, visibility=3600):
        found += messages
    return found


@pytest.mark.parametrize("count", [30, pytest.param(1000, marks=pytest.mark.long)])
def test_every_message_twice_in_reverse_order_and_foreign_events_between(
    count: int, fleet: Place, aws: Sandbox
) -> None:
    run = fleet.submit()
    foreign = [an_event(number) for number in range(count)]
    for name in QUEUES:
        messages = all_messages(fleet, name)
        for message in [*reversed(messages), *reversed(messages)]:
            fleet.worker().do(fleet.lane(name), message)
        if name == "NewDeployments":
            aws.advance(5)
            bodies = [message.body for message in all_messages(fleet, "DeploymentStatus")]
            mixed = foreign + bodies + bodies
            random.Random(1).shuffle(mixed)  # noqa: S311 (an order that is the same each time)
            fleet.put("DeploymentStatus", *mixed)
            messages = all_messages(fleet, "DeploymentStatus")
            assert len(messages) == count + 2 * len(bodies)
            for message in messages:
                fleet.worker().do(fleet.lane("DeploymentStatus"), message)
    assert fleet.states(run) == {"a": "succeeded", "b": "succeeded"}
    assert fleet.work.ledger.deployments(f"d{number}" for number in range(count)) == {}
    fleet.sweep()
    assert fleet.run(run).state == "succeeded"
    assert_made_once(fleet, aws)


def test_two_deliveries_at_once_are_worked_on_one_after_the_other(fleet: Place, aws: Sandbox) -> None:
    fleet.submit()
    first, *_ = fleet.take("Devices")
    seen: list[Later | None] = []
    real = fleet.work.runtimes["greengrass/v1"].carry_out

    def carry_out(*arguments: Any) -> Any:
        if not seen:
            seen.append(fleet.work.devices(first))
        return real(*arguments)

    fleet.work.runtimes["greengrass/v1"].carry_out = carry_out  # type: ignore[method-assign, assignment]  # a test's own
    assert fleet.work.devices(first) is None
    (second,) = seen
    assert isinstance(second, Later)
    assert "somebody else is at work on group" in second.why
    assert fleet.work.devices(first) is None
    assert len(live.groups(aws.client)) == 1


def test_two_workers_publish_once_what_their_groups_share(fleet: Place, aws: Sandbox) -> None:
    fleet.submit()
    first, second = fleet.take("Devices")
    met = threading.Event()
    real = Aws.call
    others: list[Future[Later | None]] = []
    with Place.open(aws, fleet.files, fleet.outputs) as another, ThreadPoolExecutor(1) as pool:
        claim = another.work.ledger.sharing.claim

        def watched(name: str, *arguments: Any) -> Any:
            found = claim(name, *arguments)
            if name.startswith("step/"):  # it is where it may not go on
                met.set()
            return found

        another.work.ledger.sharing.claim = watched  # type: ignore[method-assign, assignment]  # a test's own

        def call(self: Aws, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
            if operation == "CreateFunctionDefinition" and not others:
                others.append(pool.submit(another.work.devices, second))
                others[0].add_done_callback(lambda _: met.set())
                assert met.wait(DEADLINE)
            return real(self, service, operation, **parameters)

        with patch.object(Aws, "call", call):
            assert fleet.work.devices(first) is None
            assert others[0].result(DEADLINE) is None
    names = [row["Name"] for row in aws.client("greengrass").list_function_definitions()["Definitions"]]
    assert len(names) == 1
    assert live.arns(aws.client, "a")["Function"] == live.arns(aws.client, "b")["Function"]


@pytest.mark.parametrize("calls", [4, 12, 20, 28])
def test_a_worker_that_is_killed_in_a_group_is_replaced(calls: int, fleet: Place, aws: Sandbox) -> None:
    run = fleet.submit()
    first, *_ = fleet.take("Devices")
    with pytest.raises(Killed), cut_off_at(calls, after=True):
        fleet.worker().do(fleet.lane("Devices"), first)
    assert fleet.take("Devices") == []
    aws.advance(30)
    fleet.until(lambda: fleet.work.ledger.sharing.claim(f"group/{work_name(first)}", "me", 1).holder == "me")
    fleet.work.ledger.sharing.release(f"group/{work_name(first)}", "me")
    with Place.open(aws, fleet.files, fleet.outputs) as another:  # nothing of the dead process's memory
        another.finish(run, "succeeded")
    assert fleet.work.ledger.sharing.failures(f"Devices/{first.id}") is None
    assert_made_once(fleet, aws)
    assert left(fleet) == NOTHING_LEFT


def work_name(message: Message) -> str:
    return str(json.loads(message.body)["group"])


@pytest.mark.parametrize("calls", range(3, 21, 3))
def test_a_worker_that_is_killed_in_a_batch_is_replaced(calls: int, fleet: Place, aws: Sandbox) -> None:
    run = fleet.submit()
    fleet.do("Devices")
    (message,) = fleet.take("NewDeployments")
    try:
        with cut_off_at(calls, after=True):
            fleet.worker().do(fleet.lane("NewDeployments"), message)
    except Killed:
        aws.advance(30)
    name = f"batch/{run.id}/batch-1"
    fleet.until(lambda: fleet.work.ledger.sharing.claim(name, "me", 1).holder == "me")
    fleet.work.ledger.sharing.release(name, "me")
    with Place.open(aws, fleet.files, fleet.outputs) as another:
        another.finish(run, "succeeded")
    assert_made_once(fleet, aws)


def start_foreign_bulk(fleet: Place, aws: Sandbox) -> str:
    """Somebody else's bulk deployment of one group; its id."""
    s3, greengrass = aws.client("s3"), aws.client("greengrass")
    core = greengrass.create_core_definition(
        InitialVersion={
            "Cores": [
                {
                    "Id": "c",
                    "ThingArn": f"arn:aws:iot:{aws.region}:123456789012:thing/foreign-core",
                    "CertificateArn": f"arn:aws:iot:{aws.region}:123456789012:cert/{'0' * 64}",
                }
            ]
        }
    )
    group = greengrass.create_group(
        Name="foreign", InitialVersion={"CoreDefinitionVersionArn": core["LatestVersionArn"]}
    )
    line = {"GroupId": group["Id"], "GroupVersionId": group["LatestVersion"], "DeploymentType": "NewDeployment"}
    bucket = fleet.outputs["BulkBucketName"]
    s3.put_object(Bucket=bucket, Key="foreign.json", Body=json.dumps(line).encode() + b"\n")
    return str(
        greengrass.start_bulk_deployment(
            ExecutionRoleArn=fleet.outputs["BulkExecutionRoleArn"],
            InputFileUri=f"https://{bucket}.s3.{aws.region}.amazonaws.com/foreign.json",
        )["BulkDeploymentId"]
    )


@pytest.mark.parametrize("groups", [2, 1])
def test_a_foreign_bulk_deployment_is_waited_for(
    groups: int, fleet: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    if groups == 1:
        fleet.files.without_group("b")
    run = fleet.submit()
    fleet.do("Devices")
    with monkeypatch.context() as slow:
        slow.setattr(bulk, "RECORDS_A_SECOND", 0.001)  # the one group of theirs takes a quarter of an hour
        foreign = start_foreign_bulk(fleet, aws)
        (message,) = fleet.take("NewDeployments")
        fleet.worker().do(fleet.lane("NewDeployments"), message)
        assert aws.counts()["greengrass:GetBulkDeploymentStatus"] == 1  # one look, and no waiting
        tasks = fleet.tasks(run)
        assert {task.state for task in tasks.values()} == {"running"}
        assert all((task.error or "").startswith("Conflict: ") for task in tasks.values())
        assert (fleet.take("NewDeployments"), fleet.left("NewDeployments")) == ([], 1)
        for _ in range(MOST_FAILURES + 1):
            aws.advance(handlers.COME_BACK)
            assert fleet.do("NewDeployments") == 1
        assert fleet.tasks(run) == tasks  # since when it waits, too
        told = json.loads(run_cli("status", fleet.files.directory, "--run", run.id, "--format", "json").out)
        assert told["state"] == "running"
        assert [(row["since"], foreign in row["error"]) for row in told["groups"]] == [
            (tasks[row["name"]].since, True) for row in told["groups"]
        ]
    assert fleet.work.ledger.sharing.failures(f"NewDeployments/{message.id}") is None
    fleet.finish(run, "succeeded")
    assert [len(live.deployments(aws.client, name)) for name in tasks] == [1] * groups
    assert aws.counts()["greengrass:StartBulkDeployment"] == 2


def test_a_group_that_is_busy_is_waited_for_and_the_others_are_not(
    fleet: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.put_devices({"a-core": {"outcome": "offline"}})
    first = fleet.submit()
    monkeypatch.setattr(sweep, "UNHEARD_SECONDS", -1.0)
    fleet.finish(first, "running")
    fleet.files.template(2, timeout=9).group("a", version=2).group("b", version=2)
    run = fleet.submit()
    fleet.do("Devices")
    for _ in range(2 * MOST_FAILURES):
        fleet.do("NewDeployments")
        aws.advance(handlers.COME_BACK)
    assert fleet.states(run)["b"] in {"deploying", "succeeded"}
    task = fleet.tasks(run)["a"]
    (running,) = live.deployments(aws.client, "a")
    assert task.state == "running"
    assert f"Conflict: the group is still busy with deployment {running['DeploymentId']}" in (task.error or "")
    assert aws.counts()["greengrass:StartBulkDeployment"] == 2
    aws.put_devices({})
    aws.advance(5)
    fleet.finish(run, "succeeded")
    assert len(live.deployments(aws.client, "a")) == len(live.deployments(aws.client, "b")) == 2


def test_events_before_our_own_record_are_not_lost(fleet: Place, aws: Sandbox) -> None:
    run = fleet.submit()
    fleet.do("Devices")
    real = fleet.work.ledger.remember_deployment

    def late(*arguments: Any, **named: Any) -> Any:
        aws.advance(5)
        fleet.do("DeploymentStatus")
        return real(*arguments, **named)

    fleet.work.ledger.remember_deployment = late  # type: ignore[method-assign]  # a test's own
    fleet.do("NewDeployments")
    assert fleet.states(run) == {"a": "succeeded", "b": "succeeded"}


def test_a_core_that_fails_is_heard_with_its_error(fleet: Place, aws: Sandbox) -> None:
    aws.put_devices({"a-core": {"outcome": "fail", "error": "disk full"}})
    run = fleet.submit()
    fleet.finish(run, "partial")
    tasks = fleet.tasks(run)
    assert (tasks["a"].state, tasks["b"].state) == ("failed", "succeeded")
    assert "disk full" in (tasks["a"].error or "")


def test_a_group_that_fails_again_and_again_is_left_behind(fleet: Place, aws: Sandbox) -> None:
    runtime = fleet.work.runtimes["greengrass/v1"]
    real = runtime.carry_out
    tries: list[str] = []

    def refused(plan: Plan, group: GroupPlan, *arguments: Any) -> Any:
        if group.name == "a":
            tries.append(group.name)
            raise AwsError("iot:RegisterThing: the template is refused", operation="iot:RegisterThing", code="X")
        return real(plan, group, *arguments)

    runtime.carry_out = refused  # type: ignore[method-assign, assignment]  # a test's own
    run = fleet.submit()
    fleet.finish(run, "partial")
    assert len(tries) == MOST_FAILURES
    task = fleet.tasks(run)["a"]
    assert (task.state, fleet.states(run)["b"]) == ("failed", "succeeded")
    assert "the template is refused" in (task.error or "")
    ((body, reason),) = fleet.buried("Devices")
    assert json.loads(body)["group"] == "a"
    assert "the template is refused" in reason
    runtime.carry_out = real  # type: ignore[method-assign]  # mended
    fleet.finish(fleet.submit(), "succeeded")
    assert_made_once(fleet, aws)


def test_a_message_for_another_fleet_is_poison(fleet: Place) -> None:
    message = GroupMessage("r", "b", one_group(replace(plan := fleet.plan(), fleet="other"), plan.groups[0]))
    fleet.put("Devices", encode_group(message, fleet.work.payloads))
    fleet.do("Devices")
    ((_, reason),) = fleet.buried("Devices")
    assert reason == "the message is for fleet other, and this worker works for demo"


@pytest.mark.parametrize("name", QUEUES)
def test_poison_is_buried_with_its_reason_and_the_rest_is_worked_off(name: str, fleet: Place) -> None:
    fleet.put(name, '{"half', '{"formatVersion": 2, "kind": "group"}')
    run = fleet.submit()
    fleet.finish(run, "succeeded")
    assert len(fleet.buried(name)) == 2
    assert all(reason for _, reason in fleet.buried(name))


def test_a_group_whose_plan_is_gone_has_failed(fleet: Place) -> None:
    run = fleet.submit()
    bodies = [json.loads(message.body) for message in all_messages(fleet, "Devices")]
    del bodies[0]["plan"]
    bodies[0]["planAt"] = "demo/runs/nowhere.json"
    fleet.put("Devices", *map(json.dumps, bodies))
    fleet.finish(run, "partial")
    assert "is gone" in (fleet.tasks(run)[bodies[0]["group"]].error or "")
