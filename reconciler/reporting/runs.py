"""The runs of a fleet as text and as a document."""

from collections.abc import Sequence
from typing import Any

from reconciler.model.plan import DIGEST_SHOWN
from reconciler.model.run import Run
from reconciler.reporting.plan_text import count


def runs_lines(runs: Sequence[Run]) -> list[str]:
    """A line a run: id, state, start, end and the digest of its plan; then how many there are."""
    lines = [
        f"{run.id}  {run.state:<9}  {run.started_at} to {run.ended_at or '-':<24}  plan {run.digest[:DIGEST_SHOWN]}"
        for run in runs
    ]
    return [*lines, f"{count(len(runs), 'run')}."]


def runs_document(runs: Sequence[Run]) -> dict[str, Any]:
    """The runs for machines."""
    return {
        "formatVersion": 1,
        "runs": [
            {
                "run": run.id,
                "state": run.state,
                "startedAt": run.started_at,
                "endedAt": run.ended_at,
                "digest": run.digest,
            }
            for run in runs
        ],
    }
