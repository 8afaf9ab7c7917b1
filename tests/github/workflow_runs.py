"""Workflow runs as GitHub tells of them."""

from typing import Any

from tests.github.description import description
from tests.github.events import payload
from tests.github.stand_in import StandIn

_NOW = "2026-11-26T09:00:00Z"


def workflow_run(stand_in: StandIn, number: int, commit: str, event: str) -> dict[str, Any]:
    """A run of a workflow on a commit; what no test asks for is as plain as GitHub's description allows."""
    url = f"{stand_in.url}/repos/{stand_in.state.repository}/actions/runs/{number}"
    declared = description()["components"]["schemas"]["workflow-run"]
    repository = payload("push")["repository"]
    known = {
        "id": number,
        "node_id": "r",
        "head_branch": "change",
        "head_sha": commit,
        "path": ".github/workflows/fleet.yml",
        "run_number": number,
        "event": event,
        "status": "completed",
        "conclusion": "success",
        "workflow_id": 1,
        "pull_requests": [],
        "created_at": _NOW,
        "updated_at": _NOW,
        "display_title": "A change",
        "repository": _minimal(repository),
        "head_repository": _minimal(repository),
        "head_commit": None,
    }
    return {name: known.get(name, url) for name in declared["required"]}


def _minimal(repository: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in repository.items() if key not in {"created_at", "pushed_at", "license"}}
