"""The functions, called as event source mappings call them: what is done, what is answered, and what stays."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from reconciler.execution import lambda_handlers
from reconciler.execution.lambda_handlers import RESERVE, UNSERVED, Answer
from reconciler.execution.queue.function import Function
from reconciler.execution.queue.handlers import COME_BACK
from reconciler.execution.queue.lanes import MOST_FAILURES, VISIBILITY
from reconciler.execution.queue.sqs import Message, Queue
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.run import Run
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.execution.queue.working import QUEUES, Place, queue_fleet
from tests.runtimes.v1.faults import Killed
from tests.runtimes.v2.fleets import group, template

pytestmark = pytest.mark.sampled

HANDLERS: dict[str, Callable[..., Answer]] = {
    "Devices": lambda_handlers.devices,
    "NewDeployments": lambda_handlers.deployments,
    "DeploymentStatus": lambda_handlers.status,
}
QUEUES_VISIBILITY = 1800
"""Seconds: that of the stack's queues, which a mapping receives with."""


class Context(NamedTuple):
    """An invocation that has so many milliseconds left."""

    left: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left


class Mappings:
    """Lambda: takes batches off the queues, calls the functions, and deletes what they do not give back."""

    def __init__(self, fleet: Place, function: Function) -> None:
        self.fleet = fleet
        self.function = function

    def take(self, queue: str) -> list[Message]:
        """A batch, as a mapping receives it."""
        return self.fleet.take(queue, QUEUES_VISIBILITY)

    def call(self, queue: str, messages: list[Message], left: int = Context().left) -> list[str]:
        """Call the function behind a queue; the messages that it gives back."""
        answer = HANDLERS[queue](event(messages), Context(left))
        failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        for message in messages:
            if message.id not in failed:
                self.fleet.queues.by_name[queue].delete(message)
        return failed

    def once(self, queue: str) -> list[str]:
        """Take one batch and have it done."""
        return self.call(queue, messages) if (messages := self.take(queue)) else []

    def finish(self, run: Run, state: str) -> None:
        """Call all functions in turn, and let time pass, until a run ends in ``state``."""
        for _ in range(20):
            for queue in QUEUES:
                self.once(queue)
            lambda_handlers.sweep({}, Context())
            if self.fleet.run(run).ended_at is not None:
                break
            self.fleet.aws.advance(5)
        self.once("DeploymentStatus")  # a sweep that looks before the core is heard of ends a run, too
        assert self.fleet.run(run).state == state, self.fleet.tasks(run)


def event(messages: list[Message]) -> dict[str, Any]:
    """Messages as Lambda hands them over (Developer Guide, "Using Lambda with Amazon SQS")."""
    records = [
        {
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": {"ApproximateReceiveCount": str(message.attempt), "SentTimestamp": "1795674126597"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        }
        for message in messages
    ]
    return {"Records": records}


def named(messages: list[Message], group: str) -> Message:
    """The message of a group."""
    return next(message for message in messages if json.loads(message.body)["group"] == group)


def refusing(fleet: Place, mappings: Mappings, group: str, problem: BaseException) -> list[str]:
    """Have the functions fail at a group with ``problem``; the list grows with each attempt."""
    place = mappings.function.place()
    assert place is not None
    runtime, attempts = place.work.runtimes["greengrass/v1"], []
    real = runtime.carry_out

    def carry_out(plan: Any, wanted: Any, *arguments: Any) -> Any:
        if wanted.name == group:
            attempts.append(group)
            raise problem
        return real(plan, wanted, *arguments)

    runtime.carry_out = carry_out  # type: ignore[method-assign, assignment]  # a test's own
    return attempts


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """For how many seconds messages are hidden, as it comes."""
    real, found = Queue.hide, list[tuple[str, int]]()

    def hide(queue: Queue, message: Message, seconds: int) -> None:
        found.append((message.id, seconds))
        real(queue, message, seconds)

    monkeypatch.setattr(Queue, "hide", hide)
    return found


@pytest.fixture
def mappings(fleet: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mappings]:
    """The functions of the stack ``fleet``, in a process that begins."""
    monkeypatch.setenv("RECONCILE_STACK", "fleet")
    function = Function(lambda group, what: fleet.said.append((group, what)))
    monkeypatch.setattr(lambda_handlers, "_function", function)
    yield Mappings(fleet, function)
    function.close()


def test_the_functions_alone_carry_a_run_to_its_end(fleet: Place, mappings: Mappings, aws: Sandbox) -> None:
    run = fleet.submit()
    mappings.finish(run, "succeeded")
    assert fleet.states(run) == {"a": "succeeded", "b": "succeeded"}
    assert len(live.deployments(aws.client, "a")) == len(live.deployments(aws.client, "b")) == 1
    assert fleet.plan().changed == ()
    assert [fleet.left(name) + fleet.left(f"{name}DeadLetter") for name in QUEUES] == [0, 0, 0]


def test_poison_goes_to_the_dead_letters_and_the_rest_of_its_batch_is_done(fleet: Place, mappings: Mappings) -> None:
    run = fleet.submit()
    future = json.dumps({"formatVersion": 2, "kind": "group", "run": run.id, "batch": "batch-1", "group": "x"})
    fleet.put("Devices", '{"half', future, '{"not": "ours"}')
    messages = mappings.take("Devices")
    assert len(messages) == 5
    assert mappings.call("Devices", messages) == []
    reasons = dict(fleet.buried("Devices"))
    assert "only a part of it" in reasons['{"half']
    assert reasons[future] == "the message has format version 2, and this worker reads 1"
    assert "not one of ours" in reasons['{"not": "ours"}']
    assert fleet.left("Devices") == 0
    assert fleet.states(run) == {"a": "running", "b": "running"}
    assert fleet.left("NewDeployments") == 1


def test_only_what_failed_is_given_back_and_after_five_failures_it_is_dead(
    fleet: Place, mappings: Mappings, hidden: list[tuple[str, int]]
) -> None:
    run = fleet.submit()
    problem = AwsError("iot:RegisterThing: the template is refused", operation="iot:RegisterThing", code="X")
    attempts = refusing(fleet, mappings, "a", problem)
    messages = mappings.take("Devices")
    failed = named(messages, "a").id
    assert mappings.call("Devices", messages) == [failed]
    assert fleet.states(run) == {"a": "running", "b": "running"}
    for count in range(1, MOST_FAILURES):
        assert hidden[-1] == (failed, 2**count)
        fleet.aws.advance(2**count)
        assert mappings.once("Devices") == ([failed] if count < MOST_FAILURES - 1 else [])
    assert len(attempts) == MOST_FAILURES
    ((body, reason),) = fleet.buried("Devices")
    assert json.loads(body)["group"] == "a"
    assert "the template is refused" in reason
    assert fleet.left("Devices") == 0
    mappings.finish(run, "partial")


def test_what_has_to_wait_stays_on_its_queue_and_counts_as_no_failure(
    fleet: Place, mappings: Mappings, hidden: list[tuple[str, int]]
) -> None:
    run = fleet.submit()
    fleet.work.ledger.sharing.claim("group/a", "somebody else", 60)
    messages = mappings.take("Devices")
    waiting = named(messages, "a")
    assert mappings.call("Devices", messages) == [waiting.id]
    assert (waiting.id, COME_BACK) in hidden
    assert fleet.left("Devices") == 1
    assert fleet.work.ledger.sharing.failures(f"Devices/{waiting.id}") is None
    fleet.work.ledger.sharing.release("group/a", "somebody else")
    fleet.aws.advance(COME_BACK)
    assert mappings.once("Devices") == []
    mappings.finish(run, "succeeded")


def test_a_message_that_comes_twice_is_done_once(fleet: Place, mappings: Mappings, aws: Sandbox) -> None:
    run = fleet.submit()
    messages = mappings.take("Devices")
    for message in messages:
        mappings.call("Devices", [message])
    assert mappings.call("Devices", messages) == []
    mappings.finish(run, "succeeded")
    greengrass = aws.client("greengrass")
    assert len(greengrass.list_groups()["Groups"]) == 2
    assert len(aws.client("iot").list_certificates()["certificates"]) == 6
    assert len(live.deployments(aws.client, "a")) == 1


def test_a_function_that_is_killed_leaves_its_message_to_the_next_soon(
    fleet: Place, mappings: Mappings, hidden: list[tuple[str, int]]
) -> None:
    fleet.submit()
    refusing(fleet, mappings, "a", Killed())
    messages = mappings.take("Devices")
    message = named(messages, "a")
    with pytest.raises(Killed):
        mappings.call("Devices", [message])
    assert hidden == [(message.id, VISIBILITY)]
    fleet.aws.advance(VISIBILITY)
    assert [again.id for again in mappings.take("Devices")] == [message.id]
    assert fleet.work.ledger.sharing.failures(f"Devices/{message.id}") is None


@pytest.mark.parametrize("queue", QUEUES)
def test_nothing_is_begun_that_would_be_killed(queue: str, fleet: Place, mappings: Mappings) -> None:
    fleet.submit()
    fleet.put(queue, '{"half', '{"another half')
    messages = mappings.take(queue)
    fleet.aws.clear_calls()
    assert mappings.call(queue, messages, RESERVE - 1) == [message.id for message in messages]
    assert set(fleet.aws.writes()) == {"sqs:ChangeMessageVisibility"}
    assert {message.id for message in mappings.take(queue)} == {message.id for message in messages}


def test_a_stack_that_serves_nobody_has_no_messages_of_ours(fleet: Place, mappings: Mappings) -> None:
    for queue in QUEUES:
        fleet.put(queue, '{"whose": "?"}')
        assert mappings.once(queue) == []
        assert fleet.left(queue) == 0
    lambda_handlers.sweep({}, Context())
    for queue in ("Devices", "NewDeployments"):
        assert fleet.buried(queue) == [('{"whose": "?"}', UNSERVED)]
    assert fleet.left("DeploymentStatusDeadLetter") == 0


def test_a_fleet_that_is_declared_anew_is_opened_anew(fleet: Place, mappings: Mappings) -> None:
    fleet.work.ledger.leases.end(fleet.submit().id)
    first, again = mappings.function.place(), mappings.function.place()
    assert first is again
    fleet.files.fleet(
        artifacts=None,
        bulkDeployments=None,
        execution={"mode": "queue", "stack": "fleet"},
        limits={"greengrass": 12},
    )
    fleet.submit()
    third = mappings.function.place()
    assert third is not None
    assert first is not None
    assert (first.fleet.limits, third.fleet.limits) == ({}, {"greengrass": 12.0})


def test_what_happens_is_logged(fleet: Place, mappings: Mappings, caplog: pytest.LogCaptureFixture) -> None:
    mappings.function._say = lambda_handlers._say
    fleet.submit()
    fleet.put("Devices", '{"half')
    mappings.once("Devices")
    assert any("is in the dead-letter queue" in line for line in caplog.messages)
    assert any(line.startswith("a: ") for line in caplog.messages)


def test_a_function_without_a_stack_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECONCILE_STACK", raising=False)
    with pytest.raises(ReconcileError, match="RECONCILE_STACK names no stack"):
        Function(lambda *_: None).place()


def test_a_function_whose_stack_is_gone_says_so(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_STACK", "nowhere")
    with pytest.raises(ReconcileError, match="RECONCILE_STACK: there is no stack nowhere"):
        Function(lambda *_: None).place()


def in_a_secret(aws: Sandbox, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The functions' environment names a secret."""
    made = aws.client("secretsmanager").create_secret(Name="functions", SecretString=text)
    monkeypatch.setenv("RECONCILE_ENVIRONMENT", made["ARN"])


def test_the_environment_of_functions_may_be_in_a_secret(
    fleet: Place, mappings: Mappings, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CDF_TOKEN", "RECONCILE_SECRET_WIFI"):
        monkeypatch.setenv(name, "")  # and so it is as before when the test is over
    in_a_secret(aws, monkeypatch, '{"CDF_TOKEN": "token-1", "RECONCILE_SECRET_WIFI": "correct horse"}')
    mappings.finish(fleet.submit(), "succeeded")
    assert (os.environ["CDF_TOKEN"], os.environ["RECONCILE_SECRET_WIFI"]) == ("token-1", "correct horse")
    assert aws.counts()["secretsmanager:GetSecretValue"] == 1


@pytest.mark.parametrize("text", ["swordfish", '["swordfish"]', '{"A": {"B": "swordfish"}}'])
def test_a_secret_that_is_no_environment_is_refused_and_not_shown(
    text: str, mappings: Mappings, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_secret(aws, monkeypatch, text)
    with pytest.raises(ReconcileError, match="is no JSON object of texts") as refused:
        mappings.function.place()
    assert "swordfish" not in f"{refused.value.message}{refused.value.hint}"


@pytest.fixture
def v2(aws: Sandbox, outputs: dict[str, str], tmp_path: Path) -> Iterator[Place]:
    """Two groups of Greengrass V2, of two cores each."""
    files = template(queue_fleet(tmp_path / "v2"))
    for name in ("a", "b"):
        group(files, name, cores=2)
    with Place.open(aws, files.write(), outputs) as place:
        yield place


def test_functions_look_once_at_each_group_whose_cores_report(
    v2: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILE_STACK", "fleet")
    monkeypatch.setattr(lambda_handlers, "_function", function := Function(lambda *_: None))
    mappings = Mappings(v2, function)
    run = v2.submit()
    mappings.once("Devices")
    mappings.once("NewDeployments")
    for _ in range(3):
        aws.advance(5)
    messages = mappings.take("DeploymentStatus")
    assert len(messages) == 4
    aws.clear_calls()
    assert mappings.call("DeploymentStatus", messages[:1], RESERVE - 1) == [messages[0].id]
    assert "iot:DescribeJob" not in aws.counts()
    mappings.call("DeploymentStatus", messages)
    assert v2.states(run) == {"a": "succeeded", "b": "succeeded"}
    assert (aws.counts()["iot:DescribeJob"], aws.counts()["greengrassv2:ListDeployments"]) == (2, 1)
    function.close()
