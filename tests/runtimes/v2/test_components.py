"""Component versions of the fleet's own are published once, before whoever needs them, and never silently changed."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.model.component import Artifact
from reconciler.runtimes.v2.recipes import changed_artifacts
from reconciler.sandbox.testing import Sandbox
from tests.fleets import ARTIFACTS_BUCKET, FleetFiles, run_cli
from tests.runtimes.v2.fleets import applied, group, guards, installed, kinds, plan, planned, template, unchanged

pytestmark = pytest.mark.sampled

LOGGER = "com.example.Logger"
HELLO = b"print('hello')\n"


def recipe(script: str = "python3 {artifacts:path}/hello.py", **more: Any) -> dict[str, Any]:
    manifest = {"Lifecycle": {"run": script}, "Artifacts": [{"URI": "${artifacts}/hello.py"}]}
    return {"RecipeFormatVersion": "2020-01-25", "Manifests": [manifest], **more}


def component(
    fleet: FleetFiles, version: str = "1.0.0", name: str = LOGGER, content: bytes = HELLO, **spec: Any
) -> FleetFiles:
    """Declare a component with a recipe and the artifact ``hello.py``."""
    fleet.directory.mkdir(parents=True, exist_ok=True)
    (fleet.directory / "hello.py").write_bytes(content)
    usual = {"version": version, "recipe": recipe(), "artifacts": ["hello.py"]}
    document = {
        "apiVersion": "reconciler/v1",
        "kind": "Component",
        "metadata": {"name": name},
        "spec": {key: value for key, value in {**usual, **spec}.items() if value is not None},
    }
    (fleet.directory / f"{name}-{version}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return fleet


def test_a_component_is_published_with_its_artifacts_once_for_all_groups(fleet: FleetFiles, aws: Sandbox) -> None:
    component(template(fleet, com_example_Logger="1.0.0"))
    for name in ("a", "b", "c"):
        group(fleet, name)
    assert kinds(planned(fleet))[-3:] == ["publish-component", "tag-group", "deploy"]
    applied(aws, fleet)
    assert aws.writes().count("greengrassv2:CreateComponentVersion") == 1
    body = aws.client("s3").get_object(Bucket=ARTIFACTS_BUCKET, Key=f"demo/components/{LOGGER}/1.0.0/hello.py")
    assert body["Body"].read() == HELLO
    assert list(body["Metadata"].values()) == [hashlib.sha256(HELLO).hexdigest()]
    assert installed(aws, "c-core-1")[LOGGER] == "1.0.0"
    aws.clear_calls()
    assert unchanged(fleet) == "No changes. 3 groups match the files."
    assert aws.counts()["greengrassv2:GetComponent"] == 1
    aws.clear_calls()
    assert unchanged(fleet) == "No changes. 3 groups match the files."
    assert aws.counts()["greengrassv2:ListComponents"] == 1
    assert "greengrassv2:GetComponent" not in aws.counts()


def test_artifacts_are_found_from_wherever_the_fleet_is_named(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    group(component(template(fleet, com_example_Logger="1.0.0"))).write()
    monkeypatch.chdir(fleet.directory.parent)
    assert run_cli("plan", fleet.directory.name, "--out", "plan.json").code == 0
    monkeypatch.chdir(fleet.directory)
    ran = run_cli("apply", "../plan.json", "--dir", ".", "--yes", "--no-wait")
    assert ran.code == 0, ran.err
    assert aws.writes().count("greengrassv2:CreateComponentVersion") == 1


def test_a_version_that_is_published_with_another_recipe_blocks_its_groups(fleet: FleetFiles, aws: Sandbox) -> None:
    component(template(fleet, com_example_Logger="1.0.0"))
    applied(aws, group(fleet))
    component(template(fleet, 2, com_example_Logger="1.0.0"), recipe=recipe("python3 {artifacts:path}/hello.py -v"))
    group(fleet, version=2, deployment={"redeploy": "x"})
    document = plan(fleet)
    assert document["groups"][0]["blocked"] is True
    assert "is published with another recipe" in guards(document)["component-recipe"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"recipe": recipe("python3 {artifacts:path}/hello.py -v")}, "published with another recipe"),
        ({"content": b"print('other')"}, "published with another hello.py"),
    ],
)
def test_what_is_published_otherwise_is_said_though_nothing_needs_it(
    fleet: FleetFiles, aws: Sandbox, changed: dict[str, Any], words: str
) -> None:
    component(template(fleet, com_example_Logger="1.0.0"))
    applied(aws, group(fleet))
    component(fleet, **changed)
    document = plan(fleet)
    (found,) = (finding for finding in document["guards"] if finding["guard"] == "component-recipe")
    assert found["severity"] == "warning"
    assert f"component {LOGGER} 1.0.0 is {words}" in found["message"]
    group(fleet, deployment={"redeploy": "x"})
    template(fleet, com_example_Logger="1.0.0", aws_greengrass_Cli="2.12.6")
    document = plan(fleet)
    (found,) = (finding for finding in document["guards"] if finding["guard"] == "component-recipe")
    assert (found["severity"], document["groups"][0]["blocked"]) == ("error", True)


@pytest.mark.parametrize(
    ("digest", "changed"),
    [
        (hashlib.sha256(HELLO).hexdigest(), []),
        (base64.b64encode(hashlib.sha256(HELLO).digest()).decode(), []),
        (hashlib.sha256(b"other").hexdigest(), ["hello.py"]),
        (base64.b64encode(hashlib.sha256(b"other").digest()).decode(), ["hello.py"]),
        ("of some other form", []),
        ("AAAA", []),
    ],
)
def test_a_digest_in_hexadecimal_or_base64_tells_whether_an_artifact_has_changed(
    digest: str, changed: list[str]
) -> None:
    uri = "s3://bucket/hello.py"
    published = {"Manifests": [{"Artifacts": [{"Uri": uri, "Digest": digest}]}, {"Lifecycle": {}}]}
    artifact = Artifact(Path("hello.py"), uri, hashlib.sha256(HELLO).hexdigest())
    assert changed_artifacts(published, [artifact]) == changed


def test_a_version_that_aws_could_not_take_in_is_published_again_once_that_is_mended(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    outside = recipe()
    outside["Manifests"][0]["Artifacts"] = [{"URI": f"s3://{ARTIFACTS_BUCKET}/elsewhere/hello.py"}]
    component(template(fleet, com_example_Logger="1.0.0"), recipe=outside, artifacts=None)
    group(fleet).write()
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code == 5
    assert "elsewhere/hello.py" in ran.out
    aws.client("s3").put_object(Bucket=ARTIFACTS_BUCKET, Key="elsewhere/hello.py", Body=HELLO)
    applied(aws, fleet)
    assert installed(aws, "a-core-1")[LOGGER] == "1.0.0"
    assert unchanged(fleet) == "No changes. 1 group matches the files."


def test_a_version_that_was_deleted_within_the_hours_that_aws_remembers_is_published_again(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    component(template(fleet, com_example_Logger="1.0.0"))
    applied(aws, group(fleet))
    name = f"arn:aws:greengrass:eu-central-1:123456789012:components:{LOGGER}:versions:1.0.0"
    aws.client("greengrassv2").delete_component(arn=name)
    assert "publish-component" in kinds(planned(group(fleet, "b"), "b"))
    applied(aws, fleet)
    assert installed(aws, "b-core-1")[LOGGER] == "1.0.0"
    aws.client("greengrassv2").delete_component(arn=name)
    applied(aws, group(fleet, "b", cores=2))  # which has a deployment of it, and none is made
    assert installed(aws, "b-core-2")[LOGGER] == "1.0.0"


@pytest.mark.parametrize(("wanted", "says"), [("1.0.0", ""), ("2.0.0", "asks for >=1.0.0 <2.0.0")])
def test_requirements_of_dependencies_are_held_against_what_is_pinned(
    fleet: FleetFiles, aws: Sandbox, wanted: str, says: str
) -> None:
    needs = {"com.example.Base": {"VersionRequirement": ">=1.0.0 <2.0.0"}}
    component(
        template(fleet, com_example_Logger="1.0.0", com_example_Base=wanted), recipe=recipe(ComponentDependencies=needs)
    )
    document = plan(group(fleet))
    assert says in guards(document).get("component-versions", "")
    assert document["groups"][0]["blocked"] is bool(says)


def test_groups_of_one_core_that_ask_for_different_versions_are_refused(fleet: FleetFiles, aws: Sandbox) -> None:
    template(fleet, aws_greengrass_Cli="2.12.5")
    template(fleet, 2, aws_greengrass_Cli="2.12.6")
    shared = [{"thingName": "shared"}]
    document = plan(group(group(fleet, "a", 1, shared), "b", 2, shared))
    assert "group a asks for 2.12.5; group b asks for 2.12.6" in guards(document)["component-versions"]
    assert [found["blocked"] for found in document["groups"]] == [True, True]


def test_a_version_that_no_order_brings_to_a_core_of_two_groups_is_refused(fleet: FleetFiles, aws: Sandbox) -> None:
    template(template(fleet, aws_greengrass_Cli="2.12.5"), 2, aws_greengrass_Cli="2.12.6")
    template(fleet, 3)
    shared = [{"thingName": "shared"}]
    applied(aws, group(group(fleet, "a", 1, shared), "b", 1, shared))
    document = plan(group(group(fleet, "a", 2, shared), "b", 2, shared))
    said = guards(document)["component-versions"]
    assert "shared cannot take aws.greengrass.Cli 2.12.6 while it has 2.12.5 by way of" in said
    assert "let one of them alone ask for it, apply, and give it another version there" in said
    assert [found["blocked"] for found in document["groups"]] == [True, True]
    assert "by way of b" in guards(plan(fleet, "--select", "a"))["component-versions"]
    applied(aws, group(group(fleet, "a", 3, shared), "b", 1, shared), "--guard", "components=1")
    applied(aws, group(fleet, "b", 2, shared))
    assert installed(aws, "shared")["aws.greengrass.Cli"] == "2.12.6"
    assert unchanged(fleet) == "No changes. 2 groups match the files."


def test_a_group_that_has_to_come_first_is_named(fleet: FleetFiles, aws: Sandbox) -> None:
    template(template(fleet, aws_greengrass_Cli="2.12.5"), 2, aws_greengrass_Cli="2.12.6")
    template(fleet, 3)
    shared = [{"thingName": "shared"}]
    applied(aws, group(group(fleet, "a", 3, shared), "b", 1, shared))
    document = plan(group(group(fleet, "a", 2, shared), "b", 2, shared))
    assert "apply b first, by itself (`--select b`)" in guards(document)["component-versions"]
    assert [found["blocked"] for found in document["groups"]] == [True, False]
    applied(aws, fleet, "--select", "b")
    applied(aws, fleet)
    assert unchanged(fleet) == "No changes. 2 groups match the files."


def test_a_dependency_that_is_not_pinned_is_said_to_float(fleet: FleetFiles, aws: Sandbox) -> None:
    needs = {"com.example.Base": {"VersionRequirement": ">=1.0.0"}}
    component(template(fleet, com_example_Logger="1.0.0"), recipe=recipe(ComponentDependencies=needs))
    assert f"com.example.Base (for {LOGGER}): not among the components" in guards(plan(group(fleet)))["floating"]


RECIPES = {
    # AWS IoT Greengrass V2 guide, "Component recipe reference", "Hello World component" and the examples below it.
    "hello-world": """
RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.Logger
ComponentVersion: '1.0.0'
ComponentDescription: My first AWS IoT Greengrass component.
ComponentPublisher: Amazon
ComponentConfiguration:
  DefaultConfiguration:
    Message: world
Manifests:
  - Platform:
      os: linux
    Lifecycle:
      Run: |
        python3 -u {artifacts:path}/hello_world.py "{configuration:/Message}"
  - Platform:
      os: windows
    Lifecycle:
      Run: |
        py -3 -u {artifacts:path}/hello_world.py "{configuration:/Message}"
""",
    "dependencies-and-access": """
RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.Logger
ComponentVersion: '1.0.0'
ComponentType: aws.greengrass.generic
ComponentConfiguration:
  DefaultConfiguration:
    accessControl:
      aws.greengrass.ipc.mqttproxy:
        'com.example.Logger:mqttproxy:1':
          policyDescription: Allows access to publish to all topics.
          operations: ['aws.greengrass#PublishToIoTCore']
          resources: ['*']
ComponentDependencies:
  aws.greengrass.TokenExchangeService: {VersionRequirement: '^2.0.0', DependencyType: HARD}
  aws.greengrass.Cli: {VersionRequirement: '>=2.0.0', DependencyType: SOFT}
Manifests:
  - Name: Linux
    Platform: {os: linux, architecture: amd64}
    Selections: [debug]
    Lifecycle:
      Setenv: {LOG: "1"}
      install: {Script: apt-get update, RequiresPrivilege: true, Timeout: 300, SkipIf: onpath git}
      startup: {Script: ./run.sh, Setenv: {A: b}}
Lifecycle: {}
""",
    # awslabs/aws-greengrass-labs-nodered, recipe.yaml, shortened: no platform, a date that is none, a here-document.
    "node-red": """
RecipeFormatVersion: 2020-01-25
ComponentVersion: 1.0.0
ComponentConfiguration:
  DefaultConfiguration:
    headless: "false"
ComponentDependencies:
  aws.greengrass.TokenExchangeService:
    VersionRequirement: ">0.0.0"
Manifests:
  - Lifecycle:
      Install:
        Script: |-
          npm install node-red@3.0.2
          cat > settings.js <<EOF
          module.exports = {
              userDir: "{work:path}/data",
              disableEditor: {configuration:/headless},
          EOF
          echo "}" >> settings.js
      Run:
        Script: |-
          node node_modules/node-red/red.js --settings settings.js
""",
    # aws-greengrass/aws-greengrass-secure-tunneling, recipe-prod.yaml, shortened: details of platforms, any runtime.
    "secure-tunneling": """
RecipeFormatVersion: "2020-01-25"
ComponentType: "aws.greengrass.generic"
ComponentConfiguration:
  DefaultConfiguration:
    maxConcurrentTunnels: 20
    tunnelTimeoutSeconds: 43200
    OS_DIST_INFO: "auto"
Manifests:
  - Platform:
      os: "linux"
      runtime: "*"
      architecture.detail: "armv7l"
      architecture: "arm"
    Lifecycle:
      run:
        Script:
          "{artifacts:path}/secure-tunnel --thing-name {iot:thingName}
          --max-tunnels {configuration:/maxConcurrentTunnels}"
  - Platform:
      os: "linux"
      runtime: "*"
      architecture: "amd64"
    Lifecycle:
      run: {Script: "{artifacts:path}/secure-tunnel --thing-name {iot:thingName}"}
Lifecycle: {}
""",
    # aws-greengrass/aws-greengrass-component-examples, SageMaker Edge Manager's image classification, shortened.
    "image-classification": """{
  "RecipeFormatVersion": "2020-01-25", "ComponentPublisher": "AWS", "ComponentDescription": "",
  "ComponentConfiguration": {"DefaultConfiguration": {"ImageName": "cat.jpeg", "InferenceInterval": "3600"}},
  "Manifests": [{
    "Platform": {"os": "linux", "architecture": "/amd64|x86/"},
    "Lifecycle": {
      "setEnv": {"IMAGES": "{artifacts:decompressedPath}/image_classification/sample_images/"},
      "run": {"script": "bash {artifacts:path}/installer.sh\\npython3 inference.py"}
    }
  }]
}""",
    # aws-greengrass/aws-greengrass-component-examples, mqtt-bridge/mosquitto.yaml, shortened.
    "mosquitto": """
---
RecipeFormatVersion: "2020-01-25"
Manifests:
  - Platform:
      os: "linux"
    Name: "Linux"
    Lifecycle:
      Install:
        # WARNING: Only works on Ubuntu.
        RequiresPrivilege: true
        script: "apt-add-repository ppa:mosquitto-dev/mosquitto-ppa && apt-get update\\
        \\ && apt-get install -y mosquitto"
      Shutdown: {RequiresPrivilege: true, script: "service mosquitto stop"}
""",
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_of_the_public_documentation_is_published_and_then_unchanged(
    fleet: FleetFiles, aws: Sandbox, name: str
) -> None:
    template(fleet, com_example_Logger="1.0.0", aws_greengrass_TokenExchangeService="2.0.3")
    fleet.directory.mkdir(parents=True, exist_ok=True)
    (fleet.directory / "recipe.yaml").write_text(RECIPES[name], encoding="utf-8")
    component(fleet, recipe="recipe.yaml", artifacts=None)
    applied(aws, group(fleet))
    assert aws.writes().count("greengrassv2:CreateComponentVersion") == 1
    assert installed(aws, "a-core-1")[LOGGER] == "1.0.0"
    document = plan(fleet)
    assert document["groups"][0]["operation"] == "none"
    assert "component-recipe" not in guards(document)
