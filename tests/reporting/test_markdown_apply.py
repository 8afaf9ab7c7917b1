"""The result of an apply as Markdown."""

from collections.abc import Callable
from dataclasses import replace

from reconciler.model.run import NOT_SENT_AGAIN, FleetStatus, GroupStatus
from reconciler.reporting.apply_text import SEND_TO_ALL
from reconciler.reporting.markdown import COMMENT
from reconciler.reporting.markdown_apply import apply_markdown
from reconciler.reporting.markdown_page import Past
from tests.reporting.pages import rendered
from tests.reporting.samples import new_group, plan_of, unchanged_group, updated_group
from tests.reporting.test_markdown_plan import PAGE, RUN, fits

PLAN = plan_of(new_group("berlin"), updated_group("munich"), updated_group("paris"), unchanged_group("rome"))
LINE = "Apply incomplete: 1 group done, 1 failed, 1 unfinished; 1 unchanged."


def row(name: str, state: str, **more: object) -> GroupStatus:
    return replace(GroupStatus(name, "greengrass/v1", "line-controller", 3, 3, None, state), **more)  # type: ignore[arg-type]  # by name


def test_what_is_not_done_comes_first(golden: Callable[[str, str], None]) -> None:
    groups = (
        row("berlin", "succeeded", details={"deploymentId": "dep-1"}),
        row("munich", "failed", error="the core said `|` </details> @octocat"),
        row("paris", "unfinished", error="its deployment had not ended by the deadline"),
        row("rome", "unchanged"),
    )
    page = replace(PAGE, next_step="Run the job again.", past=(Past("abc", RUN, "Plan: …"),))
    text = apply_markdown(PLAN, FleetStatus("demo", "20261126T090000-aa", "partial", groups), LINE, page)
    golden("apply.md", text)
    assert "octocat" not in rendered(text).prose


def test_what_an_apply_would_not_send_again_is_said() -> None:
    def text(error: str) -> str:
        groups = (row("munich", "failed", error=error),)
        return apply_markdown(PLAN, FleetStatus("demo", "run-1", "partial", groups), LINE, PAGE)

    assert SEND_TO_ALL in text(f"1 of 2 cores failed ({NOT_SENT_AGAIN}): core-1: disk full")
    assert SEND_TO_ALL not in text("2 of 2 cores failed: core-1: disk full; core-2: disk full")


def test_nothing_to_do() -> None:
    text = apply_markdown(PLAN, FleetStatus("demo", None, None, (row("rome", "unchanged"),)), "No changes.", PAGE)
    assert "### Fleet `demo`: nothing to do" in text
    assert "| state |" not in text


def test_ten_thousand_groups_fit() -> None:
    done = [row(f"line-{at:05d}", "succeeded") for at in range(9_999)]
    groups = (*done, row("zz", "failed", error="x" * 900))
    text = apply_markdown(PLAN, FleetStatus("demo", "run-1", "partial", groups), LINE, PAGE)
    assert fits(text, COMMENT)
    cells = rendered(text).cells
    assert f"… and {10_000 - len(cells) + 1:,} more groups; the artifact has all of it." in text
    assert text.index("`zz`") < text.index("`line-00000`")
