"""Plan files: written by ``plan --out``, read by ``apply`` and ``show``."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from reconciler.model.errors import ReconcileError
from reconciler.model.fleet import Fleet
from reconciler.model.plan import Plan
from reconciler.planning.plan_document import plan_document
from reconciler.planning.plan_reading import parse_plan
from reconciler.reporting.json_text import json_pieces


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan, whole or not at all, readable by its owner alone. Raises ReconcileError if that cannot be done."""
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.writelines(json_pieces(plan_document(plan)))
        os.replace(file.name, path)  # noqa: PTH105 (a name, not a Path)
    except OSError as error:
        raise ReconcileError(f"writing {path}: {error.strerror}", hint="name a file that can be written") from error


def read_plan_file(path: Path) -> Plan:
    """The plan in a file. Raises ReconcileError where it cannot be read, or is not as ``plan --out`` wrote it."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ReconcileError(f"reading {path}: {error.strerror}", hint="name a file that `plan --out` saved") from error
    try:
        return parse_plan(text)
    except ReconcileError as error:
        raise ReconcileError(f"{path}: {error.message}", hint=error.hint) from error


def check_fits(plan: Plan, fleet: Fleet, directory: str) -> None:
    """Raise ReconcileError unless ``plan`` was made for ``fleet``, which ``directory`` declares."""
    for what, planned, declared in (
        ("fleet", plan.fleet, fleet.name),
        ("account", plan.account, fleet.account),
        ("region", plan.region, fleet.region),
    ):
        if planned != declared:
            raise ReconcileError(
                f"the plan is for {what} {planned}, and {directory} declares {what} {declared}: nothing was applied",
                hint="give the directory that the plan was made of with --dir, or plan again",
            )
