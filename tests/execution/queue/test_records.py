"""What an operator sees with the AWS CLI, by the commands that docs/queues.md gives, is what ``status`` says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.execution.queue.messages import GroupMessage, encode_group, one_group
from reconciler.sandbox.testing import Sandbox
from tests.execution.queue.working import Place
from tests.fleets import run_cli

DOCS = Path(__file__).parents[3] / "docs" / "queues.md"
# AWS CLI v1 does not heed AWS_ENDPOINT_URL for SQS.
AWS = """aws() {
  if [ "$1" = sqs ]; then command aws "$@" --endpoint-url "$AWS_ENDPOINT_URL"; else command aws "$@"; fi
}"""


def documented(group: str) -> str:
    """The commands of the section, for a group of ours."""
    section = DOCS.read_text(encoding="utf-8").partition("## What one sees\n")[2]
    found = re.search(r"```bash\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1].replace("berlin-line-1", group)


@pytest.mark.long
def test_the_documented_commands_show_what_status_says(fleet: Place, aws: Sandbox) -> None:
    aws.put_devices({"b-core": {"outcome": "fail", "error": "disk full"}})
    plan = fleet.plan()
    run = fleet.submit()
    fleet.finish(run, "partial")
    lost = GroupMessage("no-such-run", "batch-1", one_group(plan, plan.groups[0]))
    fleet.put("Devices", encode_group(lost, fleet.work.payloads))
    fleet.do("Devices")

    ran = subprocess.run(
        ["bash", "-ec", f"{AWS}\n{documented('a')}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env={**os.environ, "RUN": run.id, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert ran.returncode == 0, ran.stderr
    assert '"ApproximateNumberOfMessagesNotVisible": "0"' in ran.stdout
    assert "the ledger knows no group a in run no-such-run" in ran.stdout
    told = json.loads(run_cli("status", fleet.files.directory, "--run", run.id, "--format", "json").out)
    assert [(row["name"], row["state"], row["error"]) for row in told["groups"]] == [
        ("a", "succeeded", None),
        ("b", "failed", "disk full"),
    ]
    tasks = [line.split("\t") for line in ran.stdout.splitlines()]
    for row in told["groups"]:
        (task,) = [task for task in tasks if task[:2] == [row["name"], row["state"]]]
        assert task[3:] == [row["details"]["deploymentId"], row["error"] or "None"]
    devices = [task[:2] for task in tasks if task[0].startswith("a-")]
    assert devices == [[name, "provisioned"] for name in ("a-core", "a-device-1", "a-device-2")]
    group_id = told["groups"][0]["details"]["groupId"]
    for key in (f"runs/{run.id}/plan.json", f"runs/{run.id}/ready/batch-1/a.json", f"{group_id}/a-core/certs.zip"):
        assert f" demo/{key}\n" in ran.stdout
