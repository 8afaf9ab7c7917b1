"""Messages there and back, and every message that nobody can ever work off."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from reconciler.aws.client import Aws
from reconciler.execution.queue.messages import (
    LARGEST,
    BatchMessage,
    CoreEvent,
    GroupMessage,
    Head,
    StatusEvent,
    decode_batch,
    decode_group,
    decode_status,
    encode_batch,
    encode_group,
    head_of,
)
from reconciler.execution.queue.payloads import Payloads, PoisonError, read_ready, ready_document
from reconciler.model.plan import Action, GroupPlan, Plan
from reconciler.model.template import TemplateRef
from reconciler.runtimes.base import Ready
from reconciler.sandbox.testing import Sandbox

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
INPUTS = st.dictionaries(NAMES, JSON, max_size=3)
NOWHERE = Payloads(Aws("eu-central-1"), "nobody-asks", "demo/")


def a_plan(name: str = "a", **inputs: Any) -> Plan:
    deploy = Action(f"{name}/deploy", "deploy", name, (), inputs)
    target = TemplateRef("line", 1)
    group = GroupPlan(name, "greengrass/v1", "create", target, "fingerprint", actions=(deploy,))
    return Plan("demo", "123456789012", "eu-central-1", "2026-11-20T10:00:00.000Z", (group,), (), {})


def a_message(**inputs: Any) -> GroupMessage:
    return GroupMessage("run-1", "batch-1", a_plan(**inputs))


def changed(**fields: Any) -> str:
    """A good message with fields changed; None takes one out."""
    document = json.loads(encode_group(a_message(), NOWHERE)) | fields
    return json.dumps({key: value for key, value in document.items() if value is not None})


@settings(deadline=None, max_examples=50)
@given(NAMES, NAMES, NAMES, INPUTS)
def test_a_group_comes_back_as_it_was_sent(run: str, batch: str, name: str, inputs: dict[str, Any]) -> None:
    message = GroupMessage(run, batch, a_plan(name, values=inputs))
    body = encode_group(message, NOWHERE)
    found = decode_group(body, NOWHERE)
    assert (found.run, found.batch, found.group) == (run, batch, message.group)
    assert found.plan.digest == message.plan.digest
    assert head_of(body) == Head(run, batch, name)


@given(NAMES, NAMES)
def test_a_batch_comes_back_as_it_was_sent(run: str, batch: str) -> None:
    body = encode_batch(BatchMessage(run, batch))
    assert decode_batch(body) == BatchMessage(run, batch)
    assert head_of(body) == Head(run, batch, None)


@given(NAMES, st.none() | NAMES, INPUTS)
def test_what_is_ready_comes_back_as_it_was_kept(name: str, version: str | None, inputs: Any) -> None:
    ready = Ready(name, "id", "arn", version, Action(f"{name}/deploy", "deploy", name, ("x",), inputs))
    assert read_ready(json.loads(json.dumps(ready_document(ready)))) == ready


@settings(deadline=None)
@given(st.text() | JSON.map(json.dumps))
def test_no_body_does_more_than_be_refused(body: str) -> None:
    for decode in (lambda: decode_group(body, NOWHERE), lambda: decode_batch(body), lambda: decode_status(body)):
        with pytest.raises(PoisonError):
            decode()
    head_of(body)


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_a_message_that_was_cut_anywhere_is_refused(data: st.DataObject) -> None:
    whole = encode_group(a_message(), NOWHERE)
    body = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(PoisonError, match="no JSON, or only a part of it"):
        decode_group(body, NOWHERE)
    assert head_of(body) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[1]", "no JSON object"),
        ("{}", "not one of ours"),
        (changed(kind="batch"), "a group of format version 1 is expected"),
        (changed(kind=None), "not one of ours"),
        (changed(formatVersion=2), "format version 2, and this worker reads 1"),
        (changed(formatVersion="1"), "not one of ours"),
        (changed(formatVersion=None), "not one of ours"),
        (changed(run=None), "names no run and batch"),
        (changed(run=7), "names no run and batch"),
        (changed(batch=""), "names no run and batch"),
        (changed(plan=None), "plan cannot be read"),
        (changed(plan=[]), "plan cannot be read"),
        (changed(group="b"), "says group 'b', its plan a"),
    ],
)
def test_no_group_message(body: str, reason: str) -> None:
    with pytest.raises(PoisonError, match=reason):
        decode_group(body, NOWHERE)


def test_a_plan_that_does_not_fit_its_digest_is_refused() -> None:
    document = json.loads(encode_group(a_message(), NOWHERE))
    document["plan"]["groups"][0]["fingerprint"] = "another"
    with pytest.raises(PoisonError, match="digest"):
        decode_group(json.dumps(document), NOWHERE)


def test_a_message_holds_one_group() -> None:
    message = a_message()
    two = replace(message.plan, groups=(*message.plan.groups, *a_plan("b").groups))
    with pytest.raises(PoisonError, match="holds 2 groups, not one"):
        decode_group(encode_group(replace(message, plan=two), NOWHERE), NOWHERE)


@pytest.mark.parametrize("body", [encode_batch(BatchMessage("r", "b")).replace("batch", "heap"), changed()])
def test_no_batch_message(body: str) -> None:
    with pytest.raises(PoisonError):
        decode_batch(body)


def an_event(**detail: Any) -> dict[str, Any]:
    usual = {"deployment-id": "d1", "group-id": "g1", "status": "Success"}
    return {"source": "aws.greengrass", "time": "2026-11-20T10:00:00Z", "detail": usual | detail}


def test_an_event_is_read() -> None:
    assert decode_status(json.dumps(an_event())) == StatusEvent("d1", "g1", "Success", "2026-11-20T10:00:00Z")


def test_an_event_of_v2_is_a_core_s_and_others_of_it_say_nothing() -> None:
    event = an_event() | {"detail-type": "Greengrass V2 Effective Deployment Status Change"}
    assert decode_status(json.dumps(event)) == CoreEvent("d1")
    event["detail-type"] = "Greengrass V2 Installed Component Status Change"
    assert decode_status(json.dumps(event)) is None


@pytest.mark.parametrize(
    "event",
    [
        an_event() | {"source": "aws.iot"},
        an_event() | {"detail": None},
        an_event() | {"time": None},
        an_event() | {"time": "yesterday"},
        an_event(status=None),
        an_event(**{"group-id": ""}),
        an_event(**{"deployment-id": 7}),
        an_event(**{"deployment-id": 7}) | {"detail-type": "Greengrass V2 Effective Deployment Status Change"},
    ],
)
def test_no_event(event: dict[str, Any]) -> None:
    with pytest.raises(PoisonError):
        decode_status(json.dumps(event))


@pytest.fixture
def payloads(aws: Sandbox) -> Payloads:
    aws.client("s3").create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": aws.region})
    return Payloads(Aws(aws.region), "kept", "demo/")


@pytest.mark.parametrize("more", [False, True])
def test_what_is_too_large_goes_through_s3(payloads: Payloads, more: bool, aws: Sandbox) -> None:
    length = LARGEST - len(encode_group(a_message(text=""), NOWHERE)) + more
    body = encode_group(a_message(text="x" * length), payloads)
    assert len(body) < 300 if more else len(body) == LARGEST
    assert decode_group(body, payloads).group.actions[0].inputs["text"] == "x" * length
    assert head_of(body) == Head("run-1", "batch-1", "a")
    found = aws.client("s3").list_objects_v2(Bucket="kept").get("Contents", [])
    assert [row["Key"] for row in found] == ["demo/runs/run-1/groups/a.json"] * more


def test_what_is_gone_or_damaged_is_poison(payloads: Payloads, aws: Sandbox) -> None:
    body = encode_group(a_message(text="ä" * LARGEST), payloads)
    key = payloads.key("run-1", "groups/a")
    aws.client("s3").put_object(Bucket="kept", Key=key, Body=b'{"half')
    with pytest.raises(PoisonError, match="is no JSON"):
        decode_group(body, payloads)
    aws.client("s3").delete_object(Bucket="kept", Key=key)
    with pytest.raises(PoisonError, match="what the message speaks of is gone: s3://kept/demo"):
        decode_group(body, payloads)


def test_names_are_listed_page_by_page(payloads: Payloads, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "5")  # a page of S3 is 1000
    for number in range(12):
        aws.client("s3").put_object(Bucket="kept", Key=payloads.key("run-1", f"ready/b/{number:04}"), Body=b"{}")
    aws.clear_calls()
    names = payloads.names("run-1", "ready/b/")
    assert names == [f"{number:04}" for number in range(12)]
    assert aws.counts() == {"s3:ListObjectsV2": 3}
    assert payloads.names("run-1", "ready/c/") == []
