"""What a check keeps of a reviewed plan: by name where there is room, as marks where there is less."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.desired.load import load
from reconciler.github import group_facts
from reconciler.github.checks import LONGEST_TEXT
from reconciler.github.group_facts import plan_facts, read_marks
from reconciler.github.reviewed import Comparison, compare
from reconciler.model.desired import DesiredState
from reconciler.model.plan import Change, GroupPlan, Plan
from reconciler.reporting.markdown import marker_line
from tests.fleets import FleetFiles
from tests.reporting.samples import new_group, plan_of

NAMES = ("berlin", "bern", "munich", "paris", "rome", *(f"line-{at}" for at in range(10)))
FEW, MANY, TOO_MANY = LONGEST_TEXT, 400, 200
"""Characters that there are for the facts of these groups: by name, as marks, not at all."""


@pytest.fixture
def desired(tmp_path: Path) -> DesiredState:
    files = FleetFiles(tmp_path / "fleet").template()
    for name in NAMES:
        files.group(name, devices=1)
    files.write()
    return load(files.directory)


@pytest.fixture(params=[FEW, MANY], ids=["named", "marked"])
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(group_facts, "LONGEST_TEXT", request.param)
    return int(request.param)


def plan(*changed: GroupPlan, names: tuple[str, ...] = NAMES) -> Plan:
    others = {group.name: group for group in changed}
    return plan_of(*(others.get(name, new_group(name)) for name in names))


def kept(reviewed: Plan, desired: DesiredState) -> dict[str, Any]:
    """What a check gives back of what it was given."""
    return {key: value for facts in plan_facts(reviewed, desired) for key, value in facts.items()}


def moved(name: str, **changes: Any) -> GroupPlan:
    """The group after somebody has begun with it: another live state, fewer changes."""
    group = new_group(name)
    return replace(group, **{"fingerprint": "moved", "changes": group.changes[:2], **changes})


def edited(desired: DesiredState, name: str) -> DesiredState:
    groups = tuple(replace(group, labels={"ring": "1"}) if group.name == name else group for group in desired.groups)
    return replace(desired, groups=groups)


def test_which_form_there_is_room_for(desired: DesiredState, monkeypatch: pytest.MonkeyPatch) -> None:
    for room, form in ((FEW, {"groups"}), (MANY, {"marks"}), (TOO_MANY, set[str]())):
        monkeypatch.setattr(group_facts, "LONGEST_TEXT", room)
        facts = plan_facts(plan(), desired)
        assert all(len(marker_line(one)) <= room for one in facts)
        assert kept(plan(), desired).keys() & {"groups", "marks"} == form


def test_the_same_plan_is_covered(desired: DesiredState, room: int) -> None:
    assert compare(plan(), desired, kept(plan(), desired)).is_covered


def test_what_is_left_of_it_is_covered(desired: DesiredState, room: int) -> None:
    left = plan(moved("rome"), names=("munich", "rome"))
    assert compare(left, desired, kept(plan(), desired)).is_covered


def test_another_wish_is_not(desired: DesiredState, room: int) -> None:
    found = compare(plan(moved("rome")), edited(desired, "rome"), kept(plan(), desired))
    assert found.changed + found.unlike == ("rome",)
    assert not found.is_covered


def test_another_place_is_not(desired: DesiredState, room: int) -> None:
    elsewhere = moved("rome", changes=(Change("functions[other]", "add", None, 1),))
    found = compare(plan(elsewhere), desired, kept(plan(), desired))
    assert found.changed + found.unlike == ("rome",)
    by_name = ["- changed otherwise than reviewed: `rome`", "  - `rome` now also at `functions[other]`"]
    assert list(found.lines()) in (by_name, ["- not in the reviewed plan, or changed otherwise than reviewed: `rome`"])


def test_what_somebody_else_changed_is_not(desired: DesiredState, room: int) -> None:
    found = compare(plan(moved("rome", drift=True)), desired, kept(plan(), desired))
    assert found.changed + found.unlike == ("rome",)


def test_drift_that_was_reviewed_is_and_other_drift_is_not(desired: DesiredState, room: int) -> None:
    drifted = moved("rome", drift=True)
    facts = kept(plan(drifted), desired)
    assert compare(plan(drifted, moved("bern")), desired, facts).is_covered
    assert compare(plan(moved("rome")), desired, facts).is_covered
    found = compare(plan(replace(drifted, fingerprint="moved again")), desired, facts)
    assert found.changed + found.unlike == ("rome",)


def test_a_group_that_was_not_there_is_not(desired: DesiredState, room: int) -> None:
    found = compare(plan(), desired, kept(plan(names=NAMES[:-1]), desired))
    assert found.added + found.unlike == (NAMES[-1],)
    assert any("not in the reviewed plan" in line for line in found.lines())


def test_groups_that_are_alike_share_their_places(desired: DesiredState) -> None:
    """What is called after things, and after the group, is in the same place in each."""

    def group(name: str) -> GroupPlan:
        things = (f"{name}-core", name, f"{name}-press")
        keys = (*(f"subscriptions[{thing}-out]" for thing in things), f"devices[{name}-press].SyncShadow", "deployment")
        return replace(new_group(name), things=things, changes=tuple(Change(key, "add", None, 1) for key in keys))

    [facts] = plan_facts(plan(*map(group, NAMES)), desired)
    assert len(facts["places"]) == 1
    assert len(facts["places"][0].split()) == 3


def test_a_group_is_not_taken_for_another_one(desired: DesiredState, room: int) -> None:
    """What the files ask of a group is no mark of the group beside it."""
    [rome] = [group for group in desired.groups if group.name == "rome"]
    renamed = replace(desired, groups=(*desired.groups, replace(rome, name="sofia")))
    found = compare(plan(names=("sofia",)), renamed, kept(plan(), desired))
    assert found.added + found.unlike == ("sofia",)


def test_without_room_for_groups_the_whole_plan_counts(desired: DesiredState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_facts, "LONGEST_TEXT", TOO_MANY)
    facts = kept(plan(), desired)
    assert compare(plan(), desired, facts) == Comparison()
    assert "too large to say in what" in compare(plan(moved("rome")), desired, facts).unknown


@pytest.mark.parametrize(
    "spoilt",
    [
        {"marks": "§"},
        {"more": "§"},
        {"numbers": ""},
        {"numbers": "AAAA"},
        {"places": 7},
        {"marks": "AAAA"},
    ],
)
def test_marks_that_nobody_can_read_cover_nothing(
    spoilt: dict[str, Any], desired: DesiredState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_facts, "LONGEST_TEXT", MANY)
    facts = kept(plan(), desired)
    assert read_marks(facts) is not None
    assert read_marks({**facts, **spoilt}) is None
    assert not compare(plan(moved("rome")), desired, {**facts, **spoilt}).is_covered


@pytest.mark.parametrize(
    ("size", "room"), [(1_000, LONGEST_TEXT // 10), pytest.param(10_000, LONGEST_TEXT, marks=pytest.mark.long)]
)
def test_ten_thousand_groups_are_told_apart(
    size: int, room: int, desired: DesiredState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_facts, "LONGEST_TEXT", room)
    names = tuple(f"line-{at:05d}" for at in range(size))
    template, sample = desired.groups[0], new_group("berlin")
    many = replace(desired, groups=tuple(replace(template, name=name) for name in names))
    reviewed = replace(plan_of(), groups=tuple(replace(sample, name=name) for name in names))
    facts = plan_facts(reviewed, many)
    assert [len(marker_line(one)) <= room for one in facts] == [True, True]
    left = tuple(replace(group, fingerprint="moved") for group in reviewed.groups[size // 2 :])
    later = replace(reviewed, groups=left)
    assert compare(later, many, {**facts[0], **facts[1]}).is_covered
    found = compare(later, edited(many, names[-7]), {**facts[0], **facts[1]})
    assert found.unlike == (names[-7],)
