"""Requests to GitHub: pages, limits, what is sent again and what is not."""

import pytest

from reconciler.github.client import LONGEST_WAIT, GitHub, GitHubError
from tests.github.conftest import Waits
from tests.github.events import payload
from tests.github.stand_in import StandIn

COMMENTS = "/repos/{owner}/{repo}/issues/{issue_number}/comments"
COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"


@pytest.fixture(autouse=True)
def _pull(stand_in: StandIn) -> None:
    stand_in.add_pull(payload("pull_request.opened")["pull_request"])


def test_every_page_is_read(stand_in: StandIn, api: GitHub) -> None:
    for number in range(250):
        stand_in.add_comment(2, f"comment {number}", "octocat")
    assert [comment["body"] for comment in api.pages("/issues/2/comments")] == [f"comment {n}" for n in range(250)]
    assert stand_in.requests == [("GET", COMMENTS)] * 3


@pytest.mark.parametrize(
    ("status", "headers", "message", "wait"),
    [
        (429, {"Retry-After": "7"}, "slow down", 7.0),
        (403, {"Retry-After": "7"}, "You have exceeded a secondary rate limit", 7.0),
        (403, {}, "You have exceeded a secondary rate limit", 60.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1030"}, "API rate limit exceeded", 31.0),
    ],
)
def test_a_limit_is_waited_for_even_with_post(
    status: int, headers: dict[str, str], message: str, wait: float, stand_in: StandIn, api: GitHub, waits: Waits
) -> None:
    stand_in.fail("POST", COMMENTS, status, headers=headers, message=message)
    api.post("/issues/2/comments", {"body": "hello"})
    assert (stand_in.bodies(2), waits) == (["hello"], [wait])


def test_a_limit_that_lasts_too_long_is_told(stand_in: StandIn, api: GitHub, waits: Waits) -> None:
    reset = str(int(1_000 + LONGEST_WAIT + 100))
    stand_in.fail("POST", COMMENTS, 403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})
    with pytest.raises(GitHubError, match=r"GitHub POST .*/issues/2/comments: 403"):
        api.post("/issues/2/comments", {"body": "hello"})
    assert waits == []


def test_a_limit_that_never_ends_ends(stand_in: StandIn, api: GitHub, waits: Waits) -> None:
    stand_in.fail("POST", COMMENTS, 429, headers={"Retry-After": "1"}, times=99)
    with pytest.raises(GitHubError):
        api.post("/issues/2/comments", {"body": "hello"})
    assert waits == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_what_may_be_done_twice_is_sent_again(status: int, stand_in: StandIn, api: GitHub, waits: Waits) -> None:
    comment = stand_in.add_comment(2, "before", "octocat")
    stand_in.fail("PATCH", COMMENT, status, times=2)
    api.patch(f"/issues/comments/{comment}", {"body": "after"})
    assert (stand_in.bodies(2), waits) == (["after"], [1.0, 2.0])


@pytest.mark.parametrize("after", [False, True])
def test_a_post_whose_fate_is_unknown_is_not(after: bool, stand_in: StandIn, api: GitHub) -> None:
    stand_in.fail("POST", COMMENTS, 502, after=after)
    with pytest.raises(GitHubError) as caught:
        api.post("/issues/2/comments", {"body": "hello"})
    assert caught.value.status == 502
    assert stand_in.bodies(2) == (["hello"] if after else [])


def test_an_answer_that_is_cut_off(stand_in: StandIn, api: GitHub, waits: Waits) -> None:
    stand_in.fail("GET", COMMENTS, 0)
    assert list(api.pages("/issues/2/comments")) == []
    assert waits == [1.0]
    stand_in.fail("POST", COMMENTS, 0)
    with pytest.raises(GitHubError, match="no answer") as caught:
        api.post("/issues/2/comments", {"body": "hello"})
    assert caught.value.status == 0


def test_nobody_listens(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    api = GitHub("http://127.0.0.1:9", "octo/fleets", "token", sleep=waits)
    with pytest.raises(GitHubError, match="no answer"):
        api.post("/issues/2/comments", {"body": "hello"})
    assert waits == [1.0, 2.0, 4.0]  # nothing was sent, so it may be sent again


def test_what_github_says_is_told(stand_in: StandIn, api: GitHub) -> None:
    with pytest.raises(GitHubError) as caught:
        api.post("/issues/2/comments", {"body": "x" * 70_000})
    assert caught.value.is_too_long
    assert "422 Validation Failed: data unprocessable Body is too long" in caught.value.message


def test_what_is_gone_may_be_deleted(stand_in: StandIn, api: GitHub) -> None:
    api.delete("/issues/comments/1")
    assert stand_in.requests == [("DELETE", COMMENT)]


def test_the_token_is_in_no_message(api: GitHub) -> None:
    assert "token" not in repr(api).replace("GitHub", "")


def test_who_we_are(stand_in: StandIn, api: GitHub) -> None:
    assert api.login() == "github-actions[bot]"
    stand_in.state.login = "robot"
    assert api.login() == "robot"
