"""What an action carries to provision a thing."""

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.desired import DesiredState, ProvisioningTemplate
from reconciler.model.errors import ConfigurationError
from reconciler.model.fleet import Fleet, Provisioning
from reconciler.model.group import Thing
from reconciler.model.position import Position
from reconciler.provisioning.keys import new_key, signing_request
from reconciler.provisioning.requests import built_in_template, parse_template, provisioning_inputs
from reconciler.sandbox.testing import Sandbox

PLACE = Position("groups.yaml", 7, 5)
ARN = "arn:aws:iot:eu-central-1:123456789012"


def body(*parameters: str) -> str:
    return json.dumps({"Parameters": {name: {"Type": "String"} for name in parameters}, "Resources": {}})


def state(*, cdf: bool = False, region: str = "eu-central-1", **templates: str) -> DesiredState:
    provisioning = Provisioning("cdf", "http://cdf") if cdf else Provisioning()
    fleet = Fleet("demo", "123456789012", region, provisioning)
    return DesiredState(
        Path(),
        fleet,
        provisioning_templates={name: parse_template(name, text) for name, text in templates.items()},
    )


def thing(**more: Any) -> Thing:
    return Thing(**{"thing_name": "press", "role": "device", "position": PLACE} | more)


def no_remote(name: str) -> ProvisioningTemplate:
    raise AssertionError(f"AWS IoT is asked for {name}")


def test_declared_parameters_are_filled_in_and_others_left_alone() -> None:
    desired = state(device=body("ThingName", "ThingType", "Serial", "CSR"))
    declared = thing(provisioning_template="device", thing_type="press", parameters={"Serial": "A-1"})
    assert provisioning_inputs(desired, declared, no_remote) == {
        "thingName": "press",
        "thingArn": f"{ARN}:thing/press",
        "role": "device",
        "thingType": "press",
        "parameters": {"Serial": "A-1", "ThingName": "press", "ThingType": "press"},
        "templateBody": body("ThingName", "ThingType", "Serial", "CSR"),
        "csrParameter": "CSR",
    }


def test_what_a_template_does_not_declare_is_not_sent() -> None:
    inputs = provisioning_inputs(state(bare=body()), thing(provisioning_template="bare", thing_type="t"), no_remote)
    assert inputs["parameters"] == {}
    assert "csrParameter" not in inputs


def test_a_thing_without_type_gives_none() -> None:
    inputs = provisioning_inputs(state(t=body("ThingType")), thing(provisioning_template="t"), no_remote)
    assert inputs["parameters"] == {}
    assert "thingType" not in inputs


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        (("CSR",), "CSR"),
        (("CertificateSigningRequest",), "CertificateSigningRequest"),
        (("CertificateSigningRequest", "CSR"), "CSR"),
    ],
)
def test_both_usual_names_take_the_request(declared: tuple[str, ...], used: str) -> None:
    inputs = provisioning_inputs(state(t=body(*declared)), thing(provisioning_template="t"), no_remote)
    assert inputs["csrParameter"] == used


def test_a_device_that_keeps_its_key_brings_its_request() -> None:
    inputs = provisioning_inputs(state(t=body("CSR")), thing(provisioning_template="t", csr="PEM"), no_remote)
    assert (inputs["csr"], inputs["csrParameter"]) == ("PEM", "CSR")


def test_a_request_that_the_template_does_not_take_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        provisioning_inputs(state(t=body()), thing(provisioning_template="t", csr="PEM"), no_remote)
    (problem,) = caught.value.problems
    assert str(problem) == (
        "groups.yaml:7:5: [csr-not-taken] press has a csr, for which its provisioning template has no parameter; "
        "declare the parameter CSR in the template, or take csr away"
    )


def test_a_template_that_no_file_holds_is_asked_of_aws_iot() -> None:
    asked = []

    def remote(name: str) -> ProvisioningTemplate:
        asked.append(name)
        return parse_template(name, body("ThingName"))

    inputs = provisioning_inputs(state(other=body()), thing(provisioning_template="device"), remote)
    assert (asked, inputs["templateBody"]) == (["device"], body("ThingName"))


class TestCdf:
    def test_name_and_type_go_along_with_a_request(self) -> None:
        declared = thing(provisioning_template="device", thing_type="press", parameters={"Serial": "A-1"})
        assert provisioning_inputs(state(cdf=True), declared, no_remote) == {
            "thingName": "press",
            "thingArn": f"{ARN}:thing/press",
            "role": "device",
            "thingType": "press",
            "provisioningTemplateId": "device",
            "parameters": {"ThingName": "press", "ThingType": "press", "Serial": "A-1"},
            "csrParameter": "CSR",
        }

    def test_where_cdf_makes_the_key_no_request_of_ours_goes_along(self) -> None:
        block = {"caId": "c" * 64, "certInfo": {"commonName": "press"}}
        declared = thing(provisioning_template="device", cdf_provisioning_parameters=block)
        inputs = provisioning_inputs(state(cdf=True), declared, no_remote)
        assert inputs["cdfProvisioningParameters"] == block
        assert "csrParameter" not in inputs

    def test_a_template_is_needed(self) -> None:
        with pytest.raises(ConfigurationError) as caught:
            provisioning_inputs(state(cdf=True), thing(), no_remote)
        (problem,) = caught.value.problems
        assert (problem.position, problem.rule) == (PLACE, "cdf-template")
        assert "press" in problem.message


class TestParse:
    def test_parameters_are_known_with_their_defaults(self) -> None:
        text = '{"Parameters": {"A": {"Type": "String"}, "B": {"Type": "String", "Default": "b"}}}'
        assert parse_template("x", text) == ProvisioningTemplate("x", text, {"A": False, "B": True})
        assert parse_template("x", "{}").parameters == {}

    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", "7", '{"Parameters": []}', '{"Parameters": {"A": 5}}', '{"Parameters": {"A": "String"}}'],
    )
    def test_what_is_no_template_is_a_value_error(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            parse_template("x", text)


def statements(declared: Thing, region: str = "eu-central-1") -> dict[str, Any]:
    """The built-in policy: resources by action."""
    template = json.loads(built_in_template(declared, state(region=region)).body)
    policy = json.loads(template["Resources"]["policy"]["Properties"]["PolicyDocument"])
    assert policy["Version"] == "2012-10-17"
    found = {}
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            found[action] = statement["Resource"]
    return found


class TestBuiltIn:
    def test_a_core_may_connect_as_itself_with_suffixes_and_do_what_greengrass_needs(self) -> None:
        allowed = statements(thing(role="core"))
        assert allowed["iot:Connect"] == [f"{ARN}:client/press", f"{ARN}:client/press-*"]
        assert allowed["greengrass:*"] == "*"
        assert allowed["iot:UpdateThingShadow"] == f"{ARN}:thing/*"

    def test_a_device_may_connect_as_itself_alone_and_find_its_core(self) -> None:
        allowed = statements(thing())
        assert allowed["iot:Connect"] == f"{ARN}:client/press"
        assert allowed["greengrass:Discover"] == f"{ARN}:thing/press"
        assert set(allowed) == {"iot:Connect", "iot:Publish", "iot:Receive", "iot:Subscribe", "greengrass:Discover"}

    @pytest.mark.parametrize("role", ["core", "device"])
    def test_no_thing_policy_variable_is_used(self, role: str) -> None:
        """Greengrass does not support them for cores: their client ids are not always the thing's name."""
        assert "iot:Connection" not in built_in_template(thing(role=role), state()).body

    def test_arns_are_in_the_partition_of_the_region(self) -> None:
        assert statements(thing(), "cn-north-1")["iot:Connect"].startswith("arn:aws-cn:iot:cn-north-1:")

    @pytest.mark.parametrize("role", ["core", "device"])
    @pytest.mark.parametrize("thing_type", [None, "press"])
    def test_aws_iot_takes_it(self, aws: Sandbox, role: str, thing_type: str | None) -> None:
        iot = aws.client("iot")
        iot.create_thing_type(thingTypeName="press")
        inputs = provisioning_inputs(state(), thing(role=role, thing_type=thing_type), no_remote)
        parameters = inputs["parameters"] | {inputs["csrParameter"]: signing_request(new_key(), "press")}
        made = iot.register_thing(templateBody=inputs["templateBody"], parameters=parameters)
        assert set(made["resourceArns"]) == {"thing", "certificate", "policy"}
        assert iot.describe_thing(thingName="press").get("thingTypeName") == thing_type
        attached = iot.list_attached_policies(target=made["resourceArns"]["certificate"])["policies"]
        assert len(attached) == 1
