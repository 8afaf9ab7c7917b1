"""A fleet in the sandbox: short ways to what most tests of Greengrass V1 need first."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reconciler.sandbox.testing import Sandbox
from tests.sandbox.events import into_a_queue

ACCOUNT = "123456789012"


@dataclass(frozen=True, slots=True)
class Deployable:
    """A group that can be deployed: its id, its version and its core's thing name."""

    id: str
    version: str
    core: str


class Fleet:
    """Makes ARNs, entities, definitions and groups in one region of a sandbox."""

    def __init__(self, aws: Sandbox, region: str) -> None:
        self.aws = aws
        self.region = region
        # Any: boto3's clients are made from the service model when asked for.
        self.gg: Any = aws.client("greengrass", region)

    def thing(self, name: str) -> str:
        return f"arn:aws:iot:{self.region}:{ACCOUNT}:thing/{name}"

    def entity(self, name: str, **members: Any) -> dict[str, Any]:
        """A core or device."""
        certificate = f"arn:aws:iot:{self.region}:{ACCOUNT}:cert/{'ab' * 32}"
        return {"Id": name, "ThingArn": self.thing(name), "CertificateArn": certificate, **members}

    def core_arn(self, name: str) -> str:
        """The ARN of a new core definition's version."""
        made = self.gg.create_core_definition(InitialVersion={"Cores": [self.entity(name)]})
        return str(made["LatestVersionArn"])

    def group(self, name: str = "line", **arns: str) -> Deployable:
        """A new group whose version has a core."""
        core = f"{name}-core"
        version = {"CoreDefinitionVersionArn": self.core_arn(core), **arns}
        made = self.gg.create_group(Name=name, InitialVersion=version)
        return Deployable(made["Id"], made["LatestVersion"], core)

    def deploy(self, group: Deployable, **params: Any) -> str:
        """Start a new deployment and answer with its id."""
        params = {"DeploymentType": "NewDeployment", "GroupVersionId": group.version, **params}
        return str(self.gg.create_deployment(GroupId=group.id, **params)["DeploymentId"])

    def status(self, group: Deployable, deployment: str) -> dict[str, Any]:
        return dict(self.gg.get_deployment_status(GroupId=group.id, DeploymentId=deployment))

    def deployed(self, group: Deployable) -> str:
        """Deploy the group and wait for its core to succeed."""
        deployment = self.deploy(group)
        self.aws.advance(2)
        assert self.status(group, deployment)["DeploymentStatus"] == "Success"
        return deployment

    def tell(self, **rules: Any) -> None:
        """Say what cores do; ``_`` in a keyword stands for ``-``, and everything else succeeds."""
        named = {name.replace("_", "-"): rule for name, rule in rules.items()}
        self.aws.put_devices({"*": {"outcome": "succeed"}, **named})

    def put_input(self, lines: Iterable[Any], key: str = "in.json", bucket: str = "bulk") -> str:
        """Write a bulk deployment's input to S3 and answer with its URI, as the service writes it."""
        s3 = self.aws.client("s3", self.region)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": self.region})
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        s3.put_object(Bucket=bucket, Key=key, Body="".join(f"{text}\n" for text in texts).encode())
        return f"https://{bucket}.s3-{self.region}.amazonaws.com/{key}"


@pytest.fixture
def fleet(aws: Sandbox) -> Fleet:
    """The sandbox's own region; every core succeeds until told otherwise, and time passes when a test says so."""
    aws.world.clock.stop()
    made = Fleet(aws, aws.region)
    made.tell()
    return made


@pytest.fixture
def gg(fleet: Fleet) -> Any:
    """A boto3 client for Greengrass V1."""
    return fleet.gg


@pytest.fixture
def events(fleet: Fleet) -> Callable[[], list[dict[str, Any]]]:
    """Take the Greengrass events that a rule brought into a queue, in the order of their delivery."""
    pattern = {"source": ["aws.greengrass"], "detail-type": ["Greengrass Deployment Status Change"]}
    return into_a_queue(lambda service: fleet.aws.client(service, fleet.region), pattern)


Refusal = tuple[int, str, str]


@pytest.fixture
def refused() -> Callable[..., Refusal]:
    """Make a call that must be refused, and answer with HTTP status, error code and message."""

    def call(operation: Callable[..., Any], /, **params: Any) -> Refusal:
        with pytest.raises(ClientError) as caught:
            operation(**params)
        answer = caught.value.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]

    return call
