"""Webhook payloads as GitHub publishes them."""

import json
from pathlib import Path
from typing import Any

_DIRECTORY = Path(__file__).with_name("payloads")


def payload(name: str) -> dict[str, Any]:
    """The example payload of that name, such as ``pull_request.opened``."""
    document: dict[str, Any] = json.loads((_DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    return document
