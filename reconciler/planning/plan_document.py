"""A plan as a document: what ``plan --out`` writes and ``plan --format json`` prints.

Its shape is in ``schemas/plan.schema.json``; ``reconciler.planning.plan_reading`` is the way back.
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from reconciler.model.canonical import digest, plain
from reconciler.model.plan import FORMAT_VERSION, Action, Change, GroupPlan, GuardFinding, Plan, Summary


def plan_document(plan: Plan, *, spelled_out: bool = False) -> dict[str, Any]:
    """``plan`` as plain dicts and lists, complete: ``read_plan`` makes the same plan of it.

    The body of a provisioning template that several things have in common is there once, under ``templateBodies``, and
    its digest in the actions: it may have 10 KB. ``spelled_out`` leaves each body where it is.
    """
    bodies = {} if spelled_out else _common_bodies(plan)
    document = {
        "formatVersion": FORMAT_VERSION,
        "fleet": plan.fleet,
        "account": plan.account,
        "region": plan.region,
        "createdAt": plan.created_at,
        "digest": plan.digest,
        "summary": _summary(plan.summary),
        "groups": [_group(group, bodies) for group in plan.groups],
        "guards": [_guard(finding) for finding in plan.guards],
        "contents": plain(plan.contents),
    }
    return document | {"templateBodies": {key: body for body, key in bodies.items()}} if bodies else document


def _common_bodies(plan: Plan) -> dict[str, str]:
    """The digests of the bodies that more than one action has, by body."""
    inputs = (action.inputs for group in plan.groups for action in group.actions)
    counted = Counter(body for held in inputs if isinstance(body := held.get("templateBody"), str))
    return {body: digest(body) for body, times in sorted(counted.items()) if times > 1}


def _summary(summary: Summary) -> dict[str, int]:
    return {
        "create": summary.create,
        "update": summary.update,
        "delete": summary.delete,
        "unchanged": summary.unchanged,
        "provision": summary.provision,
        "deploy": summary.deploy,
        "blocked": summary.blocked,
        "devices": summary.devices,
    }


def _group(group: GroupPlan, bodies: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": group.name,
        "runtime": group.runtime,
        "operation": group.operation,
        "reasons": list(group.reasons),
        "drift": group.drift,
        "blocked": group.blocked,
        "target": {"template": group.target.name, "version": group.target.version},
        "fingerprint": group.fingerprint,
        "things": list(group.things),
        "live": plain(group.live),
        "changes": [_change(change) for change in group.changes],
        "actions": [action_document(action, bodies) for action in group.actions],
        "carried": list(group.carried),
        "notes": list(group.notes),
    }


def _change(change: Change) -> dict[str, Any]:
    return {"path": change.path, "kind": change.kind, "before": plain(change.before), "after": plain(change.after)}


def action_document(action: Action, bodies: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """``action`` as it stands in a plan's document; of the template bodies in ``bodies`` only their digests."""
    inputs = plain(action.inputs)
    body = inputs.get("templateBody")
    if isinstance(body, str) and body in bodies:
        inputs["templateBodyDigest"] = bodies[inputs.pop("templateBody")]
    return {
        "id": action.id,
        "kind": action.kind,
        "subject": action.subject,
        "needs": list(action.needs),
        "inputs": inputs,
    }


def _guard(finding: GuardFinding) -> dict[str, Any]:
    return {
        "guard": finding.guard,
        "severity": finding.severity,
        "message": finding.message,
        "limit": plain(finding.limit),
        "actual": plain(finding.actual),
        "source": finding.source,
        "waived": finding.waived,
    }
