"""The ways to CDF Provisioning over HTTP: signed, with a secret, by its function; and that no secret ever shows."""

import json
import logging
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.aws.http import HttpAnswer, function_answer, gateway_event
from reconciler.model.errors import AnswerLostError, AwsError, ReconcileError
from reconciler.model.fleet import CdfAuth, Fleet, Provisioning
from reconciler.model.position import Position
from reconciler.provisioning.cdf import CdfProvisioning
from reconciler.provisioning.cdf_transport import MASK, HttpTransport, LambdaTransport, Transport
from reconciler.provisioning.iot import RESENDS, Existing
from reconciler.provisioning.keys import new_key, signing_request
from reconciler.provisioning.provision import provider_for
from reconciler.sandbox.testing import Sandbox
from tests.provisioning.conftest import World, fault, inputs, is_pair, template

pytestmark = pytest.mark.sampled

SECRET = "s3cr3t-t0ken"
PLACE = Position("fleet.yaml", 9, 11)
ARN = "arn:aws:iot:eu-central-1:123456789012:thing/press"
KEY = new_key()
CSR = signing_request(KEY, "press")
ORDER = inputs(templateBody=None, provisioningTemplateId="device")
BEARER = CdfAuth("bearer", "CDF_SECRET", position=PLACE)
API_KEY = CdfAuth("apiKey", "CDF_SECRET", position=PLACE)
IAM = CdfAuth("iam")


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDF_SECRET", SECRET)


@pytest.fixture
def device(world: World, aws: Sandbox) -> None:
    """The template ``device``, which takes a request, where CDF looks for it."""
    world.s3.create_bucket(Bucket="cdf-templates", CreateBucketConfiguration={"LocationConstraint": aws.region})
    world.s3.put_object(Bucket="cdf-templates", Key="templates/device.json", Body=template().encode())
    aws.clear_calls()


def over_http(client: Aws, aws: Sandbox, auth: CdfAuth) -> CdfProvisioning:
    return CdfProvisioning(client, HttpTransport(client, f"{aws.url}/cdf", auth))


def by_function(client: Aws, function: str = "cdf-provisioning") -> CdfProvisioning:
    return CdfProvisioning(client, LambdaTransport(client, function))


@pytest.mark.usefixtures("secret", "device")
class TestHttp:
    @pytest.mark.parametrize(
        ("auth", "gate"),
        [
            (IAM, {"type": "iam"}),
            (BEARER, {"type": "bearer", "secret": SECRET}),
            (API_KEY, {"type": "apiKey", "secret": SECRET}),
        ],
    )
    def test_whoever_says_who_calls_is_let_in(
        self, client: Aws, aws: Sandbox, auth: CdfAuth, gate: dict[str, str]
    ) -> None:
        aws.put_cdf(**gate)
        provider = over_http(client, aws, auth)
        assert provider.look_up("press") is None
        made = provider.provision(ORDER, CSR)
        assert is_pair(KEY, made.certificate)
        assert provider.look_up("press") == Existing(ARN, None, made.certificate_arn)

    @pytest.mark.parametrize(
        ("auth", "gate", "status", "hint"),
        [
            (CdfAuth(), {"type": "iam"}, 403, "say in the Fleet who calls it"),
            (IAM, {"type": "bearer", "secret": SECRET}, 403, "execute-api:Invoke"),
            (BEARER, {"type": "bearer", "secret": "another"}, 403, "get a new token and put it into CDF_SECRET"),
            (CdfAuth(), {"type": "bearer", "secret": "another"}, 401, "say in the Fleet who calls it"),
            (API_KEY, {"type": "apiKey", "secret": "another"}, 403, "put a key that the API's usage plan knows into"),
        ],
    )
    def test_whoever_is_turned_away_is_told_what_to_do(
        self, client: Aws, aws: Sandbox, auth: CdfAuth, gate: dict[str, str], status: int, hint: str
    ) -> None:
        aws.put_cdf(**gate)
        provider = over_http(client, aws, auth)
        for work in (lambda: provider.look_up("press"), lambda: provider.provision(ORDER, CSR)):
            with pytest.raises(AwsError) as caught:
                work()
            assert caught.value.status == status
            assert hint in caught.value.hint
            assert not isinstance(caught.value, AnswerLostError)
        assert aws.counts() == {"cdf:GetThing": 1, "cdf:CreateThing": 1}

    def test_a_request_that_is_sent_again_is_signed_anew(self, client: Aws, aws: Sandbox) -> None:
        aws.put_cdf(type="iam")
        aws.put_faults([fault("cdf:GetThing", "throttle", times=2)])
        assert over_http(client, aws, IAM).look_up("press") is None
        assert [call["status"] for call in aws.calls() if call["service"] == "cdf"] == [429, 429, 500]

    @pytest.mark.parametrize("kind", ["lost", "refused", "throttle", "error"])
    def test_nothing_is_made_twice(self, client: Aws, aws: Sandbox, world: World, kind: str) -> None:
        aws.put_cdf(type="iam")
        aws.put_faults([fault("cdf:CreateThing", kind)])
        made = over_http(client, aws, IAM).provision(ORDER, CSR)
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}

    @pytest.mark.parametrize(
        ("url", "region"),
        [
            ("https://abc.execute-api.us-west-2.amazonaws.com/live", "us-west-2"),
            ("https://abc.execute-api.cn-north-1.amazonaws.com.cn/live", "cn-north-1"),
            ("https://cdf.example.com", "eu-central-1"),
        ],
    )
    def test_the_region_is_the_apis_own(
        self, client: Aws, monkeypatch: pytest.MonkeyPatch, url: str, region: str
    ) -> None:
        seen: list[str] = []

        def answer(*_: Any, signed_in: str, **__: Any) -> HttpAnswer:
            seen.append(signed_in)
            return HttpAnswer(404, {})

        monkeypatch.setattr(Aws, "http", answer)
        CdfProvisioning(client, HttpTransport(client, url, IAM)).look_up("press")
        assert seen == [region]

    def test_signing_without_credentials_says_to_set_some(self, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        client = Aws(aws.region, sleep=lambda _: None)
        with pytest.raises(AwsError, match="cdf:GetThing: Unable to locate credentials") as caught:
            over_http(client, aws, IAM).look_up("press")
        assert "set AWS credentials" in caught.value.hint


class TestSecrets:
    @pytest.mark.parametrize("auth", [BEARER, API_KEY])
    @pytest.mark.parametrize("value", [None, "", " \n"])
    def test_a_variable_that_is_not_set_is_named_with_its_place(
        self, client: Aws, aws: Sandbox, monkeypatch: pytest.MonkeyPatch, auth: CdfAuth, value: str | None
    ) -> None:
        monkeypatch.delenv("CDF_SECRET", raising=False)
        if value is not None:
            monkeypatch.setenv("CDF_SECRET", value)
        with pytest.raises(
            ReconcileError, match=r"^fleet\.yaml:9:11: the environment variable CDF_SECRET, .* is not set$"
        ) as caught:
            over_http(client, aws, auth).look_up("press")
        assert caught.value.hint == "set it where reconcile runs: export CDF_SECRET=…"
        assert aws.counts() == {}

    @pytest.mark.parametrize("value", ["two words", "a\nX-Evil: 1", "schlüssel"])
    def test_what_fits_no_header_is_refused_and_not_shown(
        self, client: Aws, aws: Sandbox, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setenv("CDF_SECRET", value)
        with pytest.raises(ReconcileError, match="CDF_SECRET") as caught:
            over_http(client, aws, BEARER).look_up("press")
        assert value not in caught.value.message + caught.value.hint
        assert aws.counts() == {}

    def test_a_line_break_at_the_end_is_left_out(
        self, client: Aws, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CDF_SECRET", f"{SECRET}\n")
        aws.put_cdf("head", type="bearer", secret=SECRET)
        assert over_http(client, aws, BEARER).look_up("press") is None

    @pytest.mark.usefixtures("secret")
    @pytest.mark.parametrize("auth", [BEARER, API_KEY])
    def test_an_answer_that_repeats_the_secret_is_masked(
        self, client: Aws, aws: Sandbox, monkeypatch: pytest.MonkeyPatch, auth: CdfAuth
    ) -> None:
        monkeypatch.setattr(Aws, "http", lambda *_, **__: HttpAnswer(403, {"Message": f"no such token: {SECRET}!"}))
        with pytest.raises(AwsError) as caught:
            over_http(client, aws, auth).look_up("press")
        assert caught.value.message == f"cdf:GetThing: 403: no such token: {MASK}! (press)"

    @pytest.mark.usefixtures("secret")
    def test_it_shows_in_no_representation_log_or_lost_answer(
        self, client: Aws, aws: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        provider = over_http(client, aws, BEARER)
        assert SECRET not in repr(provider)
        aws.put_faults([fault("cdf:CreateThing", "refused", times=None)])
        with caplog.at_level(logging.DEBUG), pytest.raises(AnswerLostError) as caught:
            provider.provision(ORDER, CSR)
        assert SECRET not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"
        assert SECRET not in caplog.text


@pytest.mark.usefixtures("device")
class TestFunction:
    @pytest.mark.parametrize("version", ["v1", "head"])
    def test_it_is_asked_past_the_gateway(self, client: Aws, aws: Sandbox, version: str) -> None:
        aws.put_cdf(version, type="iam")
        provider = by_function(client)
        assert provider.look_up("press") is None
        made = provider.provision(ORDER, CSR)
        assert is_pair(KEY, made.certificate)
        assert provider.look_up("press") == Existing(ARN, None, made.certificate_arn)
        assert {name: count for name, count in aws.counts().items() if "cdf" in name} == {
            "cdf:GetThing": 2,
            "cdf:CreateThing": 1,
        }

    @pytest.mark.parametrize("times", [1, RESENDS])
    @pytest.mark.parametrize("kind", ["lost", "refused", "throttle", "error"])
    def test_there_is_one_certificate_whatever_becomes_of_the_answer(
        self, client: Aws, aws: Sandbox, world: World, kind: str, times: int
    ) -> None:
        aws.put_faults([fault("cdf:CreateThing", kind, times=times)])
        made = by_function(client).provision(ORDER, CSR)
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}
        assert aws.counts()["cdf:CreateThing"] == (1 if kind == "lost" else times + 1)

    def test_what_it_refuses_is_an_error_in_its_words(self, client: Aws) -> None:
        with pytest.raises(AwsError, match=r"^cdf:CreateThing: 400: REGISTRATION_FAILED: ") as caught:
            by_function(client).provision(ORDER, "no request")
        assert not isinstance(caught.value, AnswerLostError)

    def test_a_function_that_is_not_there_is_no_missing_thing(self, client: Aws) -> None:
        for work in (
            lambda: by_function(client, "nowhere").look_up("press"),
            lambda: by_function(client, "nowhere").provision(ORDER, CSR),
        ):
            with pytest.raises(AwsError, match="ResourceNotFoundException") as caught:
                work()
            assert (caught.value.status, caught.value.code) == (0, "NoSuchFunction")
            assert "provisioning: {auth: {function: …}}" in caught.value.hint

    @pytest.mark.parametrize(
        ("payload", "function_error", "status"),
        [
            (b'{"statusCode": 200, "body": "{}"}', None, 200),
            (b'{"statusCode": 204, "body": ""}', None, 204),
            (b'{"statusCode": 201, "isBase64Encoded": true, "body": "e30="}', None, 201),
            (b'{"errorMessage": "Task timed out after 30.00 seconds"}', "Unhandled", 502),
            (b"nonsense", "Unhandled", 502),
            (b'"text"', None, 502),
            (b'{"body": "{}"}', None, 502),
            (b"", None, 502),
        ],
    )
    def test_every_payload_has_a_meaning(self, payload: bytes, function_error: str | None, status: int) -> None:
        assert function_answer(payload, function_error).status == status

    def test_a_function_that_breaks_down_may_have_done_its_work(
        self, client: Aws, aws: Sandbox, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, broke = Aws.invoke, [HttpAnswer(502, {"error": "the function broke down: Task timed out"})]

        def invoke(self: Aws, service: str, operation: str, *given: Any, **more: Any) -> HttpAnswer:
            answer = real(self, service, operation, *given, **more)
            return broke.pop() if operation == "CreateThing" and broke else answer

        monkeypatch.setattr(Aws, "invoke", invoke)
        made = by_function(client).provision(ORDER, CSR)
        assert world.certificates() == {made.certificate_arn: "ACTIVE"}


class TestProviderFor:
    @pytest.mark.parametrize(
        ("provisioning", "transport"),
        [
            (Provisioning("cdf", "https://cdf", IAM), lambda aws: HttpTransport(aws, "https://cdf", IAM)),
            (Provisioning("cdf", auth=CdfAuth("lambda", function="f")), lambda aws: LambdaTransport(aws, "f")),
        ],
    )
    def test_the_fleet_says_how(self, client: Aws, provisioning: Provisioning, transport: Any) -> None:
        expected: Transport = transport(client)
        provider = provider_for(client, Fleet("demo", "1" * 12, "eu-central-1", provisioning))
        assert provider == CdfProvisioning(client, expected)

    def test_the_event_is_that_of_api_gateway(self) -> None:
        event = gateway_event("POST", "/things", {"Accept": "x"}, {"a": 1})
        assert (event["httpMethod"], event["path"]) == ("POST", "/things")
        assert (event["headers"], json.loads(event["body"])) == ({"Accept": "x"}, {"a": 1})
        assert gateway_event("GET", "/things/a", {})["body"] is None
