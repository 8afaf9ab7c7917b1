"""Workers are killed, AWS throttles and loses answers, and the run ends as if nothing had happened."""

import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.aws.budgets import DEFAULT_RATES
from reconciler.sandbox.testing import Sandbox
from tests.cli.processes import PROGRAM
from tests.e2e import workforce
from tests.execution.queue.working import queue_fleet
from tests.fleets import FleetFiles
from tests.infra.templates import deploy

SCALE = 10
DONE = ("succeeded", 1, 1, 1)
REAL = {
    **DEFAULT_RATES,
    # One queue and one table bear more than anything here asks for (SQS: 3,000 calls a second of a FIFO queue are the
    # lowest quota; DynamoDB: 1,000 writes a second of one partition; S3: 3,500 PUTs a second of one prefix).
    "sqs": 3000,
    "dynamodb": 1000,
    "s3": 3500,
}


def fleet_of(directory: Path, groups: int, devices: int) -> FleetFiles:
    files = queue_fleet(directory)
    own = {"Id": "${thingName}-out", "Source": "${thingArn}", "Subject": "dt/${thingName}", "Target": "cloud"}
    files.template(1, deviceSubscriptions={"*": [own]})
    for number in range(groups):
        files.group(f"site-{number:03}", devices=devices)
    return files.write()


def things(groups: int, devices: int) -> dict[str, list[str]]:
    names = [f"site-{number:03}" for number in range(groups)]
    return {name: [f"{name}-core", *(f"{name}-device-{one}" for one in range(1, devices + 1))] for name in names}


def has_ended(aws: Sandbox, outputs: dict[str, str], run: str) -> bool:
    """Whether the ledger has the run among those that are open no longer."""
    key = {"pk": {"S": "demo#open"}, "sk": {"S": run}}
    found = aws.client("dynamodb").get_item(TableName=outputs["TableName"], Key=key, ConsistentRead=True)
    return "Item" not in found


def figures(aws: Sandbox, workers: workforce.Workforce, seconds: float) -> str:
    calls = aws.calls()
    befell = Counter(call["fault"] or ("throttled" if call["status"] == 429 else "answered") for call in calls)
    return f"{seconds:.0f} s, {workers.killed} killed, {len(calls)} calls: {dict(befell)}"


@pytest.fixture
def outputs(aws: Sandbox) -> dict[str, str]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tried to parse AWS::", UserWarning)
        return deploy(aws, "fleet")


@pytest.mark.parametrize(
    ("groups", "devices", "every", "program"),
    [
        pytest.param(3, 1, 3.0, tuple(workforce.HASTY), id="sample"),
        pytest.param(200, 5, 5.0, tuple(PROGRAM), id="full", marks=pytest.mark.long),
    ],
)
def test_a_run_survives_workers_that_are_killed_throttling_and_lost_answers(
    groups: int,
    devices: int,
    every: float,
    program: tuple[str, ...],
    aws: Sandbox,
    outputs: dict[str, str],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    files = fleet_of(tmp_path / "fleet", groups, devices)
    run = workforce.detach(files.directory)
    aws.clear_calls()
    aws.put_limits({name: SCALE * rate for name, rate in REAL.items()})
    aws.put_faults([{"fault": "lost", "rate": 0.05}])
    began = time.monotonic()
    # Few groups in hand: on a slow machine a worker has some done before it is killed.
    with workforce.workforce(files.directory, 3, program=program, options=("--max", "2")) as workers:
        kill = workforce.every(every, workers.kill_one)
        workforce.until(lambda: has_ended(aws, outputs, run), seconds=3600, meanwhile=kill)
        seconds = time.monotonic() - began
        aws.put_faults([])
        aws.put_limits(None)
        workforce.until(workers.are_at_work, seconds=60)
        workers.check_alive()
        # Status events that were not needed any more, and what the dead had in hand, are worked off, too.
        workforce.until(lambda: not workforce.left(aws, outputs), seconds=600)
        codes = workers.stop()
    record_property("figures", figures(aws, workers, seconds))  # `make e2e` prints them, and docs/queues.md has them
    assert codes == [0, 0, 0]
    assert workers.killed > 0
    found = workforce.status(files.directory, run)
    assert found["state"] == "succeeded", found
    assert {(row["state"], row["target"], row["live"], row["deployed"]) for row in found["groups"]} == {DONE}
    assert len(found["groups"]) == groups
    account = workforce.Account(aws, outputs["ArtifactsBucketName"], things(groups, devices))
    account.assert_made_once()
    account.assert_keys_kept()
