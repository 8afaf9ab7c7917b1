"""What a plan and an apply cost, as exact numbers of calls: what changed is paid for, not what exists."""

import shutil
from collections import Counter
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import LAMBDA, FleetFiles, run_cli
from tests.runtimes.v1.applying import applied

N = 5


def cost(aws: Sandbox, fleet: FleetFiles, *command: str) -> Counter[str]:
    fleet.write()
    aws.clear_calls()
    ran = run_cli(command[0], fleet.directory, *command[1:])
    assert ran.code == 0, ran.err
    return Counter(aws.counts())


def writes(aws: Sandbox) -> Counter[str]:
    return Counter(aws.writes())


def device_subscription() -> dict[str, list[dict[str, str]]]:
    return {"*": [{"Id": "${thingName}-out", "Source": "${thingArn}", "Subject": "dt", "Target": LAMBDA}]}


def fleet_of(fleet: FleetFiles, version: int, count: int = N, **template: Any) -> FleetFiles:
    fleet.template(1, **template).template(2, timeout=9, **template)
    for number in range(count):
        fleet.group(f"g{number}", version=version, devices=1)
    return fleet


def test_an_unchanged_plan_reads_the_account_the_groups_and_their_last_deployments(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    applied(aws, fleet_of(fleet, 1))
    cost(aws, fleet, "plan")
    assert cost(aws, fleet, "plan") == {
        "sts:GetCallerIdentity": 1,
        "greengrass:ListGroups": 1,
        "greengrass:ListDeployments": N,
    }


def test_what_groups_share_is_read_once_however_many_are_read_at_a_time(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet_of(fleet, 1))
    shutil.rmtree(fleet.directory / ".reconcile")
    slow = {"service": "greengrass", "operation": "Get*Version", "fault": "latency", "seconds": 0.3}
    aws.put_faults([slow])
    found = cost(aws, fleet, "plan")
    assert found["greengrass:GetGroupVersion"] == N
    assert found["greengrass:GetFunctionDefinitionVersion"] == 1


def test_listing_more_groups_than_a_page_holds_takes_a_call_a_page(fleet: FleetFiles, aws: Sandbox) -> None:
    for number in range(251):
        aws.client("greengrass").create_group(Name=f"foreign-{number}")
    found = cost(aws, fleet_of(fleet, 1, count=1), "plan")
    assert found["greengrass:ListGroups"] == 2


def test_a_new_template_version_publishes_what_groups_share_once(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet_of(fleet, 1, deviceSubscriptions=device_subscription()))
    found = cost(aws, fleet_of(fleet, 2, deviceSubscriptions=device_subscription()), "apply", "--yes", "--no-wait")
    assert writes(aws) == {
        "greengrass:CreateFunctionDefinitionVersion": 1,
        "greengrass:CreateGroupVersion": N,
        "greengrass:TagResource": N,
        "s3:PutObject": 1,
        "greengrass:StartBulkDeployment": 1,
    }
    assert found["iot:DescribeThing"] == 0
    assert found["greengrass:ListGroups"] == 1
    assert found["greengrass:ListDeployments"] == N


def test_subscriptions_are_published_only_where_they_differ(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.template(1).template(2, deviceSubscriptions=device_subscription())
    for number in range(N):
        fleet.group(f"g{number}", version=1, devices=1)
    applied(aws, fleet)
    for number in range(2):
        fleet.group(f"g{number}", version=2, devices=1)
    applied(aws, fleet)
    fleet.template(3, deviceSubscriptions=device_subscription())
    for number in range(N):
        fleet.group(f"g{number}", version=3, devices=1)
    aws.clear_calls()
    applied(aws, fleet)
    found = writes(aws)
    made = found["greengrass:CreateSubscriptionDefinition"] + found["greengrass:CreateSubscriptionDefinitionVersion"]
    assert made == N - 2
    assert found["greengrass:CreateGroupVersion"] == N - 2
    assert found["greengrass:TagResource"] == N


def test_functions_are_published_by_group_only_where_they_hold_tokens(fleet: FleetFiles, aws: Sandbox) -> None:
    def functions(timeout: int) -> dict[str, object]:
        environment = {"Variables": {"CORE": "${coreThingName}"}}
        configuration = {"Timeout": timeout, "MemorySize": 16384, "Environment": environment}
        return {
            "functions": {"Functions": [{"Id": "f", "FunctionArn": LAMBDA, "FunctionConfiguration": configuration}]}
        }

    applied(aws, fleet_of(fleet.template(1, definitions=functions(3)), 1, definitions=functions(3)))
    aws.clear_calls()
    fleet.template(2, definitions=functions(9))
    for number in range(N):
        fleet.group(f"g{number}", version=2, devices=1)
    applied(aws, fleet)
    assert writes(aws)["greengrass:CreateFunctionDefinitionVersion"] == N


@pytest.mark.parametrize("count", [1, 4])
def test_new_devices_cost_one_look_up_and_one_registration_each(fleet: FleetFiles, aws: Sandbox, count: int) -> None:
    fleet.template(1, deviceSubscriptions=device_subscription())
    applied(aws, fleet.group("a", devices=1))
    found = cost(aws, fleet.group("a", devices=1 + count), "apply", "--yes", "--no-wait")
    assert writes(aws) == {
        "iot:RegisterThing": count,
        "s3:PutObject": 2 * count,
        "greengrass:CreateDeviceDefinitionVersion": 1,
        "greengrass:CreateSubscriptionDefinitionVersion": 1,
        "greengrass:CreateGroupVersion": 1,
        "greengrass:TagResource": 1,
        "greengrass:CreateDeployment": 1,
    }
    assert {name: number for name, number in found.items() if name.startswith("iot:")} == {
        "iot:DescribeThing": count,
        "iot:RegisterThing": count,
    }


def test_a_new_group_makes_each_definition_with_its_first_version_in_one_call(fleet: FleetFiles, aws: Sandbox) -> None:
    cost(aws, fleet.group("a", devices=2), "apply", "--yes", "--no-wait")
    assert {name: count for name, count in writes(aws).items() if name.startswith("greengrass:")} == {
        "greengrass:CreateGroup": 1,
        "greengrass:CreateCoreDefinition": 1,
        "greengrass:CreateDeviceDefinition": 1,
        "greengrass:CreateFunctionDefinition": 1,
        "greengrass:CreateSubscriptionDefinition": 1,
        "greengrass:CreateGroupVersion": 1,
        "greengrass:TagResource": 1,
        "greengrass:CreateDeployment": 1,
    }


def test_a_group_that_joins_a_template_uses_what_its_siblings_have(fleet: FleetFiles, aws: Sandbox) -> None:
    applied(aws, fleet.group("a"))
    aws.clear_calls()
    applied(aws, fleet.group("b"))
    assert "greengrass:CreateFunctionDefinition" not in writes(aws)
    assert "greengrass:CreateFunctionDefinitionVersion" not in writes(aws)


def test_a_thing_type_is_asked_for_once(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.client("iot").create_thing_type(thingTypeName="press")
    devices = [{"thingName": f"d{number}", "thingType": "press"} for number in range(3)]
    assert cost(aws, fleet.group("a", devices=devices), "plan")["iot:DescribeThingType"] == 1
