"""Who may take on the roles that plan and apply from workflows of GitHub Actions: IAM trust policies. Pure.

The claims are those of GitHub's OIDC token (docs.github.com, "OpenID Connect reference"). An environment takes the
place of the branch in ``sub``: a role bound to one is out of reach for whatever the environment does not let in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.model.fleet import Fleet

ISSUER = "token.actions.githubusercontent.com"


@dataclass(frozen=True, slots=True)
class Trusted:
    """A repository (``owner/name``), the branch that is applied, and the environments that jobs which write run in.

    ``repository_id`` also holds when the repository is renamed, or another one takes its name; ``workflow`` is whose
    jobs alone are let in (``owner/name/.github/workflows/apply-fleet.yml@*``). Empty: not looked at.
    """

    repository: str
    branch: str = "main"
    environments: Sequence[str] = ("fleet", "fleet-approval")
    repository_id: str = ""
    workflow: str = ""


def trust_policies(fleet: Fleet, trusted: Trusted) -> dict[str, Any]:
    """Two trust policies by role: ``plan`` for pull requests, the merge queue and the branch, ``apply`` for the
    environments alone.
    """
    of = f"repo:{trusted.repository}"
    reading = [f"{of}:pull_request", f"{of}:ref:refs/heads/{trusted.branch}"]
    queue = [f"{of}:ref:refs/heads/gh-readonly-queue/{trusted.branch}/*"]
    writing = [f"{of}:environment:{name}" for name in trusted.environments]
    statements = {
        "plan": [("StringEquals", reading), ("StringLike", queue)],
        "apply": [("StringEquals", writing)],
    }
    return {
        role: {"Version": "2012-10-17", "Statement": [_statement(fleet, trusted, *allowed) for allowed in entries]}
        for role, entries in statements.items()
    }


def _statement(fleet: Fleet, trusted: Trusted, operator: str, subjects: Sequence[str]) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}}
    conditions.setdefault(operator, {})[f"{ISSUER}:sub"] = list(subjects)
    if trusted.repository_id:
        conditions["StringEquals"][f"{ISSUER}:repository_id"] = trusted.repository_id
    if trusted.workflow:
        conditions.setdefault("StringLike", {})[f"{ISSUER}:job_workflow_ref"] = trusted.workflow
    provider = f"arn:{fleet.partition}:iam::{fleet.account}:oidc-provider/{ISSUER}"
    return {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
    }
