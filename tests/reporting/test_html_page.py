"""A plan as an HTML page: nothing from outside becomes markup, and it needs nothing but itself."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings

from reconciler.model.plan import Plan
from reconciler.reporting.html_page import plan_html
from tests.reporting.pages import Rendered
from tests.reporting.samples import REMARK, new_group, plan_of, unchanged_group
from tests.reporting.test_markdown_plan import plans
from tests.reporting.test_plan_text import everything

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "strong", "br", "code", "div", "pre", "span"),
    *("table", "tr", "th", "td", "a", "details", "summary", "footer"),
}


def read(page: str) -> Rendered:
    parsed = Rendered()
    parsed.feed(page)
    parsed.close()
    assert parsed.open_tags == []
    return parsed


def test_a_plan_with_everything(golden: Callable[[str, str], None]) -> None:
    golden("plan.html", plan_html(everything()))


def test_a_plan_without_changes_has_no_table() -> None:
    page = plan_html(plan_of(unchanged_group("rome")))
    assert "No changes. 1 group matches the files." in page
    assert "<table>" not in page


def test_groups_that_are_alike_are_named_and_told_once() -> None:
    page = plan_html(plan_of(*(new_group(f"line-{at:02d}") for at in range(30))))
    assert page.count("<details") == 1
    assert all(f"<code>line-{at:02d}</code>" in page for at in range(30))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30)
@given(plans())
def test_nothing_from_outside_becomes_markup(plan: Plan) -> None:
    page = read(plan_html(plan))
    assert page.tags <= TAGS
    assert all(target.startswith("#g") for target in page.links)
    assert page.comments == []


def test_what_is_taken_for_granted_is_no_finding_and_stands_at_the_end() -> None:
    page = plan_html(plan_of(unchanged_group("rome"), guards=(REMARK,)))
    assert "Guards" not in page
    assert "<footer>Client devices are as they were last seen<br>Plan" in page
