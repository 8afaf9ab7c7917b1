"""RegisterThing: templates, parameters, overrides, and everything that is refused."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.sandbox.cdf.certificates import make_certificate
from reconciler.sandbox.errors import ServiceError
from reconciler.sandbox.testing import Sandbox

Refused = Callable[..., tuple[int, str, str]]
BASE = "arn:aws:iot:eu-central-1:123456789012:"
INVALID = (400, "InvalidRequestException")
FAILED = (400, "ResourceRegistrationFailureException")
CONFLICT = (409, "ResourceConflictsException")


class Template:
    """A template body to be changed: a thing with a certificate by CSR, and a policy by name or not at all."""

    def __init__(self, **thing: Any) -> None:
        self.parameters: dict[str, Any] = {name: {"Type": "String"} for name in ("ThingName", "CSR")}
        self.thing: dict[str, Any] = {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "ThingName"}}}
        self.thing["Properties"].update(thing)
        self.certificate: dict[str, Any] = {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateSigningRequest": {"Ref": "CSR"}},
        }
        self.others: dict[str, Any] = {}

    def override(self, **settings: str) -> "Template":
        self.thing["OverrideSettings"] = settings
        return self

    def certified(self, **properties: Any) -> "Template":
        self.certificate["Properties"] = properties
        return self

    def policy(self, name: str = "policy", **properties: Any) -> "Template":
        self.others[name] = {"Type": "AWS::IoT::Policy", "Properties": properties}
        return self

    def body(self, **sections: Any) -> str:
        resources = {"thing": self.thing, "certificate": self.certificate, **self.others}
        return json.dumps({"Parameters": self.parameters, "Resources": resources, **sections})


@pytest.fixture
def register(iot: Any, csr: str) -> Callable[..., dict[str, Any]]:
    """Register a thing, ``press`` unless told, with the signing request unless told."""

    def call(template: Template | str, **parameters: str) -> dict[str, Any]:
        body = template if isinstance(template, str) else template.body()
        return dict(iot.register_thing(templateBody=body, parameters={"ThingName": "press", "CSR": csr, **parameters}))

    return call


@pytest.fixture
def groups(iot: Any) -> Callable[[], list[str]]:
    for name in ("a", "b", "c"):
        iot.create_thing_group(thingGroupName=name)

    def names() -> list[str]:
        found = iot.list_thing_groups_for_thing(thingName="press")["thingGroups"]
        return [group["groupName"] for group in found]

    return names


def test_thing_certificate_and_policy_are_made_and_tied_together(
    aws: Sandbox, iot: Any, register: Any, groups: Any, document: str
) -> None:
    iot.create_thing_type(thingTypeName="machine")
    iot.create_billing_group(billingGroupName="plant")
    iot.create_policy(policyName="connect", policyDocument=document)
    template = Template(
        ThingTypeName="machine",
        BillingGroup="plant",
        ThingGroups=["a", {"Ref": "Group"}],
        AttributePayload={"site": {"Ref": "Site"}, "version": "v1"},
    ).policy(PolicyName="connect")
    template.parameters |= {"Site": {"Type": "String", "Default": "lab"}, "Group": {"Type": "String"}}
    answer = register(template, Group="b")

    certificate_id = answer["resourceArns"]["certificate"].rpartition("/")[2]
    assert answer["resourceArns"] == {
        "thing": f"{BASE}thing/press",
        "certificate": f"{BASE}cert/{certificate_id}",
        "policy": f"{BASE}policy/connect",
    }
    thing = iot.describe_thing(thingName="press")
    assert (thing["thingTypeName"], thing["billingGroupName"]) == ("machine", "plant")
    assert thing["attributes"] == {"site": "lab", "version": "v1"}
    assert groups() == ["a", "b"]
    described = iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
    assert (described["certificatePem"], described["status"]) == (answer["certificatePem"], "ACTIVE")
    arn = answer["resourceArns"]["certificate"]
    assert iot.list_thing_principals(thingName="press")["principals"] == [arn]
    assert [item["policyName"] for item in iot.list_attached_policies(target=arn)["policies"]] == ["connect"]
    assert aws.world.iot_in(aws.region).has_active_certificate("press")


def test_what_is_given_beats_the_default(iot: Any, register: Any) -> None:
    template = Template(AttributePayload={"site": {"Ref": "Site"}})
    template.parameters["Site"] = {"Type": "String", "Default": "lab"}
    register(template, Site="berlin")
    assert iot.describe_thing(thingName="press")["attributes"] == {"site": "berlin"}


def test_parameters_that_the_template_does_not_declare_are_no_matter(register: Any) -> None:
    assert register(Template(), Colour="red")["resourceArns"]["thing"] == f"{BASE}thing/press"


def test_a_signing_request_makes_another_certificate_every_time(iot: Any, register: Any) -> None:
    first, second = register(Template()), register(Template())
    assert first["resourceArns"]["thing"] == second["resourceArns"]["thing"]
    assert first["resourceArns"]["certificate"] != second["resourceArns"]["certificate"]
    assert len(iot.list_thing_principals(thingName="press")["principals"]) == 2


@pytest.mark.parametrize(("status", "found"), [("INACTIVE", "INACTIVE"), ("ACTIVE", "ACTIVE"), ("Active", "ACTIVE")])
def test_the_certificates_status_is_the_templates(iot: Any, register: Any, status: str, found: str) -> None:
    answer = register(Template().certified(CertificateSigningRequest={"Ref": "CSR"}, Status=status))
    certificate_id = answer["resourceArns"]["certificate"].rpartition("/")[2]
    described = iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]
    assert described["status"] == found


def test_an_existing_certificate_is_used_by_its_id_again_and_again(iot: Any, register: Any, certificate: Any) -> None:
    made = certificate(active=False)
    template = Template().certified(CertificateId={"Ref": "CertId"})
    template.parameters["CertId"] = {"Type": "String"}
    for _ in range(2):
        answer = register(template, CertId=made["certificateId"])
        assert answer["resourceArns"]["certificate"] == made["certificateArn"]
        assert answer["certificatePem"] == made["certificatePem"]
    assert iot.list_thing_principals(thingName="press")["principals"] == [made["certificateArn"]]
    described = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
    assert described["status"] == "ACTIVE"


@pytest.mark.parametrize("named", [True, False], ids=["with its CA", "without"])
def test_a_certificate_of_ones_own_is_registered_once_and_then_used(iot: Any, register: Any, *, named: bool) -> None:
    made = make_certificate({"commonName": "press"}, now=datetime(2026, 11, 20, tzinfo=UTC))
    ca = {"CACertificatePem": made.ca_pem} if named else {}
    template = Template().certified(CertificatePem=made.pem, **ca)
    first, second = register(template), register(template)
    assert first["resourceArns"] == second["resourceArns"]
    assert first["certificatePem"] == made.pem
    assert len(iot.list_certificates()["certificates"]) == 1


def test_a_policy_document_is_made_once_under_its_hash(iot: Any, register: Any, document: str) -> None:
    name = hashlib.sha256(document.encode()).hexdigest()
    template = Template().policy(PolicyDocument=document)
    for _ in range(2):
        assert register(template)["resourceArns"]["policy"] == f"{BASE}policy/{name}"
    assert iot.get_policy(policyName=name)["policyDocument"] == document
    assert len(iot.list_policies()["policies"]) == 1


def test_there_may_be_several_policies(iot: Any, register: Any, document: str) -> None:
    iot.create_policy(policyName="connect", policyDocument=document)
    template = Template().policy(PolicyName="connect").policy("other", PolicyDocument=json.loads(document))
    arns = register(template)["resourceArns"]
    assert arns.keys() == {"thing", "certificate", "policy", "other"}
    attached = iot.list_attached_policies(target=arns["certificate"])["policies"]
    assert {item["policyArn"] for item in attached} == {arns["policy"], arns["other"]}


def test_a_thing_alone_and_a_certificate_alone_are_fine(iot: Any, register: Any) -> None:
    alone = Template()
    thing = json.dumps({"Parameters": alone.parameters, "Resources": {"thing": alone.thing}})
    answer = register(thing)
    assert answer["resourceArns"] == {"thing": f"{BASE}thing/press"}
    assert "certificatePem" not in answer
    certificate = json.dumps({"Parameters": alone.parameters, "Resources": {"c": alone.certificate}})
    assert register(certificate)["resourceArns"].keys() == {"c"}


@pytest.mark.parametrize(
    ("action", "attributes"),
    [
        ("DO_NOTHING", {"site": "lab", "line": "1"}),
        ("REPLACE", {"site": "berlin"}),
        ("MERGE", {"site": "berlin", "line": "1"}),
        (None, {"site": "berlin"}),
    ],
)
def test_attributes_of_an_existing_thing(
    iot: Any, register: Any, action: str | None, attributes: dict[str, str]
) -> None:
    iot.create_thing(thingName="press", attributePayload={"attributes": {"site": "lab", "line": "1"}})
    template = Template(AttributePayload={"site": "berlin"})
    register(template.override(AttributePayload=action) if action else template)
    assert iot.describe_thing(thingName="press")["attributes"] == attributes


@pytest.mark.parametrize(
    ("action", "names"),
    [("DO_NOTHING", ["a", "b"]), ("REPLACE", ["b", "c"]), ("MERGE", ["a", "b", "c"]), (None, ["b", "c"])],
)
def test_groups_of_an_existing_thing(
    iot: Any, register: Any, groups: Any, action: str | None, names: list[str]
) -> None:
    iot.create_thing(thingName="press")
    for name in ("a", "b"):
        iot.add_thing_to_thing_group(thingName="press", thingGroupName=name)
    template = Template(ThingGroups=["b", "c"])
    register(template.override(ThingGroups=action) if action else template)
    assert groups() == names


@pytest.mark.parametrize(("action", "name"), [("DO_NOTHING", "machine"), ("REPLACE", "robot"), (None, "robot")])
def test_the_type_of_an_existing_thing(iot: Any, register: Any, action: str | None, name: str) -> None:
    for each in ("machine", "robot"):
        iot.create_thing_type(thingTypeName=each)
    iot.create_thing(thingName="press", thingTypeName="machine")
    template = Template(ThingTypeName="robot")
    register(template.override(ThingTypeName=action) if action else template)
    assert iot.describe_thing(thingName="press")["thingTypeName"] == name


def test_what_the_template_leaves_out_stays(iot: Any, register: Any, groups: Any) -> None:
    iot.create_thing_type(thingTypeName="machine")
    iot.create_thing(thingName="press", thingTypeName="machine", attributePayload={"attributes": {"site": "lab"}})
    iot.add_thing_to_thing_group(thingName="press", thingGroupName="a")
    register(Template())
    thing = iot.describe_thing(thingName="press")
    assert (thing["thingTypeName"], thing["attributes"], thing["version"]) == ("machine", {"site": "lab"}, 1)
    assert groups() == ["a"]


@pytest.mark.parametrize("key", ["AttributePayload", "ThingTypeName", "ThingGroups"])
def test_fail_refuses_an_existing_thing_and_only_that(iot: Any, register: Any, refused: Refused, key: str) -> None:
    template = Template().override(**{key: "FAIL"})
    register(template)
    assert refused(register, template=template)[:2] == CONFLICT
    assert len(iot.list_certificates()["certificates"]) == 1


@pytest.mark.parametrize(
    ("action", "status"), [("DO_NOTHING", "INACTIVE"), ("REPLACE", "ACTIVE"), ("FAIL", None), (None, "ACTIVE")]
)
def test_the_status_of_an_existing_certificate(
    iot: Any, register: Any, refused: Refused, certificate: Any, action: str | None, status: str | None
) -> None:
    made = certificate(active=False)
    template = Template().certified(CertificateId=made["certificateId"], Status="ACTIVE")
    if action:
        template.certificate["OverrideSettings"] = {"Status": action}
    if status is None:
        assert refused(register, template=template)[:2] == CONFLICT
        assert iot.list_things()["things"] == []
    else:
        register(template)
        described = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        assert described["status"] == status


BAD_BODIES = {
    "not JSON": "nonsense",
    "not an object": "[]",
    "no resources": json.dumps({"Parameters": {}}),
    "empty resources": json.dumps({"Resources": {}}),
    "conditions": Template().body(Conditions={}),
    "mappings, for fleet templates only": Template().body(Mappings={}),
    "device configuration, for fleet templates only": Template().body(DeviceConfiguration={}),
    "parameters as a list": Template().body(Parameters=[]),
    "a parameter that is no string": Template().body(Parameters={"ThingName": {"Type": "Number"}}),
    "a default that is no string": Template().body(Parameters={"ThingName": {"Type": "String", "Default": 1}}),
    "a Ref to nothing": Template(ThingTypeName={"Ref": "Nothing"}).body(),
    "a function": Template(ThingTypeName={"Fn::Join": ["", ["a"]]}).body(),
    "a function inside": Template(ThingGroups=[{"Fn::Sub": "a"}]).body(),
    "an unknown type": Template().body(Resources={"x": {"Type": "AWS::IoT::Job"}}),
    "a resource that is no object": Template().body(Resources={"x": []}),
    "properties as a list": Template().body(Resources={"x": {"Type": "AWS::IoT::Thing", "Properties": []}}),
    "an unknown property": Template(Colour="red").body(),
    "no thing name": Template().body(Resources={"x": {"Type": "AWS::IoT::Thing"}}),
    "a thing name with a space": Template(ThingName="a b").body(),
    "a thing name that is a number": Template(ThingName=7).body(),
    "two things": Template().body(Resources={"x": Template().thing, "y": Template().thing}),
    "two certificates": Template().body(Resources={"x": Template().certificate, "y": Template().certificate}),
    "attributes as text": Template(AttributePayload="site").body(),
    "an attribute that is a number": Template(AttributePayload={"site": 7}).body(),
    "an attribute with a space": Template(AttributePayload={"site": "a b"}).body(),
    "an attribute name with a space": Template(AttributePayload={"my site": "a"}).body(),
    "groups as text": Template(ThingGroups="a").body(),
    "a group that is a number": Template(ThingGroups=[7]).body(),
    "an unknown override": Template().override(AttributePayload="KEEP").body(),
    "merging a type": Template().override(ThingTypeName="MERGE").body(),
    "an override of something else": Template().override(BillingGroup="REPLACE").body(),
    "no certificate source": Template().certified(Status="ACTIVE").body(),
    "two certificate sources": Template().certified(CertificateSigningRequest="x", CertificateId="y").body(),
    "a CA without a certificate": Template().certified(CertificateId="y", CACertificatePem="x").body(),
    "an unknown status": Template().certified(CertificateId="y", Status="REVOKED").body(),
    "a policy without anything": Template().policy().body(),
    "a policy with name and document": Template().policy(PolicyName="a", PolicyDocument="b").body(),
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_template_that_is_none_is_refused_and_nothing_made(
    iot: Any, register: Any, refused: Refused, body: str
) -> None:
    assert refused(register, template=body)[:2] == INVALID
    assert iot.list_things()["things"] == []
    assert iot.list_certificates()["certificates"] == []


def test_overrides_of_policies_and_policies_without_certificates_are_refused(register: Any, refused: Refused) -> None:
    template = Template().policy(PolicyName="connect")
    template.others["policy"]["OverrideSettings"] = {"PolicyName": "REPLACE"}
    assert refused(register, template=template)[:2] == INVALID
    alone = {"thing": Template().thing, "policy": Template().policy(PolicyName="connect").others["policy"]}
    assert refused(register, template=Template().body(Resources=alone))[:2] == INVALID


def test_a_parameter_that_is_missing_is_named(iot: Any, refused: Refused, csr: str) -> None:
    template = Template(AttributePayload={"site": {"Ref": "Site"}})
    template.parameters["Site"] = {"Type": "String"}
    for given, missing in (
        ({"CSR": csr, "Site": "b"}, "ThingName"),
        ({"ThingName": "a", "CSR": csr}, "Site"),
        ({"ThingName": "a", "Site": "b"}, "CSR"),
    ):
        status, code, message = refused(iot.register_thing, templateBody=template.body(), parameters=given)
        assert (status, code) == INVALID
        assert missing in message


def test_bodies_and_values_have_their_limits(aws: Sandbox, register: Any, refused: Refused, csr: str) -> None:
    body = Template().body()
    register(body + " " * (10_240 - len(body)))
    assert refused(register, template=body + " " * (10_241 - len(body)))[:2] == INVALID
    register(body, Note="x" * 4_096)
    assert refused(register, template=body, Note="x" * 4_097)[:2] == INVALID
    handler = aws.world.iot_in(aws.region).handlers["RegisterThing"]  # CDF calls it without the model's checks
    given = {"ThingName": "press", "CSR": csr}
    handler({"templateBody": body, "parameters": given})
    for params in (
        {"templateBody": body + " " * (10_241 - len(body)), "parameters": given},
        {"templateBody": body, "parameters": {**given, "Note": "x" * 4_097}},
    ):
        with pytest.raises(ServiceError, match="InvalidRequestException"):
            handler(params)


MISSING = {
    "thing type": Template(ThingTypeName="none"),
    "thing group": Template(ThingGroups=["none"]),
    "billing group": Template(BillingGroup="none"),
    "policy": Template().policy(PolicyName="none"),
    "certificate": Template().certified(CertificateId="0" * 64),
}


@pytest.mark.parametrize("template", MISSING.values(), ids=MISSING.keys())
def test_what_the_registry_lacks_fails_the_registration_and_nothing_is_made(
    iot: Any, register: Any, refused: Refused, template: Template
) -> None:
    assert refused(register, template=template)[:2] == FAILED
    assert iot.list_things()["things"] == []
    assert iot.list_certificates()["certificates"] == []


def test_what_the_registry_refuses_fails_the_registration(iot: Any, register: Any, refused: Refused) -> None:
    iot.create_thing_type(thingTypeName="old")
    iot.deprecate_thing_type(thingTypeName="old")
    iot.create_thing_group(thingGroupName="plant")
    iot.create_thing_group(thingGroupName="line", parentGroupName="plant")
    for template in (
        Template(ThingTypeName="old"),
        Template(ThingGroups=["plant", "line"]),
        Template(AttributePayload={f"a{number}": "x" for number in range(4)}),
        Template().policy(PolicyDocument="nonsense"),
        Template().certified(CertificatePem="nonsense"),
        Template().certified(CertificateSigningRequest="nonsense"),
    ):
        assert refused(register, template=template)[:2] == FAILED
    assert iot.list_things()["things"] == []


def test_a_registration_that_fails_leaves_an_existing_thing_alone(iot: Any, register: Any, refused: Refused) -> None:
    iot.create_thing(thingName="press", attributePayload={"attributes": {"site": "lab"}})
    template = Template(AttributePayload={"site": "berlin"}).certified(CertificateSigningRequest="nonsense")
    assert refused(register, template=template)[:2] == FAILED
    thing = iot.describe_thing(thingName="press")
    assert (thing["attributes"], thing["version"]) == ({"site": "lab"}, 1)
