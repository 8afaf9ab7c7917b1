from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from reconciler.model.plan import KNOWN_AFTER_APPLY, Action, Change, GroupPlan, Plan
from reconciler.model.template import TemplateRef
from reconciler.reporting.plan_text import plan_lines, summary_line
from reconciler.reporting.style import Style
from tests.reporting.samples import (
    GUARDS,
    REMARK,
    blocked_group,
    new_group,
    plan_of,
    redeployed_group,
    single_action,
    unchanged_group,
    updated_group,
)

Golden = Callable[[str, str], None]


def everything() -> Plan:
    return plan_of(
        new_group("berlin-line-1"),
        updated_group("berlin-line-2"),
        redeployed_group("hamburg"),
        blocked_group("munich"),
        replace(updated_group("paris"), drift=True, notes=("its deployment of 2026-11-20 failed",)),
        unchanged_group("rome"),
        single_action("sofia", "reset-deployments", force=True),
        guards=GUARDS,
    )


def text_of(plan: Plan, style: Style | None = None, *, verbose: bool = False) -> str:
    return "\n".join(plan_lines(plan, style=style or Style(), verbose=verbose)) + "\n"


@pytest.mark.parametrize(
    ("name", "style", "verbose"),
    [
        ("plan.txt", Style(), False),
        ("plan-verbose.txt", Style(), True),
        ("plan-ascii.txt", Style(unicode=False), False),
        ("plan-colour.txt", Style(colour=True), False),
    ],
)
def test_a_plan_with_everything(name: str, style: Style, verbose: bool, golden: Golden) -> None:
    golden(name, text_of(everything(), style, verbose=verbose))


def test_a_large_plan_folds_groups_that_are_alike(golden: Golden) -> None:
    groups = [new_group(f"line-{number}") for number in range(50)]
    golden("plan-folded.txt", text_of(plan_of(*groups, updated_group("athens"), updated_group("bern"))))


def test_a_large_plan_is_whole_with_verbose() -> None:
    text = text_of(plan_of(*(new_group(f"line-{number}") for number in range(50))), verbose=True)
    assert "alike" not in text
    assert all(f"+ create group line-{number} " in text for number in range(50))


def timeout_group(name: str, timeout: int) -> GroupPlan:
    change = Change("functions[press].FunctionConfiguration.Timeout", "change", 1, timeout)
    return replace(redeployed_group(name), operation="update", changes=(change,), things=(f"{name}-core",))


def test_groups_that_differ_in_one_value_are_not_folded() -> None:
    text = text_of(plan_of(*(timeout_group(f"line-{number}", number) for number in range(30))))
    assert "alike" not in text
    assert "1 → 29" in text


def moved_on_group(number: int, *, pinned: bool = False) -> GroupPlan:
    """A group that is sent its next version after the one that only it had."""
    before, after = uuid(number), uuid(number + 1_000) if pinned else KNOWN_AFTER_APPLY
    action = Action("deploy", "deploy", "", (), {"groupVersionId": after, "pinned": pinned, "previous": "d"})
    change = Change("deployment", "change", before, after)
    return replace(redeployed_group(f"line-{number}"), changes=(change,), actions=(action,))


def uuid(number: int) -> str:
    return str(UUID(int=number))


def test_groups_that_differ_in_the_id_of_what_is_deployed_are_folded() -> None:
    text = text_of(plan_of(*(moved_on_group(number) for number in range(30))))
    assert "and 29 more groups alike: line-1, line-10, " in text
    assert text.count("→ (known after apply)") == 1


def test_a_reset_before_is_not_folded_with_a_version_before() -> None:
    resets = [replace(moved_on_group(at), changes=(Change("deployment", "change", "Reset", "x"),)) for at in range(3)]
    text = text_of(plan_of(*resets, *(moved_on_group(number) for number in range(3, 30))))
    assert "and 2 more groups alike: line-1, line-2" in text


def test_versions_that_the_files_name_are_all_shown() -> None:
    text = text_of(plan_of(*(moved_on_group(number, pinned=True) for number in range(30))))
    assert "alike" not in text
    assert all(uuid(number + 1_000) in text for number in range(30))


def test_names_that_read_like_values_are_not_folded_away() -> None:
    text = text_of(plan_of(*(timeout_group(str(number), number) for number in range(30))))
    assert "1 → 29" in text


def test_one_group_name_within_another_does_not_confuse_folding() -> None:
    names = ["belt", "belt-core", "belt-core-2", *(f"belt-{number}" for number in range(30))]
    text = text_of(plan_of(*(new_group(name) for name in names)))
    assert "and 32 more groups alike: belt-0, belt-1, " in text


def test_of_a_very_large_plan_of_groups_of_all_kinds_the_later_are_one_line_each() -> None:
    groups = [timeout_group(f"line-{number:03}", number) for number in range(100)]
    drifted = replace(timeout_group("line-zzz", 999), drift=True)
    text = text_of(plan_of(*groups, drifted))
    assert "1 → 59" in text
    assert "1 → 60" not in text
    assert "~ update group line-099 (template line-controller 3)" in text
    assert "1 → 999" in text, "a drifted group is always shown in full"
    assert "… the last 40 without their details (--verbose shows them)" in text


def test_long_lists_are_cut_without_verbose() -> None:
    changes = tuple(Change(f"subscriptions[s{number:03}]", "add", None, {"Id": "x"}) for number in range(100))
    plan = plan_of(replace(updated_group("a"), changes=changes))
    assert "… and 80 more (--verbose shows them)" in text_of(plan)
    assert "s099" not in text_of(plan)
    assert "s099" in text_of(plan, verbose=True)


@pytest.mark.parametrize(
    ("group", "line"),
    [
        (
            single_action("g", "deploy", groupVersionId="(known after apply)", pinned=False),
            "    > deployment: send the new group version to the core (NewDeployment)",
        ),
        (
            single_action("g", "deploy", groupVersionId="v-7", pinned=False),
            "    > deployment: send group version v-7 to the core (NewDeployment)",
        ),
        (
            single_action("g", "deploy", groupVersionId="v-7", pinned=True),
            "    > deployment: send the pinned group version v-7 to the core (NewDeployment)",
        ),
        (
            single_action("g", "redeploy", deploymentId="d-1", value="x"),
            '    > deployment: send deployment d-1 again as "x" asks for (Redeployment)',
        ),
        (
            single_action("g", "reset-deployments", force=False),
            "    > deployment: reset, the core gives up what it runs (ResetDeployments)",
        ),
        (
            single_action("g", "reset-deployments", force=True),
            (
                "    > deployment: reset, the core gives up what it runs "
                "(ResetDeployments, forced: even if the core does not answer)"
            ),
        ),
        (
            single_action(
                "g", "tag-group", tags={"reconciler:fleet": "demo", "reconciler:group-version": KNOWN_AFTER_APPLY}
            ),
            "        ~ reconciler:group-version  (known after apply)",
        ),
        (
            single_action("g", "provision-thing", thingName="t", role="device", csr="PEM"),
            "        + device thing t: provision (the device keeps its own key, certificate from AWS IoT)",
        ),
        (single_action("g", "delete-group"), "    - group: delete it from AWS IoT Greengrass"),
        (
            replace(single_action("g", "delete-group"), runtime="greengrass/v2"),
            "    - group: delete its thing group from AWS IoT",
        ),
        (single_action("g", "rename-group"), "    ~ group: rename it in AWS IoT Greengrass"),
    ],
)
def test_each_kind_of_action_in_words(group: GroupPlan, line: str) -> None:
    assert line in plan_lines(plan_of(group), style=Style())


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Change("cores[c].CertificateArn", "change", "a", "b"), '        ~ core thing c: CertificateArn  "a" → "b"'),
        (
            Change("functions.DefaultConfig.Execution", "remove", {"x": 1}),
            '        - DefaultConfig.Execution  {"x": 1}',
        ),
        (Change("functions[f].Tags[0].Key", "add", None, 1), "        + f: Tags[0].Key  1"),
        (Change("loggers[l", "add", None, 1), "        + [l  1"),
        (Change("unheard.of", "change", 1, 2), "    ~ unheard.of  1 → 2"),
        (Change("", "change", 1, 2), "    ~ other  1 → 2"),
    ],
)
def test_each_form_of_path(change: Change, line: str) -> None:
    assert line in plan_lines(plan_of(replace(updated_group("g"), changes=(change,), actions=())), style=Style())


def test_what_the_outside_says_cannot_steer_a_terminal_or_add_lines() -> None:
    evil = "x\x1b[2J\nPlan: 0 groups to create\u202e"
    group = replace(
        updated_group(evil),
        reasons=(evil,),
        notes=(evil,),
        carried=(evil,),
        changes=(Change(f"functions[{evil}].{evil}", "change", evil, {evil: evil}),),
        things=(evil,),
    )
    plan = replace(plan_of(group, guards=(replace(GUARDS[0], guard=evil, message=evil, source=evil),)), fleet=evil)
    lines = plan_lines(plan, style=Style(), verbose=True)
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if line.startswith("Plan: ")] == [summary_line(plan)]


@pytest.mark.parametrize(
    ("groups", "line"),
    [
        (
            (new_group("a"), new_group("b"), updated_group("c"), *(unchanged_group(name) for name in "wxyz")),
            "Plan: 2 groups to create, 1 to update, 0 to delete, 2 things to provision, 3 deployments; 4 unchanged.",
        ),
        (
            (new_group("a"), unchanged_group("z")),
            "Plan: 1 group to create, 0 to update, 0 to delete, 1 thing to provision, 1 deployment; 1 unchanged.",
        ),
        (
            (blocked_group("a"), unchanged_group("z")),
            (
                "Plan: 0 groups to create, 0 to update, 0 to delete, 0 things to provision, 0 deployments; "
                "1 unchanged, 1 blocked."
            ),
        ),
        (
            (redeployed_group("a"),),
            "Plan: 0 groups to create, 0 to update, 0 to delete, 0 things to provision, 1 deployment; 0 unchanged.",
        ),
        (tuple(unchanged_group(name) for name in "abcdefg"), "No changes. 7 groups match the files."),
        ((unchanged_group("a"),), "No changes. 1 group matches the files."),
    ],
)
def test_summary_line(groups: tuple[GroupPlan, ...], line: str) -> None:
    assert summary_line(plan_of(*groups)) == line
    assert plan_lines(plan_of(*groups), style=Style())[-2:] == ["", line]


def test_a_plan_without_changes_is_three_lines() -> None:
    plan = plan_of(unchanged_group("a"), unchanged_group("b"))
    assert text_of(plan) == (
        f"Fleet demo: account 123456789012, region eu-central-1 (plan {plan.digest[:12]})\n"
        "\nNo changes. 2 groups match the files.\n"
    )


def test_drift_and_notes_are_shown_without_any_change() -> None:
    drifted = replace(unchanged_group("a"), drift=True, reasons=("its tags were changed outside",))
    noted = replace(unchanged_group("b"), notes=("its last deployment failed",))
    text = text_of(plan_of(drifted, noted))
    assert "= unchanged group a (template line-controller 3) [drift: changed outside the files]" in text
    assert "    note: its last deployment failed" in text


@given(st.text(), st.text(), st.booleans())
def test_no_path_or_value_breaks_the_text(path: str, value: str, verbose: bool) -> None:
    group = replace(updated_group("g"), changes=(Change(path, "change", value, {"x": value}),))
    lines = plan_lines(plan_of(group), style=Style(), verbose=verbose)
    assert all(len(line.splitlines()) <= 1 for line in lines)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"csrParameter": "CSR"}, "provision (key made here, certificate from AWS IoT)"),
        ({"csr": "PEM"}, "provision (the device keeps its own key, certificate from AWS IoT)"),
        (
            {"provisioningTemplateId": "core", "csrParameter": "CSR"},
            "provision (key made here, certificate from CDF Provisioning)",
        ),
        (
            {"provisioningTemplateId": "core", "cdfProvisioningParameters": {}},
            "provision (key and certificate from CDF Provisioning)",
        ),
        ({}, "provision (with the certificate that its template names)"),
        (
            {"csrParameter": "CSR", "exists": True},
            "provision (it exists without an active certificate; key made here, certificate from AWS IoT)",
        ),
    ],
)
def test_a_plan_says_who_makes_key_and_certificate(inputs: dict[str, object], words: str) -> None:
    action = Action("t", "provision-thing", "berlin-core", (), {"thingName": "berlin-core", "role": "core"} | inputs)
    group = GroupPlan(
        "berlin", "greengrass/v1", "update", TemplateRef("line", 1), "f", actions=(action,), things=("berlin-core",)
    )
    plan = Plan("demo", "123456789012", "eu-central-1", "2026-11-22T10:00:00Z", (group,))
    assert any(words in line for line in plan_lines(plan, style=Style(colour=False, unicode=True)))


def test_what_is_taken_for_granted_is_no_finding_and_stands_before_the_summary() -> None:
    lines = plan_lines(plan_of(unchanged_group("rome"), guards=(REMARK,)), style=Style())
    assert lines[1:] == ["", "Client devices are as they were last seen", "No changes. 1 group matches the files."]


def test_what_refuses_a_plan_is_a_finding_whatever_its_name() -> None:
    refusing = replace(REMARK, severity="error", message="rename it")
    assert "  ! client-devices: rename it" in plan_lines(plan_of(new_group("rome"), guards=(refusing,)), style=Style())
