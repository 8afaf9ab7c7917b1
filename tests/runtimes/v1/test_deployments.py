"""What gets deployed, how, and what becomes of it."""

import json
import threading
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from reconciler.aws.client import Aws
from reconciler.model.errors import AwsError
from reconciler.runtimes.base import Outcome
from reconciler.runtimes.v1.bulk import BulkDeployer
from reconciler.runtimes.v1.live import LiveFleet
from reconciler.runtimes.v1.observe import Observer
from reconciler.runtimes.v1.outcomes import Waiter
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import BULK_BUCKET, FleetFiles, Ran, run_cli
from tests.runtimes.v1.applying import applied

pytestmark = pytest.mark.sampled


def plan_of(fleet: FleetFiles, name: str = "a") -> dict[str, Any]:
    fleet.write()
    ran = run_cli("plan", fleet.directory, "--format", "json")
    assert ran.code == 0, ran.err
    return next(group for group in json.loads(ran.out)["groups"] if group["name"] == name)


def kinds(plan: dict[str, Any]) -> list[str]:
    return [action["kind"] for action in plan["actions"]]


def newest(aws: Sandbox, name: str = "a") -> dict[str, str]:
    return live.deployments(aws.client, name)[0]


def test_several_new_deployments_go_in_one_bulk_deployment(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a").group("b").group("c"))
    assert aws.counts()["greengrass:StartBulkDeployment"] == 1
    assert "greengrass:CreateDeployment" not in aws.counts()
    (entry,) = aws.client("s3").list_objects_v2(Bucket=BULK_BUCKET)["Contents"]
    body = aws.client("s3").get_object(Bucket=BULK_BUCKET, Key=entry["Key"])["Body"].read().decode()
    rows = live.groups(aws.client)
    assert [json.loads(line) for line in body.splitlines()] == sorted(
        (
            {
                "GroupId": rows[name]["Id"],
                "GroupVersionId": rows[name]["LatestVersion"],
                "DeploymentType": "NewDeployment",
            }
            for name in "abc"
        ),
        key=lambda line: line["GroupId"],
    )


def test_one_group_alone_is_deployed_by_itself(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a"))
    assert aws.counts()["greengrass:CreateDeployment"] == 1
    assert "greengrass:StartBulkDeployment" not in aws.counts()


def test_a_pinned_group_version_is_what_gets_deployed(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.template(1).template(2, timeout=9)
    applied(aws, fleet.group("a", version=1))
    pinned = live.groups(aws.client)["a"]["LatestVersion"]
    applied(aws, fleet.group("a", version=2))
    applied(aws, fleet.group("a", version=2, deployment={"groupVersionId": pinned}))
    assert newest(aws)["GroupArn"].endswith(f"/versions/{pinned}")
    assert live.groups(aws.client)["a"]["LatestVersion"] != pinned
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_a_pin_to_a_version_that_does_not_exist_is_refused(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a"))
    fleet.group("a", deployment={"groupVersionId": "9a2d1d2c-0000-4000-8000-000000000000"}).write()
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 3
    assert "has no version 9a2d1d2c-0000-4000-8000-000000000000" in ran.out
    assert "! blocked group a (template line 1)\n    because its deployment is pinned to a version that" in ran.out


def test_a_new_redeploy_value_asks_for_one_redeployment(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a"))
    first = newest(aws)["DeploymentId"]
    fleet.group("a", deployment={"redeploy": "2026-11-20"})
    assert kinds(plan_of(fleet)) == ["tag-group", "redeploy"]
    applied(aws, fleet)
    assert newest(aws)["DeploymentType"] == "Redeployment"
    assert newest(aws)["DeploymentId"] != first
    assert live.tags(aws.client, "a")["reconciler:redeploy"] == "2026-11-20"
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_a_group_that_is_born_with_a_redeploy_value_is_deployed_once(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", deployment={"redeploy": "1"}))
    assert [row["DeploymentType"] for row in live.deployments(aws.client, "a")] == ["NewDeployment"]
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_a_redeployment_on_another_machine_is_not_asked_for_again(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a"))
    run_cli("plan", fleet.directory)  # the tags are in this machine's cache now
    arn = live.groups(aws.client)["a"]["Arn"]
    aws.client("greengrass").tag_resource(ResourceArn=arn, tags={"reconciler:redeploy": "now"})
    fleet.group("a", deployment={"redeploy": "now"})
    assert plan_of(fleet)["operation"] == "none"


@pytest.mark.parametrize(("force", "kind"), [(False, "ResetDeployment"), (True, "ForceResetDeployment")])
def test_a_reset_takes_everything_off_the_core(fleet: FleetFiles, aws: Sandbox, force: bool, kind: str) -> None:
    applied(aws, fleet.group("a"))
    applied(aws, fleet.group("a", deployment={"state": "reset", "force": force}))
    assert newest(aws)["DeploymentType"] == kind
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")
    applied(aws, fleet.group("a"))
    assert newest(aws)["DeploymentType"] == "NewDeployment"


def test_with_state_none_nothing_is_deployed(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", deployment={"state": "none"}))
    assert live.deployments(aws.client, "a") == []
    assert "Core" in live.arns(aws.client, "a")


def test_a_group_without_a_core_is_made_but_not_deployed(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a", cores=[]))
    assert live.deployments(aws.client, "a") == []
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_a_failed_deployment_is_said_with_its_error_and_tried_again(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"a-core": {"outcome": "fail", "error": "disk full"}})
    fleet.group("a").group("b").write()
    ran = apply_and_move_time(aws, fleet)
    assert ran.code == 5
    assert "disk full" in ran.out
    plan = plan_of(fleet)
    assert plan["operation"] == "deploy"
    assert any("disk full" in reason for reason in plan["reasons"])
    assert plan_of(fleet, "b")["operation"] == "none"
    aws.put_devices({})
    applied(aws, fleet)
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_a_deployment_on_its_way_is_left_alone(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"a-core": {"outcome": "offline"}})
    applied(aws, fleet.group("a"))
    plan = plan_of(fleet)
    assert plan["operation"] == "none"
    assert "on its way" in plan["notes"][0]


def test_a_bulk_deployment_of_somebody_else_is_waited_for(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"x-core": {"outcome": "offline"}})
    applied(aws, fleet.group("x"))
    start_foreign_bulk(aws)  # its one group is busy, so that it keeps trying for some seconds
    fleet.group("a").group("b").write()
    ran = apply_and_move_time(aws, fleet, since="greengrass:ListBulkDeployments")
    assert ran.code == 0, ran.out + ran.err
    assert "waiting: bulk deployment" in ran.err
    assert [len(live.deployments(aws.client, name)) for name in "ab"] == [1, 1]


def test_a_busy_greengrass_is_given_up_at_the_deadline(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"a-core": {"outcome": "offline"}})
    fleet.template(1).template(2, timeout=9)
    applied(aws, fleet.group("a", version=1))
    fleet.group("a", version=2).write()
    ran = run_cli("apply", fleet.directory, "--yes", "--timeout", "0")
    assert ran.code == 5
    assert "busy" in ran.out
    aws.put_devices({})
    aws.advance(10)
    applied(aws, fleet)
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_a_bulk_deployment_that_came_to_nothing_is_not_taken_for_the_next(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_devices({"*": {"outcome": "offline"}})
    fleet.template(1).template(2, timeout=9)
    applied(aws, fleet.group("a", version=1).group("b", version=1))
    fleet.group("a", version=2).group("b", version=2).write()
    for _ in range(2):  # both groups stay busy: no bulk deployment gets anywhere
        ran = apply_and_move_time(aws, fleet, since="greengrass:StartBulkDeployment")
        assert ran.code == 5
        assert "is still InProgress" in ran.out
    aws.put_devices({})
    aws.advance(10)
    applied(aws, fleet)
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")
    assert [len(live.deployments(aws.client, name)) for name in "ab"] == [2, 2]


def test_a_bulk_deployment_that_ends_after_the_plan_is_known_again(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.group("a").group("b").write()
    with patch.object(BulkDeployer, "_reports", side_effect=Killed), pytest.raises(Killed):
        run_cli("apply", fleet.directory, "--yes", "--no-wait")
    real = Observer.observe

    def observe_and_let_time_pass(self: Observer, *arguments: Any, **options: Any) -> LiveFleet:
        found = real(self, *arguments, **options)
        aws.advance(10)
        return found

    with patch.object(Observer, "observe", observe_and_let_time_pass):
        applied(aws, fleet)
    assert [len(live.deployments(aws.client, name)) for name in "ab"] == [1, 1]


def test_a_bulk_deployment_that_nobody_sees_is_waited_for_until_the_deadline(fleet: FleetFiles, aws: Sandbox) -> None:
    real = Aws.call

    def busy(self: Aws, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        if operation == "StartBulkDeployment":
            raise AwsError(
                "busy", operation=operation, code="BadRequest", status=400, details=("ConcurrentDeployment",)
            )
        return real(self, service, operation, **parameters)

    fleet.group("a").group("b").write()
    with patch.object(Aws, "call", busy):
        ran = run_cli("apply", fleet.directory, "--yes", "--timeout", "0")
    assert ran.code == 5
    assert "is still running, and AWS runs one at a time" in ran.out


def test_a_group_deleted_while_its_core_is_waited_for_does_not_end_the_wait_for_others(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    aws.put_devices({"*": {"outcome": "succeed", "delay": 5}})
    fleet.group("a").group("b").write()
    real = Waiter.outcomes

    def delete_first(self: Waiter, *arguments: Any) -> Iterator[Outcome]:
        delete_group(aws, "a")
        return real(self, *arguments)

    with patch.object(Waiter, "outcomes", delete_first):
        ran = apply_and_move_time(aws, fleet, since="greengrass:DeleteGroup")
    assert ran.code == 5
    assert ran.last_line == "Apply incomplete: 1 group done, 1 failed, 0 unfinished; 0 unchanged."


def test_several_deployments_need_a_bucket_and_a_role_and_say_so(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.fleet(bulkDeployments=None).group("a").group("b").write()
    ran = run_cli("plan", fleet.directory)
    assert ran.code == 1
    assert "fleet.yaml:" in ran.err
    assert "bulkDeployments" in ran.err
    assert run_cli("plan", fleet.directory, "--select", "a").code == 0


class Killed(BaseException):
    """Stands for a process that ends here."""


def delete_group(aws: Sandbox, name: str) -> None:
    group_id = live.groups(aws.client)[name]["Id"]
    aws.client("greengrass").reset_deployments(GroupId=group_id, Force=True)
    aws.client("greengrass").delete_group(GroupId=group_id)


def start_foreign_bulk(aws: Sandbox) -> None:
    row = live.groups(aws.client)["x"]
    line = {"GroupId": row["Id"], "GroupVersionId": row["LatestVersion"], "DeploymentType": "NewDeployment"}
    aws.client("s3").put_object(Bucket=BULK_BUCKET, Key="foreign.json", Body=json.dumps(line).encode() + b"\n")
    aws.client("greengrass").start_bulk_deployment(
        ExecutionRoleArn="arn:aws:iam::123456789012:role/other",
        InputFileUri=f"https://{BULK_BUCKET}.s3.eu-central-1.amazonaws.com/foreign.json",
    )


def apply_and_move_time(aws: Sandbox, fleet: FleetFiles, since: str = "sts:GetCallerIdentity") -> Ran:
    """Apply and wait for the cores, while the sandbox's time flies once the call ``since`` was made."""
    done = threading.Event()
    aws.clear_calls()

    def hurry() -> None:
        while not done.wait(0.02):
            if since in aws.counts():
                aws.advance(1)

    helper = threading.Thread(target=hurry)
    helper.start()
    try:
        return run_cli("apply", fleet.directory, "--yes")
    finally:
        done.set()
        helper.join()
