"""One issue for a matter, and one label of several."""

from reconciler.github.client import GitHub
from reconciler.github.issues import close_issue, find_issue, open_issue
from reconciler.github.labels import put_label
from reconciler.reporting.markdown import marker_line
from tests.github.events import payload
from tests.github.stand_in import StandIn

IDENTITY = {"fleet": "demo", "kind": "drift"}
COLOURS = {"plan: changes": "0969da", "plan: no changes": "1a7f37"}


def body(text: str) -> str:
    return f"{marker_line(IDENTITY)}\n{text}"


def put(api: GitHub, text: str) -> int:
    return open_issue(api, find_issue(api, IDENTITY, "drift"), IDENTITY, "Drift in demo", body(text), "drift", "d1242f")


def test_it_is_opened_edited_closed_and_opened_again(stand_in: StandIn, api: GitHub) -> None:
    number = put(api, "one")
    assert put(api, "two") == number
    there = find_issue(api, IDENTITY, "drift")
    assert there is not None
    close_issue(api, there, body("none"), "All is well again.")
    issue = stand_in.state.issues[number]
    assert (issue["state"], issue["state_reason"], issue["body"]) == ("closed", "completed", body("none"))
    assert stand_in.bodies(number) == ["All is well again."]
    assert put(api, "three") == number
    assert (stand_in.state.issues[number]["state"], len(stand_in.state.issues)) == ("open", 1)


def test_the_issue_of_somebody_else_is_not_ours(stand_in: StandIn, api: GitHub) -> None:
    stand_in.state.author = "octocat"
    theirs = put(api, "pasted")
    stand_in.state.author = "github-actions[bot]"
    assert put(api, "ours") != theirs


def test_two_runs_at_once_leave_one_issue(stand_in: StandIn, api: GitHub) -> None:
    """Both have seen none and made one: whoever looks again first tidies up."""
    theirs = put(api, "theirs")
    assert open_issue(api, None, IDENTITY, "Drift in demo", body("ours"), "drift", "d1242f") == theirs
    older, newer = stand_in.state.issues.values()
    assert (older["state"], older["body"]) == ("open", body("ours"))
    assert (newer["state"], newer["state_reason"]) == ("closed", "not_planned")
    assert put(api, "later") == theirs


def test_of_closed_ones_the_newest_is_opened_again(stand_in: StandIn, api: GitHub) -> None:
    first = put(api, "first")
    second = open_issue(api, None, {"fleet": "other"}, "Drift in demo", body("second"), "drift", "d1242f")
    for issue in stand_in.state.issues.values():
        issue["state"] = "closed"
    assert first < second == put(api, "third")


def test_one_label_of_several(stand_in: StandIn, api: GitHub) -> None:
    stand_in.add_pull(payload("pull_request.opened")["pull_request"])
    stand_in.state.labelled[2] = ["theirs", "plan: no changes"]
    put_label(api, 2, "plan: changes", COLOURS)
    put_label(api, 2, "plan: changes", COLOURS)
    assert stand_in.state.labelled[2] == ["theirs", "plan: changes"]
    assert stand_in.state.labels["plan: changes"]["color"] == "0969da"
