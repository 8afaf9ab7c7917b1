"""``reconcile doctor`` on a stack: queues and their wiring, and policies that allow what the stack's own allow."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.cli.test_doctor import found
from tests.fleets import ARTIFACTS_BUCKET, FleetFiles, run_cli
from tests.infra.templates import WORKER, actions, deploy, expanded


@pytest.fixture
def outputs(aws: Sandbox) -> dict[str, str]:
    return deploy(aws)


@pytest.fixture
def queued(outputs: dict[str, str], tmp_path: Path) -> FleetFiles:
    files = FleetFiles(tmp_path / "queued").fleet(
        artifacts=None, bulkDeployments=None, execution={"mode": "queue", "stack": "fleet"}
    )
    return files.group("a").write()


def allowed(document: dict[str, Any]) -> set[str]:
    patterns = [pattern for statement in document["Statement"] for pattern in statement["Action"]]
    return {action for pattern in patterns for action in expanded(pattern)}


def test_queues_and_their_wiring(aws: Sandbox, outputs: dict[str, str], queued: FleetFiles) -> None:
    good = found(queued.directory)["good"]
    assert "queue Devices: it is there, with 0 waiting" in good
    assert any(line.startswith("status events: rule ") for line in good)
    aws.client("sqs").send_message(QueueUrl=outputs["DevicesDeadLetterQueueUrl"], MessageBody="x")
    events = aws.client("events")
    (rule,) = events.list_rule_names_by_target(TargetArn=outputs["DeploymentStatusQueueArn"])["RuleNames"]
    events.disable_rule(Name=rule)
    wrong = found(queued.directory)["wrong"]
    assert "queue Devices: 1 in its dead-letter queue" in wrong
    assert f"status events: rule {rule} is disabled" in wrong


@pytest.mark.parametrize(("role", "twin"), [("plan", ["PlanPolicy"]), ("worker", WORKER)])
def test_a_policy_allows_what_that_of_the_stack_allows_which_is_what_the_code_calls(
    queued: FleetFiles, role: str, twin: Sequence[str]
) -> None:
    document = json.loads(run_cli("doctor", queued.directory, "--iam", role).out)
    assert allowed(document) == actions(*twin)


def test_who_applies_in_the_command_needs_no_queue_and_no_table(tmp_path: Path) -> None:
    fleet = FleetFiles(tmp_path / "fleet").group("a").write()
    document = json.loads(run_cli("doctor", fleet.directory, "--iam", "apply").out)
    dispensable = {action for action in actions(*WORKER) if action.startswith(("sqs:", "dynamodb:", "cloudf"))}
    assert allowed(document) == actions(*WORKER) - dispensable
    assert f"arn:aws:s3:::{ARTIFACTS_BUCKET}/demo/*" in json.dumps(document)
