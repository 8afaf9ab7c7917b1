"""Secrets that a workflow hands over."""

import os

import pytest

from tests.fleets import run_cli
from tests.github.workflow import Workflow


def test_they_are_masked_and_found_under_their_names(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setenv("RECONCILE_SECRETS", '{"DB": "postgres://press:50%\\nline two"}')
    ran = run_cli("github", "fleets", "fleets")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0] == "::add-mask::postgres://press:50%25%0Aline two"
    assert os.environ["RECONCILE_SECRET_DB"] == "postgres://press:50%\nline two"


@pytest.mark.parametrize("text", ["hunter2-hunter2", "[1]", '{"DB": 1}', '{"no name": "hunter2-hunter2"}'])
def test_what_is_no_such_object_is_refused_and_not_shown(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_SECRETS", text)
    ran = run_cli("github", "fleets")
    assert (ran.code, ran.out) == (64, "")
    assert "hunter2" not in ran.err
