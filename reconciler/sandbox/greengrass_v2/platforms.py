"""What a core device is, and whether a component is made for it (component-recipe-reference.md, ``Platform``)."""

import re
from collections.abc import Mapping
from typing import Any

CLASSIC_RUNTIME = "aws_nucleus_classic"
LITE_RUNTIME = "aws_nucleus_lite"
USUAL: Mapping[str, str] = {"os": "linux", "architecture": "amd64"}
"""What a core device is that was told nothing."""
_ANY = ("*", "all")


def is_for(recipe: Mapping[str, Any], platform: Mapping[str, str]) -> bool:
    """Whether one of a recipe's manifests fits a core device: each attribute that it names has to.

    A manifest without a ``runtime`` is for the classic nucleus alone.
    """
    return any(
        all(_fits(str(wanted), platform.get(name)) for name, wanted in _platform_of(manifest).items())
        for manifest in recipe["Manifests"]
    )


def _platform_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {"runtime": CLASSIC_RUNTIME, **(manifest.get("Platform") or {})}


def _fits(wanted: str, value: str | None) -> bool:
    """Whether an attribute has the value that a manifest wants: any, a text, or an expression between slashes."""
    if wanted in _ANY:
        return True
    if value is None:
        return False
    if len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/"):
        try:
            return re.fullmatch(wanted[1:-1], value) is not None
        except re.error:
            return False
    return wanted == value
