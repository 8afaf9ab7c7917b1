"""What a plan says of drift."""

from dataclasses import replace

import pytest

from reconciler.model.plan import GroupPlan
from reconciler.planning.drift import drift_of
from reconciler.planning.guards.facts import Facts
from tests.reporting.samples import (
    blocked_group,
    new_group,
    plan_of,
    redeployed_group,
    unchanged_group,
    updated_group,
)

LOST = "drift: it was made before and has been deleted outside"


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        (unchanged_group("rome"), None),
        (replace(updated_group("rome"), drift=True), "changed"),
        (replace(redeployed_group("rome"), drift=True), "changed"),
        (replace(new_group("rome"), drift=True, reasons=(LOST,)), "deleted"),
        (replace(unchanged_group("rome"), blocked=True), "foreign"),
        (blocked_group("rome"), "pending"),
        (new_group("rome"), "pending"),
        (updated_group("rome"), "pending"),
    ],
)
def test_kinds(group: GroupPlan, kind: str | None) -> None:
    drift = drift_of(plan_of(group), Facts())
    assert [moved.kind for moved in drift.groups] == ([kind] if kind else [])
    assert drift.clean == (0 if kind else 1)


def test_groups_whose_devices_have_not_converged() -> None:
    plan = plan_of(unchanged_group("bern"), redeployed_group("rome"), updated_group("wien"))
    drift = drift_of(plan, Facts(failing={"rome": "no memory", "wien": "…"}, waiting={"bern": "InProgress since 9"}))
    assert [(moved.name, moved.kind) for moved in drift.groups] == [
        ("bern", "not-converged"),
        ("rome", "not-converged"),
        ("wien", "pending"),
    ]
    assert drift.groups[0].reasons == ("its devices are yet to report: InProgress since 9",)
    (failing,) = drift_of(
        plan_of(unchanged_group("bern")), Facts(failing={"bern": "2 of 3 cores succeeded, 1 failed"})
    ).groups
    assert failing.reasons == ("its devices report a failure: 2 of 3 cores succeeded, 1 failed",)
    assert drift.counts == {"deleted": 0, "changed": 0, "foreign": 0, "not-converged": 2, "pending": 1}
