"""The client against the sandbox over HTTP: what is counted, sent again, lost, refused and explained."""

import os
import subprocess
import sys
import threading
from contextlib import nullcontext
from typing import Any

import pytest

from reconciler.aws.client import ATTEMPTS, CONNECT_ATTEMPTS, Aws, is_not_found, is_resendable
from reconciler.aws.errors import CREDENTIALS_HINT, EXPIRED_HINT
from reconciler.aws.http import HttpAnswer
from reconciler.model.errors import AnswerLostError, AwsError
from reconciler.sandbox.testing import Sandbox
from tests.aws.conftest import Answering

pytestmark = pytest.mark.sampled

TEMPLATE = (
    '{"Parameters": {}, "Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "press"}}}}'
)
# One of each beginning, with parameters that a sandbox with the group "line" takes.
NOT_IDEMPOTENT: list[tuple[str, str, dict[str, Any]]] = [
    ("iot", "RegisterThing", {"templateBody": TEMPLATE}),
    ("greengrass", "CreateGroup", {"Name": "another"}),
    ("greengrass", "CreateGroupVersion", {"GroupId": "line"}),
    ("greengrass", "CreateCoreDefinition", {"InitialVersion": {"Cores": []}}),
    ("greengrass", "CreateDeviceDefinition", {}),
    ("greengrass", "CreateFunctionDefinition", {}),
    ("greengrass", "CreateSubscriptionDefinition", {}),
    ("greengrass", "CreateSubscriptionDefinitionVersion", {"SubscriptionDefinitionId": "subscriptions"}),
    ("greengrass", "ResetDeployments", {"GroupId": "line", "Force": True}),
]
READS: list[tuple[str, str, dict[str, Any]]] = [
    ("greengrass", "ListGroups", {}),
    ("iot", "ListThings", {}),
    ("s3", "ListBuckets", {}),
    ("sts", "GetCallerIdentity", {}),
]


@pytest.fixture
def ids(aws: Sandbox) -> dict[str, str]:
    """A group that is deployed, its version and cores, and a subscription definition: ids by names for the tests."""
    greengrass = aws.client("greengrass")
    arn = f"arn:aws:iot:{aws.region}:123456789012"
    core = {"Id": "core", "ThingArn": f"{arn}:thing/core", "CertificateArn": f"{arn}:cert/{'ab' * 32}"}
    cores = greengrass.create_core_definition(InitialVersion={"Cores": [core]})["LatestVersionArn"]
    group = greengrass.create_group(Name="line", InitialVersion={"CoreDefinitionVersionArn": cores})
    version = group["LatestVersion"]
    greengrass.create_deployment(GroupId=group["Id"], GroupVersionId=version, DeploymentType="NewDeployment")
    aws.advance(10)
    made = greengrass.create_subscription_definition()
    aws.clear_calls()
    return {"line": group["Id"], "version": version, "cores": cores, "subscriptions": made["Id"]}


def filled(parameters: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    return {
        name: ids.get(value, value) if name.endswith("Id") and isinstance(value, str) else value
        for name, value in parameters.items()
    }


def fault(service: str, operation: str, kind: str, times: int | None = 1, **more: Any) -> dict[str, Any]:
    return {"service": service, "operation": operation, "fault": kind, "times": times, **more}


def statuses(aws: Sandbox) -> list[int]:
    return [call["status"] for call in aws.calls()]


def test_an_answer_comes_without_metadata_and_is_counted(client: Aws, aws: Sandbox) -> None:
    made = client.call("greengrass", "CreateGroup", Name="line")
    assert "ResponseMetadata" not in made
    assert made["Name"] == "line"
    client.call("greengrass", "ListGroups")
    client.call("greengrass", "ListGroups")
    document = client.stats.document()
    assert document["calls"] == aws.counts() == {"greengrass:CreateGroup": 1, "greengrass:ListGroups": 2}
    assert (document["writes"], document["retries"]) == (1, 0)


def test_a_streamed_body_comes_whole(client: Aws, aws: Sandbox) -> None:
    configuration = {"LocationConstraint": aws.region}
    client.call("s3", "CreateBucket", Bucket="bucket", CreateBucketConfiguration=configuration)
    client.call("s3", "PutObject", Bucket="bucket", Key="key", Body=b"\x00content")
    assert client.call("s3", "GetObject", Bucket="bucket", Key="key")["Body"] == b"\x00content"


def test_a_body_that_breaks_off_is_asked_for_again(
    answering: Answering, pauses: list[float], aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = answering(200, b"half", {"Content-Length": "8"})
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    client = Aws(aws.region, sleep=pauses.append)
    with pytest.raises(AwsError, match=r"^s3:GetObject: .*4"):
        client.call("s3", "GetObject", Bucket="bucket", Key="key")
    assert len(pauses) == ATTEMPTS - 1


@pytest.mark.parametrize(("service", "operation", "parameters"), READS)
@pytest.mark.parametrize("kind", ["throttle", "error", "lost", "refused"])
def test_reads_survive_every_fault(
    client: Aws, aws: Sandbox, pauses: list[float], service: str, operation: str, parameters: dict[str, Any], kind: str
) -> None:
    aws.put_faults([fault(service, operation, kind, times=3)])
    client.call(service, operation, **parameters)
    assert len(aws.calls()) == 4
    document = client.stats.document()
    assert document["calls"] == {f"{service}:{operation}": 1}
    assert document["retries"] == len(pauses) == 3


@pytest.mark.parametrize(("service", "operation", "parameters"), NOT_IDEMPOTENT)
@pytest.mark.parametrize(("kind", "status"), [("lost", 0), ("refused", 0), ("error", 500)])
def test_what_is_not_idempotent_is_sent_once_when_its_answer_is_lost(
    client: Aws,
    aws: Sandbox,
    ids: dict[str, str],
    pauses: list[float],
    service: str,
    operation: str,
    parameters: dict[str, Any],
    kind: str,
    status: int,
) -> None:
    aws.put_faults([fault(service, operation, kind, times=None)])
    with pytest.raises(AnswerLostError) as caught:
        client.call(service, operation, **filled(parameters, ids))
    assert statuses(aws) == [status]
    assert (caught.value.operation, caught.value.status) == (f"{service}:{operation}", status)
    assert caught.value.message.startswith(f"{service}:{operation}: ")
    assert pauses == []
    assert client.stats.document()["retries"] == 0


@pytest.mark.parametrize(("service", "operation", "parameters"), NOT_IDEMPOTENT)
def test_what_is_not_idempotent_is_sent_again_until_it_is_no_longer_throttled(
    client: Aws, aws: Sandbox, ids: dict[str, str], service: str, operation: str, parameters: dict[str, Any]
) -> None:
    aws.put_faults([fault(service, operation, "throttle", times=5)])
    client.call(service, operation, **filled(parameters, ids))
    *throttled, done = statuses(aws)
    assert (throttled, done < 300) == ([429] * 5, True)
    document = client.stats.document()
    assert (document["calls"], document["retries"]) == ({f"{service}:{operation}": 1}, 5)


def test_throttling_without_end_is_an_error_that_says_so(client: Aws, aws: Sandbox, pauses: list[float]) -> None:
    aws.put_faults([fault("greengrass", "CreateGroup", "throttle", times=None)])
    with pytest.raises(AwsError, match=r"^greengrass:CreateGroup: TooManyRequestsException: ") as caught:
        client.call("greengrass", "CreateGroup", Name="line")
    assert not isinstance(caught.value, AnswerLostError)
    assert statuses(aws) == [429] * ATTEMPTS
    assert client.stats.document()["retries"] == len(pauses) == ATTEMPTS - 1


def test_steady_throttling_never_uses_up_what_later_calls_may_try(aws: Sandbox) -> None:
    """botocore's quota for retries would be gone after 50 such calls: every later one failed at its first attempt."""
    client = Aws(aws.region, limits={"greengrass": 1_000_000}, sleep=lambda _: None)
    for _ in range(60):
        aws.put_faults([fault("greengrass", "ListGroups", "throttle", times=3)])
        client.call("greengrass", "ListGroups")
    assert client.stats.document()["retries"] == 180


def test_pauses_grow_and_are_bounded(client: Aws, pauses: list[float]) -> None:
    for _ in range(200):
        for attempt in range(1, 12):
            client.back_off(attempt)
    longest = [max(pauses[attempt::11]) for attempt in range(11)]
    assert all(pause <= min(20.0, 0.5 * 2**attempt) for attempt, pause in enumerate(longest))
    assert longest[0] < longest[2] < longest[4] <= 20
    assert min(pauses) >= 0


def test_each_attempt_counts_against_the_budget(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Aws(aws.region, sleep=lambda _: None)
    taken: list[tuple[str, str]] = []
    monkeypatch.setattr(client._budgets, "take", lambda service, operation: taken.append((service, operation)))
    aws.put_faults([fault("iot", "ListThings", "error", times=2)])
    client.call("iot", "ListThings")
    client.http("cdf", "GetThing", "GET", f"{aws.url}/cdf/things/x", headers={})
    assert taken == [("iot", "ListThings")] * 3 + [("cdf", "GetThing")]


def test_a_token_makes_a_deployment_resendable_and_its_lack_does_not() -> None:
    assert is_resendable("CreateDeployment", tokened=True)
    assert is_resendable("StartBulkDeployment", tokened=True)
    assert not is_resendable("CreateDeployment", tokened=False)
    assert not is_resendable("StartBulkDeployment", tokened=False)
    assert not is_resendable("CreateGroup", tokened=True)
    assert not is_resendable("AssociateRoleToGroup", tokened=False)
    for operation in ("GetGroup", "PutObject", "TagResource", "DeleteGroup", "UpdateCertificate", "StopBulkDeployment"):
        assert is_resendable(operation, tokened=False)


@pytest.mark.parametrize(("token", "sent"), [({"AmznClientToken": "token"}, [0, 0, 200]), ({}, [0])])
def test_a_deployment_is_sent_again_only_under_a_token(
    client: Aws, aws: Sandbox, ids: dict[str, str], token: dict[str, str], sent: list[int]
) -> None:
    greengrass = aws.client("greengrass")
    group = greengrass.create_group(Name="new", InitialVersion={"CoreDefinitionVersionArn": ids["cores"]})
    aws.clear_calls()
    aws.put_faults([fault("greengrass", "CreateDeployment", "lost", times=2)])
    parameters = {"GroupId": group["Id"], "GroupVersionId": group["LatestVersion"], "DeploymentType": "NewDeployment"}
    with nullcontext() if token else pytest.raises(AnswerLostError):
        client.call("greengrass", "CreateDeployment", **token, **parameters)
    assert statuses(aws) == sent
    assert len(greengrass.list_deployments(GroupId=group["Id"])["Deployments"]) == 1


def test_lists_are_read_to_their_end_in_order(client: Aws, aws: Sandbox) -> None:
    greengrass = aws.client("greengrass")
    for number in range(251):
        greengrass.create_group(Name=f"g{number}")
    aws.clear_calls()
    names = [row["Name"] for row in client.pages("greengrass", "ListGroups", "Groups")]
    assert sorted(names) == sorted(f"g{number}" for number in range(251))
    assert aws.counts() == {"greengrass:ListGroups": 2}
    assert client.stats.document()["calls"] == {"greengrass:ListGroups": 2}


def test_pages_are_read_as_they_are_needed_and_take_parameters(client: Aws, aws: Sandbox, ids: dict[str, str]) -> None:
    rows = client.pages("greengrass", "ListGroupVersions", "Versions", GroupId=ids["line"])
    assert aws.calls() == []
    assert [(row["Id"], row["Version"]) for row in rows] == [(ids["line"], ids["version"])]
    assert list(client.pages("greengrass", "ListLoggerDefinitions", "Definitions")) == []


def test_what_is_not_there_is_told_from_other_refusals(client: Aws) -> None:
    with pytest.raises(AwsError) as missing:
        client.call("iot", "DescribeThing", thingName="nobody")
    assert is_not_found(missing.value)
    with pytest.raises(AwsError) as invalid:
        client.call("iot", "RegisterThing", templateBody="{}")
    assert not is_not_found(invalid.value)


def test_wrong_parameters_are_an_error_that_names_them(client: Aws, aws: Sandbox) -> None:
    with pytest.raises(AwsError, match=r"iot:DescribeThing: .*thingName"):
        client.call("iot", "DescribeThing")
    assert aws.calls() == []


def test_the_account_is_that_of_the_credentials(client: Aws) -> None:
    assert client.account() == "123456789012"


@pytest.mark.usefixtures("aws")
def test_nothing_that_listens_is_said_soon_with_the_address(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    client = Aws("eu-central-1", sleep=pauses.append)
    for operation, parameters in (("ListGroups", {}), ("CreateGroup", {"Name": "line"})):
        pauses.clear()
        with pytest.raises(AwsError, match=r"http://127\.0\.0\.1:1.*check the network, and the address") as caught:
            client.call("greengrass", operation, **parameters)
        assert not isinstance(caught.value, AnswerLostError)
        assert caught.value.code == "EndpointConnectionError"
        assert len(pauses) == CONNECT_ATTEMPTS - 1


@pytest.mark.parametrize("url", ["127.0.0.1:4566", "localhost", "nonsense"])
def test_an_endpoint_that_is_no_url_is_explained(client: Aws, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(AwsError, match="Invalid endpoint") as caught:
        client.account()
    assert caught.value.hint.startswith("AWS_ENDPOINT_URL is a whole URL")


def test_no_credentials_are_an_error_that_says_how_to_get_some(
    client: Aws, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AwsError, match="sts:GetCallerIdentity: Unable to locate credentials") as caught:
        client.account()
    assert caught.value.hint == CREDENTIALS_HINT
    assert pauses == []


def test_half_of_the_credentials_is_as_none(client: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AwsError, match="Partial credentials") as caught:
        client.account()
    assert caught.value.hint == CREDENTIALS_HINT


def test_a_profile_that_is_not_there_is_named(client: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "plant")
    with pytest.raises(AwsError, match="plant") as caught:
        client.account()
    assert caught.value.hint == CREDENTIALS_HINT


@pytest.mark.usefixtures("aws")
def test_an_expired_token_says_to_sign_in_again(
    answering: Answering, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    body = b'{"message": "The security token included in the request is expired"}'
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "ExpiredTokenException"}
    monkeypatch.setenv("AWS_ENDPOINT_URL", answering(403, body, headers))
    client = Aws("eu-central-1", sleep=pauses.append)
    with pytest.raises(AwsError, match="greengrass:ListGroups: ExpiredTokenException: The security token") as caught:
        client.call("greengrass", "ListGroups")
    assert caught.value.hint == EXPIRED_HINT
    assert pauses == []


def test_threads_share_one_client(client: Aws, aws: Sandbox) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            client.call("greengrass", "CreateGroup", Name=f"g{number}")
            client.call("iot", "ListThings")
        except BaseException as error:  # noqa: BLE001 (for the test to see)
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert client.stats.document()["calls"] == {"greengrass:CreateGroup": 16, "iot:ListThings": 16} == aws.counts()


IMPORTS = """
import sys
from reconciler.aws.client import Aws
aws = Aws("eu-central-1")
assert "boto3" not in sys.modules, "imported too early"
aws.account()
assert "boto3" in sys.modules
"""


@pytest.mark.usefixtures("aws")
def test_boto3_is_imported_at_the_first_call() -> None:
    subprocess.run([sys.executable, "-c", IMPORTS], env=dict(os.environ), check=True, timeout=60)


class TestHttp:
    """The way to services that are no AWS API."""

    def test_status_and_document_come_back(self, client: Aws, answering: Answering) -> None:
        url = answering(201, b'{"a": [1]}')
        assert client.http("cdf", "CreateThing", "POST", url, headers={}, document={"x": 1}) == HttpAnswer(
            201, {"a": [1]}
        )
        assert client.stats.document()["calls"] == {"cdf:CreateThing": 1}

    @pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b'{"cut'])
    def test_what_is_no_json_is_none(self, client: Aws, answering: Answering, body: bytes) -> None:
        assert client.http("cdf", "GetThing", "GET", answering(404, body), headers={}) == HttpAnswer(404, None)

    def test_an_answer_shows_nothing_of_what_it_holds(self) -> None:
        assert "secret" not in repr(HttpAnswer(201, {"privateKey": "secret"}))

    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_a_get_is_sent_again_past_gateways(
        self, client: Aws, answering: Answering, pauses: list[float], status: int
    ) -> None:
        assert client.http("cdf", "GetThing", "GET", answering(status, b""), headers={}).status == status
        assert len(pauses) == client.stats.document()["retries"] == ATTEMPTS - 1

    @pytest.mark.parametrize(("status", "sent"), [(429, ATTEMPTS), (500, 1), (502, 1), (503, 1), (504, 1)])
    def test_a_post_is_sent_again_only_when_throttled(
        self, client: Aws, answering: Answering, pauses: list[float], status: int, sent: int
    ) -> None:
        answer = client.http("cdf", "CreateThing", "POST", answering(status, b""), headers={}, document={})
        assert (answer.status, len(pauses) + 1) == (status, sent)

    @pytest.mark.parametrize("kind", ["lost", "refused"])
    def test_a_lost_get_is_sent_again_and_a_lost_post_is_not(self, client: Aws, aws: Sandbox, kind: str) -> None:
        aws.put_faults([fault("cdf", "*", kind, times=1)])
        assert client.http("cdf", "GetThing", "GET", f"{aws.url}/cdf/things/x", headers={}).status == 415
        assert statuses(aws) == [0, 415]
        aws.clear_calls()
        aws.put_faults([fault("cdf", "*", kind, times=None)])
        with pytest.raises(AnswerLostError, match=r"^cdf:CreateThing: "):
            client.http("cdf", "CreateThing", "POST", f"{aws.url}/cdf/things", headers={}, document={})
        assert statuses(aws) == [0]

    def test_nothing_that_listens_is_no_lost_answer(self, client: Aws) -> None:
        with pytest.raises(AwsError, match="the URL in the Fleet") as caught:
            client.http("cdf", "CreateThing", "POST", "http://127.0.0.1:1/things", headers={}, document={})
        assert not isinstance(caught.value, AnswerLostError)
