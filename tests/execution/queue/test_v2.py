"""Groups of Greengrass V2 go through the queues like those of V1."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.execution.apply import ApplyOptions
from reconciler.sandbox.testing import Sandbox
from tests.execution.queue.working import Place, queue_fleet
from tests.runtimes.v2.fleets import CLI, group, installed, members, template
from tests.runtimes.v2.test_components import LOGGER, component

pytestmark = pytest.mark.sampled


@pytest.fixture
def fleet(aws: Sandbox, outputs: dict[str, str], tmp_path: Path) -> Iterator[Place]:
    """Two groups that need a component of the fleet's own, one with a core that has a configuration of its own."""
    files = component(
        template(queue_fleet(tmp_path / "fleet"), com_example_Logger="1.0.0", aws_greengrass_Cli="2.12.6")
    )
    own = {"thingName": "a-core-2", "configuration": {CLI: {"port": 1}}}
    group(files, "a", cores=[{"thingName": "a-core-1"}, own], devices=1)
    with Place.open(aws, group(files, "b").write(), outputs) as place:
        yield place


def test_an_apply_through_the_queues_ends_like_one_of_its_own(fleet: Place, aws: Sandbox) -> None:
    run = fleet.submit()
    fleet.finish(run, "succeeded")
    assert aws.writes().count("greengrassv2:CreateComponentVersion") == 1
    assert aws.writes().count("greengrassv2:CreateDeployment") == 3
    assert members(aws, "a") == ["a-core-1", "a-core-2"]
    assert installed(aws, "b-core-1")[LOGGER] == "1.0.0"
    assert fleet.plan().changed == ()


def test_a_core_that_fails_fails_its_group_with_its_words(fleet: Place, aws: Sandbox) -> None:
    aws.put_devices({"b-*": {"outcome": "fail", "error": "disk full"}})
    run = fleet.submit()
    fleet.finish(run, "partial")
    task = next(task for task in fleet.work.ledger.tasks(run.id).values() if task.group == "b")
    assert "1 of 1 core failed: b-core-1: FAILED" in str(task.error)
    assert "disk full" in str(task.error)


def test_a_core_that_joins_is_waited_for_though_the_others_have_reported(fleet: Place, aws: Sandbox) -> None:
    fleet.finish(fleet.submit(), "succeeded")
    aws.put_devices({"b-core-2": {"outcome": "fail", "error": "disk full"}})
    group(fleet.files, "b", cores=2).write()
    run = fleet.submit()
    fleet.finish(run, "failed")
    task = next(task for task in fleet.work.ledger.tasks(run.id).values() if task.group == "b")
    assert "1 of 2 cores failed (the others have it, so it is not sent again by itself): b-core-2: FAILED" in str(
        task.error
    )
    assert aws.writes().count("greengrassv2:CreateDeployment") == 3


def test_what_a_core_alone_has_comes_back_after_a_new_version(fleet: Place, aws: Sandbox) -> None:
    fleet.finish(fleet.submit(), "succeeded")
    template(fleet.files, 2, com_example_Logger="1.0.0", aws_greengrass_Cli="2.12.5")
    own = {"thingName": "a-core-2", "configuration": {CLI: {"port": 1}}}
    group(fleet.files, "a", 2, cores=[{"thingName": "a-core-1"}, own], devices=1).write()
    with fleet.working():
        result = fleet.apply(ApplyOptions(timeout=60))
    assert [task.state for task in result.tasks] == ["succeeded"]
    assert installed(aws, "a-core-2")[CLI] == "2.12.5"
    assert fleet.plan().changed == ()


@pytest.mark.long
def test_a_worker_that_has_seen_nothing_yet_reads_no_deployment_but_those_that_it_makes(
    fleet: Place, aws: Sandbox
) -> None:
    fleet.finish(fleet.submit(), "succeeded")
    template(fleet.files, 2, com_example_Logger="1.0.0", aws_greengrass_Cli="2.12.5")
    group(fleet.files, "b", 2).write()
    with Place.open(aws, fleet.files, fleet.outputs) as other:
        run = other.submit()
        aws.clear_calls()
        other.finish(run, "succeeded")
    counts = aws.counts()
    assert counts["greengrassv2:CreateDeployment"] == counts["greengrassv2:GetDeployment"] == 1


def test_what_is_wrong_with_v1_holds_up_no_group_of_v2_in_the_same_batch(fleet: Place, aws: Sandbox) -> None:
    fleet.files.template(name="of-v1").group("one", devices=0, template="of-v1").write()
    aws.client("s3").delete_bucket(Bucket=fleet.outputs["BulkBucketName"])
    run = fleet.submit()
    assert (fleet.do("Devices"), fleet.do("NewDeployments")) == (3, 1)
    assert aws.writes().count("greengrassv2:CreateDeployment") == 3
    assert fleet.states(run) == {"a": "deploying", "b": "deploying", "one": "running"}
