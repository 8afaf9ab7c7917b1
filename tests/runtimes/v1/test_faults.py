"""A sample of what can go wrong: lost answers, refused calls, crashes. Nothing is made twice, nothing is lost."""

import json
from unittest.mock import patch

import pytest
from _pytest.mark import ParameterSet

from reconciler.aws.client import Aws
from reconciler.runtimes.v1.observe import Observer
from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v1.applying import applied
from tests.runtimes.v1.faults import ONCE, Killed, assert_all_keys_kept, killed_at, made, one_group
from tests.runtimes.v1.pruned import certificates, definitions, policies, prunes, stored, things

MAKING = [
    "greengrass:CreateGroup",
    "greengrass:CreateCoreDefinition",
    "greengrass:CreateDeviceDefinition",
    "greengrass:CreateFunctionDefinition",
    "greengrass:CreateSubscriptionDefinition",
    "greengrass:CreateGroupVersion",
    "greengrass:TagResource",
    "greengrass:CreateDeployment",
    "iot:RegisterThing",
    "s3:PutObject",
]


def long(*values: str) -> list[ParameterSet]:
    """Parameters that `make faults` takes in and `make test` leaves out."""
    return [pytest.param(value, marks=pytest.mark.long) for value in values]


@pytest.mark.parametrize("fault", ["lost", *long("refused", "error", "throttle")])
@pytest.mark.parametrize("call", MAKING)
def test_one_bad_answer_changes_nothing_about_the_end(fleet: FleetFiles, aws: Sandbox, call: str, fault: str) -> None:
    service, operation = call.split(":")
    aws.put_faults([{"service": service, "operation": operation, "fault": fault, "times": 1}])
    applied(aws, one_group(fleet))
    assert made(aws) == ONCE
    assert_all_keys_kept(aws)
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


@pytest.mark.parametrize("moment", ["after", *long("before")])
@pytest.mark.parametrize("call", MAKING)
def test_a_run_that_ends_at_a_call_is_finished_by_the_next(
    fleet: FleetFiles, aws: Sandbox, call: str, moment: str
) -> None:
    one_group(fleet).write()
    with killed_at(call, after=moment == "after"), pytest.raises(Killed):
        run_cli("apply", fleet.directory, "--yes", "--no-wait")
    aws.advance(10)
    applied(aws, fleet)
    assert made(aws) == ONCE
    assert_all_keys_kept(aws)
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def test_a_group_that_the_list_shows_late_is_not_made_twice(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.put_faults([{"service": "greengrass", "operation": "CreateGroup", "fault": "lost", "times": 1}])
    real = Observer.list_groups
    looks: list[int] = []

    def late(self: Observer) -> dict[str, list[dict[str, object]]]:
        looks.append(1)
        return real(self) if len(looks) != 2 else {}

    with patch.object(Observer, "list_groups", late):
        applied(aws, one_group(fleet))
    assert made(aws) == ONCE


def test_a_run_that_ends_with_its_redeployment_asked_for_is_not_repeated(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a"))
    fleet.group("a", deployment={"redeploy": "x"}).write()
    real = Aws.call

    def cut(self: Aws, service: str, operation: str, **parameters: object) -> dict[str, object]:
        answer = real(self, service, operation, **parameters)
        if operation == "CreateDeployment":
            raise Killed
        return answer

    with patch.object(Aws, "call", cut), pytest.raises(Killed):
        run_cli("apply", fleet.directory, "--yes", "--no-wait")
    aws.advance(10)
    applied(aws, fleet)
    assert len(live.deployments(aws.client, "a")) == 2


def test_one_group_s_failure_leaves_the_others_to_finish(fleet: FleetFiles, aws: Sandbox) -> None:
    refused = {"thingName": "b-core", "provisioningTemplate": "refused"}
    fleet.group("a").group("b", cores=[refused]).group("c").write()
    write_template(fleet, "refused", policy="there-is-none")
    ran = run_cli("apply", fleet.directory, "--yes", "--no-wait")
    assert ran.code == 5
    assert ran.last_line == "Apply incomplete: 2 groups done, 1 failed, 0 unfinished; 0 unchanged."
    assert "there-is-none" in ran.out
    allow = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    aws.client("iot").create_policy(policyName="there-is-none", policyDocument=policy)
    aws.advance(10)
    applied(aws, fleet)
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def write_template(fleet: FleetFiles, name: str, *, policy: str) -> None:
    csr = {"CertificateSigningRequest": {"Ref": "CSR"}, "Status": "ACTIVE"}
    resources = {
        "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "ThingName"}}},
        "certificate": {"Type": "AWS::IoT::Certificate", "Properties": csr},
        "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": policy}},
    }
    parameters = {"ThingName": {"Type": "String"}, "CSR": {"Type": "String"}}
    (fleet.directory / "provisioning").mkdir()
    body = json.dumps({"Parameters": parameters, "Resources": resources})
    (fleet.directory / "provisioning" / f"{name}.json").write_text(body)


def test_a_killed_run_shows_in_the_ledger_as_not_ended(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.group("a").write()
    with patch("reconciler.runtimes.v1.carry_out.Carrier.carry_out", side_effect=Killed), pytest.raises(Killed):
        run_cli("apply", fleet.directory, "--yes")
    status = json.loads(run_cli("status", fleet.directory, "--format", "json").out)
    assert status["state"] == "stopped"


DELETING = [
    "greengrass:DeleteGroup",
    "greengrass:DeleteDeviceDefinition",
    "iot:DetachPolicy",
    "iot:DeleteCertificate",
    *long(
        "greengrass:DeleteCoreDefinition",
        "iot:DetachThingPrincipal",
        "iot:UpdateCertificate",
        "iot:DeletePolicy",
        "iot:DeleteThing",
        "s3:DeleteObjects",
    ),
]


@pytest.mark.parametrize("moment", ["after", *long("before")])
@pytest.mark.parametrize("call", DELETING)
def test_a_deletion_that_ends_at_a_call_is_finished_by_the_next(
    fleet: FleetFiles, aws: Sandbox, call: str, moment: str
) -> None:
    applied(aws, prunes(fleet, deprovision=True, forceReset=True).group("a", devices=0).group("b", devices=1))
    fleet.without_group("b").write()
    with killed_at(call, after=moment == "after"), pytest.raises(Killed):
        run_cli("apply", fleet.directory, "--yes")
    aws.advance(10)
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert_only_a_is_left(aws)
    assert run_cli("plan", fleet.directory).last_line == "No changes. 1 group matches the files."


@pytest.mark.parametrize("fault", ["lost", *long("refused", "error", "throttle")])
@pytest.mark.parametrize("call", ["greengrass:ResetDeployments", *DELETING])
def test_one_bad_answer_to_a_deletion_changes_nothing_about_the_end(
    fleet: FleetFiles, aws: Sandbox, call: str, fault: str
) -> None:
    applied(aws, prunes(fleet, deprovision=True, forceReset=True).group("a", devices=0).group("b", devices=1))
    fleet.without_group("b").write()
    service, operation = call.split(":")
    aws.put_faults([{"service": service, "operation": operation, "fault": fault, "times": 1}])
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert_only_a_is_left(aws)


@pytest.mark.parametrize("moment", ["after", *long("before")])
@pytest.mark.parametrize("call", ["greengrass:UpdateGroup", *long("greengrass:UpdateCoreDefinition")])
def test_a_rename_that_ends_at_a_call_is_finished_by_the_next(
    fleet: FleetFiles, aws: Sandbox, call: str, moment: str
) -> None:
    applied(aws, fleet.group("a", devices=0))
    fleet.without_group("a").group("b", cores=[{"thingName": "a-core"}], devices=0)
    prunes(fleet, deprovision=True, moved=[{"from": "a", "to": "b"}]).write()
    with killed_at(call, after=moment == "after"), pytest.raises(Killed):
        run_cli("apply", fleet.directory, "--yes")
    applied(aws, fleet)
    assert set(live.groups(aws.client)) == {"b"}
    assert "demo/b/cores" in definitions(aws)
    assert things(aws) == {"a-core"}
    assert run_cli("plan", fleet.directory).last_line.startswith("No changes.")


def assert_only_a_is_left(aws: Sandbox) -> None:
    assert set(live.groups(aws.client)) == {"a"}
    assert definitions(aws) == {"demo/a/cores", "demo/line/functions", "demo/line/subscriptions"}
    assert things(aws) == {"a-core"} == stored(aws)
    assert (certificates(aws), len(policies(aws))) == (1, 1)
