"""A fleet in the sandbox: short ways to what most tests of Greengrass V2 need first."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from reconciler.sandbox.testing import Sandbox

ACCOUNT = "123456789012"
FORMAT = "2020-01-25"


class Fleet:
    """Makes things, thing groups, components and deployments in the sandbox's region."""

    def __init__(self, aws: Sandbox) -> None:
        self.aws = aws
        self.iot: Any = aws.client("iot")
        self.gg: Any = aws.client("greengrassv2")

    def group(self, name: str, *things: str, parent: str | None = None) -> str:
        """A thing group with these things in it, made as needed; its ARN."""
        above = {} if parent is None else {"parentGroupName": parent}
        arn = str(self.iot.create_thing_group(thingGroupName=name, **above)["thingGroupArn"])
        for thing in things:
            self.thing(thing)
            self.iot.add_thing_to_thing_group(thingGroupName=name, thingName=thing)
        return arn

    def thing(self, name: str) -> str:
        return str(self.iot.create_thing(thingName=name)["thingArn"])

    def component(self, name: str, version: str = "1.0.0", **members: Any) -> str:
        """A private component that can be deployed; its ARN. ``dependencies`` are requirements by name."""
        needed = {other: {"VersionRequirement": text} for other, text in members.pop("dependencies", {}).items()}
        recipe = {
            "RecipeFormatVersion": FORMAT,
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentDependencies": needed,
            "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"Run": "true"}}],
            **members,
        }
        arn = str(self.gg.create_component_version(inlineRecipe=json.dumps(recipe).encode())["arn"])
        self.aws.advance(1)
        return arn

    def deploy(self, target: str, *components: str, **params: Any) -> dict[str, Any]:
        """Deploy components, each written ``name@version``, and give the devices time to take them up."""
        wanted = {
            name: {"componentVersion": version} for name, _, version in (text.partition("@") for text in components)
        }
        made = dict(self.gg.create_deployment(targetArn=target, **{"components": wanted, **params}))
        self.settle()
        return made

    def settle(self, seconds: float = 3) -> None:
        """Let time pass, until all is done that will be: one deployment after the other on each device."""
        for _ in range(4):
            self.aws.advance(seconds / 4)

    def tell(self, **rules: Any) -> None:
        """Say what cores do; everything else succeeds."""
        named = {name.replace("_", "-"): rule for name, rule in rules.items()}
        self.aws.put_devices({"*": {"outcome": "succeed"}, **named})

    def installed(self, core: str, topology: str = "ROOT") -> dict[str, str]:
        """The versions of what runs on a core, by component."""
        found = self.gg.list_installed_components(coreDeviceThingName=core, topologyFilter=topology)
        return {item["componentName"]: item["componentVersion"] for item in found["installedComponents"]}

    def effective(self, core: str) -> list[dict[str, Any]]:
        found = self.gg.list_effective_deployments(coreDeviceThingName=core)["effectiveDeployments"]
        return [dict(item) for item in found]

    def statuses(self, made: dict[str, Any]) -> dict[str, str]:
        """The status of each execution of a deployment's job, by thing."""
        found = self.iot.list_job_executions_for_job(jobId=made["iotJobId"])["executionSummaries"]
        return {item["thingArn"].rpartition("/")[2]: item["jobExecutionSummary"]["status"] for item in found}

    def execution(self, made: dict[str, Any], thing: str) -> dict[str, Any]:
        return dict(self.iot.describe_job_execution(jobId=made["iotJobId"], thingName=thing)["execution"])


@pytest.fixture
def fleet(aws: Sandbox) -> Fleet:
    """An empty one; every core succeeds until told otherwise. Time passes only as it is told to."""
    aws.world.clock.stop()
    made = Fleet(aws)
    made.tell()
    return made


@pytest.fixture
def gg(fleet: Fleet) -> Any:
    """A boto3 client for Greengrass V2."""
    return fleet.gg


Refusal = tuple[int, str, dict[str, Any]]


@pytest.fixture
def refused() -> Callable[..., Refusal]:
    """Make a call that must be refused, and answer with HTTP status, error code and the whole answer."""

    def call(operation: Callable[..., Any], /, **params: Any) -> Refusal:
        with pytest.raises(ClientError) as caught:
            operation(**params)
        answer: Any = caught.value.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer

    return call


@pytest.fixture
def once(fleet: Fleet) -> Any:
    """A client that asks once and never again."""
    return fleet.aws.client("greengrassv2", config=Config(retries={"mode": "standard", "total_max_attempts": 1}))


@pytest.fixture
def unchecked(fleet: Fleet) -> Any:
    """A client that sends what the service model forbids."""
    return fleet.aws.client("greengrassv2", config=Config(parameter_validation=False))
