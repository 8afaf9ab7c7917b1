"""The stack in MiniStack, where the packaged functions run: a run from its messages to its end.

MiniStack has no Greengrass: the functions find Greengrass, IoT and S3 in the sandbox, and everything else in MiniStack.
"""

import json
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.package import PLATFORMS, build
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.execution.queue.working import QUEUES, queue_fleet
from tests.fleets import REGION, run_cli
from tests.infra.ministack import MiniStack, running
from tests.infra.templates import deploy, put_code, receive, template

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
MACHINE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), "")


@pytest.fixture
def ministack(aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MiniStack]:
    """An empty MiniStack, and an environment in which the product speaks to it, and to the sandbox's Greengrass."""
    (tmp_path / "ministack").mkdir()
    with running(tmp_path / "ministack", aws.url) as started:
        for name, value in started.env.items():
            monkeypatch.setenv(name, value)
        yield started


def held(ministack: MiniStack, queue_url: str) -> int:
    """How many messages a queue holds, those in hand included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = ministack.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
    return sum(int(value) for value in answer["Attributes"].values())


def listen(aws: Sandbox) -> str:
    """A queue of the sandbox that hears what its Greengrass tells EventBridge; its URL."""
    sqs, events = aws.client("sqs"), aws.client("events")
    url = str(sqs.create_queue(QueueName="heard")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="heard", EventPattern=json.dumps({"source": ["aws.greengrass"]}))
    events.put_targets(Rule="heard", Targets=[{"Id": "heard", "Arn": arn}])
    return url


def test_the_stack_is_made_with_everything_that_the_template_promises(ministack: MiniStack) -> None:
    outputs = deploy(ministack)
    promised = {name for name, output in template()["Outputs"].items() if "Condition" not in output}
    assert set(outputs) == promised
    assert ministack.client("lambda").list_functions()["Functions"] == []


@pytest.mark.long
@pytest.mark.skipif(MACHINE not in PLATFORMS, reason="Lambda has no such machines")
def test_the_packaged_functions_carry_a_run_to_its_end(ministack: MiniStack, aws: Sandbox, tmp_path: Path) -> None:
    package = tmp_path / "functions.zip"
    build(RUNTIME, MACHINE, package)
    outputs = deploy(ministack, **put_code(ministack, package.read_bytes()), FunctionRuntime=RUNTIME)
    for bucket in (outputs["ArtifactsBucketName"], outputs["BulkBucketName"]):
        aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    heard = listen(aws)
    directory = queue_fleet(tmp_path / "fleet").group("a").write().directory

    def task(run: str) -> dict[str, Any]:
        key = {"pk": {"S": f"demo#tasks#{run}"}, "sk": {"S": "a"}}
        item = ministack.client("dynamodb").get_item(TableName=outputs["TableName"], Key=key, ConsistentRead=True)
        return {name: value for name, typed in item["Item"].items() for value in typed.values()}

    def newest_run() -> dict[str, Any]:
        values = {":pk": {"S": "demo#runs"}}
        found = ministack.client("dynamodb").query(
            TableName=outputs["TableName"], KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values
        )
        return dict(found["Items"][-1])

    # Devices and NewDeployments: from the message to a group that is provisioned and deployed.
    ran = run_cli("apply", directory, "--yes", "--detach")
    assert ran.code == 0, ran.out + ran.err
    (run,) = re.findall(r"Apply queued: run ([^\s,]+)", ran.last_line)
    ministack.until(lambda: task(run)["state"] in {"deploying", "failed"})
    assert task(run)["state"] == "deploying", task(run)
    assert task(run)["deployment_id"] == live.deployments(aws.client, "a")[0]["DeploymentId"]
    contents = live.contents(aws.client, "a")
    assert [len(contents[family][f"{family}s"]) for family in ("Core", "Device")] == [1, 2]
    stored = aws.client("s3").list_objects_v2(Bucket=outputs["ArtifactsBucketName"])["Contents"]
    assert len([row for row in stored if row["Key"].endswith("/certs.zip")]) == 3
    ministack.until(lambda: held(ministack, outputs["DevicesQueueUrl"]) == 0)
    ministack.until(lambda: held(ministack, outputs["NewDeploymentsQueueUrl"]) == 0)

    # DeploymentStatus: EventBridge takes events of AWS from nobody else, so they go to where its rule would put them.
    for body in receive(aws, heard, 3):
        ministack.client("sqs").send_message(QueueUrl=outputs["DeploymentStatusQueueUrl"], MessageBody=body)
    ministack.until(lambda: task(run)["state"] == "succeeded")
    ministack.until(lambda: held(ministack, outputs["DeploymentStatusQueueUrl"]) == 0)

    # The sweep ends the run. It is called here, so that nobody need wait for its schedule.
    swept = ministack.client("lambda").invoke(FunctionName=outputs["SweepFunctionName"], Payload=b"{}")
    assert "FunctionError" not in swept, swept["Payload"].read()
    ministack.until(lambda: "ended_at" in newest_run())
    status = json.loads(run_cli("status", directory, "--run", run, "--format", "json").out)
    assert (status["state"], status["groups"][0]["deploymentStatus"]) == ("succeeded", "Success")

    # What is no message of ours is among the dead letters, with the reason.
    ministack.client("sqs").send_message(QueueUrl=outputs["DevicesQueueUrl"], MessageBody='{"half')
    dead = outputs["DevicesDeadLetterQueueUrl"]
    ministack.until(lambda: held(ministack, dead) == 1 and held(ministack, outputs["DevicesQueueUrl"]) == 0)
    (letter,) = ministack.client("sqs").receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    assert letter["Body"] == '{"half'
    assert "only a part of it" in letter["MessageAttributes"]["reason"]["StringValue"]
    others = [outputs[f"{queue}DeadLetterQueueUrl"] for queue in QUEUES if queue != "Devices"]
    assert [held(ministack, url) for url in others] == [0, 0]
