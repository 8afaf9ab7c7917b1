"""What Greengrass V2 groups come to: documents, configurations, cores in several groups."""

import copy
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st

from reconciler.desired.configuration import overlay
from reconciler.desired.load import load
from reconciler.desired.wire import on_the_wire, wire_size
from reconciler.model.canonical import plain
from reconciler.model.secrets import Secrets
from reconciler.model.template import TemplateRef
from tests.desired.conftest import FLEET

REPOSITORY = Path(__file__).parents[2]
HEAD = "apiVersion: reconciler/v1\n"
TEMPLATE = f"""\
{HEAD}kind: Template
metadata: {{name: line}}
spec:
  version: 3
  runtime: greengrass/v2
  deployment:
    components:
      aws.greengrass.Nucleus: {{componentVersion: 2.12.6}}
      com.example.Logger:
        componentVersion: 1.2.4
        configurationUpdate: {{reset: [""], merge: {{level: info, sinks: [a, b], mqtt: {{port: 8883, keepAlive: 60}}}}}}
        runWith: {{posixUser: "1000:1000", systemResourceLimits: {{cpus: 0.5, memory: 65536}}}}
    deploymentPolicies: {{failureHandlingPolicy: ROLLBACK}}
    iotJobConfiguration:
      jobExecutionsRolloutConfig:
        exponentialRate:
          baseRatePerMinute: 5
          incrementFactor: 1.1
          rateIncreaseCriteria: {{numberOfNotifiedThings: 10}}
      abortConfig:
        criteriaList:
          - {{failureType: ALL, action: CANCEL, thresholdPercentage: 10.99, minNumberOfExecutedThings: 10}}
      timeoutConfig: {{inProgressTimeoutInMinutes: 30}}
"""
LOGGER = "com.example.Logger"


def merging(text: str) -> str:
    """A template whose only component merges ``text``."""
    update = f"{{componentVersion: 1.2.4, configurationUpdate: {{merge: {text}}}}}"
    return (
        f"{HEAD}kind: Template\nmetadata: {{name: line}}\nspec:\n  version: 3\n  runtime: greengrass/v2\n"
        f"  deployment: {{components: {{{LOGGER}: {update}}}}}\n"
    )


def group(text: str, name: str = "berlin") -> str:
    return (
        f"{HEAD}kind: Group\nmetadata: {{name: {name}, labels: {{site: {name}-site}}}}\n"
        f"spec:\n  template: {{name: line, version: 3}}\n{text}"
    )


def merged(document: Any) -> Any:
    return document["components"][LOGGER]["configurationUpdate"]["merge"]


def test_a_deployment_arrives_as_it_is_written(fleets: Any) -> None:
    state = fleets.load({"template.yaml": TEMPLATE, "group.yaml": group("  cores: [{thingName: a}, {thingName: b}]\n")})
    template = state.templates[TemplateRef("line", 3)]
    (found,) = state.groups
    assert template.runtime == found.runtime == "greengrass/v2"
    assert found.document is template.deployment
    assert found.definitions == found.core_documents == template.definitions == {}
    assert [core.thing_name for core in found.cores] == ["a", "b"]
    assert template.deployment == {
        "components": {
            "aws.greengrass.Nucleus": {"componentVersion": "2.12.6"},
            LOGGER: {
                "componentVersion": "1.2.4",
                "configurationUpdate": {
                    "reset": [""],
                    "merge": {"level": "info", "sinks": ["a", "b"], "mqtt": {"port": 8883, "keepAlive": 60}},
                },
                "runWith": {"posixUser": "1000:1000", "systemResourceLimits": {"cpus": 0.5, "memory": 65536}},
            },
        },
        "deploymentPolicies": {"failureHandlingPolicy": "ROLLBACK"},
        "iotJobConfiguration": {
            "jobExecutionsRolloutConfig": {
                "exponentialRate": {
                    "baseRatePerMinute": 5,
                    "incrementFactor": 1.1,
                    "rateIncreaseCriteria": {"numberOfNotifiedThings": 10},
                }
            },
            "abortConfig": {
                "criteriaList": [
                    {
                        "failureType": "ALL",
                        "action": "CANCEL",
                        "thresholdPercentage": 10.99,
                        "minNumberOfExecutedThings": 10,
                    }
                ]
            },
            "timeoutConfig": {"inProgressTimeoutInMinutes": 30},
        },
    }
    assert pickle.loads(pickle.dumps(state)) == copy.deepcopy(state)  # noqa: S301 # our own


def test_a_groups_configuration_is_laid_over_the_templates(fleets: Any) -> None:
    text = group(f"  configuration: {{{LOGGER}: {{sinks: [c], mqtt: {{port: 443}}, new: null}}}}\n")
    state = fleets.load({"template.yaml": TEMPLATE, "group.yaml": text})
    (found,) = state.groups
    template = state.templates[TemplateRef("line", 3)].deployment
    wanted = {"level": "info", "sinks": ["c"], "mqtt": {"port": 443, "keepAlive": 60}, "new": None}
    assert merged(found.document) == wanted
    assert merged(template)["sinks"] == ["a", "b"]
    expected = copy.deepcopy(plain(template))
    expected["components"][LOGGER]["configurationUpdate"]["merge"] = wanted
    assert found.document == expected


def test_a_component_without_a_merge_gets_one_from_the_group(fleets: Any) -> None:
    text = group("  configuration: {aws.greengrass.Nucleus: {logging: {level: DEBUG}}}\n")
    (found,) = fleets.load({"template.yaml": TEMPLATE, "group.yaml": text}).groups
    assert found.document["components"]["aws.greengrass.Nucleus"] == {
        "componentVersion": "2.12.6",
        "configurationUpdate": {"merge": {"logging": {"level": "DEBUG"}}},
    }


def test_a_core_with_a_configuration_of_its_own_has_a_document_of_its_own(fleets: Any) -> None:
    text = group(
        f"  configuration: {{{LOGGER}: {{mqtt: {{port: 443}}}}}}\n"
        f'  cores: [{{thingName: a, configuration: {{{LOGGER}: {{level: "${{thingName}}", mqtt: {{tls: true}}}}}}}},'
        " {thingName: b}]\n"
    )
    (found,) = fleets.load({"template.yaml": TEMPLATE, "group.yaml": text}).groups
    assert found.cores[0].configuration == {LOGGER: {"level": "a", "mqtt": {"tls": True}}}
    assert found.cores[1].configuration == {}
    assert merged(found.document) == {"level": "info", "sinks": ["a", "b"], "mqtt": {"port": 443, "keepAlive": 60}}
    assert found.core_documents == {
        "a": {
            "components": {
                LOGGER: {
                    "componentVersion": "1.2.4",
                    "configurationUpdate": {
                        "reset": [""],
                        "merge": {
                            "level": "a",
                            "sinks": ["a", "b"],
                            "mqtt": {"port": 443, "keepAlive": 60, "tls": True},
                        },
                    },
                    "runWith": {"posixUser": "1000:1000", "systemResourceLimits": {"cpus": 0.5, "memory": 65536}},
                }
            },
            "deploymentPolicies": {"failureHandlingPolicy": "ROLLBACK"},
            "iotJobConfiguration": {"timeoutConfig": {"inProgressTimeoutInMinutes": 30}},
        }
    }


def test_tokens_are_expanded_wherever_they_stand_in_a_merge(fleets: Any) -> None:
    template = merging('{a: ["${groupName}", {b: "${labels.site}/${region}"}], core: "${coreThingName}", n: 1}')
    text = "---\n".join(group(f"  cores: [{{thingName: {name}-core}}]\n", name) for name in ("berlin", "munich"))
    berlin, munich = fleets.load({"template.yaml": template, "group.yaml": text}).groups
    assert merged(berlin.document) == {
        "a": ["berlin", {"b": "berlin-site/eu-central-1"}],
        "core": "berlin-core",
        "n": 1,
    }
    assert merged(munich.document)["a"] == ["munich", {"b": "munich-site/eu-central-1"}]


def test_policy_variables_and_doubled_dollars_stay(fleets: Any) -> None:
    template = merging('{a: "mqtt:topic:${iot:Connection.Thing.ThingName}/${groupName}", b: "$${HOME} $$${x} $a"}')
    (found,) = fleets.load({"template.yaml": template, "group.yaml": group("")}).groups
    assert merged(found.document) == {
        "a": "mqtt:topic:${iot:Connection.Thing.ThingName}/berlin",
        "b": "${HOME} $${x} $a",
    }


def test_a_merge_may_be_json_text(fleets: Any) -> None:
    template = merging('\'{"a": {"b": [1.5, null, "${groupName}"]}}\'')
    (found,) = fleets.load({"template.yaml": template, "group.yaml": group("")}).groups
    assert merged(found.document) == {"a": {"b": [1.5, None, "berlin"]}}


def test_a_devices_labels_go_before_the_groups_in_its_configuration(fleets: Any) -> None:
    device = (
        f"{HEAD}kind: Device\nmetadata: {{name: a, labels: {{site: own}}}}\n"
        f'spec: {{group: berlin, role: core, configuration: {{{LOGGER}: {{level: "${{labels.site}} ${{coreThingName}}"}}}}}}\n'  # noqa: E501 # one line of YAML
    )
    files = {"template.yaml": TEMPLATE, "group.yaml": group("  cores: [{thingName: b}]\n"), "device.yaml": device}
    (found,) = fleets.load(files).groups
    assert merged(found.core_documents["a"])["level"] == "own a"


def test_a_core_of_several_finds_itself_in_its_parameters(fleets: Any) -> None:
    text = group('  cores: [{thingName: a, parameters: {Core: "${coreThingName}"}}, {thingName: b}]\n')
    (found,) = fleets.load({"template.yaml": TEMPLATE, "group.yaml": text}).groups
    assert found.cores[0].parameters == {"Core": "a"}


def test_devices_are_of_all_cores_or_of_those_that_they_name(fleets: Any) -> None:
    text = group(
        "  cores: [{thingName: a}, {thingName: b}]\n"
        "  devices: [{thingName: c, cores: [b, a, b]}, {thingName: d, cores: []}, {thingName: 'e:f'}]\n"
    )
    (found,) = fleets.load({"template.yaml": TEMPLATE, "group.yaml": text}).groups
    assert [device.cores for device in found.devices] == [("b", "a"), (), None]


def test_a_core_may_be_in_several_groups_and_configured_in_one(fleets: Any) -> None:
    own = f"configuration: {{{LOGGER}: {{level: debug}}}}"
    text = "---\n".join(
        group(f"  cores: [{{thingName: a, thingType: x, {own if name == 'munich' else ''}}}]\n", name)
        for name in ("berlin", "munich", "paris")
    )
    groups = fleets.load({"template.yaml": TEMPLATE, "group.yaml": text}).groups
    assert [[core.thing_name for core in found.cores] for found in groups] == [["a"]] * 3
    assert [list(found.core_documents) for found in groups] == [[], ["a"], []]


def test_more_devices_than_v1_takes(fleets: Any) -> None:
    text = group(f"  devices: [{', '.join(f'{{thingName: d{n}}}' for n in range(2501))}]\n")
    (found,) = fleets.load({"template.yaml": TEMPLATE, "group.yaml": text}).groups
    assert len(found.devices) == 2501


def test_both_runtimes_stand_in_one_fleet(fleets: Any) -> None:
    v2 = TEMPLATE.replace("name: line", "name: gateway")
    text = group("").replace("name: line", "name: gateway").replace("name: berlin", "name: munich")
    groups = fleets.load({"v2.yaml": v2 + "---\n" + text}).groups
    assert {found.name: found.runtime for found in groups} == {"berlin": "greengrass/v1", "munich": "greengrass/v2"}


def test_the_wire_has_merge_as_json_text_and_its_size_is_counted_in_bytes() -> None:
    update = {"reset": [""], "merge": {"b": "ü", "a": 1}}
    document = {"components": {"x": {"componentVersion": "1.0.0", "configurationUpdate": update}, "y": {}}}
    sent = on_the_wire(document)
    assert sent["components"]["x"]["configurationUpdate"] == {"reset": [""], "merge": '{"a":1,"b":"ü"}'}
    assert sent["components"]["y"] == {}
    assert document["components"]["x"]["configurationUpdate"] is update
    text = json.dumps(sent, separators=(",", ":"), ensure_ascii=False)
    assert wire_size(document) == len(text.encode()) == len(text) + 1


VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.text("ab", max_size=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_overlays_add_up(below: Any, middle: Any, above: Any) -> None:
    before = copy.deepcopy(below)
    assert overlay(below, {}) == below
    assert overlay({}, above) == above
    assert overlay(above, above) == above
    result = overlay(overlay(below, middle), above)
    assert below == before
    assert {key: value for key, value in result.items() if not isinstance(value, dict)}.items() >= {
        (key, value) for key, value in above.items() if not isinstance(value, dict | list)
    }


def test_secrets_stay_tokens_and_what_only_looks_like_one_does_not_pass_for_it(fleets: Any) -> None:
    template = merging('{a: "x:${secret.DB}", b: "$${secret.DB}"}')
    state = fleets.load({"template.yaml": template, "group.yaml": group("")})
    (found,) = state.groups
    assert merged(found.document)["a"] == "x:${secret.DB}"
    assert state.secrets() == {"DB"}
    told = Secrets({"DB": "hunter22"}).reveal(found.document)
    assert merged(told) == {"a": "x:hunter22", "b": "${secret.DB}"}


def test_the_nucleus_of_new_cores_is_the_fleets(fleets: Any) -> None:
    text = FLEET + "  nucleus: {roleAlias: GreengrassCores, version: 2.12.6}\n"
    nucleus = fleets.load({"fleet.yaml": text}).fleet.nucleus
    assert (nucleus.role_alias, nucleus.version) == ("GreengrassCores", "2.12.6")
    assert str(nucleus.position) == "here/fleet.yaml:7:12"
    assert fleets.load({"fleet.yaml": text.replace(", version: 2.12.6", "")}).fleet.nucleus.version is None
    assert fleets.load({}).fleet.nucleus is None


def test_the_example_takes_a_group_of_v2_beside_those_of_v1(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    shutil.copytree(REPOSITORY / "examples/desired-state", fleet)
    shutil.copytree(Path(__file__).parent / "v2_example", fleet, dirs_exist_ok=True)
    state = load(fleet)
    found = {group.name: group for group in state.groups}
    hall = found["munich-hall-2"]
    assert {group.runtime for group in state.groups} == {"greengrass/v1", "greengrass/v2"}
    logger = "com.example.PressLogger"
    merges = [
        document["components"][logger]["configurationUpdate"]["merge"]
        for document in (hall.document, *hall.core_documents.values())
    ]
    assert [merge["topic"] for merge in merges] == ["line/munich-hall-2/log", "line/munich-hall-2/munich-hall-2-b/log"]
    assert [merge["level"] for merge in merges] == ["debug", "debug"]
    (component,) = state.components.values()
    assert component.artifacts[0].uri == f"s3://fleet-artifacts/demo/components/{logger}/1.0.0/press-logger.sh"
