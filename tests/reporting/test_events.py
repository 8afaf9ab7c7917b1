import pytest

from reconciler.reporting.events import progress_line


@pytest.mark.parametrize(
    ("elapsed", "line"),
    [
        (0, "   0s  berlin  definitions published"),
        (12.9, "  12s  berlin  definitions published"),
        (3600, "3600s  berlin  definitions published"),
        (86400, "86400s  berlin  definitions published"),
    ],
)
def test_a_line_of_progress(elapsed: float, line: str) -> None:
    assert progress_line(elapsed, "berlin", "definitions published") == line


def test_a_device_cannot_write_its_own_lines() -> None:
    assert progress_line(1, "a\nb", "\x1b[2Jdone\n::error::x") == "   1s  a\\nb  \\x1b[2Jdone\\n::error::x"
