"""The demo on a copy of the files that git knows: what a newcomer sees first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_the_demo_plans_applies_and_rolls_one_group_forward(tmp_path: Path) -> None:
    ran = subprocess.run(
        ["bash", ROOT / "examples" / "demo.sh"],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    summaries = [line for line in ran.stdout.splitlines() if line.startswith(("Plan:", "Apply", "No changes."))]
    assert summaries == [
        CREATED,
        CREATED,
        "Apply complete: 3 groups created, 0 updated, 7 things provisioned, 3 deployments succeeded; 0 unchanged.",
        "No changes. 3 groups match the files.",
        RAISED,
        RAISED,
        "Apply complete: 0 groups created, 1 updated, 0 things provisioned, 1 deployment succeeded; 2 unchanged.",
        "No changes. 3 groups match the files.",
    ]
    assert list(tmp_path.iterdir()) == []


CREATED = "Plan: 3 groups to create, 0 to update, 0 to delete, 7 things to provision, 3 deployments; 0 unchanged."
RAISED = "Plan: 0 groups to create, 1 to update, 0 to delete, 0 things to provision, 1 deployment; 2 unchanged."
