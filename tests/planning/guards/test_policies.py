"""Checks of the user's own: in CEL, in Python, and what becomes of those that do not work."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st

from reconciler.model.guards import Policy, PolicyWaiver
from reconciler.model.plan import GuardFinding, Plan
from reconciler.model.position import Position
from reconciler.planning.guards.check import Around, check_guards
from reconciler.planning.guards.policies import PythonPolicy
from tests.planning.guards.plans import NOW, fleet_of, many, plan_of

PLAN = plan_of(many(2, unchanged=1))
AT = Position("fleet/fleet.yaml", 20, 5)


def check(*policies: Policy, plan: Plan = PLAN, **installed: PythonPolicy) -> list[GuardFinding]:
    return list(check_guards(plan, fleet_of(plan, policies=policies), Around(NOW, installed=installed)).guards)


def cel(expression: str, **more: Any) -> Policy:
    return Policy("mine", expression, position=AT, **more)


def test_an_expression_that_is_true_says_nothing() -> None:
    assert check(cel("plan.groups.all(g, g.operation != 'delete') && plan.summary.update == 2")) == []
    assert check(cel("now < timestamp('2026-11-27T12:00:01Z') && plan.digest != ''")) == []


def test_an_expression_that_is_false() -> None:
    (finding,) = check(cel("size(plan.groups) > 3", message="too few"))
    assert (finding.guard, finding.severity, finding.source) == ("mine", "error", "fleet/fleet.yaml:20")
    assert finding.message == f"too few; `--waive mine@{PLAN.digest[:12]}` lets this plan alone pass"
    (untold,) = check(cel("size(plan.groups) > 3"))
    assert untold.message.startswith("not true: size(plan.groups) > 3; ")


def test_severities() -> None:
    (warning,) = check(cel("false", severity="warning", message="hm"))
    assert (warning.severity, warning.message, warning.refuses) == ("warning", "hm", False)
    (asked,) = check(cel("false", severity="needs-approval", message="two people"))
    assert asked.refuses
    assert asked.message == f"two people; `--approve mine@{PLAN.digest[:12]}` lets this plan alone pass"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("1 +", "its expression fails: Failed to parse expression '1 +'"),
        ("size(plan.groups)", "its expression is neither true nor false, but int"),
        ("plan.nonsense == 1", "its expression fails: there is no 'nonsense'"),
        ("nonsense", "its expression fails: Undefined variable or function: 'nonsense'"),
        ("1 / 0 == 1", "its expression fails: division by zero"),
        ("plan.groups[99].name == ''", "its expression fails: index out of bounds"),
        ("'a' + 1 == ''", "its expression fails: Unsupported operation"),
        ("(" * 5000 + "true" + ")" * 5000, "nested deeper than 32 brackets"),
    ],
)
def test_an_expression_that_does_not_work_refuses(expression: str, why: str) -> None:
    (finding,) = check(cel(expression, severity="error"))
    assert finding.refuses
    assert finding.message.startswith("the policy could not be checked: ")
    assert why in finding.message
    assert "\n" not in finding.message


@given(st.text(max_size=40))
def test_any_expression_is_a_finding_at_most(expression: str) -> None:
    assert len(check(cel(expression))) <= 1


def test_a_fleet_with_expressions_needs_cel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cel", None)
    (finding,) = check(cel("true"))
    assert "CEL is not installed: pip install 'greengrass-reconciler[policies]'" in finding.message


def test_a_plan_that_does_nothing_breaks_no_policy() -> None:
    assert check(cel("false"), plan=plan_of(many(0, unchanged=2)), other=lambda _: ["no"]) == []


def test_python_policies_yield_texts_and_mappings() -> None:
    def policy(document: dict[str, Any]) -> Iterator[Any]:
        for group in document["groups"]:
            if group["operation"] == "update":
                yield f"{group['name']} is updated"
        yield {"message": "look at it", "severity": "warning"}

    found = check(strict=policy)
    assert [(finding.guard, finding.severity, finding.message.partition(";")[0]) for finding in found] == [
        ("strict", "error", "update-0 is updated"),
        ("strict", "error", "update-1 is updated"),
        ("strict", "warning", "look at it"),
    ]


def test_a_policy_gets_a_copy_of_the_plan() -> None:
    def vandal(document: dict[str, Any]) -> Iterable[str]:
        document["groups"][0]["actions"].clear()
        document.clear()
        return []

    before = PLAN.digest
    assert check(a=vandal, b=vandal) == []
    assert PLAN.digest == before


def raising(_: Any) -> Iterable[str]:
    raise RuntimeError("no network")


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (raising, "it raised RuntimeError: no network"),
        (lambda _: [3], "it yielded int, and not a text or a mapping with a message"),
        (lambda _: [{"text": "x"}], "it yielded dict, and not a text"),
        (lambda _: [{"message": "x", "severity": "fatal"}], "it yielded the severity 'fatal'"),
        (lambda _: 3, "it raised TypeError"),
    ],
)
def test_a_python_policy_that_does_not_work_refuses(policy: Callable[[Any], Any], why: str) -> None:
    (finding,) = check(broken=policy)
    assert finding.refuses
    assert finding.message.startswith("the policy could not be checked: ")
    assert why in finding.message


def test_the_file_says_how_severe_an_installed_policy_is_and_that_it_is_wanted() -> None:
    (finding,) = check(Policy("strict", severity="warning", position=AT), strict=lambda _: ["no"])
    assert (finding.severity, finding.source) == ("warning", "fleet/fleet.yaml:20")
    (missing,) = check(Policy("strict", position=AT))
    assert missing.refuses
    assert "no installed package has an entry point of its name" in missing.message


@pytest.mark.parametrize("name", ["updated", "client-devices"])
def test_an_entry_point_cannot_pass_for_a_guard(name: str) -> None:
    (finding,) = check_guards(PLAN, fleet_of(PLAN), Around(NOW, installed={name: lambda _: []})).guards
    assert f"bears the name of the guard {name}" in finding.message


def waiver(day: str) -> PolicyWaiver:
    return PolicyWaiver(date.fromisoformat(day), "line 3 is rebuilt", Position("fleet/fleet.yaml", 24, 9))


def test_a_waiver_in_the_file_counts_until_its_last_day() -> None:
    for day in ("2026-11-27", "2027-01-01"):
        (finding,) = check(cel("false", message="no", waivers=(waiver(day),)))
        assert not finding.refuses
        assert finding.waived == f"fleet/fleet.yaml:24 until {day}: line 3 is rebuilt"
    (over,) = check(cel("false", message="no", waivers=(waiver("2026-11-26"),)))
    assert over.refuses
    assert "no; its waiver is over since 2026-11-26 (fleet/fleet.yaml:24: line 3 is rebuilt); `--waive mine@" in (
        over.message
    )


def test_a_newer_waiver_takes_the_place_of_one_that_is_over() -> None:
    (finding,) = check(cel("false", waivers=(waiver("2026-01-01"), waiver("2026-12-31"))))
    assert "2026-12-31" in finding.waived
    assert "over" not in finding.message
