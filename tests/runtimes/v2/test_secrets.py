"""Secrets in the configuration of V2 components: on their way to AWS alone."""

import json
import sqlite3

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v2.fleets import CLI, applied, arn, group, newest, template, unchanged

FIRST, SECOND = "correct-horse-battery", "staple-and-nothing-else"


@pytest.fixture
def live(fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> FleetFiles:
    monkeypatch.setenv("RECONCILE_SECRET_PASSWORD", FIRST)
    merge = {"password": "${secret.PASSWORD}", "level": "info"}
    template(fleet, aws_greengrass_Cli={"componentVersion": "2.12.6", "configurationUpdate": {"merge": merge}})
    applied(aws, group(fleet))
    return fleet


def merged(aws: Sandbox) -> str:
    return str(json.loads(newest(aws, arn("a"))["components"][CLI]["configurationUpdate"]["merge"])["password"])


def test_the_value_is_deployed_and_nowhere_else(live: FleetFiles, aws: Sandbox) -> None:
    assert merged(aws) == FIRST
    assert unchanged(live) == "No changes. 1 group matches the files."
    shown = run_cli("plan", live.directory, "--format", "json", "--verbose").out
    assert FIRST not in shown
    for file in (live.directory / ".reconcile").iterdir():
        assert FIRST.encode() not in file.read_bytes(), file.name
    with sqlite3.connect(live.directory / ".reconcile/cache.db") as cache:
        assert cache.execute("SELECT count(*) FROM cache WHERE kind = 'v2-deployment'").fetchone() == (0,)


def test_another_value_is_a_change_that_shows_no_value(
    live: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILE_SECRET_PASSWORD", SECOND)
    ran = run_cli("plan", live.directory)
    assert "configurationUpdate.merge.password" in ran.out
    assert "(value not shown #" in ran.out
    assert FIRST not in ran.out + ran.err
    assert SECOND not in ran.out + ran.err
    applied(aws, live)
    assert merged(aws) == SECOND
    assert unchanged(live) == "No changes. 1 group matches the files."
