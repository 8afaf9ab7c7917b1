"""The fault matrix of queued work for Greengrass V2: a worker that dies at any of its AWS calls, a call that goes
wrong, an event that is lost. The account ends as it does when nothing goes wrong.
"""

import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from reconciler.execution import journal
from reconciler.execution.queue import handlers
from reconciler.runtimes.v2 import deploy, late
from reconciler.sandbox.greengrass_v2 import cores
from reconciler.sandbox.testing import Sandbox
from tests.e2e.workforce import HASTY
from tests.execution.queue.test_cuts import QUEUED, failures
from tests.execution.queue.working import QUEUES, Place, queue_fleet
from tests.faults.calls import at_every_call
from tests.faults.killing import killed_at
from tests.fleets import FleetFiles
from tests.infra import templates
from tests.runtimes.v1.faults import Killed, cut_off_at
from tests.runtimes.v2.conftest import BUDGETS
from tests.runtimes.v2.fleets import CLI, group, template
from tests.runtimes.v2.test_components import component
from tests.runtimes.v2.test_faults import account

OWN = {"thingName": "a-core-2", "configuration": {CLI: {"port": 1}}}
EVERY = 211
"""`make test` takes one case in so many."""


def new(files: FleetFiles) -> None:
    """A group with two cores, one of them with something of its own, a device, and a component to publish."""
    component(template(files, com_example_Logger="1.0.0", aws_greengrass_Cli="2.12.6"))
    group(files, cores=[{"thingName": "a-core-1"}, OWN], devices=1).write()


def changed(files: FleetFiles) -> None:
    """A core and a device go, others come; what a core has of its own gives way to another version and comes back."""
    template(files, 2, com_example_Logger="1.0.0", aws_greengrass_Cli="2.12.5")
    group(files, version=2, cores=[OWN, {"thingName": "a-core-3"}], devices=[{"thingName": "a-device-2"}]).write()


SCENARIOS: dict[str, Sequence[Callable[[FleetFiles], None]]] = {"new": [new], "changed": [new, changed]}
"""What is written into the files, one after the other; all but the last is applied before."""
MOST_CALLS = {"new": 84, "changed": 96}
"""More calls than a worker makes from a scenario's message to the end of its group."""


def cases(*kinds: str) -> list[ParameterSet]:
    """Each kind at each call of each scenario; what a call is sent again after by itself, in one scenario alone."""
    scenarios = {kind: SCENARIOS if kind in {"after", "before", "lost"} else ("new",) for kind in kinds}
    pairs = ((kind, scenario) for kind in kinds for scenario in scenarios[kind])
    return at_every_call(pairs, MOST_CALLS, EVERY, first=EVERY // 3)


@pytest.fixture(autouse=True)
def _in_more_of_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "CLAIM_SECONDS", 0.2)
    monkeypatch.setattr(journal, "ALONE_SECONDS", 0.2)
    monkeypatch.setattr(cores, "TAKE_UP", timedelta(seconds=0.01))
    monkeypatch.setattr(cores, "AT_WORK", timedelta(seconds=0.02))
    monkeypatch.setattr(deploy, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(late, "FIRST_PAUSE", 0.05)


@contextmanager
def about_to(scenario: str, aws: Sandbox, directory: Path) -> Iterator[Place]:
    """A fleet in an account of its own, of which all is applied but the last."""
    aws.reset()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tried to parse AWS::", UserWarning)
        outputs = templates.deploy(aws, "fleet")
    files = queue_fleet(directory, limits=dict.fromkeys(BUDGETS, 10000), guards={"components": 9})
    first, *others = SCENARIOS[scenario]
    first(files)
    with Place.open(aws, files, outputs) as place:
        for write in others:
            place.finish(place.submit(), "succeeded")
            aws.advance(10)
            write(files)
        yield place


def work_off(place: Place) -> None:
    """What a worker does of a group: its message, that of its batch, what cores report, and what comes after that."""
    for name in QUEUES[:2]:
        for message in place.take(name):
            place.worker().do(place.lane(name), message)
    let_cores_report(place.aws)
    for name in reversed(QUEUES):
        place.do(name)


def let_cores_report(aws: Sandbox) -> None:
    """Let time pass: a core takes up one deployment after the other."""
    for _ in range(3):
        aws.advance(2)


_ENDS: dict[str, tuple[dict[str, Any], list[str]]] = {}

Undisturbed = Callable[[str], tuple[dict[str, Any], list[str]]]


@pytest.fixture
def undisturbed(aws: Sandbox, tmp_path: Path) -> Undisturbed:
    """The account in which a scenario ends, and the calls of its worker; found out once a process."""

    def end(scenario: str) -> tuple[dict[str, Any], list[str]]:
        if scenario not in _ENDS:
            with about_to(scenario, aws, tmp_path / f"undisturbed-{scenario}") as place:
                run = place.submit()
                with cut_off_at(10 * MOST_CALLS[scenario], after=True) as calls:
                    work_off(place)
                assert place.states(run) == {"a": "succeeded"}
                place.finish(run, "succeeded")
                _ENDS[scenario] = account_of(place), calls
        return _ENDS[scenario]

    return end


def account_of(place: Place) -> dict[str, Any]:
    """What there is in the end, when nothing is left to do."""
    place.aws.advance(10)
    assert place.plan().changed == ()
    assert [place.left(f"{name}DeadLetter") for name in QUEUES] == [0, 0, 0]
    return account(place.aws, place.outputs["ArtifactsBucketName"])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_so_many_calls_are_all(scenario: str, undisturbed: Undisturbed) -> None:
    _, calls = undisturbed(scenario)
    assert MOST_CALLS[scenario] - 10 < len(calls) <= MOST_CALLS[scenario], calls
    assert {"greengrassv2:CreateDeployment", "iot:DescribeJob"} <= set(calls)


@pytest.mark.disturbed(where=QUEUED, runtime="v2")
@pytest.mark.parametrize(("scenario", "moment", "call"), cases("after", "before"))
def test_a_worker_that_is_cut_off_at_a_call_is_replaced(
    scenario: str, moment: str, call: int, undisturbed: Undisturbed, aws: Sandbox, tmp_path: Path
) -> None:
    wanted, _ = undisturbed(scenario)
    with about_to(scenario, aws, tmp_path / "fleet") as place:
        run = place.submit()
        try:
            with cut_off_at(call, after=moment == "after"):
                work_off(place)
        except Killed:
            aws.advance(30)
        with Place.open(aws, place.files, place.outputs) as another:  # nothing of the dead process's memory
            another.finish(run, "succeeded")
        assert account_of(place) == wanted
        assert failures(place) == []


@pytest.mark.disturbed(where=QUEUED, runtime="v2")
@pytest.mark.parametrize(("scenario", "fault", "call"), cases("lost", "refused", "error", "throttle"))
def test_a_call_that_goes_wrong_changes_nothing_about_the_end(
    scenario: str, fault: str, call: int, undisturbed: Undisturbed, aws: Sandbox, tmp_path: Path
) -> None:
    wanted, _ = undisturbed(scenario)
    with about_to(scenario, aws, tmp_path / "fleet") as place:
        run = place.submit()
        aws.put_faults([{"fault": fault, "after": call - 1, "times": 1}])
        work_off(place)
        aws.put_faults([])
        place.finish(run, "succeeded")
        assert account_of(place) == wanted


@pytest.mark.disturbed(where=QUEUED, runtime="v2", how="process killed")
@pytest.mark.parametrize("after", [True, pytest.param(False, marks=pytest.mark.long)], ids=["after", "before"])
@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=[] if n == 58 else pytest.mark.long) for n in range(1, 90, 3)]
)
def test_a_worker_process_that_is_killed_is_replaced(
    number: int, after: bool, undisturbed: Undisturbed, aws: Sandbox, tmp_path: Path
) -> None:
    wanted, _ = undisturbed("new")
    with about_to("new", aws, tmp_path / "fleet") as place:
        run = place.submit()
        with killed_at(number, after=after) as start:
            code = start([*HASTY, "worker", str(place.files.directory), "--once", "--max", "1"])
        assert code in {0, -signal.SIGKILL}
        aws.advance(30)
        with Place.open(aws, place.files, place.outputs) as another:
            another.finish(run, "succeeded")
        assert account_of(place) == wanted


@pytest.mark.disturbed(where=QUEUED, runtime="v2", how="events lost")
@pytest.mark.parametrize("lost", [{0}, {1}, {2}, {0, 1, 2}], ids=["first", "second", "last", "all"])
def test_events_that_get_lost(lost: set[int], undisturbed: Undisturbed, aws: Sandbox, tmp_path: Path) -> None:
    """Each core tells of each of its deployments at best: what no event told is asked for."""
    wanted, _ = undisturbed("new")
    with about_to("new", aws, tmp_path / "fleet") as place:
        run = place.submit()
        for name in QUEUES[:2]:
            place.do(name)
        let_cores_report(aws)
        assert place.deliver_but(lost) == 3
        place.listen()
        place.finish(run, "succeeded")
        assert account_of(place) == wanted
