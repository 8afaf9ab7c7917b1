"""The CloudFormation template as data, and as a stack in the sandbox."""

import re
import time
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import botocore.session
import yaml
from botocore.exceptions import UnknownServiceError

from reconciler.sandbox.testing import Sandbox

TEMPLATE = Path(__file__).parents[2] / "infra" / "template.yaml"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
PSEUDO = {"Partition": "aws", "Region": "eu-central-1", "AccountId": "123456789012"}
CODE = {"CodeBucket": "code", "CodeKey": "reconciler.zip"}
EMPTY = b"PK\x05\x06" + bytes(18)
"""A zip without an entry."""
DEADLINE = 60.0


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, each as the function that it stands for."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _long_form)


@cache
def template() -> dict[str, Any]:
    """The template with the long forms of functions."""
    loaded = yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a SafeLoader)
    assert isinstance(loaded, dict)
    return loaded


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The resources of a type by their logical ids."""
    return {name: made for name, made in template()["Resources"].items() if made["Type"] == kind}


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy, with the logical id of the resource that it stands in."""
    for name, made in template()["Resources"].items():
        properties = made.get("Properties", {})
        documents = [properties.get("PolicyDocument"), properties.get("AssumeRolePolicyDocument")]
        documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        for document in documents:
            yield from ((name, statement) for statement in (document or {}).get("Statement", []))


def listed(value: Any) -> list[Any]:
    """What IAM takes alone or as a list, as a list."""
    return value if isinstance(value, list) else [value]


WORKER = ("WorkerPolicy", "WorkerV2Policy")
"""The policies of who works: one would be larger than IAM takes."""


def actions(*policies: str) -> set[str]:
    """The actions that policies allow; a pattern is every action of its service that it stands for."""
    allowed = [found for name, found in statements() if name in policies and found["Effect"] == "Allow"]
    return {one for statement in allowed for action in listed(statement["Action"]) for one in expanded(action)}


def expanded(action: str) -> set[str]:
    """The actions that an action of a policy stands for."""
    if "*" not in action:
        return {action}
    service = action.partition(":")[0]
    known = {name for api in (service, f"{service}v2") for name in _operations(api)}
    return {f"{service}:{name}" for name in known if fnmatchcase(f"{service}:{name}", action)}


@cache
def _operations(api: str) -> frozenset[str]:
    """The operations of an API in botocore's service model, none where it has no such API."""
    try:
        return frozenset(botocore.session.get_session().get_service_model(api).operation_names)
    except UnknownServiceError:
        return frozenset()


def arns(statement: Mapping[str, Any]) -> list[str]:
    """The ARNs that a statement is about, as they would be in some account; none for those that a parameter gives."""
    return [arn for value in listed(statement.get("Resource", [])) if (arn := _arn(value))]


def _arn(value: Any) -> str:
    if isinstance(value, str):
        return value
    if "Fn::GetAtt" in value:
        return _arn_of(value["Fn::GetAtt"][0])
    if "Fn::Sub" not in value:
        return ""
    filled = str(value["Fn::Sub"])
    for name, known in PSEUDO.items():
        filled = filled.replace(f"${{AWS::{name}}}", known)
    return re.sub(r"\$\{(\w+)\.Arn\}", lambda found: _arn_of(found[1]), filled) if "${Cdf" not in filled else ""


def _arn_of(logical_id: str) -> str:
    start = ":".join(PSEUDO.values())
    return {
        "AWS::S3::Bucket": f"arn:aws:s3:::{logical_id}",
        "AWS::SQS::Queue": f"arn:aws:sqs:{start.partition(':')[2]}:{logical_id}",
        "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{start.partition(':')[2]}:table/{logical_id}",
        "AWS::IAM::Role": f"arn:aws:iam::{PSEUDO['AccountId']}:role/{logical_id}",
        "AWS::Logs::LogGroup": f"arn:aws:logs:{start.partition(':')[2]}:log-group:{logical_id}:*",
    }[template()["Resources"][logical_id]["Type"]]


class Account(Protocol):
    """Something that stands for AWS: the sandbox, or MiniStack."""

    def client(self, service: str) -> Any:
        """A boto3 client."""


def deploy(aws: Account, name: str = "fleet", **parameters: str) -> dict[str, str]:
    """Make the stack, and return its outputs."""
    client = aws.client("cloudformation")
    client.create_stack(
        StackName=name,
        TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
        Capabilities=CAPABILITIES,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    end = time.monotonic() + DEADLINE
    while True:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            break
        assert time.monotonic() < end, "the stack is not made"
        time.sleep(0.1)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def put_code(aws: Account, package: bytes = EMPTY) -> Mapping[str, str]:
    """Put a package where ``CODE`` says, and return ``CODE``."""
    client = aws.client("s3")
    client.create_bucket(
        Bucket=CODE["CodeBucket"], CreateBucketConfiguration={"LocationConstraint": client.meta.region_name}
    )
    client.put_object(Bucket=CODE["CodeBucket"], Key=CODE["CodeKey"], Body=package)
    return CODE


def receive(aws: Sandbox, queue_url: str, count: int, deadline: float = 20) -> list[str]:
    """The bodies of ``count`` messages of a queue, in the order in which they came."""
    client, end = aws.client("sqs"), time.monotonic() + deadline
    bodies: list[str] = []
    while len(bodies) < count and time.monotonic() < end:
        answer = client.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        bodies += [message["Body"] for message in answer.get("Messages", [])]
    return bodies
