"""Guards that look for one state of things."""

from reconciler.model.guards import GuardSetting
from reconciler.model.plan import Change
from reconciler.planning.guards.check import Around, check_guards
from reconciler.planning.guards.facts import Clash, Facts
from tests.planning.guards.plans import (
    NOW,
    findings,
    fleet_of,
    group,
    many,
    one,
    plan_of,
    settings,
    tag_change,
)

ALLOWED = settings(deleted=GuardSetting(severity="off"))


def test_deleting_while_the_files_declare_nothing() -> None:
    plan = plan_of([group("a", "delete"), group("b", "delete")])
    finding = one(plan, ALLOWED)
    assert (finding.guard, finding.severity, finding.actual) == ("empty", "error", 2)
    assert "the files declare no group at all, and 2 would be deleted (a, b): the path may be wrong" in finding.message
    assert findings(plan_of([group("a", "delete"), group("b", "none")]), ALLOWED) == []
    assert check_guards(plan_of(()), fleet_of(plan_of(())), Around(NOW)).guards == ()


STRANGERS = Facts(others=frozenset({"z", "y"}), knows_ours=False)


def test_a_first_apply_among_groups_of_others() -> None:
    plan = plan_of(many(0, created=1))
    finding = one(plan, facts=STRANGERS)
    assert (finding.guard, finding.severity, finding.actual) == ("others", "warning", 2)
    assert (
        "fleet demo was never applied to account 123456789012 in eu-central-1, where others have 2 groups (y, z)"
        in (finding.message)
    )
    assert findings(plan, settings(others=GuardSetting(severity="off")), facts=STRANGERS) == []
    assert findings(plan_of(many(0, unchanged=1)), facts=STRANGERS) == [], "nothing would be done"


def test_groups_of_others_are_no_news_to_a_fleet_that_was_applied_before() -> None:
    plan = plan_of(many(0, created=1))
    assert findings(plan, facts=Facts(others=frozenset("z"), knows_ours=True)) == []
    assert findings(plan, facts=Facts(knows_ours=False)) == []


EDITED = (tag_change("template-digest", "old", "new"),)


def test_a_template_version_that_was_edited_after_its_release() -> None:
    plan = plan_of([group(name, changes=EDITED) for name in "abcdefg"])
    finding = one(plan)
    assert (finding.guard, finding.source, finding.actual) == ("edited", "fleet/line.yaml:2", "line 1")
    assert finding.message.startswith(
        "template line 1 (fleet/line.yaml:2) was edited after its release: 7 groups are at it (a, b, c, d, e and 2 "
        "more); undo that, and give what is new a version of its own; set `edited: off`"
    )


def test_another_version_or_template_says_something_else_of_course() -> None:
    for tag in ("template-version", "template"):
        assert findings(plan_of([group("a", changes=(*EDITED, tag_change(tag, "1", "2")))])) == []
    first = Change("tags.reconciler:template-digest", "add", None, "new")
    assert findings(plan_of([group("a", changes=(first,))])) == [], "nothing is known of what it said before"


FAILING = Facts(failing={"a": "disk full", "c": ""})


def test_a_deployment_to_failing_devices_is_a_warning() -> None:
    plan = plan_of([group("a"), group("b"), group("c", "update", "create-group-version")])
    finding = one(plan, facts=FAILING)
    assert (finding.guard, finding.severity, finding.actual) == ("failing", "warning", 1)
    assert finding.message == (
        "1 group would be sent a deployment while its last one has failed (a; a says: disk full)"
    )
    strict = one(plan, settings(failing=GuardSetting(severity="error")), facts=FAILING)
    assert strict.refuses
    assert "set `failing: warning` in spec.guards" in strict.message
    assert findings(plan, settings(failing=GuardSetting(severity="off")), facts=FAILING) == []


def test_facts_of_two_runtimes_are_put_together() -> None:
    both = Facts({"a": "x"}, frozenset({"o"}), knows_ours=False) | Facts({"b": "y"}, frozenset({"p"}), knows_ours=False)
    assert both == Facts({"a": "x", "b": "y"}, frozenset({"o", "p"}), knows_ours=False)
    assert (both | Facts(knows_ours=True)).knows_ours, "a fleet that was applied in one runtime was applied"


CLASHING = Facts(clashes=(Clash("a asks for x 2.0.0 on 1 core (c), where all asks for 1.0.0", 1),))


def test_what_would_fail_for_what_others_deploy_is_refused() -> None:
    plan = plan_of(many(0, created=1))
    finding = one(plan, facts=CLASHING)
    assert (finding.guard, finding.severity, finding.actual) == ("clashing", "error", 1)
    assert finding.message.startswith(
        "a asks for x 2.0.0 on 1 core (c), where all asks for 1.0.0; set `clashing: warning`"
    )
    assert one(plan, settings(clashing=GuardSetting(severity="warning")), facts=CLASHING).severity == "warning"
    assert findings(plan, settings(clashing=GuardSetting(severity="off")), facts=CLASHING) == []
