"""The stack in the sandbox's CloudFormation, and the product on what it made.

moto's CloudFormation makes neither policies of queues and buckets, nor alarms, and leaves versions and TTL out: those
are judged by cfn-lint and by the tests of the template.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, run_cli
from tests.infra.templates import CAPABILITIES, TEMPLATE, deploy, put_code, receive, template

ALWAYS = {
    *(
        f"{queue}{kind}"
        for queue in ("Devices", "NewDeployments", "DeploymentStatus")
        for kind in ("QueueUrl", "QueueArn", "DeadLetterQueueUrl", "DeadLetterQueueArn")
    ),
    "ArtifactsBucketName",
    "BulkBucketName",
    "BulkExecutionRoleArn",
    "EventsDeadLetterQueueArn",
    "EventsDeadLetterQueueUrl",
    "PlanPolicyArn",
    "StatusRuleArn",
    "TableArn",
    "TableName",
    "WorkerPolicyArn",
    "WorkerV2PolicyArn",
}
WITH_CODE = {
    "DeploymentStatusFunctionName",
    "DevicesFunctionName",
    "FunctionRoleArn",
    "NewDeploymentsFunctionName",
    "SweepFunctionName",
}
EVENT = "Greengrass Deployment Status Change"


def fleet_of(outputs: dict[str, str], directory: Path) -> FleetFiles:
    """A fleet that uses what the stack made."""
    return FleetFiles(directory).fleet(
        artifacts={"bucket": outputs["ArtifactsBucketName"], "prefix": "demo/"},
        bulkDeployments={"bucket": outputs["BulkBucketName"], "executionRoleArn": outputs["BulkExecutionRoleArn"]},
        ledger={"provider": "dynamodb", "table": outputs["TableName"]},
    )


def test_without_parameters_everything_is_there_but_functions(aws: Sandbox) -> None:
    assert set(deploy(aws)) == ALWAYS
    assert aws.client("lambda").list_functions()["Functions"] == []


def test_the_code_brings_functions_that_take_from_the_queues(aws: Sandbox) -> None:
    outputs = deploy(aws, **put_code(aws))
    assert set(outputs) == ALWAYS | WITH_CODE
    client = aws.client("lambda")
    functions = {row["FunctionName"]: row for row in client.list_functions()["Functions"]}
    assert set(functions) == {outputs[name] for name in WITH_CODE if name.endswith("FunctionName")}
    for function in functions.values():
        assert function["Environment"]["Variables"]["RECONCILE_STACK"] == "fleet"
        assert function["Role"] == outputs["FunctionRoleArn"]
    shares = {
        name: functions[outputs[f"{name}FunctionName"]]["Environment"]["Variables"]["RECONCILE_WORKERS"]
        for name in ("Devices", "NewDeployments", "DeploymentStatus", "Sweep")
    }
    assert shares == {"Devices": "8", "NewDeployments": "8", "DeploymentStatus": "32", "Sweep": "8"}
    mapped = {
        row["EventSourceArn"]: row["FunctionArn"].rpartition(":")[2]
        for row in client.list_event_source_mappings()["EventSourceMappings"]
    }
    assert mapped == {
        outputs[f"{queue}QueueArn"]: outputs[f"{queue}FunctionName"]
        for queue in ("Devices", "NewDeployments", "DeploymentStatus")
    }


def test_half_of_the_code_brings_no_functions(aws: Sandbox) -> None:
    assert set(deploy(aws, CodeBucket="code")) == ALWAYS


def test_a_key_encrypts_the_queues_and_brings_a_policy_for_its_use(aws: Sandbox) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/0b7c1b0e-5c0c-4c07-9a40-6f8b2d9f5a11"
    outputs = deploy(aws, KmsKeyArn=key)
    assert set(outputs) == ALWAYS | {"EncryptionPolicyArn"}
    for name in (name for name in outputs if name.endswith("QueueUrl")):
        attributes = aws.client("sqs").get_queue_attributes(QueueUrl=outputs[name], AttributeNames=["All"])
        assert attributes["Attributes"]["KmsMasterKeyId"] == key


def test_cdf_brings_policies_for_its_use(aws: Sandbox) -> None:
    function = "arn:aws:lambda:eu-central-1:123456789012:function:cdf-provisioning-rest-live"
    api = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/Prod"
    outputs = deploy(aws, CdfFunctionArn=function, CdfApiArn=api)
    assert set(outputs) == ALWAYS | {"CdfFunctionPolicyArn", "CdfApiPolicyArn"}
    allowed: list[Any] = []
    for name in ("CdfFunctionPolicyArn", "CdfApiPolicyArn"):
        found = aws.client("iam").get_policy_version(PolicyArn=outputs[name], VersionId="v1")["PolicyVersion"]
        allowed += [statement["Resource"] for statement in found["Document"]["Statement"]]
    assert allowed == [function, [f"{api}/GET/things/*", f"{api}/POST/things"]]


def test_every_queue_gives_its_dead_letters_to_its_own_queue(aws: Sandbox) -> None:
    outputs = deploy(aws)
    for queue in ("Devices", "NewDeployments", "DeploymentStatus"):
        answer = aws.client("sqs").get_queue_attributes(
            QueueUrl=outputs[f"{queue}QueueUrl"], AttributeNames=["RedrivePolicy"]
        )
        redrive = json.loads(answer["Attributes"]["RedrivePolicy"])
        assert redrive["deadLetterTargetArn"] == outputs[f"{queue}DeadLetterQueueArn"]


def test_the_product_works_on_the_stack_and_its_status_events_arrive(aws: Sandbox, tmp_path: Path) -> None:
    outputs = deploy(aws)
    fleet_of(outputs, tmp_path).group("a").group("b").write()
    ran = run_cli("apply", tmp_path, "--yes")
    assert ran.code == 0, ran.out + ran.err
    s3 = aws.client("s3")
    stored = [row["Key"] for row in s3.list_objects_v2(Bucket=outputs["ArtifactsBucketName"])["Contents"]]
    assert len([key for key in stored if key.endswith("/certs.zip")]) == 6
    assert s3.list_objects_v2(Bucket=outputs["BulkBucketName"])["KeyCount"] == 1
    assert aws.client("dynamodb").scan(TableName=outputs["TableName"], Select="COUNT")["Count"] > 0
    assert run_cli("runs", tmp_path).code == 0

    ids = {live.groups(aws.client)[name]["Id"]: live.deployments(aws.client, name)[0] for name in ("a", "b")}
    events = [json.loads(body) for body in receive(aws, outputs["DeploymentStatusQueueUrl"], 2 * 3)]
    assert {(event["source"], event["detail-type"]) for event in events} == {("aws.greengrass", EVENT)}
    told = sorted((event["detail"]["group-id"], event["detail"]["deployment-id"]) for event in events)
    assert told == sorted((group, row["DeploymentId"]) for group, row in ids.items() for _ in range(3))
    statuses = [event["detail"]["status"] for event in events if event["detail"]["group-id"] == min(ids)]
    assert sorted(statuses) == ["Building", "InProgress", "Success"]


def test_events_of_others_do_not_arrive(aws: Sandbox) -> None:
    outputs = deploy(aws)
    entry = {"DetailType": EVENT, "Source": "not.greengrass", "Detail": "{}"}
    other = {
        "DetailType": "Greengrass V2 Installed Component Status Change",
        "Source": "aws.greengrass",
        "Detail": "{}",
    }
    effective = {
        "DetailType": "Greengrass V2 Effective Deployment Status Change",
        "Source": "aws.greengrass",
        "Detail": "{}",
    }
    aws.client("events").put_events(Entries=[entry, other, effective])
    (body,) = receive(aws, outputs["DeploymentStatusQueueUrl"], 1)
    assert json.loads(body)["detail-type"] == effective["DetailType"]
    assert receive(aws, outputs["DeploymentStatusQueueUrl"], 1, deadline=0.1) == []


def test_the_table_takes_what_the_ledger_writes(aws: Sandbox) -> None:
    outputs = deploy(aws)
    client = aws.client("dynamodb")
    item = {"pk": {"S": "run#1"}, "sk": {"S": "task#a"}, "expires": {"N": "1"}}
    client.put_item(TableName=outputs["TableName"], Item=item, ConditionExpression="attribute_not_exists(pk)")
    key = {"pk": item["pk"], "sk": item["sk"]}
    assert client.get_item(TableName=outputs["TableName"], Key=key, ConsistentRead=True)["Item"] == item
    assert client.describe_table(TableName=outputs["TableName"])["Table"].get("GlobalSecondaryIndexes") == []


def test_the_command_that_the_docs_give_makes_the_stack(aws: Sandbox) -> None:
    command = [str(Path(sys.executable).parent / "aws"), "cloudformation", "create-stack", "--stack-name", "fleet"]
    ran = subprocess.run(
        [*command, "--template-body", f"file://{TEMPLATE}", "--capabilities", *CAPABILITIES],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (stack,) = aws.client("cloudformation").describe_stacks(StackName="fleet")["Stacks"]
    assert {output["OutputKey"] for output in stack["Outputs"]} == ALWAYS


def test_the_outputs_are_those_that_are_promised() -> None:
    optional = {"EncryptionPolicyArn", "CdfFunctionPolicyArn", "CdfApiPolicyArn"}
    assert set(template()["Outputs"]) == ALWAYS | WITH_CODE | optional
