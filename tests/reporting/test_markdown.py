"""Pieces of Markdown: whatever comes from outside stays text."""

import pytest
from hypothesis import given, strategies as st

from reconciler.reporting.markdown import (
    Budget,
    Room,
    code,
    escaped,
    fence,
    folded,
    link,
    marker_line,
    names,
    read_marker,
    row,
    table_head,
)
from reconciler.reporting.style import clean
from tests.reporting.pages import rendered

TRICKY = [
    "`",
    "``` ",
    " a ",
    "  ",
    "a|b",
    "|",
    "\\|",
    "\\",
    "`|`",
    "<b>",
    "&amp;",
    "@octocat",
    "#1",
    "*a*",
    "](x)",
    "é",
]
texts = st.one_of(st.sampled_from(TRICKY), st.text(alphabet="`|\\<>&@#*_[]() a-\n~é\u202e", max_size=30), st.text())


@given(texts)
def test_code_in_a_table_is_one_cell_with_that_text(text: str) -> None:
    page = rendered("\n".join([*table_head(["a", "b"]), row([code(text, 10_000), "end"])]))
    assert page.cells == [2, 2]
    shown = clean(text) or "(empty)"
    assert page.code == (shown.replace("|", "") if text else "")
    assert page.prose.count("|") == shown.count("|")
    assert page.tags <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@given(texts)
def test_code_in_a_line_is_that_text(text: str) -> None:
    page = rendered(f"- by {code(text, 10_000)}: rest\n")
    assert page.tags <= {"ul", "li", "code"}
    if "|" not in text:
        assert page.code == clean(text)


@given(st.lists(texts.map(clean)))
def test_a_fence_ends_where_it_ends(lines: list[str]) -> None:
    page = rendered("\n".join([*folded(f"of {escaped('a<b>')}", fence(lines, "diff")), "after", ""]))
    assert page.code == "a<b>" + "".join(f"{line}\n" for line in lines)
    assert "after" in page.prose
    assert page.tags == {"details", "summary", "pre", "code", "p"}


@given(st.dictionaries(texts, texts))
def test_a_marker_is_found_again_and_seen_by_nobody(facts: dict[str, str]) -> None:
    facts = {clean(key): value.encode("utf-8", "replace").decode() for key, value in facts.items()}
    line = marker_line(facts)
    assert read_marker(f"{line}\r\nrest") == facts
    page = rendered(f"{line}\n### Title\n")
    assert (page.code, page.prose.strip(), len(page.comments)) == ("", "Title", 1)


@pytest.mark.parametrize(
    "body", ["", "hello", "<!-- reconcile:v1 nonsense -->", "<!-- reconcile:v1 [] -->", "\n<!-- reconcile:v1 {} -->"]
)
def test_what_is_no_marker(body: str) -> None:
    assert read_marker(body) is None


def test_long_text_is_cut_in_its_middle() -> None:
    assert code("a" * 60 + "b" * 60, 20) == f"`{'a' * 10}…{'b' * 9}`"


def test_names_beyond_those_shown_are_counted() -> None:
    assert names(["a", "b", "c"], 2) == "`a`, `b` and 1 more"
    assert names(["a", "b"], 2) == "`a`, `b`"


def test_a_link_leads_to_web_pages_alone() -> None:
    assert link("run", "https://github.com/o/r/actions/runs/1?a=b#c") == (
        "[run](<https://github.com/o/r/actions/runs/1?a=b#c>)"
    )
    for address in ("javascript:alert(1)", "https://a b", "https://a>b", ""):
        assert link("run", address) == "run"


def test_room_counts_characters_and_bytes() -> None:
    assert not Room(Budget(3, None)).take(["abc"])
    assert Room(Budget(4, None)).take(["abc"])
    assert not Room(Budget(None, 6)).take(["äöü"])
    room = Room(Budget(8, 8))
    assert room.taking([["abc"], ["d"], ["efg"], ["h"]]) == [["abc"], ["d"]]
