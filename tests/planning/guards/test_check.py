"""All guards together: a plan that is checked again, orders, and what a digest is made of."""

from dataclasses import replace
from datetime import timedelta

from reconciler.model.canonical import plain
from reconciler.model.guards import FreezeWindow, Guards, GuardSetting, Policy
from reconciler.model.plan import GuardFinding
from reconciler.planning.guards.check import Around, check_guards
from reconciler.planning.guards.facts import Facts
from reconciler.planning.guards.waivers import Waiver, lift
from reconciler.planning.plan_document import plan_document
from reconciler.planning.plan_reading import read_plan
from tests.planning.guards.plans import (
    NOW,
    PLACE,
    findings,
    fleet_of,
    group,
    many,
    names_of,
    plan_of,
    settings,
)

BLOCKED = GuardFinding("foreign-group", "error", "a: not ours")
FACTS = Facts(failing={"update-0": "disk full"}, others=frozenset("z"), knows_ours=False)
ALWAYS = FreezeWindow("always", "* * * * *", timedelta(hours=1))


def test_findings_are_no_part_of_the_digest() -> None:
    plan = plan_of(many(30))
    checked = check_guards(plan, fleet_of(plan), Around(NOW, FACTS))
    assert names_of(checked.guards) == ["deployed", "updated", "failing", "others"]
    assert checked.digest == plan.digest
    assert lift(checked, [Waiver("waive", "updated", plan.digest)]).digest == plan.digest


def test_a_plan_from_a_file_is_checked_as_one_that_was_just_made() -> None:
    plan = plan_of(many(30), (BLOCKED,))
    fleet = fleet_of(plan, replace(settings(), freeze=(ALWAYS,)))
    made = check_guards(plan, fleet, Around(NOW, FACTS))
    assert names_of(made.guards) == ["deployed", "foreign-group", "freeze", "updated", "failing", "others"]
    saved = read_plan(plain(plan_document(made)))
    assert check_guards(saved, fleet, Around(NOW)) == made


def test_what_depends_on_clock_and_settings_is_told_anew_and_waivers_of_old_are_dropped() -> None:
    plan = plan_of(many(30))
    fleet = fleet_of(plan, Guards(freeze=(replace(ALWAYS, cron="0 12 27 11 *"),), position=PLACE))
    made = check_guards(plan, fleet, Around(NOW, FACTS))
    waived = lift(made, [Waiver("waive", name, plan.digest) for name in ("updated", "deployed", "others", "freeze")])
    assert not waived.errors
    later = check_guards(waived, fleet, Around(NOW + timedelta(hours=2)))
    assert names_of(later.errors) == ["deployed", "updated"]
    off = fleet_of(plan, settings(**{name: GuardSetting(severity="off") for name in ("others", "updated", "deployed")}))
    strict = replace(
        off.fleet.guards, settings={**off.fleet.guards.settings, "failing": GuardSetting(severity="error")}
    )
    again = check_guards(
        waived, replace(off, fleet=replace(off.fleet, guards=strict)), Around(NOW + timedelta(hours=2))
    )
    assert [(finding.guard, finding.severity) for finding in again.guards] == [("failing", "error")]


def test_an_order_meets_what_the_fleet_sets_and_no_default() -> None:
    plan = plan_of([group(f"g{number}", "deploy") for number in range(30)])
    assert findings(plan, defaults=False, facts=FACTS) == []
    given = settings(deployed=GuardSetting(number=10), failing=GuardSetting(severity="warning"))
    frozen = replace(given, freeze=(ALWAYS,))
    assert names_of(findings(plan, frozen, defaults=False)) == ["deployed", "freeze"]


def test_groups_that_were_not_selected_are_of_the_fleet_all_the_same() -> None:
    plan = plan_of(many(7))
    assert findings(plan) == []
    whole = fleet_of(plan_of(many(7, unchanged=13)))
    assert names_of(check_guards(plan, whole, Around(NOW)).guards) == ["deployed", "updated"]


def test_policies_see_what_guards_found() -> None:
    plan = plan_of(many(30))
    policy = Policy("calm", "plan.guards.all(g, g.guard != 'updated')", message="not at once")
    assert "calm" in names_of(check_guards(plan, fleet_of(plan, policies=(policy,)), Around(NOW)).guards)
