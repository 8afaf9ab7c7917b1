"""The template itself: what cfn-lint and CloudFormation's limits say of it, and what it promises."""

import re
from typing import Any

import cfnlint.api as cfnlint  # type: ignore[import-untyped]  # it has annotations, and no py.typed
import pytest
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]  # as above

from reconciler.execution import lambda_handlers
from reconciler.execution.lock import QUEUED_SECONDS
from tests.infra.templates import TEMPLATE, resources, template

QUEUES = ("Devices", "NewDeployments", "DeploymentStatus")
DEAD_LETTERS = (*QUEUES, "Events")


def lint(text: str) -> dict[str, str]:
    """What cfn-lint says, warnings and advice included: messages by rule."""
    return {match.rule.id: match.message for match in cfnlint.lint(text, config=ManualArgs(include_checks=["I"]))}


@pytest.mark.long  # `make lint` does the same
def test_cfn_lint_finds_nothing() -> None:
    assert lint(TEMPLATE.read_text(encoding="utf-8")) == {}


MISTAKES = {
    "E3002": ("MessageRetentionPeriod: 604800", "MessageRetentionDays: 7"),
    "E3006": ("Type: AWS::Logs::LogGroup", "Type: AWS::Logs::LogGroups"),
    "E3034": ("MaximumConcurrency: !FindInMap [Functions, !Ref DevicesConcurrency, AtOnce]", "MaximumConcurrency: 1"),
    "E3530": ("Principal: {Service: lambda.amazonaws.com}", "Principle: {Service: lambda.amazonaws.com}"),
    "W3037": ("greengrass:CreateGroupVersion", "greengrass:MakeGroupVersion"),
}


@pytest.mark.long
def test_cfn_lint_would_find_mistakes() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    for right, wrong in MISTAKES.values():
        assert right in text
        text = text.replace(right, wrong, 1)
    assert set(MISTAKES) <= set(lint(text))


def test_the_template_is_small_enough_to_be_deployed_without_a_bucket() -> None:
    assert len(TEMPLATE.read_bytes()) < 51_200  # bytes of a template body (CloudFormation quotas)


def test_the_template_uses_no_yaml_that_cloudformation_lacks() -> None:
    lines = [line.partition(" #")[0].strip() for line in TEMPLATE.read_text(encoding="utf-8").splitlines()]
    assert not [line for line in lines if ": &" in line or ": *" in line or line.startswith(("- *", "- &", "<<:"))]


def test_every_parameter_has_a_default_and_a_description() -> None:
    for name, parameter in template()["Parameters"].items():
        assert "Default" in parameter, name
        assert parameter["Description"].endswith("."), name


def test_every_parameter_is_in_the_form_of_the_console() -> None:
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(template()["Parameters"])


def test_the_docs_name_every_parameter_with_its_default_and_every_output() -> None:
    lines = (TEMPLATE.parents[1] / "docs" / "infrastructure.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| `")]
    told = {name: row for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert sorted(told) == sorted([*template()["Parameters"], *(set(template()["Outputs"]) - BESIDE_URLS)])
    for name, parameter in template()["Parameters"].items():
        assert str(parameter["Default"]) in told[name][1], name


BESIDE_URLS = {f"{queue}{kind}QueueArn" for queue in QUEUES for kind in ("", "DeadLetter")}
"""The docs name them in the rows of their URLs."""


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_gives_up_late_and_its_dead_letters_stay_longer(queue: str) -> None:
    queues = resources("AWS::SQS::Queue")
    properties = queues[f"{queue}Queue"]["Properties"]
    assert properties["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [f"{queue}DeadLetterQueue", "Arn"]},
        "maxReceiveCount": 1000,
    }
    kept = queues[f"{queue}DeadLetterQueue"]["Properties"]["MessageRetentionPeriod"]
    assert kept == 14 * 86400
    assert kept >= 2 * properties["MessageRetentionPeriod"]


def test_every_queue_is_encrypted_and_tls_only() -> None:
    denied: list[Any] = []
    for policy in resources("AWS::SQS::QueuePolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny":
                assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
                denied += [queue["Ref"] for queue in policy["Properties"]["Queues"]]
    queues = resources("AWS::SQS::Queue")
    assert sorted(denied) == sorted(queues)
    for queue in queues.values():
        key, managed = queue["Properties"]["KmsMasterKeyId"], queue["Properties"]["SqsManagedSseEnabled"]
        assert key == {"Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]}
        assert managed == {"Fn::If": ["HasKmsKey", {"Ref": "AWS::NoValue"}, True]}


@pytest.mark.parametrize("bucket", ["ArtifactsBucket", "BulkBucket"])
def test_a_bucket_is_private_versioned_encrypted_without_kms_and_tls_only(bucket: str) -> None:
    properties = resources("AWS::S3::Bucket")[bucket]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    policy = resources("AWS::S3::BucketPolicy")[f"{bucket}Policy"]["Properties"]
    assert policy["Bucket"] == {"Ref": bucket}
    denied = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [one["Condition"] for one in denied]
    assert len(denied) == len(policy["PolicyDocument"]["Statement"])


def test_inputs_of_bulk_deployments_expire_and_artifacts_never() -> None:
    buckets = resources("AWS::S3::Bucket")
    (bulk,) = buckets["BulkBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert bulk["ExpirationInDays"] == {"Ref": "BulkInputDays"}
    (artifacts,) = buckets["ArtifactsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert set(artifacts) == {"Id", "Status", "AbortIncompleteMultipartUpload"}


def test_the_ledger_is_on_demand_recoverable_encrypted_and_forgets_old_runs() -> None:
    properties = resources("AWS::DynamoDB::Table")["LedgerTable"]["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert {row["AttributeName"]: row["KeyType"] for row in properties["KeySchema"]} == {"pk": "HASH", "sk": "RANGE"}


def test_data_outlives_the_stack_unless_told_otherwise() -> None:
    data = {**resources("AWS::S3::Bucket"), **resources("AWS::DynamoDB::Table")}
    assert len(data) == 3
    for resource in data.values():
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == {"Ref": "DataDeletionPolicy"}
    assert template()["Parameters"]["DataDeletionPolicy"]["Default"] == "Retain"


def test_every_dead_letter_queue_and_the_age_of_every_queue_is_watched() -> None:
    alarms = [made["Properties"] for made in resources("AWS::CloudWatch::Alarm").values()]
    watched = {
        (alarm["MetricName"], alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]): alarm["ComparisonOperator"]
        for alarm in alarms
    }
    depth = {("ApproximateNumberOfMessagesVisible", f"{queue}DeadLetterQueue") for queue in DEAD_LETTERS}
    age = {("ApproximateAgeOfOldestMessage", f"{queue}Queue") for queue in QUEUES}
    assert set(watched) == depth | age
    assert set(watched.values()) == {"GreaterThanThreshold"}


def test_the_rule_takes_status_events_of_both_versions_and_keeps_what_it_cannot_deliver() -> None:
    rule = resources("AWS::Events::Rule")["DeploymentStatusRule"]["Properties"]
    assert rule["EventPattern"] == {
        "source": ["aws.greengrass"],
        "detail-type": [
            "Greengrass Deployment Status Change",
            "Greengrass V2 Effective Deployment Status Change",
        ],
    }
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["DeploymentStatusQueue", "Arn"]}
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["EventsDeadLetterQueue", "Arn"]}}


def test_functions_exist_only_with_code_and_name_handlers_of_ours() -> None:
    functions = resources("AWS::Lambda::Function")
    handlers = {made["Properties"]["Handler"] for made in functions.values()}
    assert handlers == {
        f"reconciler.execution.lambda_handlers.{name}" for name in ("devices", "deployments", "status", "sweep")
    }
    assert all(callable(getattr(lambda_handlers, handler.rpartition(".")[2])) for handler in handlers)
    for kind in ("Function", "EventSourceMapping", "Permission", "EventInvokeConfig"):
        for name, made in resources(f"AWS::Lambda::{kind}").items():
            assert made["Condition"] == "HasCode", name


@pytest.mark.parametrize("queue", QUEUES)
def test_a_function_takes_a_bounded_part_of_its_queue_and_says_which_messages_failed(queue: str) -> None:
    mapping = resources("AWS::Lambda::EventSourceMapping")[f"{queue}Mapping"]["Properties"]
    assert mapping["FunctionName"] == {"Ref": f"{queue}Function"}
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [f"{queue}Queue", "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    bound = {"Fn::FindInMap": ["Functions", {"Ref": f"{queue}Concurrency"}, "AtOnce"]}
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": bound}
    bounds = {key: row["AtOnce"] for key, row in template()["Mappings"]["Functions"].items()}
    parameter = template()["Parameters"][f"{queue}Concurrency"]
    assert bounds == {value: int(value) for value in parameter["AllowedValues"]}
    assert min(bounds.values()) >= 2  # the least that Lambda takes


def test_the_functions_share_what_aws_allows_the_account() -> None:
    parts = {"Half": 1 / 2, "Quarter": 1 / 4, "Eighth": 1 / 8}
    for row in template()["Mappings"]["Functions"].values():
        assert {part: row["AtOnce"] / int(row[part]) for part in parts} == parts
    shares = {
        name: made["Properties"]["Environment"]["Variables"]["RECONCILE_WORKERS"]
        for name, made in resources("AWS::Lambda::Function").items()
    }
    assert shares.pop("SweepFunction") == "8"  # never two at once: an eighth
    for queue, part in zip(QUEUES, parts, strict=True):
        assert shares[f"{queue}Function"] == {"Fn::FindInMap": ["Functions", {"Ref": f"{queue}Concurrency"}, part]}
    assert sum(parts.values()) + 1 / 8 == 1


def test_the_sweep_runs_twice_before_the_lock_of_a_run_lapses() -> None:
    assert template()["Parameters"]["SweepSchedule"]["Default"] == "rate(1 minute)"
    assert QUEUED_SECONDS >= 2 * 60


def test_visibility_is_six_times_the_timeout_of_the_function_or_more() -> None:
    seconds = template()["Mappings"]["Seconds"]
    assert set(seconds) == set(template()["Parameters"]["FunctionTimeout"]["AllowedValues"])
    for key, row in seconds.items():
        assert (row["Timeout"], row["Visibility"]) == (int(key), 6 * int(key))
    status = resources("AWS::Lambda::Function")["DeploymentStatusFunction"]["Properties"]["Timeout"]
    window = resources("AWS::Lambda::EventSourceMapping")["DeploymentStatusMapping"]["Properties"]
    visibility = resources("AWS::SQS::Queue")["DeploymentStatusQueue"]["Properties"]["VisibilityTimeout"]
    assert visibility >= 6 * status + window["MaximumBatchingWindowInSeconds"]
    for queue in ("Devices", "NewDeployments"):
        held = resources("AWS::SQS::Queue")[f"{queue}Queue"]["Properties"]["VisibilityTimeout"]
        assert held == {"Fn::FindInMap": ["Seconds", {"Ref": "FunctionTimeout"}, "Visibility"]}


def test_half_of_the_code_is_refused() -> None:
    rule = template()["Rules"]["CodeIsWhole"]
    for function in ("Fn::Or", "Fn::And"):
        sides = rule["RuleCondition" if function == "Fn::Or" else "Assertions"]
        stated = sides[function] if function == "Fn::Or" else sides[0]["Assert"][function]
        assert [side["Fn::Not"][0]["Fn::Equals"] for side in stated] == [
            [{"Ref": "CodeBucket"}, ""],
            [{"Ref": "CodeKey"}, ""],
        ]
