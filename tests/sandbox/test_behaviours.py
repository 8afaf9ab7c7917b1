"""Which rule holds for which core."""

from typing import Any

import pytest

from reconciler.sandbox.behaviours import Behaviours
from reconciler.sandbox.errors import ControlError


def outcomes(rules: dict[str, Any], *names: str) -> list[str]:
    behaviours = Behaviours()
    behaviours.replace(rules)
    return [behaviours.behaviour_of(name).outcome for name in names]


def test_untold_cores_succeed_at_once() -> None:
    behaviour = Behaviours().behaviour_of("anyone")
    assert (behaviour.outcome, behaviour.delay, behaviour.told) == ("succeed", 0.0, False)


def test_the_last_pattern_that_fits_wins() -> None:
    rules = {"berlin-*": {"outcome": "fail"}, "*-core": {"outcome": "stuck"}}
    assert outcomes(rules, "berlin-1", "berlin-1-core", "bonn-core", "bonn") == ["fail", "stuck", "stuck", "succeed"]


def test_an_exact_name_beats_any_pattern() -> None:
    rules = {"berlin-1": {"outcome": "offline"}, "berlin-*": {"outcome": "fail"}}
    assert outcomes(rules, "berlin-1", "berlin-2") == ["offline", "fail"]


def test_other_rules_replace_all_that_were() -> None:
    behaviours = Behaviours()
    behaviours.replace({"a": {"outcome": "fail", "error": "no", "delay": 2}})
    told = behaviours.behaviour_of("a")
    assert (told.outcome, told.error, told.delay, told.told) == ("fail", "no", 2.0, True)
    behaviours.replace({"b": {"outcome": "fail"}})
    assert behaviours.behaviour_of("a").outcome == "succeed"


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([], "JSON object"),
        (None, "JSON object"),
        ({"a": "fail"}, "a: the rule is a JSON object"),
        ({"a": {"outcome": "explode"}}, "a: the outcome is one of succeed, fail, offline, stuck, not 'explode'"),
        ({"a": {"outcom": "fail"}}, "a: unknown key outcom"),
        ({"a": {"delay": -1}}, "a: the delay"),
        ({"a": {"delay": "2"}}, "a: the delay"),
        ({"a": {"delay": True}}, "a: the delay"),
        ({"a": {"delay": float("inf")}}, "a: the delay"),
        ({"a": {"error": 5}}, "a: the error is a text"),
        ({"a": {"platform": "linux"}}, "a: the platform is a JSON object such as"),
        ({"a": {"platform": {"os": 1}}}, "a: the platform is a JSON object such as"),
    ],
)
def test_bad_rules_are_named_and_change_nothing(rules: Any, message: str) -> None:
    behaviours = Behaviours()
    behaviours.replace({"kept": {"outcome": "stuck"}})
    with pytest.raises(ControlError, match=message):
        behaviours.replace(rules)
    assert behaviours.behaviour_of("kept").outcome == "stuck"
