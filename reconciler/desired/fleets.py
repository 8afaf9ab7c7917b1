"""Finds the fleets of a repository: the directories that hold a ``Fleet`` document."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from reconciler.desired.files import MAX_BYTES, YAML_SUFFIXES

# In block or flow style, quoted or not; nothing that a comment says.
_FLEET = re.compile(rb"""^[^#\n]*\bkind["']?\s*:\s*["']?Fleet\b""", re.MULTILINE)


def find_fleets(root: Path) -> list[Path]:
    """The fleet directories at and below ``root``, sorted, relative to it; hidden directories are left out."""
    return sorted(_directories(root))


def _directories(root: Path) -> Iterator[Path]:
    for folder, below, files in os.walk(root):
        below[:] = [name for name in below if not name.startswith(".")]
        if any(_holds_fleet(Path(folder, name)) for name in files):
            yield Path(folder).relative_to(root)


def _holds_fleet(path: Path) -> bool:
    if path.name.startswith(".") or not path.name.lower().endswith(YAML_SUFFIXES):
        return False
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return False
        return _FLEET.search(path.read_bytes()) is not None
    except OSError:
        return False  # `validate` says so, of the fleet that it belongs to
