"""Which fleet a stack serves: one alone, and read back as it was declared."""

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.execution.apply import ApplyOptions
from reconciler.execution.queue.served import fleet_document, read_fleet, served
from reconciler.model.errors import ReconcileError
from reconciler.model.fleet import Artifacts, BulkDeployments, CdfAuth, Fleet, LedgerPlace, Provisioning
from tests.execution.queue.working import Heard, Place, queue_fleet

USUAL = Fleet("demo", "123456789012", "eu-central-1")
FULL = replace(
    USUAL,
    provisioning=Provisioning("cdf", "https://cdf.example.com", CdfAuth("bearer", "CDF_TOKEN", "")),
    artifacts=Artifacts("artifacts", "demo/"),
    bulk_deployments=BulkDeployments("bulk", "arn:aws:iam::123456789012:role/bulk", "inputs/"),
    ledger=LedgerPlace("dynamodb", "ledger"),
    limits={"greengrass": 10.0, "iot:RegisterThing": 2.5},
)


@pytest.mark.parametrize("fleet", [USUAL, FULL], ids=["usual", "full"])
def test_a_fleet_is_read_back_as_it_was(fleet: Fleet) -> None:
    assert read_fleet(json.loads(json.dumps(fleet_document(fleet)))) == fleet


@pytest.mark.parametrize("version", [2, None, "1"])
def test_a_record_of_another_version_is_refused(version: Any) -> None:
    with pytest.raises(ReconcileError, match="format version"):
        read_fleet(fleet_document(USUAL) | {"formatVersion": version})


@pytest.mark.parametrize("damage", [{"limits": None}, {"provisioning": {}}, {"limits": {"greengrass": "fast"}}])
def test_a_damaged_record_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(ReconcileError, match="damaged"):
        read_fleet(fleet_document(USUAL) | damage)


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(ReconcileError, match="format version"):
        read_fleet([])


def test_an_apply_says_which_fleet_the_stack_serves_and_no_other_may(fleet: Place) -> None:
    table = fleet.outputs["TableName"]
    aws = fleet.work.payloads.aws
    assert served(aws, table, "fleet") is None
    fleet.submit()
    found = served(aws, table, "fleet")
    assert found is not None
    assert (found.name, found.artifacts) == ("demo", Artifacts(fleet.outputs["ArtifactsBucketName"], "demo/"))

    other = queue_fleet(fleet.files.directory.parent / "other", "other").group("c")
    fleet.aws.clear_calls()
    with pytest.raises(ReconcileError, match="stack fleet serves fleet demo") as refused:
        replace(fleet, files=other).apply(ApplyOptions(detach=True), Heard())
    assert "#stack#fleet" in refused.value.hint
    assert {write.partition(":")[0] for write in fleet.aws.writes()} == {"dynamodb"}  # the lock, and what is refused
    assert served(aws, table, "fleet") == found
