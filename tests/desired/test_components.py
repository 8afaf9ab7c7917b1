"""Components: recipes as people write them, their artifacts, Lambda functions, and what is wrong with them."""

import hashlib
import json
import os
from dataclasses import replace
from typing import Any

import pytest

from reconciler.desired.artifacts import place_artifacts, with_fleet
from reconciler.desired.schemas import schema
from reconciler.desired.semver import SEMVER_PATTERN, is_requirement
from reconciler.desired.wire import inline_recipe
from reconciler.model.component import ComponentRef
from reconciler.model.fleet import Artifacts
from tests.desired.conftest import FLEET

HEAD = "apiVersion: reconciler/v1\n"
BUCKET = FLEET + "  artifacts: {bucket: fleet-artifacts, prefix: demo/}\n"
PRESS = "arn:aws:lambda:eu-central-1:123456789012:function:press:4"
MINIMAL = "{RecipeFormatVersion: 2020-01-25, Manifests: [{Lifecycle: {run: sleep 9}}]}"


def component(spec: str, name: str = "com.example.Hello", version: str = "1.0.0") -> str:
    return f"{HEAD}kind: Component\nmetadata: {{name: {name}}}\nspec:\n  version: {version}\n{spec}"


def recipe(text: str, artifacts: str = "") -> str:
    return component(f"  recipe: {text}\n{artifacts}")


def of_function(text: str) -> str:
    return component(f"  lambda: {text}\n")


# As in AWS's guides and in the repositories of components: a script, with the recipe in JSON as well as YAML.
HELLO_WORLD = """\
---
RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.Hello
ComponentVersion: '1.0.0'
ComponentDescription: Says hello.
ComponentPublisher: Example
ComponentConfiguration:
  DefaultConfiguration:
    Message: world
Manifests:
  - Platform:
      os: linux
    Lifecycle:
      Run: |
        python3 -u {artifacts:path}/hello.py "{configuration:/Message}" "${HOME}" "${artifacts}/hello.py"
    Artifacts:
      - URI: "${artifacts}/hello.py"
        Unarchive: NONE
        Permission: {Read: ALL, Execute: OWNER}
  - Platform:
      os: windows
    Lifecycle:
      Run: py -3 -u {artifacts:path}/hello.py "{configuration:/Message}"
    Artifacts:
      - URI: "${artifacts}/hello.py"
"""
# Messages to AWS IoT Core and between components, which need accessControl.
PUBSUB = """\
RecipeFormatVersion: "2020-01-25"
ComponentConfiguration:
  DefaultConfiguration:
    topic: plant/press
    accessControl:
      aws.greengrass.ipc.pubsub:
        "com.example.Hello:pubsub:1":
          policyDescription: Lets it publish.
          operations: ["aws.greengrass#PublishToTopic"]
          resources: ["*"]
      aws.greengrass.ipc.mqttproxy:
        "com.example.Hello:mqttproxy:1":
          policyDescription: Lets it publish to AWS IoT Core.
          operations: ["aws.greengrass#PublishToIoTCore"]
          resources: ["dt/{iot:thingName}/#"]
ComponentDependencies:
  aws.greengrass.Nucleus:
    VersionRequirement: ">=2.2.0 <2.13.0"
    DependencyType: SOFT
  aws.greengrass.TokenExchangeService: {VersionRequirement: ">0.0.0"}
Manifests:
  - Platform: {os: /darwin|linux/, architecture: "*"}
    Selections: [all]
    Lifecycle:
      Setenv: {TOPIC: "{configuration:/topic}"}
      Install: {RequiresPrivilege: true, Script: "python3 -m pip install awsiotsdk", Timeout: 300}
      Run: {Script: "python3 {artifacts:decompressedPath}/app/main.py"}
    Artifacts: [{URI: "s3://somewhere-else/app/1.0.0/app.zip", Unarchive: ZIP}]
"""
# Docker Compose, with images from a registry and the file from S3.
DOCKER = """\
{
\t"RecipeFormatVersion": "2020-01-25",
\t"ComponentName": "com.example.Hello",
\t"ComponentType": "aws.greengrass.generic",
\t"ComponentDescription": "Line \\ud83c\\udfed 1",
\t"ComponentDependencies": {
\t\t"aws.greengrass.DockerApplicationManager": {"VersionRequirement": "~2.0.0"}
\t},
\t"Manifests": [{
\t\t"Platform": {"os": "all"},
\t\t"Lifecycle": {
\t\t\t"startup": {"RequiresPrivilege": true, "Script": "docker-compose -f {artifacts:path}/compose.yaml up -d"},
\t\t\t"shutdown": {"RequiresPrivilege": true, "Script": "docker-compose -f {artifacts:path}/compose.yaml down"}
\t\t},
\t\t"Artifacts": [
\t\t\t{"URI": "docker:123456789012.dkr.ecr.eu-central-1.amazonaws.com/press:1"},
\t\t\t{"Uri": "${artifacts}/compose.yml"}
\t\t]
\t}]
}
"""
# Nucleus Lite: keys in lower case.
LITE = """\
recipeformatversion: 2020-01-25
componentname: com.example.Hello
componentversion: 1.0.0
componentconfiguration: {defaultconfiguration: {message: world}}
componentdependencies:
manifests:
  - platform: {os: linux, runtime: aws_nucleus_lite}
    lifecycle: {run: "{artifacts:path}/hello.py"}
    artifacts: [{uri: "${artifacts}/hello.py", permission: {read: ALL, execute: ALL}}]
"""


def folder(version: str = "1.0.0") -> str:
    return f"s3://fleet-artifacts/demo/components/com.example.Hello/{version}"


def test_a_recipe_from_a_file_with_a_script(fleets: Any) -> None:
    files = {
        "fleet.yaml": BUCKET,
        "hello/recipe.yaml": HELLO_WORLD,
        "hello/hello.py": "print('hello')\n",
        "hello/component.yaml": recipe("hello/recipe.yaml", "  artifacts: [./hello/hello.py]\n"),
    }
    state = fleets.load(files)
    (found,) = state.components.values()
    assert state.components == {ComponentRef("com.example.Hello", "1.0.0"): found}
    linux, windows = found.recipe["Manifests"]
    assert linux["Artifacts"][0] == {
        "Uri": f"{folder()}/hello.py",
        "Unarchive": "NONE",
        "Permission": {"Read": "ALL", "Execute": "OWNER"},
    }
    assert windows["Artifacts"] == [{"Uri": f"{folder()}/hello.py"}]
    assert '"${HOME}" "${artifacts}/hello.py"' in linux["Lifecycle"]["Run"]
    assert found.recipe["ComponentConfiguration"] == {"DefaultConfiguration": {"Message": "world"}}
    (artifact,) = found.artifacts
    assert artifact.file.read_text() == "print('hello')\n"
    assert artifact.uri == f"{folder()}/hello.py"
    assert artifact.sha256 == hashlib.sha256(b"print('hello')\n").hexdigest()
    assert found.lambda_function is None
    assert str(found.position) == "here/hello/component.yaml:1:1"


def test_a_recipe_in_place_is_completed(fleets: Any) -> None:
    indented = "\n" + "".join(f"    {line}\n" for line in PUBSUB.splitlines())
    (found,) = fleets.load({"x.yaml": recipe(indented)}).components.values()
    assert (found.recipe["ComponentName"], found.recipe["ComponentVersion"]) == ("com.example.Hello", "1.0.0")
    access = found.recipe["ComponentConfiguration"]["DefaultConfiguration"]["accessControl"]
    assert access["aws.greengrass.ipc.mqttproxy"]["com.example.Hello:mqttproxy:1"]["resources"] == [
        "dt/{iot:thingName}/#"
    ]
    assert found.artifacts == ()
    assert json.loads(inline_recipe(found.recipe)) == found.recipe


def test_a_recipe_in_json(fleets: Any) -> None:
    files = {
        "fleet.yaml": BUCKET,
        "r.json": DOCKER,
        ".compose/compose.yml": "services: {}\n",
        "x.yaml": recipe("r.json", "  artifacts: [.compose/compose.yml]\n"),
    }
    (found,) = fleets.load(files).components.values()
    assert found.recipe["ComponentDescription"] == "Line 🏭 1"
    assert [list(artifact.values()) for artifact in found.recipe["Manifests"][0]["Artifacts"]] == [
        ["docker:123456789012.dkr.ecr.eu-central-1.amazonaws.com/press:1"],
        [f"{folder()}/compose.yml"],
    ]


def test_a_recipe_with_keys_in_lower_case(fleets: Any) -> None:
    files = {
        "fleet.yaml": BUCKET,
        "r.yaml": LITE,
        "hello.py": "",
        "x.yaml": recipe("r.yaml", "  artifacts: [hello.py]\n"),
    }
    (found,) = fleets.load(files).components.values()
    assert found.recipe == {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "com.example.Hello",
        "ComponentVersion": "1.0.0",
        "ComponentConfiguration": {"DefaultConfiguration": {"message": "world"}},
        "Manifests": [
            {
                "Platform": {"os": "linux", "runtime": "aws_nucleus_lite"},
                "Lifecycle": {"run": "{artifacts:path}/hello.py"},
                "Artifacts": [{"Uri": f"{folder()}/hello.py", "Permission": {"Read": "ALL", "Execute": "ALL"}}],
            }
        ],
    }


def test_what_awss_development_kit_fills_in_is_filled_in(fleets: Any) -> None:
    text = "{ComponentName: '{COMPONENT_NAME}', ComponentVersion: '{COMPONENT_VERSION}', "
    (found,) = fleets.load({"x.yaml": recipe(MINIMAL.replace("{R", f"{text}R"))}).components.values()
    assert (found.recipe["ComponentName"], found.recipe["ComponentVersion"]) == ("com.example.Hello", "1.0.0")


def test_names_of_awss_examples_and_versions_before_a_release(fleets: Any) -> None:
    text = "---\n".join(
        component(f"  recipe: {MINIMAL}\n", "aws.greengrass.labs.database.InfluxDB", version)
        for version in ("2.0.0", "1.10.0-rc.1")
    )
    assert [str(ref) for ref in fleets.load({"x.yaml": text}).components] == [
        "aws.greengrass.labs.database.InfluxDB 1.10.0-rc.1",
        "aws.greengrass.labs.database.InfluxDB 2.0.0",
    ]


def test_a_lambda_function(fleets: Any) -> None:
    text = of_function(
        f"\n    lambdaArn: {PRESS}\n"
        "    componentPlatforms: [{attributes: {os: linux}}]\n"
        "    componentDependencies: {aws.greengrass.TokenExchangeService: {versionRequirement: ^2.0.0}}\n"
        "    componentLambdaParameters:\n"
        "      pinned: true\n"
        "      timeoutInSeconds: 3\n"
        "      eventSources: [{topic: cmd/#, type: IOT_CORE}]\n"
        "      environmentVariables: {MODE: fast}\n"
        "      linuxProcessParams: {isolationMode: NoContainer}\n"
    )
    (found,) = fleets.load({"x.yaml": text}).components.values()
    assert found.recipe is None
    assert found.lambda_function["componentName"] == "com.example.Hello"
    assert found.lambda_function["componentVersion"] == "1.0.0"
    assert found.lambda_function["componentLambdaParameters"]["linuxProcessParams"] == {"isolationMode": "NoContainer"}


def test_without_a_bucket_in_the_fleet_artifacts_are_placed_once_it_is_known(fleets: Any) -> None:
    text = "{RecipeFormatVersion: 2020-01-25, Manifests: [{Artifacts: [{URI: '${artifacts}/a.bin'}]}]}"
    state = fleets.load({"a.bin": b"\0\xff", "x.yaml": recipe(text, "  artifacts: [a.bin]\n")})
    (found,) = state.components.values()
    assert found.artifacts[0].uri is None
    assert found.recipe["Manifests"] == [{"Artifacts": [{"Uri": "${artifacts}/a.bin"}]}]
    assert with_fleet(state, state.fleet) == state
    later = replace(state.fleet, artifacts=Artifacts("stacks-bucket"))
    (placed,) = with_fleet(state, later).components.values()
    assert placed.recipe is not None
    uri = "s3://stacks-bucket/components/com.example.Hello/1.0.0/a.bin"
    assert placed.artifacts[0].uri == placed.recipe["Manifests"][0]["Artifacts"][0]["Uri"] == uri
    assert place_artifacts(placed, Artifacts("another")) == placed


def test_the_recipe_does_not_change_when_its_files_move(fleets: Any) -> None:
    text = "{RecipeFormatVersion: 2020-01-25, Manifests: [{Artifacts: [{URI: '${artifacts}/a.py'}]}]}"
    found: list[Any] = []
    for place in ("a.py", "somewhere/else/a.py"):
        files = {"fleet.yaml": BUCKET, place: "", "x.yaml": recipe(text, f"  artifacts: [{place}]\n")}
        found += [built.recipe for built in fleets.load(files).components.values()]
    assert found[0] == found[1]


CASES: list[tuple[str, str, str]] = [
    # rule, document, message; hint
    (
        "wrong-shape",
        component("").replace("spec:", "§spec:"),
        "spec must have exactly one of recipe and lambda; write recipe: {…} or the path of its file, or lambda: {l",
    ),
    (
        "wrong-shape",
        component(f"  recipe: {MINIMAL}\n  lambda: {{lambdaArn: x}}\n").replace("spec:", "§spec:"),
        "spec must have exactly one of recipe and lambda",
    ),
    ("bad-name", component(f"  recipe: {MINIMAL}\n", version="§v1"), 'the text "v1"; write a semantic version such as'),
    ("bad-name", component(f"  recipe: {MINIMAL}\n", '§"a b"'), 'the text "a b"; write a component\'s name: letters'),
    ("unknown-key", recipe(MINIMAL, "  §artefacts: []\n"), 'unknown key "artefacts" in spec; did you mean artifacts?'),
    (
        "reserved-name",
        component(f"  recipe: {MINIMAL}\n", "§aws.greengrass.Nucleus"),
        'the name "aws.greengrass.Nucleus" begins with aws.greengrass., as those of AWS\'s own components do; give it',
    ),
    (
        "duplicate-name",
        f"{recipe(MINIMAL)}---\n{recipe(MINIMAL).replace('name: com', 'name: §com')}",
        'the component "com.example.Hello 1.0.0" is declared twice, first at here/x.yaml:3:18',
    ),
    ("outside-fleet", recipe("§../recipe.yaml"), 'recipe "../recipe.yaml" leaves the fleet directory; put the file'),
    ("outside-fleet", recipe("§/etc/hostname"), 'recipe "/etc/hostname" leaves the fleet directory'),
    ("unknown-file", recipe("§recipe.yaml"), 'recipe names the file "recipe.yaml", which does not exist; write the pa'),
    ("unknown-file", recipe("§."), 'recipe names the file ".", which is a directory'),
    (
        "missing-key",
        recipe("§{Manifests: [{}]}"),
        'the recipe lacks the key RecipeFormatVersion; add RecipeFormatVersion: "2020-01-25"',
    ),
    (
        "unknown-value",
        recipe("{RecipeFormatVersion: §2020-01-26, Manifests: [{}]}"),
        'RecipeFormatVersion is the text "2020-01-26"; write "2020-01-25"',
    ),
    (
        "missing-key",
        recipe("§{RecipeFormatVersion: 2020-01-25, Manifest: [{}]}"),
        "the recipe lacks the key Manifests; write Manifests in place of Manifest",
    ),
    ("empty", recipe("{RecipeFormatVersion: 2020-01-25, Manifests: §[]}"), "the recipe has no manifest; add one"),
    (
        "wrong-type",
        recipe("{RecipeFormatVersion: 2020-01-25, Manifests: §{Lifecycle: {}}}"),
        "Manifests is no list; mend it, or leave the key out",
    ),
    (
        "wrong-type",
        recipe("{RecipeFormatVersion: 2020-01-25, Manifests: [§hunter2]}"),
        "Manifests[0] is no mapping of keys and values; write Platform, Lifecycle and Artifacts",
    ),
    (
        "wrong-type",
        recipe(MINIMAL.replace("{R", "{ComponentConfiguration: §hunter2, R")),
        "ComponentConfiguration is no mapping of keys and values",
    ),
    (
        "unknown-key",
        recipe(MINIMAL.replace("{R", "{§ComponentDescripton: x, R")),
        'unknown key "ComponentDescripton" in the recipe; did you mean ComponentDescription?',
    ),
    (
        "unknown-key",
        recipe("{RecipeFormatVersion: 2020-01-25, Manifests: [{§Artifact: []}]}"),
        'unknown key "Artifact" in Manifests[0]; did you mean Artifacts?',
    ),
    (
        "duplicate-key",
        recipe(
            MINIMAL.replace("{R", "{ComponentType: aws.greengrass.generic, §componenttype: aws.greengrass.generic, R")
        ),
        'the key "componenttype" stands twice in this mapping, as ComponentType too; keep one of the two',
    ),
    (
        "wrong-type",
        recipe("{RecipeFormatVersion: 2020-01-25, Manifests: [{Artifacts: [§{Unarchive: ZIP}]}]}"),
        "Artifacts[0] of Manifests[0] has no URI; write {URI: …}",
    ),
    (
        "recipe-differs",
        recipe(MINIMAL.replace("{R", "{ComponentName: §com.example.Helo, R")),
        'ComponentName is the text "com.example.Helo", but metadata.name is "com.example.Hello"; write the same, or',
    ),
    (
        "recipe-differs",
        recipe(MINIMAL.replace("{R", "{componentversion: §1.0, R")),
        'ComponentVersion is the number 1.0, but spec.version is "1.0.0"',
    ),
    (
        "unknown-value",
        recipe(MINIMAL.replace("{R", "{ComponentType: §aws.greengrass.genric, R")),
        'ComponentType is the text "aws.greengrass.genric"; did you mean aws.greengrass.generic?',
    ),
    (
        "missing-key",
        recipe(MINIMAL.replace("{R", "{ComponentDependencies: {a: §{VersionRequirment: '*'}}, R")),
        "the dependency on a lacks the key VersionRequirement; write VersionRequirement in place of VersionRequirment",
    ),
    (
        "bad-requirement",
        recipe(MINIMAL.replace("{R", "{ComponentDependencies: {a: {VersionRequirement: §latest}}, R")),
        'VersionRequirement is the text "latest"; write a requirement as npm has them, such as ~1.2.0, ^1.2.0 or',
    ),
    (
        "unknown-value",
        recipe(
            MINIMAL.replace("{R", "{ComponentDependencies: {a: {VersionRequirement: 1.x, DependencyType: §WEAK}}, R")
        ),
        'DependencyType is the text "WEAK"; write one of HARD, SOFT',
    ),
    (
        "too-large",
        recipe(MINIMAL.replace("{R", f"§{{ComponentDescription: {'a' * 16_384}, R")),
        "bytes; Greengrass V2 takes 16,384; put what is large, such as scripts, into artifacts",
    ),
    (
        "unknown-artifact",
        recipe("{RecipeFormatVersion: 2020-01-25, Manifests: [{Artifacts: [{URI: §'${artifacts}/a.py'}]}]}"),
        '"${artifacts}/a.py" is none of the component\'s artifacts; add the file to spec.artifacts',
    ),
    (
        "unknown-token",
        recipe("{RecipeFormatVersion: 2020-01-25, Manifests: [{Artifacts: [{URI: §'${artifact}/a.py'}]}]}"),
        'the URI of an artifact is "${artifact}/a.py"; write ${artifacts}/FILE, or a URI without ${',
    ),
    (
        "unused-artifact",
        recipe(MINIMAL, "  artifacts: [§fleet.yaml]\n"),
        'the recipe never refers to the artifact "fleet.yaml"; write URI: ${artifacts}/fleet.yaml in Artifacts of a',
    ),
    ("outside-fleet", recipe(MINIMAL, "  artifacts: [§../a.py]\n"), 'artifacts "../a.py" leaves the fleet directory'),
    (
        "unknown-file",
        recipe(MINIMAL, "  artifacts: [§a.py]\n"),
        'artifacts names the file "a.py", which does not exist',
    ),
    (
        "duplicate-artifact",
        recipe(
            "{RecipeFormatVersion: 2020-01-25, Manifests: [{Artifacts: [{URI: '${artifacts}/fleet.yaml'}]}]}",
            "  artifacts: [fleet.yaml, §./fleet.yaml]\n",
        ),
        'a second artifact is called "fleet.yaml"; a core keeps them side by side: rename one',
    ),
    (
        "unknown-key",
        component(f"  lambda: {{lambdaArn: '{PRESS}'}}\n  §artifacts: []\n"),
        "artifacts has no meaning with lambda; take it away: the function brings its own",
    ),
    (
        "unknown-key",
        of_function(f"{{lambdaArn: '{PRESS}', §componentName: x}}"),
        'unknown key "componentName" in spec.lambda',
    ),
    ("missing-key", component("  §lambda: {}\n"), "spec.lambda lacks the key lambdaArn; add lambdaArn: …"),
    (
        "unqualified-function",
        of_function(f"{{lambdaArn: §'{PRESS[:-1]}prod'}}"),
        "lambdaArn names prod, which is no version of the function press; Greengrass V2 takes no alias; write the",
    ),
    (
        "unqualified-function",
        of_function(f"{{lambdaArn: §'{PRESS[:-2]}'}}"),
        "lambdaArn names no version of the functi",
    ),
    (
        "unqualified-function",
        of_function(f"{{lambdaArn: §'{PRESS[:-1]}$LATEST'}}"),
        "lambdaArn names $LATEST, which is",
    ),
    ("bad-arn", of_function("{lambdaArn: §press}"), 'lambdaArn is "press", which is no ARN'),
    (
        "bad-arn",
        of_function("{lambdaArn: §'arn:aws:s3:::a'}"),
        "which names no Lambda function; write arn:aws:lambda:eu",
    ),
    (
        "other-region",
        of_function(f"{{lambdaArn: §'{PRESS.replace('eu-central-1', 'us-east-1')}'}}"),
        "lambdaArn is in the region us-east-1, but the fleet is in eu-central-1",
    ),
    (
        "unknown-value",
        of_function(
            f"{{lambdaArn: '{PRESS}', componentLambdaParameters: {{eventSources: [{{topic: a, type: §MQTT}}]}}}}"
        ),
        'type is the text "MQTT"; write one of PUB_SUB, IOT_CORE',
    ),
    (
        "bad-name",
        of_function(f"{{lambdaArn: '{PRESS}', componentLambdaParameters: {{environmentVariables: {{PIN: §12345}}}}}}"),
        "environmentVariables.PIN is not what is wanted there, and not shown, as it may be a secret; write text, in",
    ),
    (
        "bad-requirement",
        of_function(f"{{lambdaArn: '{PRESS}', componentDependencies: {{a: {{versionRequirement: §latest}}}}}}"),
        'versionRequirement is "latest"; write a requirement as npm has them',
    ),
]


@pytest.mark.parametrize(("rule", "text", "message"), CASES)
def test_rule_of_components(rule: str, text: str, message: str, fleets: Any) -> None:
    problem = fleets.one_problem({"x.yaml": text})
    assert problem.rule == rule
    assert message in f"{problem.message}; {problem.hint}"


@pytest.mark.parametrize(
    ("file", "text", "rule", "message"),
    [
        ("r.yaml", "§- a\n", "wrong-type", "the recipe is a list where one mapping is wanted; begin it with Recipe"),
        ("r.yaml", "", "wrong-type", "the recipe is 0 documents where one mapping is wanted"),
        ("r.yaml", "§a: 1\n---\nb: 2\n", "wrong-type", "the recipe is 2 documents where one mapping is wanted"),
        ("r.yaml", "a: 1\nb: §*x\n", "unknown-anchor", "there is no anchor &x above"),
        ("r.yaml", "a: [1\n§", "truncated-file", "the file ends inside the [ list that begins in line 1"),
        ("r.json", '{\n "a": §,\n}', "not-json", "not JSON: expecting value; write the recipe as JSON, without comm"),
        ("r.json", '§{"a": 1, "a": 2}', "duplicate-key", 'the key "a" stands twice in one object'),
        ("r.json", f"§{'[' * 150}{']' * 150}", "nesting-too-deep", "too many levels of objects and lists"),
        (
            "r.json",
            '{"RecipeFormatVersion": "2020-01-25",\n "Manifests": §{}}',
            "wrong-type",
            "Manifests is no list",
        ),
        ("r.txt", "RecipeFormatVersion: §2021-01-01\nManifests: [{}]\n", "unknown-value", "RecipeFormatVersion is the"),
    ],
)
def test_what_is_wrong_in_a_recipes_file_is_told_there(
    file: str, text: str, rule: str, message: str, fleets: Any
) -> None:
    marked = fleets.write({file: text, "x.yaml": recipe(file)})
    (problem,) = fleets.problems({file: text.replace("§", ""), "x.yaml": recipe(file)})
    assert problem.rule == rule
    assert message in f"{problem.message}; {problem.hint}"
    if marked:
        assert tuple(problem.position) == marked[0]


def test_a_recipe_that_no_component_names_is_a_problem(fleets: Any) -> None:
    problem = fleets.one_problem({"r.yaml": HELLO_WORLD.replace("---\n", "§")})
    assert problem.rule == "missing-key"
    assert problem.hint == (
        "name this file under spec.recipe of a Component document, or move it out of the fleet's directory"
    )


def test_a_recipe_that_leaves_by_a_link_is_refused(fleets: Any) -> None:
    fleets.write({"x.yaml": recipe("r.txt")})
    (fleets.directory.parent / "r.txt").write_text(MINIMAL)
    (fleets.directory / "r.txt").symlink_to(fleets.directory.parent / "r.txt")
    (problem,) = fleets.problems({"x.yaml": recipe("r.txt")})
    assert problem.rule == "outside-fleet"


def test_an_artifact_that_is_no_file_does_not_block(fleets: Any) -> None:
    fleets.write({})
    os.mkfifo(fleets.directory / "pipe")
    text = "{RecipeFormatVersion: 2020-01-25, Manifests: [{Artifacts: [{URI: '${artifacts}/pipe'}]}]}"
    problems = fleets.problems({"x.yaml": recipe(text, "  artifacts: [pipe]\n")})
    assert {problem.rule for problem in problems} >= {"unreadable"}


def test_artifacts_of_more_than_two_gigabytes_are_refused(fleets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.desired.artifacts.MAX_ARTIFACTS", 3)
    uris = "[{URI: '${artifacts}/a'}, {URI: '${artifacts}/b'}]"
    text = f"{{RecipeFormatVersion: 2020-01-25, Manifests: [{{Artifacts: {uris}}}]}}"
    files = {"a": "12", "b": "34", "x.yaml": recipe(text, "  §artifacts: [a, b]\n")}
    problem = fleets.one_problem(files)
    assert problem.message == "the artifacts have 4 bytes; Greengrass V2 takes 3 of a component"


@pytest.mark.parametrize(
    "text",
    [
        "1.0.0",
        ">=2.2.0 <2.10.0",
        "~1.1.0",
        ">0.0.0",
        "^2",
        "1.x",
        "*",
        "1.2.3 - 2.0.0",
        "==1.0.0",
        ">=1.0.0<2.0.0",
        ">= 1.0.0 || 3.*",
        "= 1.0.0-rc.1",
    ],
)
def test_requirements_in_npms_syntax(text: str) -> None:
    assert is_requirement(text)


@pytest.mark.parametrize("text", ["latest", "1.0.0,2.0.0", "[1,2)", ">=", "1..0", "01.0.0", "1 ! " * 5000])
def test_what_is_no_requirement(text: str) -> None:
    assert not is_requirement(text)


def test_versions_are_the_same_in_all_schemas() -> None:
    spec = schema("component")["properties"]["spec"]["properties"]
    nucleus = schema("fleet")["properties"]["spec"]["properties"]["nucleus"]["properties"]
    assert spec["version"]["pattern"] == nucleus["version"]["pattern"] == SEMVER_PATTERN
