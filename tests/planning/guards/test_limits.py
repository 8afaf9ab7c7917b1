"""Limits by number and share: what counts, from where on it is too much, and what the finding says."""

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from reconciler.model.guards import GuardSetting
from reconciler.model.plan import Action, Change
from reconciler.model.pruning import PRUNE_TAG
from tests.planning.guards.plans import findings, group, many, names_of, one, plan_of, settings


def test_the_default_share_holds_from_twenty_groups_on() -> None:
    assert findings(plan_of(many(19))) == []
    assert findings(plan_of(many(6, unchanged=14))) == []
    assert names_of(findings(plan_of(many(7, unchanged=13)))) == ["deployed", "updated"]


def test_a_finding_says_numbers_place_and_both_remedies() -> None:
    plan = plan_of(
        many(0, unchanged=13) + [group(f"u{number}", "update", "create-group-version") for number in range(7)]
    )
    finding = one(plan)
    assert (finding.guard, finding.severity) == ("updated", "error")
    assert (finding.limit, finding.actual, finding.source) == ("30%", 7, "fleet/fleet.yaml:7")
    assert finding.message == (
        "7 of 20 groups (35%) would be updated, and 30% (6) may be by default; set `updated: 35%` in spec.guards "
        f"(fleet/fleet.yaml:7), or let this plan alone pass with `--waive updated@{plan.digest[:12]}`"
    )


def test_the_remedy_is_enough() -> None:
    plan = plan_of(many(8, unchanged=15))
    assert "set `updated: 35%`" in findings(plan)[1].message  # 34.8 percent
    assert findings(plan, settings(updated=GuardSetting(share=35), deployed=GuardSetting(share=35))) == []
    assert names_of(findings(plan, settings(updated=GuardSetting(share=34), deployed=GuardSetting(share=35)))) == [
        "updated"
    ]


def test_a_limit_that_was_given_says_where() -> None:
    plan = plan_of(many(3))
    given = GuardSetting(number=2, source="fleet/fleet.yaml:9")
    finding = one(plan, settings(updated=given))
    assert (finding.limit, finding.actual, finding.source) == (2, 3, "fleet/fleet.yaml:9")
    assert "3 of 3 groups (100%) would be updated, and 2 may be; set `updated: 3` in spec.guards" in finding.message
    option = one(plan, settings(updated=GuardSetting(number=2, source="--guard")))
    assert option.source == "--guard"
    assert "; give `--guard updated=3`, or let this plan alone pass" in option.message


def test_a_given_share_holds_in_a_small_fleet_too() -> None:
    assert names_of(findings(plan_of(many(2, unchanged=2)), settings(updated=GuardSetting(share=49)))) == ["updated"]
    assert findings(plan_of(many(2, unchanged=2)), settings(updated=GuardSetting(share=50))) == []


def test_of_a_number_and_a_share_either_refuses() -> None:
    both = settings(updated=GuardSetting(share=50, number=2))
    assert findings(plan_of(many(2, unchanged=2)), both) == []
    assert one(plan_of(many(3, unchanged=9)), both).limit == 2
    assert one(plan_of(many(2, unchanged=1)), both).limit == "50%"


def test_creating_counts_for_nothing() -> None:
    assert findings(plan_of(many(0, created=50))) == []
    assert findings(plan_of(many(6, unchanged=14, created=50))) == []
    mostly_new = plan_of(many(7, unchanged=13, created=50))
    assert names_of(findings(mostly_new)) == ["deployed", "updated"], "new groups do not make the share smaller"


def test_blocked_and_unchanged_groups_count_for_nothing() -> None:
    assert findings(plan_of([group(f"b{number}", blocked=True) for number in range(30)])) == []


def test_marks_alone_count_for_nothing() -> None:
    assert findings(plan_of([group(f"m{number}", "update", "tag-group") for number in range(30)])) == []


@pytest.mark.parametrize("kind", ["deploy", "redeploy", "reset-deployments"])
def test_every_sort_of_deployment_counts(kind: str) -> None:
    plan = plan_of([group(f"d{number}", "deploy", kind) for number in range(20)])
    assert names_of(findings(plan)) == ["deployed"]


def test_no_group_may_be_deleted_by_default() -> None:
    plan = plan_of([group("gone", "delete"), *many(0, unchanged=4)])
    finding = one(plan)
    assert (finding.guard, finding.limit, finding.actual) == ("deleted", 0, 1)
    assert "1 of 5 groups (20%) would be deleted, and 0 may be by default; set `deleted: 1`" in finding.message
    assert findings(plan, settings(deleted=GuardSetting(number=1))) == []


@pytest.mark.parametrize(
    ("goes", "stays", "limit"), [(5, 1, None), (6, 1, 5), (7, 7, None), (18, 1, 9), (7, 13, "30%")]
)
def test_of_a_small_fleet_that_prunes_half_may_go_and_of_a_large_one_less(
    goes: int, stays: int, limit: int | str | None
) -> None:
    marked = {"tags": {PRUNE_TAG: "prune"}}
    gone = [replace(group(f"gone{number:02}", "delete"), live=marked) for number in range(goes)]
    found = findings(plan_of([*gone, *many(0, unchanged=stays)]))
    assert [(finding.guard, finding.limit) for finding in found] == ([("deleted", limit)] if limit else [])


def test_devices_are_those_that_were_there_before() -> None:
    new = tuple(Action(f"a/{number}", "provision-thing", f"new-{number}") for number in range(3))
    big = group("a", things=8)
    plan = plan_of([replace(big, actions=big.actions + new), group("b", "none", things=5)])
    assert findings(plan) == [], "there is no limit by default"
    finding = one(plan, settings(devices=GuardSetting(number=4)))
    assert (finding.limit, finding.actual) == (4, 5)
    assert "5 of 10 cores and devices (50%) would be touched, and 4 may be" in finding.message
    assert findings(plan, settings(devices=GuardSetting(share=50))) == []


def test_no_component_may_be_taken_out_by_default() -> None:
    changes = (
        Change("components[com.example.Logger]", "remove", {}, None),
        Change("components[com.example.Probe].configurationUpdate", "remove", {}, None),
        Change("functions[press]", "remove", {}, None),
    )
    finding = one(plan_of([group("a", changes=changes)]))
    assert (finding.guard, finding.limit, finding.actual) == ("components", 0, 1)
    said = "would be taken out of groups (com.example.Logger from 0 cores of a), and 0 may be by default"
    assert said in finding.message
    assert "set `components: 1`" in finding.message


def test_off_and_warning() -> None:
    plan = plan_of(many(3))
    limit = settings(updated=GuardSetting(number=2, severity="off"))
    assert findings(plan, limit) == []
    finding = one(plan, settings(updated=GuardSetting(number=2, severity="warning", source="fleet/fleet.yaml:9")))
    assert (finding.severity, finding.refuses) == ("warning", False)
    assert finding.message == "3 of 3 groups (100%) would be updated, and 2 may be"
    default = plan_of(many(20))
    found = findings(default, settings(updated=GuardSetting(severity="warning")))
    assert [(finding.guard, finding.severity) for finding in found] == [("deployed", "error"), ("updated", "warning")]


@given(st.integers(0, 24), st.integers(0, 24), st.integers(0, 24), st.integers(0, 100))
def test_a_share_refuses_exactly_above_itself(updated: int, unchanged: int, created: int, share: int) -> None:
    limits = settings(updated=GuardSetting(share=share), deployed=GuardSetting(severity="off"))
    found = findings(plan_of(many(updated, unchanged, created)), limits)
    assert bool(found) == (updated * 100 > share * (updated + unchanged))
