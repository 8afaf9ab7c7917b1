"""Editing a document changes what it says, and no line that says something else."""

import json
from difflib import unified_diff
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st

from reconciler.desired.layout import parts_of
from reconciler.desired.located import plain
from reconciler.desired.parse import parse
from reconciler.desired.problems import Problems
from reconciler.desired.rewrite import rewritten
from reconciler.desired.yaml_text import document

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12) | st.sampled_from(
    [
        "",
        "yes",
        "1.2.4",
        "1e3",
        "014",
        "${thingArn}",
        "a: b",
        "- x",
        "#",
        "two\nlines\n",
        " x",
        "0x1f",
        "null",
        "~",
        "'",
    ]
)
KEYS = st.sampled_from(["a", "b", "c", "1", "*", "<", "Id", "thingName", "two words", "no"])
SCALARS = TEXT | st.none() | st.booleans() | st.integers(-9, 999) | st.floats(-9, 9, allow_nan=False)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=5)
NAMED = st.lists(
    st.builds(
        lambda name, more: {"Id": name, **more},
        st.sampled_from("abcde"),
        st.dictionaries(st.sampled_from(["x", "y"]), SCALARS, max_size=2),
    ),
    max_size=5,
    unique_by=lambda item: item["Id"],
)


def read(text: str) -> Any:
    problems = Problems()
    (found,), whole = parse(text, "a.yaml", problems)
    assert whole
    assert not len(problems), problems.all()
    return plain(found.root)


def changed(text: str, after: Any) -> str:
    (part,) = parts_of(text)
    return rewritten(text, part, read(text), after)


def same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(DOCUMENTS)
def test_a_document_is_read_back_as_it_was(value: Any) -> None:
    assert same(read(document(value)), value)
    json.dumps(yaml.safe_load(document(value)))  # other readers take it, too


@given(DOCUMENTS, DOCUMENTS, NAMED, NAMED)
def test_any_change_is_made(before: Any, after: Any, things: Any, others: Any) -> None:
    before, after = before | {"things": things}, after | {"things": others}
    assert same(read(changed(document(before), after)), after)
    flow = f"# all of it\n{json.dumps(before, ensure_ascii=False)}   # so it is\n"
    assert same(read(changed(flow, after)), after)


GROUP = """\
# yaml-language-server: $schema=../group.schema.json
kind: Group      # what else
metadata: {name: a, labels: {site: "berlin"}}
spec:
  template: {name: line,   version: 1}   # the target version

  cores:
    # the one by the door
    - thingName: a-core
      parameters: {Serial: 'A-1'}   # on its plate
  devices:
    - {thingName: a-press}
    # the spare one
    - thingName: a-scale
      syncShadow: false

    - {thingName: a-cam,   cores: [a-core, b-core]}   # above
  # of this group
  configuration:
    com.example.Logger: {level: debug,
                         keep: 7}
    com.example.Press:
      text: |
        one
        two
# the end
"""


def lines_changed(after: Any) -> list[str]:
    """The lines of a diff of ``GROUP`` with it saying ``after``, without the lines around."""
    text = changed(GROUP, after)
    assert same(read(text), after)
    return [
        line
        for line in unified_diff(GROUP.split("\n"), text.split("\n"), n=0, lineterm="")
        if line[:2] not in {"--", "++", "@@"}
    ]


def group(**spec: Any) -> Any:
    value = read(GROUP)
    value["spec"] |= spec
    return {**value, "spec": {key: item for key, item in value["spec"].items() if item is not None}}


def configured(**components: Any) -> Any:
    value = read(GROUP)["spec"]["configuration"] | {f"com.example.{name}": item for name, item in components.items()}
    return group(configuration={name: item for name, item in value.items() if item is not None})


DEVICES = read(GROUP)["spec"]["devices"]


@pytest.mark.parametrize(
    ("after", "lines"),
    [
        (group(), []),
        (
            group(template={"name": "line", "version": 2}),
            ["-  template: {name: line,   version: 1}   # the target version",
             "+  template: {name: line,   version: 2}   # the target version"],
        ),
        (group(adopt=True), ["+  adopt: true"]),
        (group(devices=DEVICES[:1] + DEVICES[2:]),
            ["-    # the spare one", "-    - thingName: a-scale", "-      syncShadow: false"]),
        (group(devices=[*DEVICES, {"thingName": "new", "syncShadow": False}]),
            ["+    - {thingName: new, syncShadow: false}"]),
        (group(devices=[DEVICES[0], {"thingName": "a-scale"}, DEVICES[2]]), ["-      syncShadow: false"]),
        (group(devices=[*DEVICES[:2], {"thingName": "a-cam"}]),
            ["-    - {thingName: a-cam,   cores: [a-core, b-core]}   # above", "+    - {thingName: a-cam}   # above"]),
        (group(devices=[*DEVICES[:2], {"thingName": "a-cam", "cores": ["b-core"]}]),
            ["-    - {thingName: a-cam,   cores: [a-core, b-core]}   # above",
             "+    - {thingName: a-cam,   cores: [b-core]}   # above"]),
        (configured(Logger={"level": "info", "keep": 7}),
            ["-    com.example.Logger: {level: debug,", "+    com.example.Logger: {level: info,"]),
        (configured(Logger={"level": "debug"}),
            ["-    com.example.Logger: {level: debug,", "-                         keep: 7}",
             "+    com.example.Logger: {level: debug}"]),
        (configured(Press=None), ["-    com.example.Press:", "-      text: |", "-        one", "-        two"]),
        (configured(Press={"text": "one\ntwo\n", "more": {"a": [1, 2]}}), ["+      more:", "+        a: [1, 2]"]),
        (group(devices=None, deployment={"state": "reset"}),
            [f"-{line}" for line in GROUP.split("\n")[10:17]] + ["+  deployment: {state: reset}"]),
        (group(cores=[{"thingName": "a-core"}]), ["-      parameters: {Serial: 'A-1'}   # on its plate"]),
    ],
)  # fmt: skip
def test_only_the_lines_that_say_it_change(after: Any, lines: list[str]) -> None:
    assert lines_changed(after) == lines


def test_line_ends_stay_as_they_are() -> None:
    text = GROUP.replace("\n", "\r\n")
    after = group(adopt=True, devices=DEVICES[:2])
    assert changed(text, after) == changed(GROUP, after).replace("\n", "\r\n")


def test_what_an_anchor_repeats_is_not_changed_with_it() -> None:
    text = "a: &x {p: 1, q: 2}   # one\nb: *x   # two\nc:\n  <<: *x\n  r: 3\n"
    assert changed(text, {**read(text), "b": {"p": 1, "q": 5}}).split("\n")[1] == "b: {p: 1, q: 5}   # two"
    assert changed(text, {**read(text), "c": {"p": 1, "q": 5, "r": 3}}) == f"{text}  q: 5\n"
    after = {**read(text), "a": {"p": 7, "q": 2}}
    assert read(changed(text, after)) == after
    after = {**read(text), "c": {"p": 1, "r": 3}}
    assert read(changed(text, after)) == after
