"""Accepting live state into the files: for each kind of change by hand, a plan of the accepted files is empty."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler.cli.fleet import opened
from reconciler.execution.accept import accept_live
from reconciler.model.accepted import Accepted
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, make_buckets, run_cli


@pytest.fixture
def fleet(aws: Sandbox, tmp_path: Path) -> FleetFiles:
    make_buckets(aws.client)
    return FleetFiles(tmp_path / "fleet")


def accepted(fleet: FleetFiles, *select: str) -> Accepted:
    """What accepting says, written to the files."""
    with opened(str(fleet.directory), select, (), None) as found:
        result = accept_live(found.session, found.groups)
    for file, text in result.files.items():
        path = fleet.directory / file
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return result


def applied(fleet: FleetFiles, aws: Sandbox, *options: Sequence[str]) -> None:
    fleet.write()
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait", *map(str, options))
    assert ran.code == 0, ran.out + ran.err
    aws.advance(10)


def test_a_group_that_was_deleted_outside_is_taken_out_of_the_files(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(fleet.template().group("berlin").group("munich"), aws)
    identifier = live.groups(aws.client)["munich"]["Id"]
    aws.client("greengrass").reset_deployments(GroupId=identifier, Force=True)
    aws.client("greengrass").delete_group(GroupId=identifier)
    result = accepted(fleet)
    assert (dict(result.files), result.groups, result.left) == ({"groups/munich.yaml": None}, ("munich",), ())
    assert run_cli("plan", fleet.directory).last_line == "No changes. 1 group matches the files."
