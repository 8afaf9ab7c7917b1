from typing import Any

import pytest

from reconciler.desired.located import plain
from reconciler.desired.parse import MAX_DEPTH, parse
from reconciler.desired.problems import Problems
from reconciler.model.errors import Problem


def read(text: str) -> Any:
    problems = Problems()
    documents, whole = parse(text, "f.yaml", problems)
    assert whole
    assert problems.all() == ()
    return [plain(document.root) for document in documents]


def problems_of(text: str) -> list[Problem]:
    problems = Problems()
    parse(text, "f.yaml", problems)
    return sorted(problems.all())


def told(text: str) -> list[tuple[int, int, str]]:
    return [(found.position.line, found.position.column, found.rule) for found in problems_of(text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("~", None),
        ("null", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("014", 14),
        ("0o14", "0o14"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("9" * 101, "9" * 101),
        ("1.2.4", "1.2.4"),
        ("12:30:45", "12:30:45"),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ('!!int "12"', 12),
        ("!!float 1", 1.0),
        ("! 12", "12"),
        ("=", "="),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text: str, value: object) -> None:
    ((found,),) = [list(document.values()) for document in read(f"a: {text}\n")]
    assert (type(found), found) == (type(value), value)


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read("1: a\ntrue: b\non: c\n2026-01-01: d\n") == [{"1": "a", "true": "b", "on": "c", "2026-01-01": "d"}]


def test_documents_without_content_are_left_out() -> None:
    assert read("") == []
    assert read("# nothing\n") == []
    assert read("---\n---\na: 1\n---\n# nothing\n") == [{"a": 1}]


def test_windows_line_ends_are_fine() -> None:
    assert read("a: 1\r\nb:\r\n  - c\r\n") == [{"a": 1, "b": ["c"]}]


def test_anchors_and_merge_keys_work() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 0}\nw: {b: 9, <<: *x}\nv: *x\n"
    assert read(text) == [
        {
            "x": {"a": 1, "b": 2},
            "y": {"b": 3, "c": 4},
            "z": {"a": 0, "b": 2, "c": 4},
            "w": {"b": 9, "a": 1},
            "v": {"a": 1, "b": 2},
        }
    ]
    assert read('a: {"<<": 1}') == [{"a": {"<<": 1}}]


def test_what_is_merged_keeps_its_place() -> None:
    documents, _ = parse("x: &x\n  a: 1\ny:\n  <<: *x\n", "f.yaml", Problems())
    root = documents[0].root
    assert str(root["y"].position("a")) == "f.yaml:2:6"
    assert str(root["y"].key_position("a")) == "f.yaml:2:3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", [(3, 1, "duplicate-key")]),
        ("a: {b: 1, b: 2, b: 3}\n", [(1, 11, "duplicate-key"), (1, 17, "duplicate-key")]),
        ("a: !!python/object/apply:os.system ['echo']\n", [(1, 4, "unknown-tag")]),
        ("a: !Ref b\n", [(1, 4, "unknown-tag")]),
        ("a: !!timestamp 2026-01-01\n", [(1, 4, "unknown-tag")]),
        ("a: !!binary aGk=\n", [(1, 4, "unknown-tag")]),
        ("a: !!int x\n", [(1, 4, "unknown-tag")]),
        ("a: !x!y z\n", [(1, 4, "unknown-tag")]),
        ("!!python/name:os.system : a\n", [(1, 1, "unknown-tag")]),
        ("? \n: a\n", [(1, 2, "key-not-text")]),
        ("? [a, b]\n: c\n", [(1, 3, "key-not-text")]),
        ("a: {{ b }}\n", [(1, 5, "key-not-text")]),
        (": a\n", [(1, 1, "yaml-syntax")]),
        ("a: *b\n", [(1, 4, "unknown-anchor")]),
        ("a: &a [*a]\n", [(1, 8, "recursive-alias")]),
        ("a: &a {b: *a}\n", [(1, 11, "recursive-alias")]),
        ("a: {<<: 1}\n", [(1, 9, "bad-merge")]),
        ("a: {<<: [1]}\n", [(1, 9, "bad-merge")]),
        ("a:\n\tb: 1\n", [(2, 1, "tab-indentation")]),
        ("a: b\n\tc: d\n", [(2, 1, "tab-indentation")]),
        ("a: |\n\tx\n", [(2, 1, "tab-indentation")]),
        ("a:\n  b: 1\n \tc: 1\n", [(3, 2, "tab-indentation")]),
        ("a: [1, 2", [(2, 1, "truncated-file")]),
        ("a: {b: 1,\n", [(2, 1, "truncated-file")]),
        ('a: "b\n', [(2, 1, "truncated-file")]),
        ("a: b: c\n", [(1, 5, "yaml-syntax")]),
        ("a: @b\n", [(1, 4, "yaml-syntax")]),
        ("a:\n  - b\n c: d\n", [(3, 2, "yaml-syntax")]),
        ("a: {b: ${c}}\n", [(1, 9, "yaml-syntax")]),
        ("%YAML 1.3\n---\na: 1\n", [(1, 1, "yaml-syntax")]),
        ("a: 1\n--- \nb: [\n", [(4, 1, "truncated-file")]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, expected: list[tuple[int, int, str]]) -> None:
    assert told(text) == expected
    assert all(found.hint for found in problems_of(text))


def test_messages_say_what_is_meant() -> None:
    (tab,) = problems_of("a:\n\tb: 1\n")
    assert str(tab) == "f.yaml:2:1: [tab-indentation] line 2 is indented with a tab; indent with spaces"
    (end,) = problems_of("a:\n  - [1\n")
    assert (
        str(end)
        == "f.yaml:3:1: [truncated-file] the file ends inside the [ list that begins in line 2; close it, or get the file's missing end back"  # noqa: E501 # one line
    )
    (tag,) = problems_of("a: !!python/object:x.Y {}\n")
    assert "the tag !!python/object:x.Y has no meaning here" in tag.message


def test_documents_before_a_broken_one_are_kept() -> None:
    documents, whole = parse("a: 1\n---\nb: [\n", "f.yaml", Problems())
    assert [document.root for document in documents] == [{"a": 1}]
    assert not whole


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[{a: "])
def test_deep_nesting_is_refused_and_harmless(opening: str) -> None:
    assert [rule for *_, rule in told(opening * 100_000)] == ["nesting-too-deep"]


def test_nesting_up_to_the_limit_is_fine() -> None:
    value = read("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for _ in range(MAX_DEPTH):
        (value,) = value
    assert value == []


def test_nesting_by_aliases_counts() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 500)]
    assert [rule for *_, rule in told("\n".join(lines))] == ["nesting-too-deep"]


def test_an_alias_bomb_is_counted_and_never_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40)]
    (found,) = problems_of("\n".join(lines))
    assert (found.rule, found.position.line) == ("alias-bomb", 5)
    assert "aliases blow this document up to more than 100,000 values" in found.message


def test_merges_of_merges_count_as_aliases() -> None:
    first = "a0: &a0 {" + ", ".join(f"k{n}: 1" for n in range(100)) + "}"
    lines = [first, *(f"b{n}: {{<<: *a0}}" for n in range(2000))]
    assert [rule for *_, rule in told("\n".join(lines))] == ["alias-bomb"]


def test_everyday_aliases_are_fine_however_many() -> None:
    text = "x: &x {a: 1}\ny:\n" + "".join(f"  - {{<<: *x, n: {n}}}\n" for n in range(20_000))
    assert len(read(text)[0]["y"]) == 20_000
