"""Who is let in to CDF Provisioning when the sandbox plays its API Gateway, and CDF's Lambda function."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from reconciler.sandbox.errors import ControlError
from reconciler.sandbox.remote import ACCESS_KEY
from reconciler.sandbox.testing import Sandbox

pytestmark = pytest.mark.sampled

MEDIA_TYPE = "application/vnd.aws-cdf-v1.0+json"
Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(aws: Sandbox) -> Ask:
    """Send ``GET /things/press`` with more headers; the status and the parsed body."""
    aws.client("iot").create_thing(thingName="press")

    def send(more: Mapping[str, str] | None = None, path: str = "/cdf/things/press") -> tuple[int, Any]:
        request = urllib.request.Request(aws.url + path, headers={"Accept": MEDIA_TYPE, **(more or {})})  # noqa: S310 - the sandbox's own URL
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as problem:
            with problem:
                return problem.code, json.loads(problem.read())

    return send


def signed(
    aws: Sandbox, path: str = "/cdf/things/press", *, service: str = "execute-api", region: str = "", secret: str = ""
) -> dict[str, str]:
    """The headers of a signed GET."""
    request = AWSRequest("GET", aws.url + path, headers={"Accept": MEDIA_TYPE})
    credentials = Credentials(ACCESS_KEY, secret or ACCESS_KEY)
    SigV4Auth(credentials, service, region or aws.region).add_auth(request)
    return {name: value for name, value in request.headers.items() if name != "Accept"}


class TestGateway:
    def test_everybody_is_let_in_unless_it_is_told_otherwise(self, aws: Sandbox, ask: Ask) -> None:
        assert ask()[0] == ask({"Authorization": "nonsense"})[0] == 200
        aws.put_cdf(type="iam")
        assert ask()[0] == 403
        aws.reset()
        assert ask()[1] != {"message": "Missing Authentication Token"}

    def test_a_signature_is_checked(self, aws: Sandbox, ask: Ask) -> None:
        aws.put_cdf(type="iam")
        assert ask(signed(aws))[0] == 200
        assert ask() == (403, {"message": "Missing Authentication Token"})

    @pytest.mark.parametrize(
        ("how", "message"),
        [
            ({"secret": "another"}, "The request signature we calculated does not match"),
            ({"path": "/cdf/things/another"}, "The request signature we calculated does not match"),
            ({"service": "iot"}, "Credential should be scoped to a valid region"),
            ({"region": "us-east-1"}, "Credential should be scoped to a valid region"),
        ],
    )
    def test_a_wrong_signature_is_told_by_what_is_wrong(
        self, aws: Sandbox, ask: Ask, how: dict[str, str], message: str
    ) -> None:
        aws.put_cdf(type="iam")
        status, answer = ask(signed(aws, **how))
        assert (status, answer["message"][: len(message)]) == (403, message)

    def test_a_header_that_was_changed_on_the_way_is_noticed(self, aws: Sandbox, ask: Ask) -> None:
        aws.put_cdf(type="iam")
        headers = signed(aws) | {"X-Amz-Date": "20200101T000000Z"}
        assert ask(headers)[0] == 403

    @pytest.mark.parametrize(
        ("given", "status"), [("Bearer right", 200), ("Bearer wrong", 403), ("right", 403), ("", 401)]
    )
    def test_a_token_is_checked(self, aws: Sandbox, ask: Ask, given: str, status: int) -> None:
        aws.put_cdf(type="bearer", secret="right")
        assert ask({"Authorization": given} if given else {})[0] == status

    @pytest.mark.parametrize(("given", "status"), [("right", 200), ("wrong", 403), ("", 403)])
    def test_a_key_is_checked(self, aws: Sandbox, ask: Ask, given: str, status: int) -> None:
        aws.put_cdf(type="apiKey", secret="right")
        assert ask({"x-api-key": given} if given else {})[0] == status


class TestSettings:
    @pytest.mark.parametrize(
        "told",
        [
            [],
            {"version": "v2"},
            {"auth": "iam"},
            {"auth": {"type": "basic"}},
            {"auth": {"type": "bearer"}},
            {"auth": {"type": "bearer", "secret": 5}},
            {"auth": {"type": "iam", "secret": "x"}},
            {"auth": {"type": "none", "more": 1}},
            {"verison": "v1"},
        ],
    )
    def test_what_makes_no_sense_is_refused_and_changes_nothing(self, aws: Sandbox, told: Any) -> None:
        aws.put_cdf("head", type="apiKey", secret="k")
        with pytest.raises(ControlError, match=r"^cdf"):
            aws.remote.tell("cdf", told)
        assert aws.world.cdf.told() == {"version": "head", "auth": {"type": "apiKey", "secret": "k"}}

    def test_what_is_left_out_is_as_at_the_start(self, aws: Sandbox) -> None:
        aws.put_cdf("head", type="iam")
        assert aws.remote.tell("cdf", {}) == {"version": "v1", "auth": {"type": "none"}}

    def test_the_version_can_be_switched_over_http(self, aws: Sandbox, ask: Ask) -> None:
        assert ask(path="/cdf/things/none")[0] == 500
        aws.put_cdf("head")
        assert ask(path="/cdf/things/none") == (404, {})


class TestFunction:
    def invoke(self, aws: Sandbox, event: Any, function: str = "cdf-provisioning") -> tuple[dict[str, Any], Any]:
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        answer = aws.client("lambda").invoke(FunctionName=function, Payload=payload)
        return answer, json.loads(answer["Payload"].read())

    def event(self, **more: Any) -> dict[str, Any]:
        return {
            "httpMethod": "GET",
            "path": "/things/press",
            "headers": {"Accept": MEDIA_TYPE},
            "body": None,
            "isBase64Encoded": False,
        } | more

    @pytest.mark.parametrize(
        "function",
        [
            "cdf-provisioning",
            "cdf-provisioning:live",
            "arn:aws:lambda:eu-central-1:123456789012:function:cdf-provisioning",
        ],
    )
    def test_it_answers_as_the_service_does_and_lets_everybody_in(self, aws: Sandbox, function: str) -> None:
        aws.client("iot").create_thing(thingName="press")
        aws.put_cdf(type="iam")
        aws.clear_calls()
        answer, payload = self.invoke(aws, self.event(), function)
        assert (answer["StatusCode"], payload["statusCode"], "FunctionError" in answer) == (200, 200, False)
        assert json.loads(payload["body"])["thingName"] == "press"
        assert aws.counts() == {"cdf:GetThing": 1}

    def test_a_body_is_read_plain_or_encoded(self, aws: Sandbox) -> None:
        headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
        body = json.dumps({"provisioningTemplateId": "nowhere"})
        for event in (
            self.event(httpMethod="POST", path="/things", headers=headers, body=body),
            self.event(
                httpMethod="POST",
                path="/things",
                headers=headers,
                body=base64.b64encode(body.encode()).decode(),
                isBase64Encoded=True,
            ),
        ):
            payload = self.invoke(aws, event)[1]
            assert payload["statusCode"] == 500
            assert "nowhere" in payload["body"]

    @pytest.mark.parametrize("event", [b"{", [], {}, {"path": "/things"}, {"httpMethod": 5, "path": "/"}, None])
    def test_it_breaks_down_over_what_is_no_event(self, aws: Sandbox, event: Any) -> None:
        answer, payload = self.invoke(aws, event)
        assert answer["FunctionError"] == "Unhandled"
        assert "errorMessage" in payload

    def test_another_function_is_not_there(self, aws: Sandbox) -> None:
        with pytest.raises(ClientError):
            self.invoke(aws, self.event(), "cdf-provisionings")
        assert "lambda:Invoke" in aws.counts()

    @pytest.mark.parametrize(("fault", "status"), [("throttle", 429), ("error", 500)])
    def test_faults_of_it_are_lambdas(self, aws: Sandbox, fault: str, status: int) -> None:
        aws.put_faults([{"service": "cdf", "operation": "GetThing", "fault": fault, "times": None}])
        with pytest.raises(ClientError) as caught:
            self.invoke(aws, self.event())
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert caught.value.response["Error"]["Code"]
