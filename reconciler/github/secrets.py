"""Keeps the secrets of a fleet out of the log of a workflow."""

from collections.abc import Iterable

from reconciler.reporting.problems import workflow_data


def masks(values: Iterable[str]) -> list[str]:
    """The workflow commands that keep ``values`` out of the log."""
    return [f"::add-mask::{workflow_data(value)}" for value in values if value.strip()]
