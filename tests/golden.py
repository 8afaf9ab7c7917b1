"""Compares text with golden files, or rewrites them when UPDATE_GOLDEN=1 is in the environment."""

import os
from pathlib import Path


def check_golden(path: Path, text: str) -> None:
    """``text`` must be what the golden file at ``path`` holds."""
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path} is missing: run `UPDATE_GOLDEN=1 pytest` and read it by eye"
    assert text == path.read_text(encoding="utf-8")
