"""Secrets that a workflow hands over."""

import pytest

from tests.fleets import run_cli
from tests.github.workflow import Workflow


def test_they_are_masked(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_SECRETS", '{"DB": "postgres://press:50%\\nline two"}')
    ran = run_cli("github", "fleets", "fleets")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0] == "::add-mask::postgres://press:50%25%0Aline two"
