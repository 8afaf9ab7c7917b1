"""The page of a pull request that accepts what is live."""

from collections.abc import Callable
from dataclasses import replace

from reconciler.model.accepted import Accepted, Left
from reconciler.model.drift import Moved
from reconciler.reporting.markdown import COMMENT
from reconciler.reporting.markdown_accepted import accepted_markdown, accepted_summary
from tests.reporting.pages import rendered
from tests.reporting.test_drift import DRIFT
from tests.reporting.test_markdown_plan import PAGE, fits

ACCEPTED = Accepted(
    {"groups/munich.yaml": "new", "groups/paris.yaml": None},
    ("munich", "paris"),
    (Left("berlin", "the files ask for something"), Left("munich", "`tags` | @octocat"), Left("rome", "not reported")),
)


def test_page(golden: Callable[[str, str], None]) -> None:
    text = accepted_markdown(DRIFT, ACCEPTED, PAGE, 7)
    golden("accepted.md", text)
    assert "octocat" not in rendered(text).prose
    assert "#7" not in accepted_markdown(DRIFT, ACCEPTED, PAGE, None)


def test_summary() -> None:
    assert accepted_summary(ACCEPTED) == "Accepts 2 groups as live; 3 groups not, or not all."
    assert accepted_summary(replace(ACCEPTED, left=())) == "Accepts 2 groups as live."


def test_ten_thousand_groups_fit_and_all_names_stay_text() -> None:
    odd = "</details>\n```\n@octocat | #1"
    moved = tuple(Moved(f"{odd}-{at}", "greengrass/v1", "changed", (odd,)) for at in range(10_000))
    left = tuple(Left(group.name, odd) for group in moved)
    accepted = Accepted({f"{odd}/{at}.yaml": "" for at in range(10_000)}, tuple(group.name for group in moved), left)
    text = accepted_markdown(replace(DRIFT, groups=moved), accepted, PAGE, 7)
    page = rendered(text)
    assert fits(text, COMMENT)
    assert "octocat" not in page.prose
    assert set(page.cells) == {3}
    rows = len(page.cells) - 1
    assert rows > 100
    assert f"… and {10_000 - rows:,} more groups; the artifact has all of it." in text
    assert "10,000 files: " in text
    assert "more; the artifact has all of it" in text
