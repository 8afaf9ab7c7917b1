"""CDF Provisioning as the provider, over HTTP: its answers, its errors, and its keys when answers are lost."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.aws.http import HttpAnswer
from reconciler.model.errors import AnswerLostError, AwsError
from reconciler.provisioning.cdf import CdfProvisioning
from reconciler.provisioning.cdf_transport import MEDIA_TYPE, HttpTransport
from reconciler.provisioning.iot import RESENDS, Existing
from reconciler.provisioning.keys import new_key, signing_request
from reconciler.sandbox.testing import Sandbox
from tests.provisioning.conftest import World, fault, is_pair, several, template

pytestmark = pytest.mark.sampled

KEY = new_key()
CSR = signing_request(KEY, "press")
ARN = "arn:aws:iot:eu-central-1:123456789012:thing/press"
CA = {"caId": "c" * 64, "certInfo": {"commonName": "press", "organization": "plant", "country": "DE"}}
Put = Callable[[str, Any], None]


@pytest.fixture
def provider(client: Aws, aws: Sandbox) -> CdfProvisioning:
    return CdfProvisioning(client, HttpTransport(client, f"{aws.url}/cdf"))


@pytest.fixture
def put_template(world: World, aws: Sandbox) -> Put:
    """Put a template where CDF looks for it."""
    world.s3.create_bucket(Bucket="cdf-templates", CreateBucketConfiguration={"LocationConstraint": aws.region})

    def put(name: str, body: str | Mapping[str, Any]) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        world.s3.put_object(Bucket="cdf-templates", Key=f"templates/{name}.json", Body=text.encode())
        aws.clear_calls()

    return put


@pytest.fixture
def templates(put_template: Put) -> None:
    """``device`` takes a request; for ``by-ca`` CDF makes key and certificate, for ``by-aws`` AWS IoT does."""
    put_template("device", template())
    names = ("ThingName", "CertificatePem", "CaCertificatePem", "CertificateId")
    by_ca = {"CertificatePem": {"Ref": "CertificatePem"}, "CACertificatePem": {"Ref": "CaCertificatePem"}}
    put_template("by-ca", json.loads(template(parameters=names, **by_ca)) | {"CDF": {"createDeviceCertificate": True}})
    by_aws = json.loads(
        template(parameters=("ThingName", "CSR", "CertificateId"), CertificateId={"Ref": "CertificateId"})
    )
    put_template("by-aws", by_aws | {"CDF": {"createDeviceAWSCertificate": True}})


def inputs(template_id: str = "device", **more: Any) -> dict[str, Any]:
    whole = {
        "thingName": "press",
        "thingArn": ARN,
        "role": "device",
        "provisioningTemplateId": template_id,
        "parameters": {"ThingName": "press"},
        "csrParameter": "CSR",
    } | more
    return {name: value for name, value in whole.items() if value is not None}


BY_CA = inputs("by-ca", csrParameter=None, cdfProvisioningParameters=CA)


def posts(aws: Sandbox) -> int:
    return aws.counts().get("cdf:CreateThing", 0)


class TestLookUp:
    @pytest.mark.parametrize("version", ["v1", "head"])
    def test_a_thing_that_is_not_there_is_none_in_both_generations(
        self, provider: CdfProvisioning, aws: Sandbox, version: str
    ) -> None:
        """The first answers 500 for it, so that AWS IoT is asked; the main branch 404."""
        aws.world.cdf.version = version
        assert provider.look_up("press") is None
        asked = {"cdf:GetThing": 1} | ({"iot:DescribeThing": 1} if version == "v1" else {})
        assert aws.counts() == asked

    def test_a_thing_is_told_with_its_active_certificate(
        self, provider: CdfProvisioning, world: World, aws: Sandbox
    ) -> None:
        world.iot.create_thing(thingName="press")
        world.attach_new("press", CSR, active=False)
        active = world.attach_new("press", CSR)
        aws.clear_calls()
        assert provider.look_up("press") == Existing(ARN, None, active)
        assert aws.counts() == {"cdf:GetThing": 1}

    def test_a_thing_without_active_certificate_has_none(self, provider: CdfProvisioning, world: World) -> None:
        world.iot.create_thing(thingName="press")
        assert provider.look_up("press") == Existing(ARN, None, None)
        world.attach_new("press", CSR, active=False)
        assert provider.look_up("press") == Existing(ARN, None, None)

    def test_of_several_the_newest_active_one_counts(
        self, provider: CdfProvisioning, world: World, aws: Sandbox
    ) -> None:
        world.iot.create_thing(thingName="press")
        made = several(world, aws)
        assert provider.look_up("press") == Existing(ARN, None, made[-1])

    @pytest.mark.parametrize("kind", ["throttle", "lost", "refused"])
    def test_faults_are_outlived(self, provider: CdfProvisioning, aws: Sandbox, kind: str) -> None:
        aws.put_faults([fault("cdf:GetThing", kind, times=3)])
        assert provider.look_up("press") is None
        assert aws.counts()["cdf:GetThing"] == 4

    def test_an_error_of_cdfs_own_is_no_missing_thing(
        self, provider: CdfProvisioning, world: World, aws: Sandbox
    ) -> None:
        world.iot.create_thing(thingName="press")
        arn = world.attach_new("press", CSR)
        aws.put_faults([fault("cdf:GetThing", "error", times=None)])
        assert provider.look_up("press") == Existing(ARN, None, arn)

    def test_a_name_is_quoted(
        self, provider: CdfProvisioning, world: World, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.iot.create_thing(thingName="plant:press_1-a")
        found = provider.look_up("plant:press_1-a")
        assert found is not None
        assert found.thing_arn.endswith(":thing/plant:press_1-a")
        seen = []

        def answer(*given: Any, **_: Any) -> HttpAnswer:
            seen.append(given[4])
            return HttpAnswer(404, {})

        monkeypatch.setattr(Aws, "http", answer)
        assert provider.look_up("../things?x=/ä") is None
        assert seen == [f"{aws.url}/cdf/things/..%2Fthings%3Fx%3D%2F%C3%A4"]


class TestProvision:
    @pytest.mark.usefixtures("templates")
    def test_our_request_is_certified_and_no_key_comes_back(
        self, provider: CdfProvisioning, world: World, aws: Sandbox
    ) -> None:
        made = provider.provision(inputs(), CSR)
        assert aws.counts() == {"cdf:CreateThing": 1}
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}
        assert (is_pair(KEY, made.certificate), made.private_key) == (True, None)
        assert provider.certificate(made.certificate_arn) == made.certificate

    @pytest.mark.usefixtures("templates")
    def test_where_cdf_makes_the_key_it_comes_back(self, provider: CdfProvisioning, world: World) -> None:
        made = provider.provision(BY_CA, None)
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}
        assert made.private_key is not None
        assert is_pair(made.private_key, made.certificate)
        assert "PRIVATE KEY" not in repr(made)

    @pytest.mark.usefixtures("templates")
    @pytest.mark.parametrize("slashes", ["", "/", "//"])
    def test_a_url_may_end_in_a_slash(self, client: Aws, aws: Sandbox, slashes: str) -> None:
        provider = CdfProvisioning(client, HttpTransport(client, f"{aws.url}/cdf{slashes}"))
        made = provider.provision(inputs(), CSR)
        assert provider.look_up("press") == Existing(ARN, None, made.certificate_arn)

    @pytest.mark.usefixtures("templates")
    def test_the_media_type_is_sent_so_that_nothing_is_415(
        self, provider: CdfProvisioning, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[Mapping[str, str]] = []
        real = Aws.http

        def spy(*given: Any, headers: Mapping[str, str], **more: Any) -> HttpAnswer:
            sent.append(headers)
            return real(*given, headers=headers, **more)

        monkeypatch.setattr(Aws, "http", spy)
        provider.provision(inputs(), CSR)
        provider.look_up("press")
        assert sent == [{"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}, {"Accept": MEDIA_TYPE}]
        assert [call["status"] for call in aws.calls()] == [201, 200]

    @pytest.mark.usefixtures("templates")
    @pytest.mark.parametrize("times", [1, RESENDS])
    @pytest.mark.parametrize("kind", ["lost", "refused", "error", "throttle"])
    def test_with_a_request_there_is_one_certificate_whatever_becomes_of_the_answer(
        self, provider: CdfProvisioning, world: World, aws: Sandbox, kind: str, times: int
    ) -> None:
        aws.put_faults([fault("cdf:CreateThing", kind, times=times)])
        made = provider.provision(inputs(), CSR)
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}
        assert is_pair(KEY, made.certificate)
        assert posts(aws) == (1 if kind == "lost" else times + 1)

    @pytest.mark.usefixtures("templates")
    def test_a_request_of_the_device_is_found_again_though_cdf_has_parameters_of_its_own(
        self, provider: CdfProvisioning, world: World, aws: Sandbox
    ) -> None:
        aws.put_faults([fault("cdf:CreateThing", "lost")])
        carried = inputs(csr=CSR, csrParameter=None, cdfProvisioningParameters={"x": "y"})
        made = provider.provision(carried, CSR)
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}

    @pytest.mark.usefixtures("templates")
    def test_a_key_that_was_lost_with_the_answer_is_an_error_that_says_what_to_do(
        self, provider: CdfProvisioning, world: World, aws: Sandbox
    ) -> None:
        aws.put_faults([fault("cdf:CreateThing", "lost", times=1)])
        with pytest.raises(AnswerLostError, match="the private key of that certificate was lost") as caught:
            provider.provision(BY_CA, None)
        (arn,) = world.certificates()
        assert arn in caught.value.message
        assert (
            f"update-certificate --new-status INACTIVE --certificate-id {arn.rpartition('/')[2]}" in caught.value.hint
        )
        assert posts(aws) == 1
        world.switch(arn, "INACTIVE")
        made = provider.provision(BY_CA, None)
        assert world.certificates() == {arn: "INACTIVE", made.certificate_arn: "ACTIVE"}

    @pytest.mark.usefixtures("templates")
    def test_a_key_of_cdfs_though_we_sent_a_request_is_never_made_twice_either(
        self, provider: CdfProvisioning, world: World, aws: Sandbox
    ) -> None:
        aws.world.cdf.version = "head"
        aws.put_faults([fault("cdf:CreateThing", "lost", times=1)])
        with pytest.raises(AnswerLostError, match="the private key of that certificate was lost"):
            provider.provision(inputs("by-aws"), CSR)
        assert len(world.certificates()) == posts(aws) == 1

    @pytest.mark.usefixtures("templates")
    @pytest.mark.parametrize("kind", ["refused", "error"])
    def test_without_a_request_nothing_is_sent_again(
        self, provider: CdfProvisioning, world: World, aws: Sandbox, kind: str
    ) -> None:
        aws.put_faults([fault("cdf:CreateThing", kind, times=1)])
        with pytest.raises(AnswerLostError, match="AWS IoT has no certificate of press yet") as caught:
            provider.provision(BY_CA, None)
        assert caught.value.hint.startswith("wait a minute and apply again")
        assert posts(aws) == 1
        assert world.certificates() == {}

    @pytest.mark.usefixtures("templates")
    def test_what_never_succeeds_is_an_error_that_leaves_nothing(
        self, provider: CdfProvisioning, world: World, aws: Sandbox
    ) -> None:
        aws.put_faults([fault("cdf:CreateThing", "refused", times=None)])
        with pytest.raises(AnswerLostError, match=r"^cdf:CreateThing: "):
            provider.provision(inputs(), CSR)
        assert posts(aws) == RESENDS + 1
        assert world.certificates() == {}


class TestErrors:
    @pytest.mark.usefixtures("templates")
    def test_what_cdf_says_is_in_the_error(self, provider: CdfProvisioning) -> None:
        carried = inputs("by-ca", csrParameter=None, cdfProvisioningParameters={"caId": "c" * 64})
        with pytest.raises(AwsError, match=r"^cdf:CreateThing: 400: .*certInfo.* \(press\)$") as caught:
            provider.provision(carried, None)
        assert not isinstance(caught.value, AnswerLostError)
        assert caught.value.status == 400
        assert caught.value.hint.startswith("check provisioningTemplate, parameters and cdfProvisioningParameters")

    @pytest.mark.usefixtures("templates")
    def test_what_aws_iot_refused_cdf_is_passed_on(self, provider: CdfProvisioning) -> None:
        with pytest.raises(AwsError, match=r"^cdf:CreateThing: 400: REGISTRATION_FAILED: .*"):
            provider.provision(inputs(), "no request at all")

    @pytest.mark.usefixtures("templates")
    def test_a_cdf_that_says_nothing_leaves_a_hint_where_to_look(self, provider: CdfProvisioning, aws: Sandbox) -> None:
        aws.world.cdf.version = "head"
        with pytest.raises(AwsError, match=r"^cdf:CreateThing: 400: no message \(press\)$") as caught:
            provider.provision(inputs("nowhere"), CSR)
        assert "CDF Provisioning's logs say more" in caught.value.hint

    def test_a_template_that_cdf_lacks_is_named(self, provider: CdfProvisioning, world: World) -> None:
        with pytest.raises(AnswerLostError, match=r"500: The specified key does not exist: templates/nowhere\.json"):
            provider.provision(inputs("nowhere"), CSR)
        assert world.certificates() == {}

    def test_a_template_without_certificate_is_an_error_that_says_so(
        self, provider: CdfProvisioning, put_template: Put
    ) -> None:
        body = json.loads(template(parameters=("ThingName", "CSR")))
        del body["Resources"]["certificate"]
        put_template("bare", body)
        with pytest.raises(AwsError, match="press: its provisioning template makes no certificate") as caught:
            provider.provision(inputs("bare"), CSR)
        assert "with the name `certificate`" in caught.value.hint

    @pytest.mark.parametrize(
        ("status", "document", "words", "hint"),
        [
            (403, {"message": "Missing Authentication Token"}, "403: Missing Authentication Token", "let this machine"),
            (404, None, "404: no message", "check `provisioning: {url: …}`"),
            (415, None, "415: no message", "check `provisioning: {url: …}`"),
            (429, {"message": "Too Many Requests"}, "429: Too Many Requests", "CDF Provisioning is called too often"),
            (201, None, "201: not the JSON of a thing", "check `provisioning: {url: …}`"),
            (200, {"error": 5}, "200: 5", "check `provisioning: {url: …}`"),
        ],
    )
    def test_other_answers_have_hints_of_their_own(
        self,
        provider: CdfProvisioning,
        monkeypatch: pytest.MonkeyPatch,
        status: int,
        document: Any,
        words: str,
        hint: str,
    ) -> None:
        monkeypatch.setattr(Aws, "http", lambda *_, **__: HttpAnswer(status, document))
        with pytest.raises(AwsError) as caught:
            provider.provision(inputs(), CSR)
        assert caught.value.message == f"cdf:CreateThing: {words} (press)"
        assert caught.value.hint.startswith(hint)

    @pytest.mark.parametrize("document", [None, [], {"error": "?"}])
    def test_a_look_up_that_is_answered_by_something_else_is_an_error(
        self, provider: CdfProvisioning, monkeypatch: pytest.MonkeyPatch, document: Any
    ) -> None:
        monkeypatch.setattr(Aws, "http", lambda *_, **__: HttpAnswer(403, document))
        with pytest.raises(AwsError, match=r"^cdf:GetThing: 403: "):
            provider.look_up("press")

    def test_nothing_that_listens_is_an_error_that_names_the_url(self, client: Aws) -> None:
        provider = CdfProvisioning(client, HttpTransport(client, "http://127.0.0.1:1"))
        with pytest.raises(AwsError, match=r"http://127\.0\.0\.1:1/things/press.*the URL in the Fleet"):
            provider.look_up("press")
        with pytest.raises(AwsError, match=r"http://127\.0\.0\.1:1/things") as caught:
            provider.provision(inputs(), CSR)
        assert not isinstance(caught.value, AnswerLostError)
