import contextlib
import copy
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from reconciler.model.canonical import digest
from reconciler.model.errors import ReconcileError
from reconciler.model.plan import Action, Change, GroupPlan, GuardFinding, Plan
from reconciler.model.template import TemplateRef
from reconciler.planning.plan_document import plan_document
from reconciler.planning.plan_reading import parse_plan, read_plan
from reconciler.reporting.json_text import json_text
from tests.golden import check_golden
from tests.reporting.samples import GUARDS, blocked_group, new_group, plan_of, unchanged_group, updated_group
from tests.reporting.schemas import mismatches

SAMPLE = plan_of(
    new_group("berlin"), updated_group("bern"), blocked_group("munich"), unchanged_group("rome"), guards=GUARDS
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TEXTS = st.lists(TEXT, max_size=2).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)
MAPPINGS = st.dictionaries(TEXT, JSON, max_size=2)
GROUPS = st.builds(
    GroupPlan,
    name=TEXT,
    runtime=TEXT,
    operation=st.sampled_from(["create", "update", "delete", "deploy", "none"]),
    target=st.builds(TemplateRef, TEXT, st.integers()),
    fingerprint=TEXT,
    reasons=TEXTS,
    drift=st.booleans(),
    changes=st.lists(
        st.builds(Change, path=TEXT, kind=st.sampled_from(["add", "remove", "change"]), before=JSON, after=JSON),
        max_size=2,
    ).map(tuple),
    actions=st.lists(st.builds(Action, id=TEXT, kind=TEXT, subject=TEXT, needs=TEXTS, inputs=MAPPINGS), max_size=2).map(
        tuple
    ),
    things=TEXTS,
    live=st.dictionaries(TEXT, TEXT, max_size=2),
    carried=TEXTS,
    notes=TEXTS,
    blocked=st.booleans(),
)
PLANS = st.builds(
    Plan,
    fleet=TEXT,
    account=st.from_regex("[0-9]{12}", fullmatch=True),
    region=TEXT,
    created_at=TEXT,
    groups=st.lists(GROUPS, max_size=2).map(tuple),
    guards=st.lists(
        st.builds(
            GuardFinding,
            guard=TEXT,
            severity=st.sampled_from(["error", "warning"]),
            message=TEXT,
            limit=JSON,
            actual=JSON,
            source=TEXT,
        ),
        max_size=2,
    ).map(tuple),
    contents=st.lists(MAPPINGS, max_size=2).map(lambda found: {digest(content): content for content in found}),
)


def test_a_plan_as_json() -> None:
    check_golden(Path(__file__).parent / "golden" / "plan.json", json_text(plan_document(SAMPLE)))


def test_a_content_that_was_edited_is_refused() -> None:
    document = plan_document(SAMPLE)
    (content,) = document["contents"].values()
    content["Functions"][0]["Id"] = "other"
    with pytest.raises(ReconcileError, match=r"contents\..* does not fit its digest"):
        read_plan(document)


def test_a_content_that_was_taken_out_is_missed_before_anything_is_done() -> None:
    entry = {"thingName": "core", "document": "d0c"}
    naming: list[dict[str, object]] = [
        {"content": "c0ffee"},
        {"recipe": "4ec1"},
        {"cores": [entry]},
        {"release": [entry]},
    ]
    for inputs in naming:
        group = replace(SAMPLE.groups[0], actions=(Action("a", "deploy", "a", (), inputs),))
        document = plan_document(replace(SAMPLE, groups=(group,)))
        with pytest.raises(ReconcileError, match=r"contents\.\w+: missing, and an action needs it"):
            read_plan(document)


def test_the_sample_fits_the_schema() -> None:
    assert mismatches(plan_document(SAMPLE), "plan") == []


def test_the_contract_names_these_fields() -> None:
    document = plan_document(SAMPLE)
    top = "formatVersion fleet account region createdAt digest summary groups guards"
    assert document.keys() >= set(top.split())
    counts = "create update delete unchanged provision deploy blocked devices"
    assert document["summary"].keys() == set(counts.split())
    group = document["groups"][0]
    wanted = "name runtime operation reasons drift target fingerprint changes actions"
    assert group.keys() >= set(wanted.split())
    assert group["target"] == {"template": "line-controller", "version": 3}
    assert set(group["changes"][0]) == {"path", "kind", "before", "after"}
    assert set(group["actions"][0]) >= {"id", "kind", "subject", "needs"}
    assert set(document["guards"][0]) >= {"guard", "severity", "message", "limit", "actual", "source"}


@given(PLANS)
def test_a_plan_survives_its_file(plan: Plan) -> None:
    document = plan_document(plan)
    again = parse_plan(json_text(document).encode())
    assert again == plan
    assert plan_document(again) == document, "values that take no part in comparing changes survive, too"
    assert again.digest == plan.digest
    assert mismatches(document, "plan") == []


def test_no_field_of_the_model_is_left_out() -> None:
    document = plan_document(SAMPLE)
    group = document["groups"][0]
    for model, part in (
        (GroupPlan, group),
        (Change, group["changes"][0]),
        (Action, group["actions"][0]),
        (GuardFinding, document["guards"][0]),
    ):
        assert part.keys() == {field.name for field in fields(model)}


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = copy.deepcopy(plan_document(SAMPLE))
    change(document)
    return document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "an object is needed, found a list"),
        (None, "an object is needed, found null"),
        ({}, "formatVersion: this version of reconcile reads 1, found none"),
        (changed(lambda d: d.update(formatVersion=2)), "formatVersion: this version of reconcile reads 1, found 2"),
        (
            changed(lambda d: d.update(formatVersion=True)),
            "formatVersion: this version of reconcile reads 1, found true",
        ),
        (changed(lambda d: d.update(formatVersion="1")), 'formatVersion: this version of reconcile reads 1, found "1"'),
        (changed(lambda d: d.pop("fleet")), "fleet: missing"),
        (changed(lambda d: d.pop("summary")), "summary: missing"),
        (changed(lambda d: d.pop("digest")), "digest: missing"),
        (changed(lambda d: d.update(account=123456789012)), "account: text is needed, found 123456789012"),
        (changed(lambda d: d.update(waves=[])), "waves: unknown here: the plan was made by another version, or edited"),
        (changed(lambda d: d.update(groups={})), "groups: a list is needed, found an object"),
        (changed(lambda d: d["groups"].insert(1, "x")), 'groups[1]: an object is needed, found "x"'),
        (changed(lambda d: d["groups"][0].pop("name")), "groups[0].name: missing"),
        (changed(lambda d: d["groups"][0].update(more=1)), "groups[0].more: unknown here"),
        (changed(lambda d: d["groups"][0].update(drift=0)), "groups[0].drift: true or false is needed, found 0"),
        (
            changed(lambda d: d["groups"][0].update(operation="destroy")),
            'groups[0].operation: one of create, update, delete, deploy, none is needed, found "destroy"',
        ),
        (
            changed(lambda d: d["groups"][0].update(operation=["create"])),
            "groups[0].operation: one of create, update, delete, deploy, none is needed, found a list",
        ),
        (
            changed(lambda d: d["groups"][0]["target"].update(version=True)),
            "groups[0].target.version: a whole number is needed, found true",
        ),
        (changed(lambda d: d["groups"][0]["target"].update(hue=1)), "groups[0].target.hue: unknown here"),
        (
            changed(lambda d: d["groups"][0]["actions"][1].update(needs=[1])),
            "groups[0].actions[1].needs[0]: text is needed, found 1",
        ),
        (
            changed(lambda d: d["groups"][0]["actions"][1].update(inputs=[])),
            "groups[0].actions[1].inputs: an object is needed, found a list",
        ),
        (
            changed(lambda d: d["groups"][1].update(live=["g-1"])),
            "groups[1].live: an object is needed, found a list",
        ),
        (changed(lambda d: d["guards"][0].pop("limit")), "guards[0].limit: missing"),
        (changed(lambda d: d.update(contents={"c": "x"})), 'contents.c: an object is needed, found "x"'),
        (changed(lambda d: d.update(region="eu-west-1")), "digest: it does not fit the content"),
        (changed(lambda d: d["groups"].pop()), "digest: it does not fit the content"),
        (
            changed(lambda d: d["groups"][0]["actions"][1]["inputs"].update(thingName="other")),
            "digest: it does not fit the content",
        ),
        (changed(lambda d: d["groups"][0]["changes"][0].update(after=float("nan"))), "not a plan: "),
        (changed(lambda d: d["groups"][0].update(name="\ud800")), "not a plan: "),
    ],
)
def test_what_is_no_plan_is_refused_by_its_place(document: Any, message: str) -> None:
    with pytest.raises(ReconcileError) as caught:
        read_plan(document)
    assert caught.value.message.startswith(f"reading the plan: {message}")
    assert caught.value.exit_code == 1
    assert "reconcile plan" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the file is cut off at line 1: it ends in the middle"),
        (b'{"fleet" "demo"}', "not JSON: Expecting ':' delimiter at line 1, column 10"),
        (json_text(plan_document(SAMPLE))[:500], "the file is cut off at line "),
        (b'{"fleet": "\xff"}', "not UTF-8 text: invalid start byte at byte 11"),
        ("9" * 5000, "not a plan: "),
        ("[" * 100_000, "not a plan: nested too deeply"),
        ("[]", "an object is needed"),
    ],
)
def test_a_file_that_holds_no_plan_is_refused(text: str | bytes, message: str) -> None:
    with pytest.raises(ReconcileError) as caught:
        parse_plan(text)
    assert caught.value.message.startswith(f"reading the plan: {message}")


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists, max_leaves=3), st.data())
def test_reading_a_damaged_plan_raises_nothing_else(junk: Any, data: st.DataObject) -> None:
    document = plan_document(SAMPLE)
    places: list[tuple[Any, Any]] = []

    def collect(value: Any) -> None:
        for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            places.append((value, key))
            collect(value[key])

    collect(document)
    container, key = data.draw(st.sampled_from(places))
    container[key] = junk
    with contextlib.suppress(ReconcileError):
        read_plan(document)


def test_json_text_is_indented_unescaped_and_ends_with_a_newline() -> None:
    assert json_text({"b": "ü", "a": [1]}) == '{\n  "b": "ü",\n  "a": [\n    1\n  ]\n}\n'


def test_json_text_hides_nothing_from_a_reader_of_the_terminal() -> None:
    value = {"x": "\x1b[2J \x9b \u202e \u200b \ud800"}
    text = json_text(value)
    assert text == '{\n  "x": "\\u001b[2J \\u009b \\u202e \\u200b \\ud800"\n}\n'
    assert json.loads(text) == value


def test_json_text_refuses_what_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(float("nan"))


def provisioning(**bodies: str) -> Plan:
    """A plan that provisions a thing for each name, with that template's body."""
    actions = [
        Action(
            f"berlin/provision-thing/{name}", "provision-thing", name, inputs={"role": "device", "templateBody": body}
        )
        for name, body in bodies.items()
    ]
    (first, *_) = SAMPLE.groups
    return replace(SAMPLE, groups=(replace(first, actions=tuple(actions)),))


def test_a_template_body_that_things_have_in_common_is_written_once() -> None:
    plan = provisioning(press='{"Resources": 1}', pump='{"Resources": 1}', own='{"Resources": 2}')
    document = plan_document(plan)
    text = json_text(document)
    assert (text.count('Resources\\": 1'), text.count('Resources\\": 2')) == (1, 1)
    assert mismatches(document, "plan") == []
    again = parse_plan(text)
    assert (again, again.digest) == (plan, plan.digest)


def test_policies_find_each_body_in_its_place() -> None:
    document = plan_document(provisioning(press="{}", pump="{}"), spelled_out=True)
    assert [action["inputs"]["templateBody"] for action in document["groups"][0]["actions"]] == ["{}", "{}"]
    assert read_plan(document).digest == document["digest"], "as plans were saved before bodies were put together"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda bodies: bodies.clear(), r"templateBodies\.\w+: missing"),
        (lambda bodies: bodies.update(dict.fromkeys(bodies, "{ }")), "the plan was edited"),
        (lambda bodies: bodies.update(dict.fromkeys(bodies, 1)), "text is needed"),
        (lambda bodies: bodies.update(more="{}"), r"templateBodies\.more: unknown here"),
    ],
)
def test_template_bodies_that_were_edited_are_refused(spoil: Any, message: str) -> None:
    document = plan_document(provisioning(press="{}", pump="{}"))
    spoil(document["templateBodies"])
    with pytest.raises(ReconcileError, match=message):
        read_plan(document)


def test_a_large_document_is_written_as_a_small_one() -> None:
    document = {"numbers": list(range(20_000))}
    assert json_text(document) == json.dumps(document, indent=2) + "\n"
