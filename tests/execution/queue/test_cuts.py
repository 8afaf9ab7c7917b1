"""The fault matrix of queued work: a worker that dies at any of its AWS calls, a call that goes wrong, an event that is
lost. The end is the same, nothing is there twice, and no key is lost.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.execution import journal
from reconciler.execution.queue import handlers
from reconciler.sandbox.testing import Sandbox
from tests.e2e.workforce import HASTY, Account
from tests.execution.queue.working import QUEUES, Place, queue_fleet
from tests.faults.killing import killed_at
from tests.runtimes.v1.faults import Killed, cut_off_at, one_group

QUEUED = "queues"
"""What the matrix calls this half of it."""
CALLS = 80
"""More than one group takes from its message to its deployment; what lies beyond the last one is no cut."""


def numbers(sample: int, of: range = range(1, CALLS + 1)) -> list[object]:
    """Every call, of which `make test` takes one in so many."""
    return [number if number % sample == 0 else pytest.param(number, marks=pytest.mark.long) for number in of]


@pytest.fixture(autouse=True)
def _the_dead_hold_nothing_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "CLAIM_SECONDS", 0.2)
    monkeypatch.setattr(journal, "ALONE_SECONDS", 0.2)


@pytest.fixture
def one(aws: Sandbox, outputs: dict[str, str], tmp_path: Path) -> Iterator[Place]:
    """A fleet of one group with a core and two devices."""
    files = one_group(queue_fleet(tmp_path / "one")).write()
    with Place.open(aws, files, outputs) as place:
        yield place


def assert_as_it_should_be(place: Place, aws: Sandbox) -> None:
    things = {"a": ["a-core", "a-device-1", "a-device-2"]}
    account = Account(aws, place.outputs["ArtifactsBucketName"], things)
    account.assert_made_once()
    account.assert_keys_kept()
    assert place.plan().changed == ()
    assert [place.left(f"{name}DeadLetter") for name in QUEUES] == [0, 0, 0]


def work_off(place: Place) -> None:
    """What a worker does of a group: its message, and that of its batch."""
    for name in QUEUES[:2]:
        for message in place.take(name):
            place.worker().do(place.lane(name), message)


@pytest.mark.disturbed(where=QUEUED)
@pytest.mark.parametrize("after", [True, pytest.param(False, marks=pytest.mark.long)], ids=["after", "before"])
@pytest.mark.parametrize("number", numbers(40))
def test_a_worker_that_is_cut_off_at_a_call_is_replaced(number: int, after: bool, one: Place, aws: Sandbox) -> None:
    run = one.submit()
    try:
        with cut_off_at(number, after=after):
            work_off(one)
    except Killed:
        aws.advance(30)
    with Place.open(aws, one.files, one.outputs) as another:  # nothing of the dead process's memory
        another.finish(run, "succeeded")
    assert_as_it_should_be(one, aws)
    assert failures(one) == []


@pytest.mark.disturbed(where=QUEUED)
@pytest.mark.parametrize(
    "fault", ["lost", *(pytest.param(name, marks=pytest.mark.long) for name in ("refused", "error", "throttle"))]
)
@pytest.mark.parametrize("number", numbers(40))
def test_a_call_that_goes_wrong_changes_nothing_about_the_end(
    number: int, fault: str, one: Place, aws: Sandbox
) -> None:
    run = one.submit()
    aws.put_faults([{"fault": fault, "after": number - 1, "times": 1}])
    work_off(one)
    aws.put_faults([])
    one.finish(run, "succeeded")
    assert_as_it_should_be(one, aws)


@pytest.mark.disturbed(where=QUEUED, how="process killed")
@pytest.mark.parametrize("after", [True, pytest.param(False, marks=pytest.mark.long)], ids=["after", "before"])
@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=[] if n == 40 else pytest.mark.long) for n in range(1, 90, 3)]
)
def test_a_worker_process_that_is_killed_is_replaced(number: int, after: bool, one: Place, aws: Sandbox) -> None:
    run = one.submit()
    with killed_at(number, after=after) as start:
        code = start([*HASTY, "worker", str(one.files.directory), "--once", "--max", "1"])
    assert code in {0, -signal.SIGKILL}
    aws.advance(30)
    with Place.open(aws, one.files, one.outputs) as another:
        another.finish(run, "succeeded")
    assert_as_it_should_be(one, aws)


@pytest.mark.disturbed(where=QUEUED, how="events lost")
@pytest.mark.parametrize("lost", [{0}, {1}, {2}, {0, 1, 2}], ids=["first", "second", "last", "all"])
def test_events_that_get_lost(lost: set[int], one: Place, aws: Sandbox) -> None:
    """Greengrass tells of each change of status at best: what no event told is asked for."""
    run = one.submit()
    work_off(one)
    aws.advance(30)
    assert one.deliver_but(lost) == 3
    one.finish(run, "succeeded")
    assert_as_it_should_be(one, aws)


def test_so_many_calls_are_all(one: Place) -> None:
    one.submit()
    with cut_off_at(10 * CALLS, after=True) as calls:
        work_off(one)
    assert CALLS - 10 < len(calls) <= CALLS
    assert "greengrass:StartBulkDeployment" in calls


def failures(place: Place) -> list[str]:
    """What the ledger counts as failures: to be killed is none."""
    table = place.outputs["TableName"]
    items = place.aws.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]
    return [json.dumps(item) for item in items if "#failure#" in item["pk"]["S"]]
