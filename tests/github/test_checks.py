"""Check runs: annotations in portions, and whose word counts for what was reviewed."""

from typing import Any

import pytest

from reconciler.github.checks import APP, Check, put_check, reviewed_facts
from reconciler.github.client import GitHub
from reconciler.model.errors import Problem
from reconciler.model.position import Position
from tests.github.stand_in import StandIn
from tests.github.workflow_runs import workflow_run

NAME = "reconcile plan: demo"
COMMIT = "c" * 40


def problem(line: int) -> Problem:
    return Problem(Position("fleets/demo/a.yaml", line, 3), "unknown-key", "what \u202e is wrong", "how to mend it")


def put(api: GitHub, conclusion: Any = "success", facts: dict[str, Any] | None = None, run: str = "77") -> None:
    facts = {"digest": "abc", "groups": {"berlin": "1"}} if facts is None else facts
    put_check(api, COMMIT, Check(NAME, conclusion, "1 to create", "**Plan**", [facts]), "https://x/runs/77", run)


@pytest.fixture(autouse=True)
def _run(stand_in: StandIn) -> None:
    stand_in.state.runs[77] = workflow_run(stand_in, 77, COMMIT, "pull_request")


def test_facts_are_found_again(stand_in: StandIn, api: GitHub) -> None:
    assert reviewed_facts(api, COMMIT, NAME, APP) is None
    put(api)
    assert reviewed_facts(api, COMMIT, NAME, APP) == {"digest": "abc", "groups": {"berlin": "1"}}
    assert reviewed_facts(api, "d" * 40, NAME, APP) is None
    assert reviewed_facts(api, COMMIT, "another", APP) is None


def test_the_newest_counts(api: GitHub) -> None:
    put(api, facts={"digest": "old"})
    put(api, facts={"digest": "new"})
    assert reviewed_facts(api, COMMIT, NAME, APP) == {"digest": "new"}
    put(api, "failure", facts={"digest": "refused"})
    assert reviewed_facts(api, COMMIT, NAME, APP) is None


def test_a_check_of_another_app_says_nothing(stand_in: StandIn, api: GitHub) -> None:
    stand_in.state.app = "somebody-else"
    put(api)
    assert reviewed_facts(api, COMMIT, NAME, APP) is None


@pytest.mark.parametrize(
    ("event", "head"), [("workflow_dispatch", COMMIT), ("push", COMMIT), ("pull_request", "d" * 40)]
)
def test_a_run_that_reviews_nothing_says_nothing(event: str, head: str, stand_in: StandIn, api: GitHub) -> None:
    stand_in.state.runs[77] = workflow_run(stand_in, 77, head, event)
    put(api)
    assert reviewed_facts(api, COMMIT, NAME, APP) is None


def test_a_check_that_names_no_run_says_nothing(api: GitHub) -> None:
    put(api, run="")
    assert reviewed_facts(api, COMMIT, NAME, APP) is None


def test_annotations_go_in_portions_of_fifty(stand_in: StandIn, api: GitHub) -> None:
    check = Check(NAME, "failure", "120 problems", "…", problems=[problem(line) for line in range(1, 121)])
    put_check(api, COMMIT, check, "", "77")
    [annotations] = stand_in.state.annotations.values()
    assert [annotation["start_line"] for annotation in annotations] == list(range(1, 121))
    assert annotations[0]["message"] == "what \\u202e is wrong; how to mend it"
    assert [method for method, _ in stand_in.requests] == ["POST", "PATCH", "PATCH"]


def test_a_second_mapping_stands_unseen_before_the_summary(stand_in: StandIn, api: GitHub) -> None:
    put_check(api, COMMIT, Check(NAME, "success", "…", "**Plan**", [{"digest": "abc"}, {"more": "def"}]), "", "77")
    assert reviewed_facts(api, COMMIT, NAME, APP) == {"digest": "abc", "more": "def"}
    [check] = stand_in.state.checks.values()
    marker, words = check["output"]["summary"].split("\n")
    assert (marker.startswith("<!--"), words) == (True, "**Plan**")
