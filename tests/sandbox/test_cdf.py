"""CDF Provisioning over HTTP: its media type, its routes, its templates, and both generations of its errors."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from reconciler.sandbox.cdf.certificates import make_certificate, make_request
from reconciler.sandbox.testing import Sandbox

pytestmark = pytest.mark.sampled

MEDIA_TYPE = "application/vnd.aws-cdf-v1.0+json"
Answer = tuple[int, Any]
Ask = Callable[..., Answer]
CA = {"caId": "c" * 64, "certInfo": {"commonName": "press", "organization": "plant", "country": "DE"}}


def template(cdf: dict[str, Any] | None = None, **certificate: Any) -> dict[str, Any]:
    """A template whose certificate comes by CSR unless told."""
    properties = certificate or {"CertificateSigningRequest": {"Ref": "CSR"}}
    names = ("ThingName", "CSR", "CertificatePem", "CaCertificatePem", "CertificateId")
    body: dict[str, Any] = {
        "Parameters": {name: {"Type": "String"} for name in names},
        "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "ThingName"}}},
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": properties},
        },
    }
    return body if cdf is None else {**body, "CDF": cdf}


BY_CA = {"CertificatePem": {"Ref": "CertificatePem"}, "CACertificatePem": {"Ref": "CaCertificatePem"}}
BY_ID = {"CertificateId": {"Ref": "CertificateId"}}


@pytest.fixture
def ask(aws: Sandbox) -> Ask:
    """Send a request to CDF and answer with the status and the parsed body (None: empty)."""

    def send(
        method: str,
        path: str,
        document: Any = None,
        *,
        base: str = "/cdf",
        accept: str | None = MEDIA_TYPE,
        content_type: str | None = MEDIA_TYPE,
    ) -> Answer:
        headers = {"Accept": accept, "Content-Type": content_type if document is not None else None}
        body = None
        if document is not None:
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
        request = urllib.request.Request(  # noqa: S310 - the sandbox's own URL
            aws.url + base + path,
            data=body,
            method=method,
            headers={name: value for name, value in headers.items() if value is not None},
        )
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as problem:
            status, content = problem.code, problem.read()
            problem.close()
        return status, json.loads(content) if content else None

    return send


@pytest.fixture
def iot(aws: Sandbox) -> Any:
    return aws.client("iot")


@pytest.fixture
def put_template(aws: Sandbox) -> Callable[..., None]:
    """Put a CDF template where CDF looks for it."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="cdf-templates", CreateBucketConfiguration={"LocationConstraint": aws.region})

    def put(name: str, content: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        s3.put_object(Bucket="cdf-templates", Key=f"templates/{name}.json", Body=body)

    return put


@pytest.fixture
def head(aws: Sandbox) -> Sandbox:
    """A sandbox whose CDF is that of its main branch."""
    aws.world.cdf.version = "head"
    return aws


@pytest.fixture(scope="module")
def csr() -> str:
    return make_request({"commonName": "press"})[0]


def order(**members: Any) -> dict[str, Any]:
    return {"provisioningTemplateId": "core", "parameters": {"ThingName": "press"}, **members}


def with_csr(csr: str, **parameters: str) -> dict[str, Any]:
    return order(parameters={"ThingName": "press", "CSR": csr, **parameters})


def key_fits(answer: dict[str, Any]) -> bool:
    key: Any = serialization.load_pem_private_key(answer["privateKey"].encode(), None)
    return bool(key.public_key() == x509.load_pem_x509_certificate(answer["certificatePem"].encode()).public_key())


class TestMediaType:
    @pytest.mark.parametrize("accept", [None, "application/json", "*/*", f"{MEDIA_TYPE}, */*", "nonsense"])
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/things/press"),
            ("POST", "/things"),
            ("DELETE", "/things/press"),
            ("PATCH", "/things/press/certificates"),
        ],
    )
    def test_without_its_accept_header_cdf_answers_415_and_does_nothing(
        self, ask: Ask, iot: Any, method: str, path: str, accept: str | None
    ) -> None:
        iot.create_thing(thingName="press")
        document = order(certificateStatus="INACTIVE") if method in ("POST", "PATCH") else None
        assert ask(method, path, document, accept=accept) == (415, None)
        assert len(iot.list_things()["things"]) == 1

    @pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
    def test_a_body_of_another_type_is_not_read(self, ask: Ask, content_type: str) -> None:
        status, answer = ask("POST", "/things", order(), content_type=content_type)
        assert status == 400
        assert "provisioningTemplateId" in answer["error"]

    def test_the_content_type_may_name_a_charset(self, ask: Ask, put_template: Any, csr: str) -> None:
        put_template("core", template())
        assert ask("POST", "/things", with_csr(csr), content_type=f"{MEDIA_TYPE}; charset=utf-8")[0] == 201


class TestProvisioning:
    def test_a_thing_by_a_template_in_the_bucket(self, ask: Ask, iot: Any, put_template: Any, csr: str) -> None:
        put_template("core", template())
        status, answer = ask("POST", "/things", with_csr(csr))
        assert status == 201
        assert answer.keys() == {"certificatePem", "resourceArns"}
        principals = iot.list_thing_principals(thingName="press")["principals"]
        assert answer["resourceArns"] == {
            "thing": "arn:aws:iot:eu-central-1:123456789012:thing/press",
            "certificate": principals[0],
        }

    def test_a_thing_by_a_template_of_aws_iot(self, ask: Ask, iot: Any, csr: str) -> None:
        iot.create_provisioning_template(
            templateName="core",
            templateBody=json.dumps(template()),
            provisioningRoleArn="arn:aws:iam::123456789012:role/provisioning",
        )
        assert ask("POST", "/things", with_csr(csr))[0] == 201

    def test_a_template_in_the_bucket_goes_first(self, ask: Ask, iot: Any, put_template: Any, csr: str) -> None:
        put_template("core", template())
        other = template()
        other["Resources"]["thing"]["Properties"]["ThingName"] = "other"
        iot.create_provisioning_template(
            templateName="core",
            templateBody=json.dumps(other),
            provisioningRoleArn="arn:aws:iam::123456789012:role/provisioning",
        )
        assert ask("POST", "/things", with_csr(csr))[1]["resourceArns"]["thing"].endswith(":thing/press")

    def test_the_same_thing_again_gets_another_certificate(
        self, ask: Ask, iot: Any, put_template: Any, csr: str
    ) -> None:
        put_template("core", template())
        first, second = (ask("POST", "/things", with_csr(csr))[1]["resourceArns"] for _ in range(2))
        assert first["thing"] == second["thing"]
        assert first["certificate"] != second["certificate"]
        assert len(iot.list_thing_principals(thingName="press")["principals"]) == 2

    def test_the_policys_arn_is_told_under_one_logical_name_only(
        self, ask: Ask, iot: Any, put_template: Any, csr: str
    ) -> None:
        document = json.dumps(
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}}
        )
        for name, told in (("policy", False), ("PolicyLogicalName", True)):
            body = template()
            body["Resources"][name] = {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": document}}
            put_template("core", body)
            assert ("policyLogicalName" in ask("POST", "/things", with_csr(csr))[1]["resourceArns"]) is told

    def test_it_is_reached_below_cdf_at_the_root_and_signed_for_api_gateway(
        self, ask: Ask, aws: Sandbox, put_template: Any, csr: str
    ) -> None:
        put_template("core", template())
        for base in ("/cdf", ""):
            assert ask("POST", "/things", with_csr(csr), base=base)[0] == 201
        request: Any = AWSRequest("GET", f"{aws.url}/things/press", headers={"Accept": MEDIA_TYPE})
        SigV4Auth(Credentials("sandbox", "sandbox"), "execute-api", aws.region).add_auth(request)
        signed = urllib.request.Request(request.url, headers=dict(request.headers))  # noqa: S310 - the sandbox's own
        with urllib.request.urlopen(signed) as answer:  # noqa: S310 - the same
            assert json.load(answer)["thingName"] == "press"
        assert aws.counts()["cdf:CreateThing"] == 2
        assert aws.counts()["cdf:GetThing"] == 1


class TestCertificatesThatCdfMakes:
    def test_by_a_registered_ca(self, ask: Ask, iot: Any, put_template: Any) -> None:
        put_template("core", template({"createDeviceCertificate": True}, **BY_CA))
        status, answer = ask("POST", "/things", order(cdfProvisioningParameters=CA))
        assert status == 201
        assert key_fits(answer)
        parsed = x509.load_pem_x509_certificate(answer["certificatePem"].encode())
        assert parsed.subject.rfc4514_string() == "C=DE,O=plant,CN=press"
        assert (parsed.not_valid_after_utc - parsed.not_valid_before_utc).days == 365
        certificate_id = answer["resourceArns"]["certificate"].rpartition("/")[2]
        assert iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]["status"] == "ACTIVE"

    def test_the_life_is_as_told(self, ask: Ask, put_template: Any) -> None:
        put_template("core", template({"createDeviceCertificate": True}, **BY_CA))
        told = {**CA, "certInfo": {"commonName": "press", "daysExpiry": 30}}
        parsed = x509.load_pem_x509_certificate(
            ask("POST", "/things", order(cdfProvisioningParameters=told))[1]["certificatePem"].encode()
        )
        assert (parsed.not_valid_after_utc - parsed.not_valid_before_utc).days == 30

    @pytest.mark.parametrize(
        "told",
        [
            None,
            {},
            {"caId": "c"},
            {"certInfo": {"commonName": "press"}},
            {"caId": "c", "certInfo": {}},
            {"caId": "c", "certInfo": "press"},
            {"caId": 7, "certInfo": {"commonName": "press"}},
            {"caId": "c", "certInfo": {"country": "Germany"}},
            {"caId": "c", "certInfo": {"commonName": "press", "daysExpiry": 0}},
            {"caId": "c", "certInfo": {"commonName": "press", "daysExpiry": "soon"}},
            "nonsense",
        ],
    )
    def test_without_all_it_needs_it_is_refused(self, ask: Ask, iot: Any, put_template: Any, told: Any) -> None:
        put_template("core", template({"createDeviceCertificate": True}, **BY_CA))
        assert ask("POST", "/things", order(cdfProvisioningParameters=told))[0] == 400
        assert iot.list_things()["things"] == []

    def test_by_aws_iot(self, ask: Ask, iot: Any, put_template: Any) -> None:
        put_template("core", template({"createDeviceAWSCertificate": True}, **BY_ID))
        status, answer = ask("POST", "/things", order())
        assert status == 201
        assert key_fits(answer)
        assert iot.list_thing_principals(thingName="press")["principals"] == [answer["resourceArns"]["certificate"]]

    def test_one_that_the_caller_has(self, ask: Ask, put_template: Any, iot: Any) -> None:
        put_template("core", template({"registerDeviceCertificateWithoutCA": True}, **BY_ID))
        pem = iot.create_keys_and_certificate()["certificatePem"]
        known = order(cdfProvisioningParameters={"certificatePem": pem, "certificateStatus": "ACTIVE"})
        assert ask("POST", "/things", known)[0] == 500  # AWS IoT has that one already
        own = make_certificate({"commonName": "press"}, now=datetime(2026, 11, 20, tzinfo=UTC)).pem
        told = order(cdfProvisioningParameters={"certificatePem": own, "certificateStatus": "ACTIVE"})
        status, answer = ask("POST", "/things", told)
        assert (status, answer["certificatePem"]) == (201, own)
        assert "privateKey" not in answer
        for missing in ({}, {"certificatePem": pem}, {"certificateStatus": "ACTIVE"}):
            assert ask("POST", "/things", order(cdfProvisioningParameters=missing))[0] == 400

    @pytest.mark.parametrize(
        "certificate", [BY_CA, BY_ID, {"CertificateSigningRequest": {"Ref": "CSR"}}], ids=["PEM", "id", "CSR"]
    )
    def test_parameters_for_cdf_are_enough_without_a_cdf_block(
        self, ask: Ask, put_template: Any, certificate: dict[str, Any]
    ) -> None:
        put_template("core", template(**certificate))
        status, answer = ask("POST", "/things", order(cdfProvisioningParameters=CA))
        assert status == 201
        assert key_fits(answer)

    def test_a_subject_that_is_none_is_refused_there_too(self, ask: Ask, put_template: Any) -> None:
        put_template("core", template())
        told = {"caId": "c", "certInfo": {"country": "Germany"}}
        assert ask("POST", "/things", order(cdfProvisioningParameters=told))[0] == 400

    def test_a_signing_request_in_the_parameters_is_used(self, ask: Ask, put_template: Any, csr: str) -> None:
        put_template("core", template())
        asked = {**with_csr(csr), "cdfProvisioningParameters": CA}
        status, answer = ask("POST", "/things", asked)
        assert status == 201
        assert "privateKey" not in answer
        made = x509.load_pem_x509_certificate(answer["certificatePem"].encode())
        assert made.public_key() == x509.load_pem_x509_csr(csr.encode()).public_key()

    def test_acm_pca_is_not_there_and_says_so(self, ask: Ask, put_template: Any) -> None:
        put_template("core", template({"useACMPCA": True}, **BY_CA))
        status, answer = ask("POST", "/things", order())
        assert status == 500
        assert "createDeviceCertificate" in answer["error"]


class TestPoliciesThatCdfAttaches:
    def test_the_client_id_must_match_the_thing_name(self, ask: Ask, iot: Any, put_template: Any, csr: str) -> None:
        put_template("core", template({"clientIdMustMatchThingName": True}))
        for _ in range(2):
            certificate = ask("POST", "/things", with_csr(csr))[1]["resourceArns"]["certificate"]
            attached = iot.list_attached_policies(target=certificate)["policies"]
            assert [policy["policyName"] for policy in attached] == ["clientIdEnforcementPolicy_press"]
        document = json.loads(iot.get_policy(policyName="clientIdEnforcementPolicy_press")["policyDocument"])
        resource = "arn:aws:iot:eu-central-1:123456789012:client/press"
        assert document["Statement"] == [{"Effect": "Allow", "Action": "iot:Connect", "Resource": resource}]

    def test_additional_policies_are_made_anew_at_every_call(
        self, ask: Ask, iot: Any, put_template: Any, csr: str
    ) -> None:
        statement = {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iot.create_policy(policyName="known", policyDocument=document)
        more = [{"name": "known"}, {"name": "extra", "document": document}]
        put_template("core", template({"attachAdditionalPolicies": more}))
        names = set()
        for _ in range(2):
            certificate = ask("POST", "/things", with_csr(csr))[1]["resourceArns"]["certificate"]
            attached = iot.list_attached_policies(target=certificate)["policies"]
            assert len(attached) == 2
            names |= {policy["policyName"] for policy in attached}
        assert "known" in names
        assert sum(name.startswith("extra_") for name in names) == 2

    @pytest.mark.parametrize(
        ("policies", "status"),
        [(["known"], 400), ([{"name": ""}], 400), ([{"name": "gone"}], 500), ([{"name": "a", "document": {}}], 500)],
    )
    def test_policies_that_are_none_are_refused(
        self, ask: Ask, put_template: Any, csr: str, policies: Any, status: int
    ) -> None:
        put_template("core", template({"attachAdditionalPolicies": policies}))
        assert ask("POST", "/things", with_csr(csr))[0] == status

    def test_they_need_the_logical_names(self, ask: Ask, put_template: Any, csr: str) -> None:
        body = template({"clientIdMustMatchThingName": True})
        body["Resources"]["myThing"] = body["Resources"].pop("thing")
        put_template("core", body)
        assert ask("POST", "/things", with_csr(csr))[0] == 400


class TestRefusals:
    @pytest.mark.parametrize(
        "document",
        [
            {},
            {"provisioningTemplateId": ""},
            {"provisioningTemplateId": 7},
            [],
            order(parameters="x"),
            b"{nonsense",
            b"[1]",
        ],
    )
    def test_a_request_that_is_none(self, ask: Ask, put_template: Any, document: Any) -> None:
        put_template("core", template())
        status, answer = ask("POST", "/things", document)
        assert status == 400
        assert answer.keys() == {"error"}

    def test_aws_iots_own_refusal_is_passed_on(self, ask: Ask, put_template: Any, csr: str) -> None:
        put_template("core", template())
        for parameters, part in (
            ({"ThingName": "press"}, "CSR"),
            ({"CSR": csr}, "ThingName"),
            ({"ThingName": "press", "CSR": csr, "Line": 7}, "Line"),
            ({"ThingName": "a b", "CSR": csr}, "ThingName"),
        ):
            status, answer = ask("POST", "/things", order(parameters=parameters))
            assert status == 400
            assert answer["error"].startswith("REGISTRATION_FAILED: ")
            assert part in answer["error"]

    @pytest.mark.parametrize("content", [b"nonsense", b"[]"])
    def test_a_template_that_is_none(self, ask: Ask, put_template: Any, content: bytes) -> None:
        put_template("core", content)
        assert ask("POST", "/things", order())[0] == 500

    @pytest.mark.parametrize("resources", [[], {"thing": []}, {"c": {"Type": "AWS::IoT::Certificate"}}])
    def test_a_template_with_odd_resources(self, ask: Ask, put_template: Any, resources: Any) -> None:
        put_template("core", {**template(), "Resources": resources})
        status, answer = ask("POST", "/things", order(cdfProvisioningParameters=CA))
        assert status == 400
        assert answer["error"].startswith("REGISTRATION_FAILED: ")

    def test_an_unknown_template_is_500_for_the_first_versions(self, ask: Ask, csr: str) -> None:
        status, answer = ask("POST", "/things", with_csr(csr))
        assert status == 500
        assert "core" in answer["error"]

    def test_an_unknown_thing_is_500_for_the_first_versions(self, ask: Ask) -> None:
        for method, path in (("GET", "/things/none"), ("DELETE", "/things/none")):
            status, answer = ask(method, path)
            assert status == 500
            assert "none" in answer["error"]
        assert ask("PATCH", "/things/none/certificates", {"certificateStatus": "ACTIVE"})[0] == 500

    def test_the_main_branch_says_404_and_400_and_nothing_more(
        self, head: Sandbox, ask: Ask, put_template: Any, csr: str
    ) -> None:
        assert ask("GET", "/things/none") == (404, {})
        assert ask("DELETE", "/things/none") == (404, {})
        assert ask("PATCH", "/things/none/certificates", {"certificateStatus": "ACTIVE"}) == (404, {})
        assert ask("POST", "/things", with_csr(csr)) == (400, {})
        put_template("core", template())
        assert ask("POST", "/things", order()) == (400, {})
        assert ask("POST", "/things", {}) == (400, {})

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/things"),
            ("PUT", "/things/a"),
            ("POST", "/bulkthings"),
            ("GET", "/"),
            ("GET", "/things/a/certificates"),
        ],
    )
    def test_other_routes_are_404(self, ask: Ask, method: str, path: str) -> None:
        assert ask(method, path)[0] == 404


class TestThings:
    @pytest.fixture
    def press(self, ask: Ask, put_template: Any, csr: str) -> dict[str, Any]:
        put_template("core", template({"clientIdMustMatchThingName": True}))
        return dict(ask("POST", "/things", with_csr(csr))[1])

    def test_a_thing_comes_with_certificates_policies_and_groups(
        self, ask: Ask, iot: Any, press: dict[str, Any]
    ) -> None:
        group = iot.create_thing_group(
            thingGroupName="line", thingGroupProperties={"attributePayload": {"attributes": {"a": "b"}}}
        )
        iot.add_thing_to_thing_group(thingName="press", thingGroupName="line")
        iot.update_thing(thingName="press", attributePayload={"attributes": {"site": "berlin"}})
        status, answer = ask("GET", "/things/press")
        policy = answer["policies"][0]
        assert status == 200
        assert answer == {
            "thingName": "press",
            "arn": press["resourceArns"]["thing"],
            "attributes": {"site": "berlin"},
            "certificates": [
                {
                    "certificateId": press["resourceArns"]["certificate"].rpartition("/")[2],
                    "arn": press["resourceArns"]["certificate"],
                    "certificateStatus": "ACTIVE",
                    "certificatePem": press["certificatePem"],
                }
            ],
            "policies": [policy],
            "groups": [{"groupName": "line", "arn": group["thingGroupArn"], "attributes": {}}],
        }
        assert policy["policyName"] == "clientIdEnforcementPolicy_press"
        assert policy["policyDocument"]["Version"] == "2012-10-17"

    def test_names_are_percent_encoded(self, ask: Ask, iot: Any) -> None:
        iot.create_thing(thingName="line:1")
        assert ask("GET", "/things/line%3A1")[1]["thingName"] == "line:1"

    def test_certificates_are_switched_all_at_once(
        self, ask: Ask, put_template: Any, press: dict[str, Any], csr: str
    ) -> None:
        ask("POST", "/things", with_csr(csr))
        for status in ("REVOKED", "ACTIVE", "INACTIVE"):
            assert ask("PATCH", "/things/press/certificates", {"certificateStatus": status}) == (204, None)
            found = [item["certificateStatus"] for item in ask("GET", "/things/press")[1]["certificates"]]
            assert found == ["ACTIVE" if status == "ACTIVE" else "INACTIVE"] * 2

    @pytest.mark.parametrize(
        ("document", "status"), [({}, 400), ({"certificateStatus": 7}, 400), ({"certificateStatus": "X"}, 500)]
    )
    def test_a_status_that_is_none_is_refused(
        self, ask: Ask, press: dict[str, Any], document: Any, status: int
    ) -> None:
        assert ask("PATCH", "/things/press/certificates", document)[0] == status

    def test_a_deleted_thing_leaves_its_certificate_and_policy(self, ask: Ask, iot: Any, press: dict[str, Any]) -> None:
        assert ask("DELETE", "/things/press") == (204, None)
        assert iot.list_things()["things"] == []
        certificate = press["resourceArns"]["certificate"]
        assert iot.list_principal_things(principal=certificate)["things"] == []
        assert iot.list_attached_policies(target=certificate)["policies"] != []


def test_calls_are_logged_and_faults_strike_as_for_any_service(aws: Sandbox, ask: Ask, iot: Any) -> None:
    iot.create_thing(thingName="press")
    aws.clear_calls()
    ask("GET", "/things/press")
    aws.put_faults([{"service": "cdf", "operation": "DeleteThing", "fault": "error"}])
    assert ask("DELETE", "/things/press")[0] == 500
    ask("PATCH", "/things/press/certificates", {"certificateStatus": "ACTIVE"})
    assert aws.counts() == {"cdf:GetThing": 1, "cdf:DeleteThing": 1, "cdf:UpdateThingCertificates": 1}
    assert aws.writes() == ["cdf:DeleteThing", "cdf:UpdateThingCertificates"]
    assert iot.describe_thing(thingName="press")["thingName"] == "press"
