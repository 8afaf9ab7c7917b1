"""A fleet on an empty sandbox, and what each scenario ends in when nothing goes wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.provisioning import iot
from reconciler.runtimes.v1 import deploy
from reconciler.sandbox.testing import Sandbox
from tests.faults.accounts import account
from tests.faults.scenarios import SCENARIOS
from tests.fleets import FleetFiles, make_buckets, run_cli

_ENDS: dict[str, tuple[dict[str, Any], int]] = {}


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(Aws, "back_off", lambda _self, _attempt: None)
    assert iot.RESENDS


@pytest.fixture
def fleet(aws: Sandbox, tmp_path: Path) -> FleetFiles:
    return empty(aws, tmp_path / "fleet")


def empty(aws: Sandbox, directory: Path) -> FleetFiles:
    aws.reset()
    make_buckets(aws.client)
    return FleetFiles(directory).fleet(limits={"greengrass": 10000, "greengrass:CreateDeployment": 10000})


@pytest.fixture
def undisturbed(aws: Sandbox, tmp_path: Path) -> Callable[[str], tuple[dict[str, Any], int]]:
    """The account in which a scenario ends, and how many calls its apply makes; found out once a process."""

    def end(name: str) -> tuple[dict[str, Any], int]:
        if name not in _ENDS:
            fleet = SCENARIOS[name](aws, empty(aws, tmp_path / f"undisturbed-{name}"))
            aws.clear_calls()
            assert run_cli("apply", fleet.directory, "--yes", "--no-wait").code == 0
            calls = len(aws.calls())
            aws.advance(10)
            _ENDS[name] = account(aws), calls
        return _ENDS[name]

    return end
