"""A plan as Markdown: it says the important first, fits its budget, and nothing from outside breaks it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from reconciler.model.plan import Action, Change, GroupPlan, GuardFinding, Plan
from reconciler.model.template import TemplateRef
from reconciler.reporting.markdown import COMMENT, Budget, read_marker
from reconciler.reporting.markdown_kinds import SHOWN
from reconciler.reporting.markdown_page import Page, Past, past_of
from reconciler.reporting.markdown_plan import plan_markdown
from tests.reporting.pages import rendered
from tests.reporting.samples import REMARK, blocked_group, new_group, plan_of, unchanged_group, updated_group
from tests.reporting.test_plan_text import everything

RUN = "https://github.com/o/r/actions/runs/1"
PAGE = Page(
    COMMENT,
    {"fleet": "demo", "kind": "plan"},
    commit="4f2c9d1",
    run=RUN,
    whole="the artifact has all of it",
    next_step="This is how to go on.",
)
TAGS = {
    *("h3", "p", "strong", "code", "ul", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td"),
    *("details", "summary", "pre", "hr", "a"),
}
HOSTILE = [
    "`",
    "```",
    "~~~",
    "|",
    "<!--",
    "-->",
    "</details>",
    "</code>",
    "@octocat",
    "#12",
    "\n\n",
    "**",
    "[a](b)",
    "\\",
]


def hostile() -> st.SearchStrategy[str]:
    """Names and sentences that are made to break out, each with a word that tells where it went."""
    pieces = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=4)
    return pieces.map(lambda parts: "ZQX".join(["", *parts, ""]))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    def change() -> st.SearchStrategy[Change]:
        value = st.one_of(st.none(), st.integers(), hostile(), st.just("long " * 400))
        kind = st.sampled_from(["add", "remove", "change"])
        return st.builds(Change, hostile(), kind, value, value)

    cores = st.lists(st.fixed_dictionaries({"thingName": hostile()}), max_size=2)
    action = st.builds(
        Action,
        hostile(),
        st.sampled_from(["deploy", "deprovision-thing", "create-group"]),
        hostile(),
        st.just(()),
        st.fixed_dictionaries({"cores": cores, "release": cores}),
    )
    group = st.builds(
        GroupPlan,
        name=hostile(),
        runtime=st.sampled_from(["greengrass/v1", "greengrass/v2"]),
        operation=st.sampled_from(["create", "update", "delete", "deploy", "none"]),
        target=st.builds(TemplateRef, hostile(), st.integers(0, 9)),
        fingerprint=st.just("f"),
        reasons=st.lists(hostile(), max_size=3).map(tuple),
        drift=st.booleans(),
        changes=st.lists(change(), max_size=6).map(tuple),
        actions=st.lists(action, max_size=3).map(tuple),
        notes=st.lists(hostile(), max_size=1).map(tuple),
        blocked=st.booleans(),
    )
    groups = draw(st.lists(group, max_size=5))
    copies = draw(st.sampled_from([1, 1, 1, 40]))
    finding = st.builds(
        GuardFinding,
        hostile(),
        st.sampled_from(["error", "warning", "needs-approval"]),
        hostile(),
        hostile(),
        st.integers(),
        hostile(),
        st.one_of(st.just(""), hostile()),
    )
    guards = draw(st.lists(finding, max_size=4))
    return replace(plan_of(*groups * copies, guards=tuple(guards * copies)), fleet=draw(hostile()))


def fits(text: str, budget: Budget) -> bool:
    assert budget.characters is not None
    assert budget.size is not None
    return len(text) <= budget.characters and len(text.encode()) <= budget.size


def test_a_plan_with_everything(golden: Callable[[str, str], None]) -> None:
    past = (Past("abc", RUN, "No changes."),)
    golden("plan.md", plan_markdown(everything(), replace(PAGE, past=past)))


def test_a_plan_without_changes(golden: Callable[[str, str], None]) -> None:
    golden("plan-none.md", plan_markdown(plan_of(unchanged_group("rome")), Page()))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30)
@given(plans(), st.sampled_from([6_000, 20_000, 60_000]))
def test_any_plan_fits_and_stays_text(plan: Plan, size: int) -> None:
    page = replace(PAGE, budget=Budget(size, size), past=(Past("a`b|", RUN, "ZQX <b>"),))
    text = plan_markdown(plan, page)
    assert fits(text, page.budget)
    page_read = rendered(text)
    assert page_read.tags <= TAGS
    assert set(page_read.links) <= {RUN}
    assert "ZQX" not in page_read.prose
    assert len(page_read.comments) == 1
    assert page_read.prose.rstrip().endswith("run")  # the foot is the foot
    assert set(page_read.cells) <= {4, 5, 6}  # of what changes, of what happens, of the groups
    assert (read_marker(text) or {})["digest"] == plan.digest


@pytest.mark.parametrize("number", [1, 500, pytest.param(10_000, marks=pytest.mark.long)])
def test_plans_of_any_size_fit_a_comment(number: int) -> None:
    alike = plan_of(*(new_group(f"line-{at:05d}") for at in range(number)))
    text = plan_markdown(alike, PAGE)
    assert fits(text, COMMENT)
    assert f"{number} group{'s' if number > 1 else ''} to create" in text
    assert "left out" not in text  # groups that are alike are one row and one block
    rendered(text)


def unlike(at: int) -> GroupPlan:
    """A group that is like no other."""
    change = Change("functions[press].FunctionConfiguration.Timeout", "change", at, at + 1)
    group = updated_group(f"line-{at:05d}")
    return replace(group, changes=(*group.changes, change), things=(f"line-{at:05d}-core",))


def test_details_become_changed_fields_when_there_is_no_room() -> None:
    text = plan_markdown(plan_of(*(unlike(at) for at in range(50))), PAGE)
    assert fits(text, COMMENT)
    assert text.count("<details>") == 50
    assert "Changed fields alone, there is no room for more; the artifact has all of it." in text
    assert "new version of definition" not in text


def test_then_details_are_left_out_from_the_least_dangerous_on() -> None:
    plan = plan_of(*(unlike(at) for at in range(300)), blocked_group("zz-blocked"))
    text = plan_markdown(plan, PAGE)
    assert fits(text, COMMENT)
    assert len(rendered(text).cells) == 302
    assert text.index("<summary>blocked <code>zz-blocked") < text.index("<summary>update <code>line-00000")
    left = 301 - text.count("<details>")
    assert f"The details of {left} groups are left out, there is no room; the artifact has all of it." in text


def test_then_what_happens_is_counted_over_all_groups() -> None:
    drifted = replace(unlike(1_001), drift=True)
    noted = replace(unchanged_group("rome"), notes=("its deployment is on its way",))
    plan = plan_of(*(unlike(at) for at in range(1_000)), drifted, blocked_group("zz-blocked"), noted)
    text = plan_markdown(plan, PAGE)
    assert fits(text, COMMENT)
    assert "1001 to update" in text
    assert "| update | `line-controller 3` | 1,000 | 1,000 | `its target version rises from 2 to 3; " in text
    assert "| unchanged | `line-controller 3` | 1 | 0 | `its deployment is on its way` |" in text
    assert '| changed | `tags.reconciler:template-version` | 1,001 | `"2" → "3"` |' in text
    assert "| changed | `functions[press].FunctionConfiguration.Timeout` | 1,001 | differs |" in text
    assert "| **taken away** | `devices[*]` | 1,001 |" in text
    rows = rendered(text).cells.count(6) - 1
    assert 100 < rows < 1_000
    assert f"… and {1_003 - rows} more groups; the artifact has all of it." in text
    assert "<summary>blocked <code>zz-blocked" in text  # room is left for the details of the most dangerous
    assert "<summary>update <code>line-01001" in text


def test_what_there_is_to_say_of_a_group_to_which_nothing_happens_is_in_its_row() -> None:
    group = replace(unchanged_group("rome"), notes=("its deployment is on its way",))
    assert "| unchanged | `rome` | `line-controller 3` | 0 | 0 | `its deployment is on its way` |" in plan_markdown(
        plan_of(group), PAGE
    )


def test_of_what_is_dangerous_one_is_named_where_there_is_no_room_for_more() -> None:
    removal = Action("t", "deprovision-thing", "x" * 100)
    groups = [replace(unlike(at), name=f"{'x' * 90}{at}", drift=True, actions=(removal,)) for at in range(40)]
    small = Budget(6_000, 6_000)
    text = plan_markdown(plan_of(*groups), replace(PAGE, budget=small))
    assert fits(text, small)
    assert f"- **40 groups drifted: changed outside the files**: `{'x' * 90}0` and 39 more" in text


def test_kinds_beyond_the_room_are_counted() -> None:
    groups = [
        replace(unlike(at), reasons=(f"its device {at} was taken to another place by somebody",)) for at in range(700)
    ]
    text = plan_markdown(plan_of(*groups), PAGE)
    assert fits(text, COMMENT)
    assert f"… and {700 - SHOWN} more kinds of groups." in text


def test_without_a_budget_nothing_is_left_out() -> None:
    text = plan_markdown(plan_of(*(unlike(at) for at in range(300))), Page())
    assert text.count("new version of definition line-controller") == 300


def test_components_that_are_taken_off_cores_are_told_first() -> None:
    gone = (Change("components[com.example.Logger]", "remove", {"componentVersion": "1.2.4"}, None),)
    group = replace(updated_group("rome"), runtime="greengrass/v2", changes=gone, actions=())
    assert "- **1 component taken off cores**: `com.example.Logger`" in plan_markdown(plan_of(group), PAGE)


def test_the_history_is_carried_on_and_bounded() -> None:
    past: list[Past] = []
    for number in range(15):
        page = replace(PAGE, commit=f"c{number}", past=tuple(past))
        text = plan_markdown(plan_of(unchanged_group("rome")), page)
        past = past_of(read_marker(text) or {})
    assert [entry.commit for entry in past] == [f"c{number}" for number in range(5, 15)]
    assert "- `c13`" in text
    assert "- `c14`" not in text


def test_a_history_that_somebody_edited_is_read_as_far_as_it_goes() -> None:
    assert past_of({"history": "x"}) == []
    assert past_of({"history": [1, {"commit": 2, "run": None}]}) == [Past("2", "None", "")]


def test_what_is_taken_for_granted_is_no_finding_and_stands_below_all() -> None:
    lines = plan_markdown(plan_of(updated_group("rome"), guards=(REMARK,)), PAGE).splitlines()
    assert lines[lines.index("---") - 2] == "`Client devices are as they were last seen`"
    assert not any("warning" in line for line in lines)
