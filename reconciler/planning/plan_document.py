"""A plan as a document: what ``plan --out`` writes and ``plan --format json`` prints.

Its shape is in ``schemas/plan.schema.json``; ``reconciler.planning.plan_reading`` is the way back.
"""

from typing import Any

from reconciler.model.canonical import plain
from reconciler.model.plan import FORMAT_VERSION, Action, Change, GroupPlan, GuardFinding, Plan, Summary


def plan_document(plan: Plan) -> dict[str, Any]:
    """``plan`` as plain dicts and lists, complete: ``read_plan`` makes the same plan of it."""
    return {
        "formatVersion": FORMAT_VERSION,
        "fleet": plan.fleet,
        "account": plan.account,
        "region": plan.region,
        "createdAt": plan.created_at,
        "digest": plan.digest,
        "summary": _summary(plan.summary),
        "groups": [_group(group) for group in plan.groups],
        "guards": [_guard(finding) for finding in plan.guards],
        "contents": plain(plan.contents),
    }


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


def _group(group: GroupPlan) -> dict[str, Any]:
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
        "actions": [action_document(action) for action in group.actions],
        "carried": list(group.carried),
        "notes": list(group.notes),
    }


def _change(change: Change) -> dict[str, Any]:
    return {"path": change.path, "kind": change.kind, "before": plain(change.before), "after": plain(change.after)}


def action_document(action: Action) -> dict[str, Any]:
    """``action`` as it stands in a plan's document."""
    return {
        "id": action.id,
        "kind": action.kind,
        "subject": action.subject,
        "needs": list(action.needs),
        "inputs": plain(action.inputs),
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
