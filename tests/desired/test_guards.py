"""Guards and policies in a Fleet: what they mean, and what is wrong with them, at its place."""

from datetime import timedelta
from typing import Any

import pytest

from reconciler.desired.guards import parse_setting
from reconciler.model.guards import Guards, GuardSetting

FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: demo}
spec:
  account: "123456789012"
  region: eu-central-1
"""


def fleet(text: str) -> dict[str, str]:
    return {"fleet.yaml": FLEET + text}


def test_what_a_fleet_sets(fleets: Any) -> None:
    text = """\
  guards:
    updated: 50%
    deleted: 3
    deployed: 30%, 100
    devices: 2000, warning
    failing: error
    others: off
    freeze:
      - {name: weekend, cron: "0 18 * * FRI", duration: 1d12h30m, timeZone: Europe/Berlin, reason: nobody there}
      - {name: night, cron: "0 0 * * *", duration: 90m, severity: warning}
"""
    guards = fleets.load(fleet(text)).fleet.guards
    assert dict(guards.settings) == {
        "updated": GuardSetting(share=50, source="here/fleet.yaml:8"),
        "deleted": GuardSetting(number=3, source="here/fleet.yaml:9"),
        "deployed": GuardSetting(share=30, number=100, source="here/fleet.yaml:10"),
        "devices": GuardSetting(number=2000, severity="warning", source="here/fleet.yaml:11"),
        "failing": GuardSetting(severity="error", source="here/fleet.yaml:12"),
        "others": GuardSetting(severity="off", source="here/fleet.yaml:13"),
    }
    assert guards.position.line_only == "here/fleet.yaml:7"
    weekend, night = guards.freeze
    assert (weekend.duration, weekend.time_zone, weekend.severity) == (
        timedelta(hours=36, minutes=30),
        "Europe/Berlin",
        "error",
    )
    assert (night.time_zone, night.severity, night.position.line) == ("UTC", "warning", 16)


def test_a_fleet_that_sets_nothing(fleets: Any) -> None:
    loaded = fleets.load(fleet("")).fleet
    assert (loaded.guards.settings, loaded.guards.freeze, loaded.policies) == ({}, (), ())
    assert loaded.guards.position.line_only == "here/fleet.yaml:5"


def guard(text: str) -> str:
    return f"  guards: {{{text}}}\n"


def window(text: str) -> str:
    return guard(f'freeze: [{{name: w, cron: "0 0 * * *", duration: 1h, {text}}}]')


@pytest.mark.parametrize(
    ("rule", "text", "message"),
    [
        ("bad-guard", guard("updated: §130%"), '"130%" is more than 100%'),
        ("bad-guard", guard('updated: §"30%, 20%"'), "names two limits of one sort"),
        ("bad-guard", guard('updated: §"3, 4"'), "names two limits of one sort"),
        ("bad-guard", guard('updated: §"off, 4"'), "sets a limit and turns the guard off"),
        ("bad-guard", guard('updated: §"error, warning"'), "names two severities"),
        ("bad-guard", guard("components: §10%"), "components are counted by number alone"),
        ("bad-name", guard("updated: §many"), 'spec.guards.updated is the text "many"'),
        ("out-of-range", guard("deleted: §-1"), "spec.guards.deleted is -1"),
        ("wrong-type", guard("deleted: §[1]"), "spec.guards.deleted is a list"),
        ("unknown-value", guard("failing: §5%"), 'spec.guards.failing is the text "5%"'),
        ("unknown-key", guard("§updatet: 3"), 'unknown key "updatet" in spec.guards'),
        ("wrong-type", guard("freeze: §off"), "spec.guards.freeze is the text"),
        ("missing-key", guard('freeze: [§{name: w, cron: "0 0 * * *"}]'), "lacks the key duration"),
        ("bad-cron", guard('freeze: [{name: w, cron: §"0 18 * *", duration: 1h}]'), "wrong number of fields"),
        ("bad-cron", guard('freeze: [{name: w, cron: §"0 0 31 2 *", duration: 1h}]'), "bad day-of-month"),
        ("bad-name", guard('freeze: [{name: w, cron: "0 0 * * *", duration: §1x}]'), 'duration is the text "1x"'),
        ("out-of-range", guard('freeze: [{name: w, cron: "0 0 * * *", duration: §0h}]'), "duration is 0"),
        ("bad-time-zone", window("timeZone: §Mars/Base"), 'timeZone is "Mars/Base", which is no time zone'),
        ("bad-time-zone", window("timeZone: §../etc/passwd"), "which is no time zone"),
        ("bad-time-zone", window("timeZone: §Europe"), "which is no time zone"),
        (
            "duplicate-name",
            guard('freeze: [{name: w, cron: "0 0 * * *", duration: 1h}, {name: §w, cron: "0 0 * * *", duration: 1h}]'),
            'the freeze window "w" is declared twice',
        ),
        ("duplicate-name", "  policies: [{name: §updated, expression: 'true'}]\n", 'the policy "updated" is a guard'),
        ("duplicate-name", "  policies: [{name: §client-devices}]\n", 'the policy "client-devices" is a guard'),
        ("duplicate-name", "  policies: [{name: a}, {name: §a}]\n", 'the policy "a" is declared twice'),
        ("bad-name", "  policies: [{name: §A b}]\n", 'name is the text "A b"'),
        ("bad-expression", "  policies: [{name: a, expression: §1 +}]\n", 'the policy "a": its expression fails'),
        ("empty", "  policies: [{name: a, expression: §''}]\n", "expression is empty"),
        ("missing-key", "  policies: [{name: a, waivers: [§{until: 2026-12-31}]}]\n", "lacks the key reason"),
        ("bad-date", "  policies: [{name: a, waivers: [{until: §2026-02-31, reason: x}]}]\n", "no day of the calendar"),
        ("bad-name", "  policies: [{name: a, waivers: [{until: §tomorrow, reason: x}]}]\n", "until is the text"),
        ("unknown-value", "  policies: [{name: a, severity: §fatal}]\n", "severity is the text"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(fleets: Any, rule: str, text: str, message: str) -> None:
    problem = fleets.one_problem(fleet(text))
    assert problem.rule == rule
    assert message in problem.message


@pytest.mark.parametrize("value", ["", ",", "3,", "1.5%", "-1", "30 %", "x", "1e3", "\u0663"])
def test_what_is_no_value(value: str) -> None:
    with pytest.raises(ValueError, match="is no value of the guard updated"):
        parse_setting("updated", value, "--guard")


def test_settings_of_a_command_go_before_the_files() -> None:
    of_file = Guards({"updated": GuardSetting(share=30, source="f:1"), "failing": GuardSetting(severity="off")})
    merged = of_file.overlaid(
        {
            "updated": parse_setting("updated", "warning", "--guard"),
            "failing": parse_setting("failing", "error", "--guard"),
            "deleted": parse_setting("deleted", "off", "--guard"),
        }
    )
    assert merged.settings["updated"] == GuardSetting(share=30, severity="warning", source="--guard")
    assert merged.settings["failing"] == GuardSetting(severity="error", source="--guard")
    assert merged.settings["deleted"] == GuardSetting(severity="off", source="--guard")
    assert of_file.overlaid({"updated": parse_setting("updated", "10", "--guard")}).settings["updated"] == GuardSetting(
        number=10, source="--guard"
    )
