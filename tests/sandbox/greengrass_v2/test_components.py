"""Component versions: how they come to be, how the service writes them, and what AWS publishes."""

import hashlib
import json
from typing import Any

import pytest
import yaml

NAME = "com.example.Hello"
# Keys in an order of its own, tabs, and what the service fills in left out.
RECIPE = {
    "Manifests": [
        {
            "Artifacts": [{"Uri": "s3://artifacts/hello/1.0.0/hello.zip", "Unarchive": "ZIP"}],
            "Lifecycle": {"Run": "python3 -u {artifacts:decompressedPath}/hello/main.py"},
            "Platform": {"os": "linux", "architecture": "*"},
        }
    ],
    "ComponentDependencies": {"aws.greengrass.Nucleus": {"VersionRequirement": ">=2.9.0 <3.0.0"}},
    "ComponentConfiguration": {"DefaultConfiguration": {"Message": "world", "ratio": 0.5}},
    "ComponentVersion": "1.0.0",
    "ComponentName": NAME,
    "RecipeFormatVersion": "2020-01-25",
}


@pytest.fixture
def artifact(aws: Any) -> bytes:
    """The recipe's artifact, uploaded; its content."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_object(Bucket="artifacts", Key="hello/1.0.0/hello.zip", Body=b"zip")
    return b"zip"


def create(gg: Any, recipe: Any, **params: Any) -> dict[str, Any]:
    text = recipe if isinstance(recipe, bytes) else json.dumps(recipe).encode()
    return dict(gg.create_component_version(inlineRecipe=text, **params))


def test_a_version_is_made_in_steps(aws: Any, gg: Any, artifact: bytes) -> None:
    made = create(gg, RECIPE, tags={"fleet": "demo"})
    assert (made["componentName"], made["componentVersion"], made["status"]["componentState"]) == (
        NAME,
        "1.0.0",
        "REQUESTED",
    )
    states = []
    for _ in range(4):
        states.append(gg.describe_component(arn=made["arn"])["status"]["componentState"])
        aws.advance(0.25)
    assert states == ["REQUESTED", "INITIATED", "DEPLOYABLE", "DEPLOYABLE"]
    described = gg.describe_component(arn=made["arn"])
    assert described["platforms"] == [{"attributes": {"os": "linux", "architecture": "*"}}]
    assert described["tags"] == {"fleet": "demo"}


def test_the_service_writes_a_recipe_its_own_way(gg: Any, artifact: bytes) -> None:
    arn = create(gg, json.dumps(RECIPE, indent="\t").encode())["arn"]
    answer = gg.get_component(arn=arn)
    assert answer["recipeOutputFormat"] == "JSON"
    recipe = json.loads(answer["recipe"])
    assert list(recipe) == [
        "RecipeFormatVersion",
        "ComponentName",
        "ComponentVersion",
        "ComponentType",
        "ComponentConfiguration",
        "ComponentDependencies",
        "Manifests",
        "Lifecycle",
    ]
    assert recipe["ComponentDependencies"]["aws.greengrass.Nucleus"]["DependencyType"] == "HARD"
    assert recipe["Manifests"][0]["Artifacts"] == [
        {
            "Uri": "s3://artifacts/hello/1.0.0/hello.zip",
            "Unarchive": "ZIP",
            "Permission": {"Read": "OWNER", "Execute": "NONE"},
            "Digest": hashlib.sha256(artifact).hexdigest(),
            "Algorithm": "SHA-256",
        }
    ]
    assert recipe["ComponentConfiguration"] == RECIPE["ComponentConfiguration"]
    as_yaml = gg.get_component(arn=arn, recipeOutputFormat="YAML")["recipe"]
    assert yaml.safe_load(as_yaml) == recipe


def test_recipes_in_yaml_are_read(gg: Any) -> None:
    text = b"""---
RecipeFormatVersion: 2020-01-25
ComponentName: com.example.Yaml
ComponentVersion: '1.0.0'
ComponentPublisher: me
Manifests:
  - Platform:
      os: all
    Lifecycle:
      run: echo hello
"""
    made = create(gg, text)
    assert made["arn"].endswith(":components:com.example.Yaml:versions:1.0.0")
    (listed,) = gg.list_components()["components"]
    assert listed["latestVersion"]["publisher"] == "me"


def test_an_artifact_that_is_not_there_fails_the_version_later(fleet: Any, gg: Any) -> None:
    arn = create(gg, RECIPE)["arn"]
    fleet.aws.advance(1)
    status = gg.describe_component(arn=arn)["status"]
    assert status["componentState"] == "FAILED"
    assert list(status["errors"]) == ["s3://artifacts/hello/1.0.0/hello.zip"]
    gg.delete_component(arn=arn)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"RecipeFormatVersion": "2021-01-01"}, "RecipeFormatVersion"),
        ({"ComponentName": "no spaces"}, "ComponentName"),
        ({"ComponentName": None}, "ComponentName"),
        ({"ComponentVersion": "1.0"}, "ComponentVersion"),
        ({"ComponentVersion": 1}, "ComponentVersion"),
        ({"ComponentType": "aws.greengrass.magic"}, "ComponentType"),
        ({"componentDescription": "x"}, "case-sensitive"),
        ({"ComponentConfiguration": {"DefaultConfiguration": []}}, "DefaultConfiguration"),
        ({"ComponentDependencies": {"a": {}}}, "VersionRequirement"),
        ({"ComponentDependencies": {"a": {"VersionRequirement": "newest"}}}, "constraint"),
        ({"ComponentDependencies": {"a": {"VersionRequirement": "1", "DependencyType": "LOOSE"}}}, "DependencyType"),
        ({"Manifests": []}, "Manifests"),
        ({"Manifests": [{"lifecycle": {}}]}, "case-sensitive"),
        ({"Manifests": [{"Artifacts": [{"Uri": "http://x"}]}]}, "Uri"),
        ({"ComponentDescription": "x" * 16_384}, "16384"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(gg: Any, refused: Any, change: dict[str, Any], problem: str) -> None:
    text = json.dumps({**RECIPE, **change}).encode()
    status, code, answer = refused(gg.create_component_version, inlineRecipe=text)
    assert (status, code) == (400, "ValidationException")
    assert problem in answer["Error"]["Message"]
    assert answer["fields"][0]["name"] == "inlineRecipe"


@pytest.mark.parametrize("text", [b"", b"[]", b"a: [", b"\xff\xfe\x00", b"a: !!binary aGk=", b"a: .nan"])
def test_what_is_no_recipe_at_all_is_refused(gg: Any, refused: Any, text: bytes) -> None:
    assert refused(gg.create_component_version, inlineRecipe=text)[:2] == (400, "ValidationException")


def test_exactly_one_source_is_wanted(gg: Any, refused: Any) -> None:
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:hello:3"
    both = {"inlineRecipe": json.dumps(RECIPE).encode(), "lambdaFunction": {"lambdaArn": arn}}
    assert refused(gg.create_component_version)[1] == "ValidationException"
    assert refused(gg.create_component_version, **both)[1] == "ValidationException"


def test_the_same_version_again_is_a_conflict(fleet: Any, refused: Any) -> None:
    arn = fleet.component(NAME)
    status, code, answer = refused(fleet.component, name=NAME)
    assert (status, code, answer["resourceId"], answer["resourceType"]) == (
        409,
        "ConflictException",
        arn,
        "componentVersion",
    )


def test_a_token_gives_the_first_answer_again_and_no_other_request(fleet: Any, gg: Any, refused: Any) -> None:
    first = create(gg, RECIPE, clientToken="token-1")
    assert create(gg, RECIPE, clientToken="token-1")["creationTimestamp"] == first["creationTimestamp"]
    other = {**RECIPE, "ComponentVersion": "1.0.1"}
    text = json.dumps(other).encode()
    assert refused(gg.create_component_version, inlineRecipe=text, clientToken="token-1")[1] == "ConflictException"
    fleet.aws.advance(8 * 3600)
    create(gg, other, clientToken="token-1")


def test_versions_come_greatest_first_and_in_pages(fleet: Any, gg: Any) -> None:
    for version in ("1.9.0", "1.10.0", "2.0.0-beta.1", "2.0.0"):
        arn = fleet.component(NAME, version)
    component = arn.rpartition(":versions:")[0]
    listed: list[str] = []
    for page in gg.get_paginator("list_component_versions").paginate(arn=component, PaginationConfig={"PageSize": 3}):
        listed += [item["componentVersion"] for item in page["componentVersions"]]
    assert listed == ["2.0.0", "2.0.0-beta.1", "1.10.0", "1.9.0"]
    (latest,) = gg.list_components()["components"]
    assert latest["latestVersion"]["componentVersion"] == "2.0.0"


@pytest.mark.parametrize(("quota", "name"), [("MOST_COMPONENTS", "com.example.Other"), ("MOST_VERSIONS", NAME)])
def test_there_are_only_so_many(
    fleet: Any, refused: Any, monkeypatch: pytest.MonkeyPatch, quota: str, name: str
) -> None:
    fleet.component(NAME)
    monkeypatch.setattr(f"reconciler.sandbox.greengrass_v2.components.{quota}", 1)
    assert refused(fleet.component, name=name, version="2.0.0")[:2] == (402, "ServiceQuotaExceededException")


def test_what_is_not_there_is_said_so(gg: Any, refused: Any) -> None:
    arn = f"arn:aws:greengrass:eu-central-1:123456789012:components:{NAME}"
    for operation in (gg.describe_component, gg.get_component, gg.delete_component):
        status, code, answer = refused(operation, arn=f"{arn}:versions:1.0.0")
        assert (status, code, answer["resourceType"]) == (404, "ResourceNotFoundException", "componentVersion")
    assert refused(gg.list_component_versions, arn=arn)[1] == "ResourceNotFoundException"


def test_a_version_is_not_deleted_before_it_is_made(fleet: Any, gg: Any, refused: Any) -> None:
    recipe = {key: value for key, value in RECIPE.items() if key != "Manifests"} | {"Manifests": [{}]}
    arn = create(gg, recipe)["arn"]
    assert refused(gg.delete_component, arn=arn)[:2] == (409, "ConflictException")
    fleet.aws.advance(1)
    gg.delete_component(arn=arn)
    assert gg.list_components()["components"] == []
    create(gg, recipe)


@pytest.mark.parametrize(
    "name", ["aws.greengrass.LogManager", "aws.greengrass.NobodyKnowsIt", "aws.iot.SiteWiseEdgePublisher"]
)
def test_any_version_of_a_public_component_is_there(gg: Any, refused: Any, name: str) -> None:
    arn = f"arn:aws:greengrass:eu-central-1:aws:components:{name}:versions:2.77.1"
    described = gg.describe_component(arn=arn)
    assert (described["componentName"], described["componentVersion"]) == (name, "2.77.1")
    assert described["status"]["componentState"] == "DEPLOYABLE"
    recipe = json.loads(gg.get_component(arn=arn)["recipe"])
    assert (recipe["ComponentName"], recipe["ComponentPublisher"]) == (name, "AWS")
    assert refused(gg.delete_component, arn=arn)[:2] == (403, "AccessDeniedException")


def test_public_components_are_a_list_of_their_own(fleet: Any, gg: Any, refused: Any) -> None:
    fleet.component(NAME)
    names = {item["componentName"] for item in gg.list_components(scope="PUBLIC", maxResults=100)["components"]}
    assert "aws.greengrass.Nucleus" in names
    assert NAME not in names
    nucleus = "arn:aws:greengrass:eu-central-1:aws:components:aws.greengrass.Nucleus"
    versions = [item["componentVersion"] for item in gg.list_component_versions(arn=nucleus)["componentVersions"]]
    assert versions[0] > versions[-1]
    for name in ("com.example.Hello", "aws.greengrass.labs.CertificateRotator"):
        nothing = f"arn:aws:greengrass:eu-central-1:aws:components:{name}:versions:1.0.0"
        assert refused(gg.describe_component, arn=nothing)[1] == "ResourceNotFoundException"


def test_a_lambda_function_becomes_a_component(gg: Any) -> None:
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:counter:7"
    parameters = {
        "pinned": False,
        "eventSources": [{"topic": "dt/+", "type": "IOT_CORE"}],
        "linuxProcessParams": {"isolationMode": "NoContainer"},
        "environmentVariables": {"LEVEL": "debug"},
    }
    needed = {"com.example.Hello": {"versionRequirement": "^1.0.0"}}
    source = {"lambdaArn": arn, "componentLambdaParameters": parameters, "componentDependencies": needed}
    made = gg.create_component_version(lambdaFunction=source)
    assert (made["componentName"], made["componentVersion"]) == ("counter", "7.0.0")
    recipe = json.loads(gg.get_component(arn=made["arn"])["recipe"])
    assert recipe["ComponentType"] == "aws.greengrass.lambda"
    configuration = recipe["ComponentConfiguration"]["DefaultConfiguration"]
    assert (configuration["pinned"], configuration["timeoutInSeconds"], configuration["containerMode"]) == (
        False,
        3,
        "NoContainer",
    )
    assert configuration["pubsubTopics"] == {"0": {"topic": "dt/+", "type": "IOT_CORE"}}
    assert recipe["ComponentDependencies"]["com.example.Hello"] == {
        "VersionRequirement": "^1.0.0",
        "DependencyType": "HARD",
    }
    assert "aws.greengrass.LambdaLauncher" in recipe["ComponentDependencies"]


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"lambdaArn": "arn:aws:lambda:eu-central-1:123456789012:function:counter:live"}, "lambdaArn"),
        ({"lambdaArn": "arn:aws:lambda:eu-central-1:123456789012:function:counter:$LATEST"}, "lambdaArn"),
        ({"lambdaArn": "arn:aws:lambda:eu-central-1:123456789012:function:counter"}, "lambdaArn"),
        (
            {"lambdaArn": "arn:aws:lambda:eu-central-1:123456789012:function:counter:7", "componentVersion": "seven"},
            "componentVersion",
        ),
    ],
)
def test_a_lambda_function_must_be_named_with_its_version(
    gg: Any, refused: Any, source: dict[str, Any], field: str
) -> None:
    _, code, answer = refused(gg.create_component_version, lambdaFunction=source)
    assert (code, answer["fields"][0]["name"]) == ("ValidationException", f"lambdaFunction.{field}")


def test_an_artifact_has_a_url(gg: Any, artifact: bytes, refused: Any) -> None:
    arn = create(gg, RECIPE)["arn"]
    url = gg.get_component_version_artifact(arn=arn, artifactName="hello.zip")["preSignedUrl"]
    assert url.startswith("https://artifacts.s3.eu-central-1.amazonaws.com/hello/1.0.0/hello.zip?X-Amz-")
    assert refused(gg.get_component_version_artifact, arn=arn, artifactName="other.zip")[1] == (
        "ResourceNotFoundException"
    )
