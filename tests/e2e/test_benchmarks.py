"""`make bench`, for the smallest of fleets."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_each_step_of_a_fleet_is_measured() -> None:
    command = [sys.executable, "-m", "benchmarks.scale", "--sizes", "1,2", "--indexed"]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    v2, v1 = ([line.split("|")[1:-1] for line in part.splitlines()] for part in ran.stdout.strip().split("\n\n"))
    assert (v2[0][0].strip(), v1[0][0].strip()) == ("Greengrass V2", "Greengrass V1")
    for table in (v2, v1):
        assert [len(row) for row in table] == [4] * 10
        assert [row[0].strip() for row in table[2:5]] == ["validate", "plan, nothing is there", "apply, everything"]
