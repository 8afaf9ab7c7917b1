"""Drift as text, document and Markdown."""

from collections.abc import Callable
from dataclasses import replace

from reconciler.model.drift import Drift, Moved
from reconciler.model.plan import Change
from reconciler.reporting.drift import Seen, drift_document, drift_lines, drift_markdown
from reconciler.reporting.markdown import COMMENT, read_marker
from reconciler.reporting.style import Style
from tests.reporting.pages import rendered
from tests.reporting.schemas import mismatches
from tests.reporting.test_markdown_plan import PAGE, fits

CHANGE = Change("functions[press].FunctionConfiguration.Timeout", "change", 3, 5)
DRIFT = Drift(
    "demo",
    "123456789012",
    "eu-central-1",
    "2026-11-26T09:00:00Z",
    (
        Moved("berlin", "greengrass/v1", "pending", ("target version 1 → 2",), (CHANGE,)),
        Moved("munich", "greengrass/v1", "changed", ("drift: made `outside` | @octocat",), (CHANGE,)),
        Moved("paris", "greengrass/v1", "deleted", ("drift: it was deleted",)),
        Moved("rome", "greengrass/v1", "not-converged", ("its last deployment failed",)),
        Moved("sofia", "greengrass/v1", "foreign", ("it belongs to fleet other",)),
    ),
    clean=7,
)
CLEAN = Drift("demo", "123456789012", "eu-central-1", "2026-11-26T09:00:00Z", clean=1)


def test_text(golden: Callable[[str, str], None]) -> None:
    golden("drift.txt", "\n".join(drift_lines(DRIFT, Style())) + "\n")


def test_many_groups_that_are_pending_are_a_line_each() -> None:
    pending = tuple(replace(DRIFT.groups[0], name=f"line-{at:02d}") for at in range(30))
    lines = drift_lines(replace(DRIFT, groups=(*DRIFT.groups[1:], *pending)), Style())
    assert (
        lines.count("    ~ functions[press].FunctionConfiguration.Timeout  3 → 5") == 1
    )  # of the one that was changed
    assert "> group line-29: not applied yet" in lines
    assert "  … pending groups without their changes, which `reconcile plan` shows" in lines


def test_markdown(golden: Callable[[str, str], None]) -> None:
    seen = {"munich": Seen("2026-11-20T00:00:00Z", 3), "paris": Seen("2026-11-26T09:00:00Z", 1)}
    text = drift_markdown(DRIFT, replace(PAGE, facts={"open": {"a": 1}}), seen)
    golden("drift.md", text)
    assert "octocat" not in rendered(text).prose
    assert (read_marker(text) or {})["open"] == {"a": 1}


def test_document() -> None:
    document = drift_document(DRIFT)
    assert mismatches(document, "drift") == []
    assert [group["kind"] for group in document["groups"]] == [
        "deleted",
        "changed",
        "foreign",
        "not-converged",
        "pending",
    ]


def test_no_drift() -> None:
    assert drift_lines(CLEAN, Style())[-1] == "No drift. 1 group matches the files."
    assert mismatches(drift_document(CLEAN), "drift") == []
    assert "### Fleet `demo`: no drift" in drift_markdown(CLEAN, PAGE)


def test_ten_thousand_groups_fit() -> None:
    moved = tuple(replace(DRIFT.groups[1], name=f"line-{at:05d}") for at in range(10_000))
    text = drift_markdown(replace(DRIFT, groups=moved), PAGE)
    assert fits(text, COMMENT)
    rows = len(rendered(text).cells) - 1
    assert f"… and {10_000 - rows:,} more groups; the artifact has all of it." in text
    assert "The details of 10,000 groups are left out" in text
