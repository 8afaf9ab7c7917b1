"""Golden files of the renderers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.golden import check_golden

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a golden file by name."""
    return lambda name, text: check_golden(GOLDEN / name, text)
