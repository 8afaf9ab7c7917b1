"""Policies: checks of the user's own over the plan, in CEL in the fleet file or in Python as entry points.

A policy that cannot be found, cannot be read, raises, or answers something else than it should is itself a finding
that refuses: what was to be checked was not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from reconciler.desired.cel import CelError, evaluate
from reconciler.model.guards import TAKEN, Policy, PolicySeverity
from reconciler.model.plan import DIGEST_SHOWN, GuardFinding, Plan
from reconciler.planning.plan_document import plan_document

PythonPolicy = Callable[[dict[str, Any]], Iterable[Any]]
_SEVERITIES: tuple[str, ...] = get_args(PolicySeverity)


class PolicyError(Exception):
    """A policy did not do what a policy does; the text says what it did."""


def check_policies(
    plan: Plan, digest: str, policies: Iterable[Policy], installed: Mapping[str, PythonPolicy], now: datetime
) -> Iterator[GuardFinding]:
    """What the fleet's ``policies`` and the ``installed`` ones (by name) say of ``plan``. Nothing if it does nothing.

    ``digest`` is the plan's own; at ``now`` waivers are valid or over.
    """
    if not plan.changed:
        return
    declared = {policy.name: policy for policy in policies}
    for name in sorted(installed.keys() - declared.keys()):
        if name in TAKEN:
            message = f"an entry point of the group reconciler.policies bears the name of the guard {name}; rename it"
            yield GuardFinding(name, "error", message)
            continue
        yield from _findings(plan, digest, Policy(name), installed, now)
    for policy in declared.values():
        yield from _findings(plan, digest, policy, installed, now)


def _findings(
    plan: Plan, digest: str, policy: Policy, installed: Mapping[str, PythonPolicy], now: datetime
) -> Iterator[GuardFinding]:
    try:
        found = _cel(plan, policy, now) if policy.expression is not None else _python(plan, policy, installed)
    except PolicyError as error:
        found = [(policy.severity or "error", f"the policy could not be checked: {error}")]
    if not found:
        return
    waived, over = "", ""
    for waiver in policy.waivers:
        if waiver.until >= now.astimezone(UTC).date():
            waived = waived or f"{waiver.position.line_only} until {waiver.until}: {waiver.reason}"
        else:
            over = f"; its waiver is over since {waiver.until} ({waiver.position.line_only}: {waiver.reason})"
    source = policy.position.line_only if policy.position.file else ""
    for severity, message in found:
        text = f"{message}{over if not waived else ''}"
        if severity != "warning":
            option = "--approve" if severity == "needs-approval" else "--waive"
            text += f"; `{option} {policy.name}@{digest[:DIGEST_SHOWN]}` lets this plan alone pass"
        yield GuardFinding(policy.name, severity, text, source=source, waived=waived)


def _cel(plan: Plan, policy: Policy, now: datetime) -> list[tuple[PolicySeverity, str]]:
    document = plan_document(plan, spelled_out=True)
    del document["contents"]  # by digest, and as large as all the rest
    try:
        holds = evaluate(policy.expression or "", {"plan": document, "now": now})
    except CelError as error:
        raise PolicyError(str(error)) from error
    if not isinstance(holds, bool):
        raise PolicyError(f"its expression is neither true nor false, but {type(holds).__name__}")
    return [] if holds else [(policy.severity or "error", policy.message or f"not true: {policy.expression}")]


def _python(plan: Plan, policy: Policy, installed: Mapping[str, PythonPolicy]) -> list[tuple[PolicySeverity, str]]:
    check = installed.get(policy.name)
    if check is None:
        raise PolicyError(
            "it has no expression, and no installed package has an entry point of its name in the group "
            "reconciler.policies"
        )
    try:
        yielded = list(check(plan_document(plan, spelled_out=True)) or ())
    except Exception as error:
        raise PolicyError(f"it raised {type(error).__name__}: {error}") from error
    return [_finding(policy, item) for item in yielded]


def _finding(policy: Policy, item: Any) -> tuple[PolicySeverity, str]:
    """One finding of a Python policy: a text, or a mapping with ``message`` and, if it likes, ``severity``."""
    if isinstance(item, str):
        item = {"message": item}
    if not isinstance(item, Mapping) or not isinstance(item.get("message"), str):
        raise PolicyError(f"it yielded {type(item).__name__}, and not a text or a mapping with a message")
    severity = policy.severity or item.get("severity", "error")
    if severity not in _SEVERITIES:
        raise PolicyError(f"it yielded the severity {severity!r}, which is none of {', '.join(_SEVERITIES)}")
    return severity, item["message"]
