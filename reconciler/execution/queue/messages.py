"""The messages of the queues, as JSON with a format version; what is too large for a message lies in S3.

``Devices`` carries one group of a run with all that carrying it out needs. ``NewDeployments`` carries the name of a
batch whose groups are ready. ``DeploymentStatus`` carries EventBridge's events as they are.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.execution.precedence import time_text
from reconciler.execution.queue.payloads import FORMAT_VERSION, Payloads, PoisonError
from reconciler.model.errors import ReconcileError
from reconciler.model.plan import GroupPlan, Plan
from reconciler.planning.plan_document import plan_document
from reconciler.planning.plan_reading import read_plan

EFFECTIVE = "Greengrass V2 Effective Deployment Status Change"
"""The type of V2's events of deployments (deployment-health-notifications.md)."""
LARGEST = 240_000
"""Bytes that a message may have: SQS took 256 KB for long, and attributes count too. What is larger goes through S3."""


@dataclass(frozen=True, slots=True)
class GroupMessage:
    """One group of a run: ``plan`` holds it alone, with the contents that its actions name."""

    run: str
    batch: str
    plan: Plan

    @property
    def group(self) -> GroupPlan:
        """The group."""
        return self.plan.groups[0]


@dataclass(frozen=True, slots=True)
class BatchMessage:
    """A batch of a run whose groups are ready to be deployed, or have failed."""

    run: str
    batch: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a message is about, also where the rest of it cannot be read; ``group`` is None for a batch."""

    run: str
    batch: str
    group: str | None


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """What a core reported of a deployment; ``time`` is the event's own."""

    deployment_id: str
    group_id: str
    status: str
    time: str


@dataclass(frozen=True, slots=True)
class CoreEvent:
    """That a core device of Greengrass V2 is done with a deployment. What that comes to, the counts of its job say."""

    deployment_id: str


def one_group(plan: Plan, group: GroupPlan) -> Plan:
    """``plan`` with ``group`` alone, and the contents that its actions name."""
    named = {text for action in group.actions for text in _texts(action.inputs)}
    contents = {key: content for key, content in plan.contents.items() if key in named}
    return replace(plan, groups=(group,), guards=(), contents=contents)


def _texts(value: Any) -> Iterator[str]:
    """Every text in the inputs of an action: what is named by digest may stand anywhere."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def encode_group(message: GroupMessage, payloads: Payloads) -> str:
    """The body of a ``Devices`` message; its plan goes to S3 if it is too large."""
    head = {
        "formatVersion": FORMAT_VERSION,
        "kind": "group",
        "run": message.run,
        "batch": message.batch,
        "group": message.group.name,
    }
    document = plan_document(message.plan)
    body = json.dumps(head | {"plan": document})
    if len(body.encode()) <= LARGEST:
        return body
    return json.dumps(head | {"planAt": payloads.put(message.run, f"groups/{message.group.name}", document)})


def encode_batch(message: BatchMessage) -> str:
    """The body of a ``NewDeployments`` message."""
    head = {"formatVersion": FORMAT_VERSION, "kind": "batch", "run": message.run, "batch": message.batch}
    return json.dumps(head)


def decode_group(body: str, payloads: Payloads) -> GroupMessage:
    """A ``Devices`` message. Raises PoisonError."""
    fields = _fields(body, "group")
    document = payloads.get(str(fields["planAt"])) if "planAt" in fields else fields.get("plan")
    try:
        plan = read_plan(document)
    except ReconcileError as error:
        raise PoisonError(f"the message's plan cannot be read: {error.message}") from error
    if len(plan.groups) != 1:
        raise PoisonError(f"the message's plan holds {len(plan.groups)} groups, not one")
    if plan.groups[0].name != fields.get("group"):
        raise PoisonError(f"the message says group {fields.get('group')!r}, its plan {plan.groups[0].name}")
    return GroupMessage(fields["run"], fields["batch"], plan)


def head_of(body: str) -> Head | None:
    """What a message is about as far as it can be told; None for one that is none of ours."""
    try:
        fields = _json(body)
    except PoisonError:
        return None
    run, batch, group = (fields.get(name) for name in ("run", "batch", "group"))
    if not (isinstance(run, str) and run and isinstance(batch, str) and batch):
        return None
    return Head(run, batch, group if isinstance(group, str) and group else None)


def decode_batch(body: str) -> BatchMessage:
    """A ``NewDeployments`` message. Raises PoisonError."""
    fields = _fields(body, "batch")
    return BatchMessage(fields["run"], fields["batch"])


def decode_status(body: str) -> StatusEvent | CoreEvent | None:
    """A ``DeploymentStatus`` message: EventBridge's "Greengrass Deployment Status Change", or what V2 has in its place.

    None for other events of V2. Raises PoisonError.
    """
    event = _json(body)
    detail, kind = event.get("detail"), str(event.get("detail-type", ""))
    if event.get("source") != "aws.greengrass" or not isinstance(detail, Mapping):
        raise PoisonError("the message is no event of Greengrass")
    if kind.startswith("Greengrass V2 "):
        return _core_event(detail) if kind == EFFECTIVE else None
    found = [detail.get("deployment-id"), detail.get("group-id"), detail.get("status"), event.get("time")]
    texts = [value for value in found if isinstance(value, str) and value]
    if len(texts) < len(found):
        raise PoisonError("the event lacks a deployment, a group, a status or a time")
    try:
        time_text(texts[-1])
    except ReconcileError as error:
        raise PoisonError(f"the event's time is none: {error.message}") from error
    return StatusEvent(*texts)


def _core_event(detail: Mapping[str, Any]) -> CoreEvent:
    deployment_id = detail.get("deployment-id")
    if not isinstance(deployment_id, str) or not deployment_id:
        raise PoisonError("the event lacks a deployment")
    return CoreEvent(deployment_id)


def _fields(body: str, kind: str) -> dict[str, Any]:
    fields = _json(body)
    version = fields.get("formatVersion")
    if type(version) is int and version > FORMAT_VERSION:
        raise PoisonError(f"the message has format version {version}, and this worker reads {FORMAT_VERSION}")
    if version != FORMAT_VERSION or fields.get("kind") != kind:
        raise PoisonError(f"the message is not one of ours: a {kind} of format version {FORMAT_VERSION} is expected")
    if not all(isinstance(fields.get(name), str) and fields[name] for name in ("run", "batch")):
        raise PoisonError("the message names no run and batch")
    return fields


def _json(body: str) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PoisonError(f"the message is no JSON, or only a part of it: {error}") from error
    if not isinstance(document, dict):
        raise PoisonError("the message is no JSON object")
    return document
