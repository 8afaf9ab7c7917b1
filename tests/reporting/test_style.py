import pytest
from hypothesis import given, strategies as st

from reconciler.reporting.style import Style, can_encode_unicode, clean, wants_colour


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ünïcode → and 日本", "plain text, ünïcode → and 日本"),
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("a\tb", "a\\tb"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("bell\x07null\x00", "bell\\x07null\\x00"),
        ("admin\u202etxt.exe", "admin\\u202etxt.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("line\u2028separator", "line\\u2028separator"),
        ("half \ud800 surrogate", "half \\ud800 surrogate"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("wide\u3000space", "wide\u3000space"),
    ],
)
def test_clean_shows_what_a_terminal_would_obey(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text())
def test_clean_text_is_one_encodable_line_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned.splitlines()) <= 1
    assert "\x1b" not in cleaned
    assert clean(cleaned) == cleaned
    cleaned.encode()


@given(st.text())
def test_text_without_unicode_is_ascii(text: str) -> None:
    assert Style(unicode=False).text(text).isascii()


def test_without_colour_nothing_is_added() -> None:
    style = Style()
    for paint in (style.add, style.change, style.remove, style.deploy, style.warn, style.dim, style.bold, style.sign):
        assert paint("+") == "+"


def test_with_colour_text_is_painted_and_reset() -> None:
    style = Style(colour=True)
    assert style.add("new") == "\x1b[32mnew\x1b[0m"
    assert style.sign("-") == style.remove("-") == "\x1b[31m-\x1b[0m"
    assert style.add("") == ""


def test_ascii_has_its_own_arrow_and_ellipsis() -> None:
    assert (Style(unicode=False).arrow, Style(unicode=False).ellipsis) == ("->", "...")


@pytest.mark.parametrize(
    ("choice", "environment", "is_terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"FORCE_COLOR": ""}, False, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_who_decides_about_colour(choice: str, environment: dict[str, str], is_terminal: bool, wanted: bool) -> None:
    assert wants_colour(choice, environment=environment, is_terminal=is_terminal) is wanted  # type: ignore[arg-type]  # parametrised


@pytest.mark.parametrize(
    ("encoding", "can"), [("utf-8", True), ("UTF8", True), ("ascii", False), ("latin-1", False), (None, False)]
)
def test_only_utf8_streams_get_more_than_ascii(encoding: str | None, can: bool) -> None:
    assert can_encode_unicode(encoding) is can
