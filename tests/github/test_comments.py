"""The sticky comment: found, edited, made anew, never two of them, never too long."""

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.github.client import GitHub, GitHubError
from reconciler.github.comments import put_comment
from reconciler.reporting.markdown import Budget, marker_line
from tests.github.events import payload
from tests.github.operations import BOT
from tests.github.stand_in import StandIn
from tests.github.test_client import COMMENTS

IDENTITY = {"fleet": "demo", "kind": "plan"}


@pytest.fixture(autouse=True)
def _pull(stand_in: StandIn) -> None:
    stand_in.add_pull(payload("pull_request.opened")["pull_request"])


def page(text: str, run: int = 1, **identity: Any) -> str:
    return f"{marker_line({**IDENTITY, 'run': run, **identity})}\n{text}"


def put(api: GitHub, text: str, run: int = 1, *, create: bool = True) -> bool:
    def render(marker: Mapping[str, Any], budget: Budget) -> str:
        return page(text + (f" after {marker['run']}" if marker else ""), run)

    return put_comment(api, 2, IDENTITY, render, run=run, create=create)


def test_it_is_made_once_and_then_edited(stand_in: StandIn, api: GitHub) -> None:
    assert put(api, "first", 1)
    assert put(api, "second", 2)
    assert stand_in.bodies(2) == [page("second after 1", 2)]


def test_it_is_not_made_where_it_need_not_be(stand_in: StandIn, api: GitHub) -> None:
    assert not put(api, "no changes", create=False)
    assert stand_in.bodies(2) == []
    put(api, "changes")
    assert put(api, "no changes", 2, create=False)
    assert stand_in.bodies(2) == [page("no changes after 1", 2)]


def test_others_are_left_alone(stand_in: StandIn, api: GitHub) -> None:
    others = [
        ("hello", "octocat"),
        (page("pasted"), "octocat"),  # by somebody else
        (page("another fleet", fleet="other"), BOT),
        (page("another matter", kind="drift"), BOT),
        (f"look:\n{page('quoted')}", BOT),  # not its first line
    ]
    for body, login in others:
        stand_in.add_comment(2, body, login)
    put(api, "ours")
    assert stand_in.bodies(2) == [*(body for body, _ in others), page("ours")]


def test_it_is_found_on_a_later_page(stand_in: StandIn, api: GitHub) -> None:
    for number in range(120):
        stand_in.add_comment(2, f"comment {number}", "octocat")
    put(api, "first")
    put(api, "second", 2)
    assert [body for body in stand_in.bodies(2) if body.startswith("<!--")] == [page("second after 1", 2)]


def test_a_comment_that_was_deleted_meanwhile_is_made_anew(stand_in: StandIn, api: GitHub) -> None:
    put(api, "first")
    pages = api.pages

    def then_deleted(path: str, key: str | None = None, **query: Any) -> Any:
        found = list(pages(path, key, **query))
        stand_in.state.comments.clear()
        api.pages = pages  # type: ignore[method-assign]
        return iter(found)

    api.pages = then_deleted  # type: ignore[method-assign]  # somebody deletes it just after it was found
    put(api, "second", 2)
    assert stand_in.bodies(2) == [page("second", 2)]


def test_two_runs_at_once_leave_one_comment_the_later_run_s(stand_in: StandIn, api: GitHub) -> None:
    """Both have seen none and made one: whoever looks again first tidies up."""
    stand_in.add_comment(2, page("theirs", 5), BOT)
    seen_none = iter([True])
    pages = api.pages

    def blind_once(path: str, key: str | None = None, **query: Any) -> Any:
        return iter(()) if next(seen_none, False) else pages(path, key, **query)

    api.pages = blind_once  # type: ignore[method-assign]  # what it has seen before the other comment was made
    put(api, "ours", 7)
    assert stand_in.bodies(2) == [page("ours after 5", 7)]


def test_an_earlier_run_does_not_undo_a_later_one(stand_in: StandIn, api: GitHub) -> None:
    put(api, "later", 9)
    put(api, "earlier", 4)
    assert stand_in.bodies(2) == [page("later", 9)]


def test_a_page_that_is_too_long_is_made_smaller(stand_in: StandIn, api: GitHub) -> None:
    sizes = []

    def render(marker: Mapping[str, Any], budget: Budget) -> str:
        assert budget.characters is not None
        sizes.append(budget.characters)
        return page("x" * (66_000 if budget.characters > 50_000 else budget.characters))

    put_comment(api, 2, IDENTITY, render, run=1)
    assert sizes == [60_000, 30_000]
    assert len(stand_in.bodies(2)) == 1


def test_a_locked_conversation_is_an_error_for_the_caller(stand_in: StandIn, api: GitHub) -> None:
    stand_in.fail("POST", COMMENTS, 403, message="Unable to create comment because issue is locked.")
    with pytest.raises(GitHubError, match="issue is locked"):
        put(api, "hello")
