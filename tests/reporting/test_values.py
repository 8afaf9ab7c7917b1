from typing import Any

import pytest
from hypothesis import given, strategies as st

from reconciler.model.plan import KNOWN_AFTER_APPLY
from reconciler.reporting.style import Style
from reconciler.reporting.values import before_after, cut_middle, entity_text, short_value, value_text

STYLE = Style()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (None, "null"),
        (True, "true"),
        ("3", '"3"'),
        ('say "hi"\n', '"say \\"hi\\"\\n"'),
        ("\x1b[31m", '"\\u001b[31m"'),
        ("\x9b", '"\\x9b"'),
        ({"b": (1, 2), "a": "ü"}, '{"a": "ü", "b": [1, 2]}'),
        (KNOWN_AFTER_APPLY, "(known after apply)"),
    ],
)
def test_value_text(value: Any, text: str) -> None:
    assert value_text(value, STYLE) == text


def test_long_values_are_cut_in_the_middle() -> None:
    text = short_value("a" * 80 + "b" * 80, STYLE)
    assert text == '"' + "a" * 49 + "…" + "b" * 48 + '"'
    assert len(text) == 100
    assert short_value("a" * 160, STYLE, width=None) == '"' + "a" * 160 + '"'


def test_cut_without_unicode_uses_dots() -> None:
    assert cut_middle("a" * 20, Style(unicode=False), width=11) == "aaaa...aaaa"


def test_entity_leaves_out_the_id_that_its_line_names() -> None:
    assert entity_text({"Id": "up", "Target": "cloud"}, STYLE) == '{"Target": "cloud"}'
    assert entity_text("text", STYLE) == '"text"'


def test_short_values_stand_whole_beside_each_other() -> None:
    assert before_after(3, 5, STYLE) == "3 → 5"
    assert before_after("3", 3, Style(unicode=False)) == '"3" -> 3'


def test_of_long_values_the_part_that_differs_is_shown() -> None:
    shown = before_after("x" * 300 + "OLD" + "y" * 300, "x" * 300 + "NEW" + "y" * 300, STYLE)
    assert shown == "…" + "x" * 12 + "OLD" + "y" * 12 + "… → …" + "x" * 12 + "NEW" + "y" * 12 + "…"


def test_a_part_put_into_a_long_value_is_shown() -> None:
    shown = before_after("x" * 300, "x" * 150 + "NEW" + "x" * 150, STYLE)
    assert "NEW" in shown


@given(JSON, JSON)
def test_whatever_differs_looks_different_and_fits(before: Any, after: Any) -> None:
    shown = before_after(before, after, STYLE)
    old, new = shown.split(" → ", 1) if shown.count(" → ") == 1 else ("", "?")
    if value_text(before, STYLE) != value_text(after, STYLE):
        assert old != new
    assert len(shown) <= 2 * 104 + 3
    assert len(shown.splitlines()) == 1


@given(st.text(alphabet="ab", min_size=90, max_size=400), st.text(alphabet="ab", min_size=90, max_size=400))
def test_long_values_of_few_letters_never_look_equal(before: str, after: str) -> None:
    if before != after:
        old, new = before_after(before, after, STYLE).split(" → ")
        assert old != new
