"""The control API, as a plain HTTP client sees it."""

import http.client
import json
import time
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox


def ask(aws: Sandbox, method: str, name: str, body: bytes | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(aws.url.removeprefix("http://"), timeout=30)
    connection.request(method, f"/_sandbox/{name}", body=body)
    with connection.getresponse() as answer:
        content = json.load(answer)
    connection.close()
    return answer.status, content


def test_health(aws: Sandbox) -> None:
    status, health = ask(aws, "GET", "health")
    assert status == 200
    assert (health["status"], health["account"], health["region"]) == ("ok", "123456789012", "eu-central-1")


def test_calls_are_logged_and_counted_and_cleared(aws: Sandbox) -> None:
    aws.client("iot").create_thing(thingName="a")
    aws.client("iot", "us-east-1").list_things()
    _, log = ask(aws, "GET", "calls")
    assert [{name: value for name, value in call.items() if name != "time"} for call in log["calls"]] == [
        {
            "service": "iot",
            "operation": "CreateThing",
            "status": 200,
            "write": True,
            "region": "eu-central-1",
            "fault": None,
        },
        {
            "service": "iot",
            "operation": "ListThings",
            "status": 200,
            "write": False,
            "region": "us-east-1",
            "fault": None,
        },
    ]
    assert log["counts"] == {"iot:CreateThing": 1, "iot:ListThings": 1}
    assert ask(aws, "DELETE", "calls") == (200, {"calls": [], "counts": {}})


def test_the_control_api_is_not_in_the_log(aws: Sandbox) -> None:
    ask(aws, "GET", "health")
    assert aws.calls() == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("devices", {"a-*": {"outcome": "fail", "error": "no", "delay": 2.0}}),
        ("faults", [{"service": "iot", "fault": "lost", "rate": 0.5, "after": 1, "times": None}]),
        ("limits", {"greengrass": 30.0, "greengrass:CreateDeployment": 20.0}),
    ],
)
def test_what_was_told_can_be_asked_for(aws: Sandbox, name: str, told: Any) -> None:
    assert ask(aws, "PUT", name, json.dumps(told).encode()) == (200, told)
    assert ask(aws, "GET", name) == (200, told)
    ask(aws, "POST", "reset")
    assert not ask(aws, "GET", name)[1]


def test_the_clock_moves_on_and_comes_back_with_a_reset(aws: Sandbox) -> None:
    before = ask(aws, "GET", "clock")[1]["time"]
    status, clock = ask(aws, "PUT", "clock", b'{"advance": 3600}')
    assert (status, clock["ahead"]) == (200, 3600.0)
    assert clock["time"] >= before + 3600
    ask(aws, "PUT", "clock", b'{"advance": 0.5}')
    assert ask(aws, "GET", "clock")[1]["ahead"] == 3600.5
    ask(aws, "POST", "reset")
    assert ask(aws, "GET", "clock")[1]["ahead"] == 0


def test_a_clock_that_is_stopped_moves_when_told_and_goes_on_from_there(aws: Sandbox) -> None:
    stopped = ask(aws, "PUT", "clock", b'{"stopped": true}')[1]
    assert stopped["stopped"]
    assert ask(aws, "PUT", "clock", b'{"stopped": true}')[1] == ask(aws, "GET", "clock")[1] == stopped
    moved = ask(aws, "PUT", "clock", b'{"advance": 60}')[1]
    assert moved == {"time": stopped["time"] + 60, "ahead": 60.0, "stopped": True}
    assert aws.world.clock.now() == aws.world.clock.now()
    going = ask(aws, "PUT", "clock", b'{"stopped": false}')[1]
    assert not going["stopped"]
    assert moved["time"] <= going["time"] <= time.time() + 60
    ask(aws, "PUT", "clock", b'{"stopped": true}')
    ask(aws, "POST", "reset")
    assert not ask(aws, "GET", "clock")[1]["stopped"]


@pytest.mark.parametrize(
    ("method", "name", "body", "status", "message"),
    [
        ("GET", "nothing", None, 404, "no nothing here; there are health, reset, calls"),
        ("GET", "", None, 404, "there are health"),
        ("DELETE", "devices", None, 405, "devices takes GET or PUT, not DELETE"),
        ("GET", "reset", None, 405, "reset takes POST"),
        ("PUT", "devices", b"{", 400, "not JSON"),
        ("PUT", "devices", b"\xff", 400, "not JSON"),
        ("PUT", "devices", b'{"a": {"outcome": "?"}}', 400, "the outcome is one of"),
        ("PUT", "faults", b"{}", 400, "JSON list"),
        ("PUT", "limits", b"[]", 400, "JSON object"),
        ("PUT", "clock", b'{"advance": -1}', 400, "zero or more seconds"),
        ("PUT", "clock", b'{"advance": "1"}', 400, "SECONDS"),
        ("PUT", "clock", b'{"advance": true}', 400, "SECONDS"),
        ("PUT", "clock", b'{"advance": 1, "back": 2}', 400, "SECONDS"),
        ("PUT", "clock", b"3600", 400, "SECONDS"),
        ("PUT", "clock", b"{}", 400, "SECONDS"),
        ("PUT", "clock", b'{"stopped": 1}', 400, "true or false"),
        ("PUT", "clock", b'{"advance": NaN}', 400, "zero or more seconds"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_remedy(
    aws: Sandbox, method: str, name: str, body: bytes | None, status: int, message: str
) -> None:
    got, answer = ask(aws, method, name, body)
    assert got == status
    assert message in answer["message"]


def test_a_reset_forgets_every_service(aws: Sandbox) -> None:
    aws.client("iot").create_thing(thingName="a")
    aws.client("sqs").create_queue(QueueName="q")
    aws.client("greengrass").create_group(Name="g")
    aws.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    ask(aws, "POST", "reset")
    assert aws.calls() == []
    assert aws.client("iot").list_things()["things"] == []
    assert "QueueUrls" not in aws.client("sqs").list_queues()
    assert aws.client("greengrass").list_groups()["Groups"] == []
    assert aws.client("s3").list_buckets()["Buckets"] == []
