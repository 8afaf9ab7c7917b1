"""Secrets of a fleet as workflows hand them over: one JSON object, for they cannot pass on what they do not name."""

import json
from collections.abc import Mapping

from reconciler.model.errors import UsageError
from reconciler.model.secrets import NAME, VARIABLE
from reconciler.reporting.problems import workflow_data


def secret_variables(text: str) -> dict[str, str]:
    """The environment variables that ``text``, a JSON object of names and values, stands for; none if it is empty.

    Raises UsageError for anything else, and says nothing of what stands there.
    """
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(
        isinstance(value, str) and NAME.fullmatch(name) for name, value in found.items()
    ):
        raise UsageError(
            "RECONCILE_SECRETS is no JSON object of names and texts",
            hint='write it as {"NAME": "value"}, the name as files have it in ${secret.NAME}',
        )
    return {f"{VARIABLE}{name}": value for name, value in found.items()}


def masks(variables: Mapping[str, str]) -> list[str]:
    """The workflow commands that keep the values out of the log."""
    return [f"::add-mask::{workflow_data(value)}" for value in variables.values() if value.strip()]
