import copy
import json
import pickle
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reconciler.model.canonical import digest
from reconciler.model.group import DeploymentSpec
from reconciler.model.template import Source, TemplateRef

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:press:4"


def group(name: str, spec: str = "", version: int = 3) -> str:
    return (
        f"apiVersion: reconciler/v1\nkind: Group\nmetadata: {{name: {name}, labels: {{site: {name}-site}}}}\nspec:\n"
        f"  template: {{name: line, version: {version}}}\n  cores: [{{thingName: {name}-core, thingType: gateway}}]\n{spec}"  # noqa: E501 # one line of YAML
    )


def thing_arn(name: str) -> str:
    return f"arn:aws:iot:eu-central-1:123456789012:thing/{name}"


def test_everything_in_a_fleet_document_arrives(fleets: Any) -> None:
    fleet = fleets.load(
        {
            "fleet.yaml": """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: demo, labels: {owner: me}}
spec:
  account: "123456789012"
  region: eu-central-1
  provisioning: {provider: cdf, url: "https://cdf.example.com"}
  artifacts: {bucket: fleet-artifacts, prefix: demo/}
  bulkDeployments: {bucket: fleet-bulk, executionRoleArn: "arn:aws:iam::123456789012:role/bulk"}
  ledger: {provider: sqlite}
  execution: {mode: local}
  limits: {greengrass: 10, "greengrass:CreateDeployment": 2.5}
"""
        }
    ).fleet
    assert (fleet.name, fleet.account, fleet.region) == ("demo", "123456789012", "eu-central-1")
    assert (fleet.provisioning.provider, fleet.provisioning.url) == ("cdf", "https://cdf.example.com")
    assert (fleet.artifacts.bucket, fleet.artifacts.prefix) == ("fleet-artifacts", "demo/")
    assert fleet.bulk_deployments.execution_role_arn == "arn:aws:iam::123456789012:role/bulk"
    assert fleet.limits == {"greengrass": 10.0, "greengrass:CreateDeployment": 2.5}
    assert str(fleet.artifacts.position) == "here/fleet.yaml:8:14"
    assert str(fleet.position) == "here/fleet.yaml:1:1"


def test_only_account_and_region_are_required(fleets: Any) -> None:
    fleet = fleets.load({}).fleet
    assert fleet.provisioning.provider == "iot"
    assert fleet.artifacts is fleet.bulk_deployments is None
    assert fleet.limits == {}


def test_each_groups_variables_hold_its_own_core(fleets: Any, template: Any) -> None:
    spec = (
        "  definitions:\n    functions:\n      DefaultConfig: {Execution: {IsolationMode: NoContainer}}\n"
        "      Functions:\n"
        f"        - {{Id: b, FunctionArn: '{FUNCTION}', FunctionConfiguration: {{Environment: {{Variables: "
        "{CORE: '${coreThingName}-${coreThingArn}', X: y}}}}\n        - {Id: a}\n"
    )
    state = fleets.load({"template.yaml": template(spec), "group.yaml": group("x") + "---\n" + group("y")})
    for found, name in zip(state.groups, "xy", strict=True):
        content = found.definitions["functions"]
        assert [function["Id"] for function in content["Functions"]] == ["a", "b"]
        assert content["DefaultConfig"] == {"Execution": {"IsolationMode": "NoContainer"}}
        variables = content["Functions"][1]["FunctionConfiguration"]["Environment"]["Variables"]
        assert variables == {"CORE": f"{name}-core-{thing_arn(f'{name}-core')}", "X": "y"}
        assert "functions" not in found.shared
    raw = state.templates[TemplateRef("line", 3)].definitions["functions"]["Functions"][1]
    assert raw["FunctionConfiguration"]["Environment"]["Variables"]["CORE"] == "${coreThingName}-${coreThingArn}"


def test_what_no_token_changes_is_shared(fleets: Any, template: Any) -> None:
    spec = (
        "  definitions:\n    functions: {Functions: [{Id: b}, {Id: a}]}\n"
        "    subscriptions: {Subscriptions: [{Id: up, Source: cloud, Subject: a, Target: GGShadowService}]}\n"
        "    loggers: {Loggers: [{Id: l, Component: Lambda, Level: INFO, Type: FileSystem}]}\n"
        "    connectors: {}\n    resources: {Resources: []}\n"
    )
    state = fleets.load({"template.yaml": template(spec), "group.yaml": group("x") + "---\n" + group("y")})
    first, second = state.groups
    families = {"functions", "subscriptions", "loggers", "connectors", "resources"}
    assert first.shared == second.shared == set(first.definitions) == families
    assert first.definitions["connectors"] == {"Connectors": []}
    assert [function["Id"] for function in first.definitions["functions"]["Functions"]] == ["a", "b"]
    assert first.definitions["functions"] is second.definitions["functions"]


def test_subscriptions_come_from_template_type_and_thing(fleets: Any, template: Any) -> None:
    spec = (
        "  definitions:\n    subscriptions:\n      Subscriptions:\n"
        "        - {Id: a, Source: cloud, Subject: 'cmd/${groupName}', Target: '${coreThingArn}'}\n"
        "  deviceSubscriptions:\n"
        "    '*': [{Id: '${thingName}-out', Source: '${thingArn}', Subject: 'dt/${labels.site}', Target: cloud}]\n"
        "    press: [{Id: '${thingName}-${thingType}', Source: '${thingArn}', Subject: p, Target: '${coreThingArn}'}]\n"
    )
    devices = (
        "  devices:\n    - {thingName: p1, thingType: press, subscriptions: "
        "[{Id: own, Source: '${thingArn}', Subject: 's/${thingName}', Target: GGShadowService}]}\n    - {thingName: d1}\n"  # noqa: E501 # one line of YAML
    )
    (found,) = fleets.load({"template.yaml": template(spec), "group.yaml": group("x", devices)}).groups
    content = found.definitions["subscriptions"]["Subscriptions"]
    assert [(entry["Id"], entry["Source"], entry["Subject"], entry["Target"]) for entry in content] == [
        ("a", "cloud", "cmd/x", thing_arn("x-core")),
        ("d1-out", thing_arn("d1"), "dt/x-site", "cloud"),
        ("own", thing_arn("p1"), "s/p1", "GGShadowService"),
        ("p1-out", thing_arn("p1"), "dt/x-site", "cloud"),
        ("p1-press", thing_arn("p1"), "p", thing_arn("x-core")),
        ("x-core-out", thing_arn("x-core"), "dt/x-site", "cloud"),
    ]
    assert found.shared == frozenset()
    assert found.devices[0].subscriptions == (content[2],)


def test_a_family_that_is_declared_nowhere_is_absent(fleets: Any, template: Any) -> None:
    (found,) = fleets.load({}).groups
    assert found.definitions == {}
    declared = template("  definitions: {}\n  deviceSubscriptions: {press: []}\n")
    (found,) = fleets.load({"template.yaml": declared}).groups
    assert found.definitions == {"subscriptions": {"Subscriptions": []}}


def test_a_source_leaves_only_device_subscriptions(fleets: Any, template: Any) -> None:
    spec = (
        "  source: {groupId: gid, groupVersionId: vid}\n  deviceSubscriptions:\n"
        f"    '*': [{{Id: '${{thingName}}', Source: '${{thingArn}}', Subject: a, Target: '{FUNCTION}'}}]\n"
    )
    state = fleets.load({"template.yaml": template(spec), "group.yaml": group("x")})
    source = state.templates[TemplateRef("line", 3)].source
    assert isinstance(source, Source)
    assert (source.group_id, source.group_version_id) == ("gid", "vid")
    assert list(state.groups[0].definitions) == ["subscriptions"]
    assert state.groups[0].shared == frozenset()


def test_policy_variables_elsewhere_are_left_alone(fleets: Any, template: Any) -> None:
    spec = (
        "  definitions:\n    connectors: {Connectors: [{Id: a, ConnectorArn: "
        "'arn:aws:greengrass:eu-central-1::/connectors/SNS/versions/4', "
        "Parameters: {P: '${iot:Connection.Thing.ThingName} ${coreThingName}'}}]}\n"
    )
    (found,) = fleets.load({"template.yaml": template(spec)}).groups
    (connector,) = found.definitions["connectors"]["Connectors"]
    assert connector["Parameters"]["P"] == "${iot:Connection.Thing.ThingName} ${coreThingName}"
    assert "connectors" in found.shared


def test_the_lambda_functions_of_aws_itself_have_no_region(fleets: Any, template: Any) -> None:
    spec = (
        "  definitions: {functions: {Functions: [{Id: ip, FunctionArn: 'arn:aws:lambda:::function:GGIPDetector:1'}]}}\n"
    )
    assert fleets.load({"template.yaml": template(spec)}).groups


@pytest.mark.parametrize(
    ("text", "deployment"),
    [
        ("", DeploymentSpec()),
        ("{state: deployed, redeploy: 2026-11-20}", DeploymentSpec(redeploy="2026-11-20")),
        ("{redeploy: 7, groupVersionId: abc}", DeploymentSpec(redeploy="7", group_version_id="abc")),
        ("{state: reset, force: true}", DeploymentSpec(state="reset", force=True)),
        ("{state: none}", DeploymentSpec(state="none")),
    ],
)
def test_deployments(text: str, deployment: DeploymentSpec, fleets: Any) -> None:
    spec = f"  adopt: true\n  deployment: {text}\n" if text else ""
    (found,) = fleets.load({"group.yaml": group("x", spec)}).groups
    wanted = (deployment.state, deployment.redeploy, deployment.force, deployment.group_version_id)
    given = found.deployment
    assert (given.state, given.redeploy, given.force, given.group_version_id) == wanted
    assert found.adopt == bool(text)


def test_device_documents_join_their_group(fleets: Any) -> None:
    (found,) = fleets.load(
        {
            "group.yaml": "apiVersion: reconciler/v1\nkind: Group\nmetadata: {name: x}\n"
            "spec: {template: {name: line, version: 3}}\n",
            "a-device.yaml": "apiVersion: reconciler/v1\nkind: Device\nmetadata: {name: d, labels: {site: z}}\n"
            "spec: {group: x, role: device, syncShadow: false, parameters: {Site: '${labels.site}-${coreThingName}'}}\n",  # noqa: E501 # one line of YAML
            "z-core.yaml": "apiVersion: reconciler/v1\nkind: Device\nmetadata: {name: the-core}\n"
            "spec: {group: x, role: core, thingName: c, thingType: t}\n",
        }
    ).groups
    assert [(thing.thing_name, thing.role, thing.thing_type) for thing in found.things] == [
        ("c", "core", "t"),
        ("d", "device", None),
    ]
    assert found.devices[0].sync_shadow is False
    assert found.devices[0].parameters == {"Site": "z-c"}


def test_the_model_is_plain_sorted_and_can_be_pickled(fleets: Any, template: Any) -> None:
    spec = (
        "  definitions: {functions: {Functions: [{Id: b}, {Id: a}]}}\n"
        "  deviceSubscriptions: {'*': [{Id: '${thingName}', Source: '${thingArn}', Subject: a, Target: cloud}]}\n"
    )
    state = fleets.load({"template.yaml": template(spec), "b.yaml": group("b"), "a.yaml": group("a")})
    assert [found.name for found in state.groups] == ["a", "b", "berlin"]
    assert pickle.loads(pickle.dumps(state)) == state  # noqa: S301 # what this test has just made itself
    assert copy.deepcopy(state) == state

    def kinds(value: Any) -> set[type]:
        if isinstance(value, dict):
            return {type(value)}.union(*map(kinds, value.values()))
        return {type(value)}.union(*map(kinds, value)) if isinstance(value, list | tuple) else {type(value)}

    for found in state.groups:
        assert kinds(found.definitions) <= {dict, list, str, int, bool}
        assert type(found.labels) is dict
        assert json.loads(json.dumps(found.definitions)) == found.definitions
        assert digest(found.definitions)


def test_one_mistake_in_a_template_is_told_once_with_the_groups_it_shows_in(fleets: Any, template: Any) -> None:
    spec = "  definitions: {subscriptions: {Subscriptions: [{Id: a, Source: cloud, Subject: '${labels.ring}', Target: x}]}}\n"  # noqa: E501 # one line of YAML
    groups = "---\n".join(group(f"g{n}") for n in range(6))
    problems = fleets.problems({"template.yaml": template(spec), "group.yaml": groups})
    assert [str(problem) for problem in problems] == [
        (
            "here/template.yaml:7:81: [token-without-value] ${labels.ring} has no value in groups g0, g1, g2 and 3 more; "  # noqa: E501 # one line of YAML
            "add metadata.labels.ring to the group, or take the token out"
        )
    ]


def test_all_problems_are_told_at_once_sorted_by_place(fleets: Any) -> None:
    problems = fleets.problems(
        {
            "fleet.yaml": "apiVersion: reconciler/v1\nkind: Fleet\nmetadata: {name: demo}\n"
            "spec: {account: 123456789012, region: eu-central-1, colour: red}\n",
            "broken.yaml": "a: [\n",
            "group.yaml": group("x", version=9, spec="  deployment: {force: true}\n  devices: [{thingName: x-core}]\n"),
            "other.yaml": "apiVersion: reconciler/v1\nkind: Grupp\n",
        }
    )
    assert [(problem.position.file.removeprefix("here/"), problem.rule) for problem in problems] == [
        ("broken.yaml", "truncated-file"),
        ("fleet.yaml", "wrong-type"),
        ("fleet.yaml", "unknown-key"),
        ("group.yaml", "unknown-version"),
        ("group.yaml", "force-without-reset"),
        ("group.yaml", "duplicate-thing"),
        ("other.yaml", "unknown-kind"),
    ]


def test_what_may_stand_in_a_broken_file_is_not_called_unknown(fleets: Any) -> None:
    (problem,) = fleets.problems({"template.yaml": "kind: Template\nmetadata: {name: line}\nspec: {\n"})
    assert problem.rule == "truncated-file"
    (problem,) = fleets.problems({"template.yaml": "apiVersion: reconciler/v1\nkind: T\nmetadata: {name: line}\n"})
    assert problem.rule == "unknown-kind"
    problems = fleets.problems({"template.yaml": "a: ["})
    assert [problem.rule for problem in problems] == ["unknown-template", "truncated-file"]


def test_a_mistake_does_not_bring_others_with_it(fleets: Any) -> None:
    """A device without a usable name is left out; that the template's subscriptions miss it is not told as well."""
    text = group("x", f"  devices: [{{thingName: 7, subscriptions: []}}, {{thingName: b, subscriptions: "
                 f"[{{Id: a, Source: '{thing_arn('c')}', Subject: a, Target: cloud}}]}}]\n")  # fmt: skip
    (problem,) = fleets.problems({"group.yaml": text})
    assert problem.rule == "wrong-type"


def test_an_id_is_checked_once_its_tokens_are_expanded(fleets: Any, template: Any) -> None:
    spec = (
        "  definitions:\n    subscriptions:\n"
        "      Subscriptions: [{Id: '${labels.site}', Source: cloud, Subject: a, Target: cloud}]"
    )
    text = group("x").replace("site: x-site", "site: hall 3")
    (problem,) = fleets.problems({"template.yaml": template(spec + "\n"), "group.yaml": text})
    assert (problem.rule, problem.message) == (
        "bad-name",
        'the subscription Id "${labels.site}" becomes "hall 3", which is not allowed in group x',
    )


def test_groups_are_looked_through_even_if_the_account_is_not_known(fleets: Any) -> None:
    entry = "{{Id: {0}, Source: '{1}', Subject: a, Target: {2}}}"
    own = ", ".join([entry.format("a", thing_arn("x-core"), "cloud"), entry.format("b", thing_arn("x-core"), "clod")])
    problems = fleets.problems(
        {
            "fleet.yaml": "apiVersion: reconciler/v1\nkind: Fleet\n"
            "metadata: {name: demo}\nspec: {region: eu-central-1}\n",
            "group.yaml": group("x", f"  devices: [{{thingName: d, subscriptions: [{own}]}}]\n"),
        }
    )
    assert [problem.rule for problem in problems] == ["missing-key", "unknown-endpoint"]


def test_a_limit_on_all_subscriptions(fleets: Any, template: Any) -> None:
    spec = "  definitions: {}\n  deviceSubscriptions:\n    '*':\n" + "".join(
        f"    - {{Id: '${{thingName}}-{n}', Source: '${{thingArn}}', Subject: a, Target: cloud}}\n" for n in range(5)
    )
    devices = "  devices:\n" + "".join(f"    - {{thingName: d{n}}}\n" for n in range(2000))
    (problem,) = fleets.problems({"template.yaml": template(spec), "group.yaml": group("x", devices)})
    assert problem.rule == "too-many-subscriptions"
    assert problem.message == "the group x has 10,005 subscriptions; Greengrass V1 takes 10,000"


def test_a_certificate_signing_request_from_a_file_or_in_place(fleets: Any) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    indented = "".join(f"        {line}\n" for line in pem.splitlines())
    spec = f"  devices:\n    - {{thingName: a, csr: csr/a.pem}}\n    - thingName: b\n      csr: |\n{indented}"
    (found,) = fleets.load({"csr/a.pem": pem, "group.yaml": group("x", spec)}).groups
    assert [device.csr for device in found.devices] == [pem, pem]
