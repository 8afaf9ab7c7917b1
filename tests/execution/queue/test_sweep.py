"""What a sweep picks up: batches that nobody sent on, and deployments of which no event told."""

import pytest

from reconciler.execution.lock import is_held
from reconciler.execution.queue import gone, handlers, sweep
from reconciler.model.run import Run
from reconciler.sandbox.testing import Sandbox
from tests.execution.queue.working import Place
from tests.fleets import run_cli

pytestmark = pytest.mark.sampled


def test_a_batch_that_nobody_sent_on_is_sent_once(fleet: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fleet.submit()
    monkeypatch.setattr(handlers.Work, "send_batch", lambda *_: False)  # the worker dies before it
    fleet.do("Devices")
    monkeypatch.undo()
    assert fleet.left("NewDeployments") == 0
    fleet.sweep()
    fleet.sweep()
    assert fleet.left("NewDeployments") == 1
    fleet.finish(run, "succeeded")


def test_a_batch_that_a_dead_worker_had_claimed_is_sent_when_its_claim_lapses(
    fleet: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fleet.submit()
    key = f"{run.id}/send/batch-1"
    fleet.work.ledger.begin(run.id, key)
    fleet.work.ledger.sharing.claim(key, "dead", 1)
    fleet.do("Devices")

    def sent() -> bool:
        fleet.sweep()
        return fleet.left("NewDeployments") == 1

    fleet.until(sent)
    fleet.finish(run, "succeeded")


def test_what_no_event_told_is_asked_for(fleet: Place, aws: Sandbox) -> None:
    run = fleet.submit()
    fleet.do("Devices")
    fleet.do("NewDeployments")
    assert fleet.states(run) == {"a": "deploying", "b": "deploying"}
    aws.advance(5)
    fleet.sweep()
    assert fleet.run(run).state == "succeeded"


def purge(fleet: Place, name: str) -> None:
    """Empty a queue by hand."""
    fleet.aws.client("sqs").purge_queue(QueueUrl=fleet.outputs[f"{name}QueueUrl"])


def test_what_was_purged_is_sent_again(fleet: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fleet.submit()
    purge(fleet, "Devices")
    fleet.sweep()
    assert fleet.left("Devices") == 0  # a moment ago it was there, for all that is known
    monkeypatch.setattr(gone, "GONE_SECONDS", 0.0)
    fleet.sweep()
    assert fleet.left("Devices") == 2
    fleet.do("Devices")
    purge(fleet, "NewDeployments")
    fleet.sweep()
    assert (fleet.left("Devices"), fleet.left("NewDeployments")) == (0, 1)
    fleet.finish(run, "succeeded")
    assert aws.counts()["greengrass:CreateGroup"] == 2
    assert aws.counts()["greengrass:StartBulkDeployment"] == 1


def test_what_is_there_or_in_hand_is_not_sent_again(
    fleet: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gone, "GONE_SECONDS", 0.0)
    run = fleet.submit()
    fleet.sweep()
    assert fleet.left("Devices") == 2
    messages = fleet.take("Devices")
    fleet.sweep()
    assert (len(messages), fleet.left("Devices")) == (2, 2)
    fleet.worker().do(fleet.lane("Devices"), messages[0])
    purge(fleet, "Devices")  # and so the other is done though it is gone
    fleet.sweep()
    assert fleet.left("Devices") == 1
    fleet.worker().do(fleet.lane("Devices"), messages[1])
    fleet.finish(run, "succeeded")
    assert aws.counts()["greengrass:CreateGroup"] == 2
    assert fleet.plan().changed == ()


def test_what_cannot_be_sent_again_has_failed(fleet: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gone, "GONE_SECONDS", 0.0)
    run = fleet.submit()
    purge(fleet, "Devices")
    aws.client("s3").delete_object(Bucket=fleet.outputs["ArtifactsBucketName"], Key=f"demo/runs/{run.id}/plan.json")
    fleet.sweep()
    assert "its message was not sent: what the message speaks of is gone" in str(fleet.tasks(run)["a"].error)
    fleet.finish(run, "failed")


def test_a_core_that_is_offline_holds_no_run_open(fleet: Place, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.put_devices({"b-core": {"outcome": "offline"}})
    run = fleet.submit()
    for name in ("Devices", "NewDeployments"):
        fleet.do(name)
    aws.advance(5)
    fleet.do("DeploymentStatus")
    fleet.sweep()
    assert (fleet.run(run).ended_at, fleet.states(run)) == (None, {"a": "succeeded", "b": "deploying"})
    monkeypatch.setattr(sweep, "UNHEARD_SECONDS", -1.0)
    fleet.until(lambda: swept(fleet, run))
    assert (fleet.run(run).state, is_held(fleet.work.ledger.leases.current())) == ("running", False)
    aws.put_devices({})
    aws.advance(5)
    fleet.do("DeploymentStatus")
    assert fleet.states(run) == {"a": "succeeded", "b": "succeeded"}
    assert '"state": "succeeded"' in run_cli("status", fleet.files.directory, "--format", "json").out.split("groups")[0]


def swept(fleet: Place, run: Run) -> bool:
    """Whether a run has ended, now that a sweep has been there; others may be at it just then."""
    fleet.sweep()
    return fleet.run(run).ended_at is not None
