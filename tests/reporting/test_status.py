from collections.abc import Callable
from dataclasses import replace

from reconciler.model.run import FleetStatus, GroupStatus
from reconciler.reporting.json_text import json_text
from reconciler.reporting.status import status_document, status_lines
from reconciler.reporting.style import Style
from tests.reporting.schemas import mismatches

DONE = GroupStatus(
    name="berlin-line-1",
    runtime="greengrass/v1",
    template="line-controller",
    target=3,
    live=3,
    deployed=3,
    state="succeeded",
    deployment_status="Success",
    since="2026-11-22T09:00:00Z",
    details={"groupId": "g-1", "deploymentIds": ("d-1",)},
)
FAILED = replace(
    DONE,
    name="hamburg",
    deployed=2,
    state="failed",
    deployment_status="Failure",
    error="the core said:\n  \x1b[31mno space left\x1b[0m",
)
NEW = GroupStatus("rome", "greengrass/v1", "line-controller", 12, None, None, "waiting")
STATUS = FleetStatus("demo", "20261122-1", "partial", (DONE, FAILED, NEW))


def text_of(status: FleetStatus, style: Style | None = None) -> str:
    return "\n".join(status_lines(status, style=style or Style())) + "\n"


def test_status_as_text(golden: Callable[[str, str], None]) -> None:
    golden("status.txt", text_of(STATUS))


def test_colour_leaves_the_columns_aligned(golden: Callable[[str, str], None]) -> None:
    golden("status-colour.txt", text_of(STATUS, Style(colour=True)))


def test_status_as_json(golden: Callable[[str, str], None]) -> None:
    golden("status.json", json_text(status_document(STATUS)))
    assert mismatches(status_document(STATUS), "status") == []


def test_columns_begin_under_their_headings() -> None:
    head, *rows = status_lines(STATUS, style=Style())[:4]
    for heading, cells in (("live", ("3", "3", "-")), ("state", ("succeeded", "failed", "waiting"))):
        at = head.index(heading)
        assert [row[at:].split()[0] for row in rows] == list(cells)


def test_of_many_groups_those_that_are_not_well_are_named_at_the_end() -> None:
    groups = [replace(DONE, name=f"line-{at:02d}") for at in range(20)]
    failed = [replace(FAILED, name=f"hall-{at:02d}") for at in range(22)]
    late = replace(DONE, name="late", state="unfinished")
    text = text_of(FleetStatus("demo", "run", "partial", (*groups, *failed, late)))
    shown = ", ".join(group.name for group in failed[:20])
    assert text.endswith(
        f"\n\nfailed: {shown} and 2 more\nunfinished: late\n"
        "Run run: partial; 43 groups: 20 succeeded, 22 failed, 1 unfinished.\n"
    )


def test_an_error_of_a_device_stays_one_line_of_bounded_length() -> None:
    lines = status_lines(FleetStatus("demo", None, None, (replace(FAILED, error="x\n" * 5000),)), style=Style())
    assert len(lines) == 4
    assert len(lines[1]) < 320


def test_before_the_first_run() -> None:
    status = FleetStatus("demo", None, None, (NEW,))
    assert status_lines(status, style=Style())[-1] == "No run yet; 1 group: 1 waiting."
    assert mismatches(status_document(status), "status") == []


def test_a_fleet_without_groups_is_one_line() -> None:
    assert status_lines(FleetStatus("demo", "r-1", "succeeded"), style=Style()) == ["Run r-1: succeeded; 0 groups."]


def test_a_state_of_tomorrow_is_counted_too() -> None:
    status = FleetStatus("demo", "r-1", "running", (DONE, replace(DONE, name="x", state="soaking")))
    assert status_lines(status, style=Style())[-1] == "Run r-1: running; 2 groups: 1 succeeded, 1 soaking."


def test_an_unfinished_group_stands_out() -> None:
    status = FleetStatus("demo", "r-1", "partial", (replace(DONE, state="unfinished"),))
    assert "\x1b[1m\x1b[33munfinished\x1b[0m" in status_lines(status, style=Style(colour=True))[1]
