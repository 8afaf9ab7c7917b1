"""Faults: which calls they strike, and what boto3 makes of them."""

import http.client
import json
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from reconciler.sandbox.errors import ControlError
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.testing import Sandbox

ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


def struck(rule: dict[str, Any], calls: int) -> list[bool]:
    faults = Faults()
    faults.replace([rule])
    return [faults.strike("iot", "RegisterThing").fault is not None for _ in range(calls)]


def test_every_call_is_struck_unless_told_otherwise() -> None:
    assert struck({"fault": "throttle"}, 3) == [True] * 3


def test_after_and_times() -> None:
    rule = {"service": "iot", "operation": "RegisterThing", "fault": "lost", "after": 2, "times": 1}
    assert struck(rule, 5) == [False, False, True, False, False]


def test_null_times_is_without_end() -> None:
    assert all(struck({"fault": "error", "times": None, "rate": 1, "after": 0}, 100))


def test_rate_is_a_share_and_the_same_each_time() -> None:
    first = struck({"fault": "error", "rate": 0.05}, 2000)
    assert 50 < sum(first) < 150
    assert struck({"fault": "error", "rate": 0.05}, 2000) == first
    assert not any(struck({"fault": "error", "rate": 0}, 100))


@pytest.mark.parametrize(
    ("service", "operation", "hit"),
    [
        ("iot", "RegisterThing", True),
        ("io?", "Register*", True),
        ("*", "*", True),
        ("iot", "Create*", False),
        ("s3", "*", False),
    ],
)
def test_globs(service: str, operation: str, hit: bool) -> None:
    assert struck({"service": service, "operation": operation, "fault": "error"}, 1) == [hit]


def test_the_first_fault_that_strikes_wins_and_delays_add_up() -> None:
    faults = Faults()
    faults.replace(
        [
            {"fault": "latency", "seconds": 0.5},
            {"fault": "throttle", "after": 1},
            {"fault": "latency", "seconds": 0.25},
            {"fault": "error"},
        ]
    )
    first, second = faults.strike("s3", "GetObject"), faults.strike("s3", "GetObject")
    assert (first.seconds, first.fault) == (0.75, "error")
    assert (second.seconds, second.fault) == (0.75, "throttle")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({}, "JSON list"),
        (None, "JSON list"),
        ([1], r"faults\[0\]: a fault is a JSON object"),
        (
            [{"fault": "error"}, {"fault": "flood"}],
            r"faults\[1\]: the fault is one of throttle, error, lost, refused, stale, latency",
        ),
        ([{}], "the fault is one of"),
        ([{"fault": "error", "operations": "*"}], "unknown key operations"),
        ([{"fault": "error", "rate": 1.5}], "rate is a share"),
        ([{"fault": "error", "rate": "all"}], "rate is a number"),
        ([{"fault": "error", "after": -1}], "after is a whole number"),
        ([{"fault": "error", "times": 0.5}], "times is a whole number"),
        ([{"fault": "error", "service": 5}], "service is a name or glob"),
        ([{"fault": "latency", "seconds": -1}], "seconds is a number"),
    ],
)
def test_bad_rules_are_named_and_change_nothing(rules: Any, message: str) -> None:
    faults = Faults()
    faults.replace([{"fault": "error"}])
    with pytest.raises(ControlError, match=message):
        faults.replace(rules)
    assert faults.told() == [{"fault": "error"}]


# Over HTTP: one call of each protocol that is in use.
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "greengrass": ("list_groups", {}),
    "iot": ("list_things", {}),
    "s3": ("list_buckets", {}),
    "sqs": ("list_queues", {}),
    "dynamodb": ("list_tables", {}),
    "events": ("list_rules", {}),
    "sts": ("get_caller_identity", {}),
    "kms": ("list_keys", {}),
}


def once(aws: Sandbox, service: str) -> dict[str, Any]:
    name, params = CALLS[service]
    return dict(getattr(aws.client(service, config=ONCE), name)(**params))


@pytest.mark.parametrize("service", CALLS)
def test_a_throttle_is_one_that_boto3_retries(aws: Sandbox, service: str) -> None:
    aws.put_faults([{"service": service, "fault": "throttle", "times": 1}])
    name, params = CALLS[service]
    getattr(aws.client(service), name)(**params)
    assert [call["fault"] for call in aws.calls()] == ["throttle", None]
    assert aws.calls()[0]["status"] in (400, 429, 503)


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("greengrass", "TooManyRequestsException", 429),
        ("iot", "ThrottlingException", 429),
        ("s3", "SlowDown", 503),
        ("sqs", "RequestThrottled", 400),
        ("dynamodb", "ThrottlingException", 400),
        ("sts", "Throttling", 400),
    ],
)
def test_a_throttle_has_the_service_s_own_code(aws: Sandbox, service: str, code: str, status: int) -> None:
    aws.put_faults([{"service": service, "fault": "throttle"}])
    with pytest.raises(ClientError) as refused:
        once(aws, service)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("service", CALLS)
def test_an_error_is_a_500_in_every_protocol(aws: Sandbox, service: str) -> None:
    aws.put_faults([{"service": service, "fault": "error"}])
    with pytest.raises(ClientError, match="Internal") as refused:
        once(aws, service)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("fault", ["lost", "refused"])
def test_a_cut_connection_is_a_connection_error(aws: Sandbox, service: str, fault: str) -> None:
    aws.put_faults([{"service": service, "fault": fault}])
    with pytest.raises(ConnectionClosedError):
        once(aws, service)
    assert [(call["status"], call["fault"]) for call in aws.calls()] == [(0, fault)]


@pytest.mark.parametrize(("fault", "done"), [("lost", True), ("refused", False), ("throttle", False), ("error", False)])
def test_only_after_a_lost_answer_the_work_is_done(aws: Sandbox, fault: str, done: bool) -> None:
    aws.put_faults([{"service": "iot", "operation": "CreateThing", "fault": fault}])
    with pytest.raises((ClientError, ConnectionClosedError)):
        aws.client("iot", config=ONCE).create_thing(thingName="a")
    names = [thing["thingName"] for thing in aws.client("iot").list_things()["things"]]
    assert names == (["a"] if done else [])


def test_a_cut_upload_leaves_the_connection_pool_usable(aws: Sandbox) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    aws.put_faults([{"service": "s3", "operation": "PutObject", "fault": "refused", "times": 1}])
    s3.put_object(Bucket="bucket", Key="k", Body=b"x" * 300_000)
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"x" * 300_000
    assert aws.counts()["s3:PutObject"] == 2


def test_a_stale_read_is_answered_as_before_the_write_for_a_while(aws: Sandbox) -> None:
    greengrass = aws.client("greengrass")
    aws.put_faults([{"service": "greengrass", "operation": "*", "fault": "stale", "seconds": 60}])
    assert greengrass.list_groups()["Groups"] == []
    made = greengrass.create_group(Name="late")
    assert greengrass.list_groups()["Groups"] == []
    assert greengrass.get_group(GroupId=made["Id"])["Name"] == "late"
    aws.advance(61)
    assert [row["Name"] for row in greengrass.list_groups()["Groups"]] == ["late"]


def test_latency_is_noted_and_the_call_answered(aws: Sandbox) -> None:
    aws.put_faults([{"service": "sts", "fault": "latency", "seconds": 0.01}])
    assert once(aws, "sts")["Account"] == "123456789012"
    assert [(call["status"], call["fault"]) for call in aws.calls()] == [(200, "latency")]


def test_over_a_limit_calls_are_throttled(aws: Sandbox) -> None:
    aws.put_limits({"sts:GetCallerIdentity": 0.001})
    once(aws, "sts")
    with pytest.raises(ClientError, match="Throttling"):
        once(aws, "sts")
    aws.advance(1001)
    once(aws, "sts")
    assert [call["status"] for call in aws.calls()] == [200, 400, 200]


@pytest.mark.parametrize(("fault", "status", "body"), [("throttle", 429, "message"), ("error", 500, "error")])
def test_cdf_fails_in_its_own_words(aws: Sandbox, fault: str, status: int, body: str) -> None:
    aws.put_faults([{"service": "cdf", "operation": "GetThing", "fault": fault}])
    connection = http.client.HTTPConnection(aws.url.removeprefix("http://"), timeout=30)
    connection.request("GET", "/cdf/things/a", headers={"Accept": "application/vnd.aws-cdf-v1.0+json"})
    with connection.getresponse() as answer:
        assert answer.status == status
        assert list(json.load(answer)) == [body]
    connection.close()


@pytest.mark.parametrize("fault", ["lost", "refused"])
def test_cdf_is_cut_off_like_the_others(aws: Sandbox, fault: str) -> None:
    aws.put_faults([{"service": "cdf", "fault": fault}])
    connection = http.client.HTTPConnection(aws.url.removeprefix("http://"), timeout=30)
    connection.request("GET", "/cdf/things/a")
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()
