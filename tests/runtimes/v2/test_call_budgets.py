"""What a plan and an apply of V2 cost, as exact numbers of calls: what changed is paid for, not what exists."""

import shutil
from collections import Counter

import pytest

from reconciler.runtimes.v2 import membership
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v2.fleets import NUCLEUS, applied, arn, group, kinds, planned, template

N = 3
LOGS = "aws_greengrass_LogManager"


def cost(aws: Sandbox, fleet: FleetFiles, *options: str) -> Counter[str]:
    fleet.write()
    aws.clear_calls()
    ran = run_cli("plan", fleet.directory, *options)
    assert ran.code == 0, ran.err
    return Counter(aws.counts())


WARM = {
    "sts:GetCallerIdentity": 1,
    "greengrassv2:ListDeployments": 1,
    "greengrassv2:ListCoreDevices": 1,
    "iot:ListThingsInThingGroup": N,
}


@pytest.fixture
def several(fleet: FleetFiles, aws: Sandbox) -> FleetFiles:
    template(fleet)
    for number in range(N):
        group(fleet, f"g{number}", cores=2, devices=1)
    applied(aws, fleet)
    return fleet


def test_an_unchanged_plan_reads_the_lists_and_the_members(several: FleetFiles, aws: Sandbox) -> None:
    after_apply = {
        **WARM,
        "greengrassv2:ListClientDevicesAssociatedWithCoreDevice": 2 * N,
        "iot:ListTagsForResource": N,
        "iot:DescribeJob": N,
    }
    assert cost(aws, several) == after_apply
    assert cost(aws, several) == WARM
    shutil.rmtree(several.directory / ".reconcile")
    assert cost(aws, several) == {**after_apply, "greengrassv2:GetDeployment": N, "greengrass:ListGroups": 1}
    assert cost(aws, several) == WARM


def test_refresh_reads_the_client_devices_of_every_core_anew(several: FleetFiles, aws: Sandbox) -> None:
    cost(aws, several)
    aws.client("greengrassv2").batch_disassociate_client_device_from_core_device(
        coreDeviceThingName="g0-core-1", entries=[{"thingName": "g0-device-1"}]
    )
    warm = run_cli("plan", several.directory)
    assert "Client devices of 6 cores are as they were last seen" in warm.out
    assert warm.last_line == "No changes. 3 groups match the files."
    found = cost(aws, several, "--refresh")
    assert found == {**WARM, "greengrassv2:ListClientDevicesAssociatedWithCoreDevice": 2 * N}
    assert run_cli("plan", several.directory).last_line.startswith("Plan: 0 groups to create, 1 to update")


def test_lists_of_more_than_a_page_take_a_call_a_page(several: FleetFiles, aws: Sandbox) -> None:
    cost(aws, several)
    client = aws.client("greengrassv2")
    for number in range(100 - N + 1):
        aws.client("iot").create_thing_group(thingGroupName=f"other-{number}")
        client.create_deployment(
            targetArn=f"arn:aws:iot:eu-central-1:123456789012:thinggroup/other-{number}", components={}
        )
    assert cost(aws, several) == {**WARM, "greengrassv2:ListDeployments": 2}


@pytest.fixture
def indexed(several: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> FleetFiles:
    """The fleet in an account that indexes its things, and large enough for the index to be asked."""
    monkeypatch.setattr(membership, "WORTH_IT", N)
    aws.client("iot").update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"})
    cost(aws, several)
    return several


def test_of_a_large_fleet_the_index_tells_the_members_of_twelve_groups_a_call(
    indexed: FleetFiles, aws: Sandbox
) -> None:
    lists = {name: calls for name, calls in WARM.items() if name != "iot:ListThingsInThingGroup"}
    assert cost(aws, indexed) == {**lists, "iot:SearchIndex": 1}
    assert cost(aws, indexed, "--refresh")["iot:SearchIndex"] == 0


def test_a_group_of_which_the_index_says_something_else_is_read_by_itself(indexed: FleetFiles, aws: Sandbox) -> None:
    aws.client("iot").remove_thing_from_thing_group(thingGroupName="g1", thingName="g1-core-2")
    found = cost(aws, indexed)
    assert (found["iot:SearchIndex"], found["iot:ListThingsInThingGroup"]) == (1, 1)
    assert kinds(planned(indexed, "g1")) == ["associate-thing", "update-members", "deploy"]


def test_without_an_index_the_groups_are_read_one_by_one(indexed: FleetFiles, aws: Sandbox) -> None:
    aws.client("iot").update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "OFF"})
    assert cost(aws, indexed) == {**WARM, "iot:SearchIndex": 1}


def test_what_others_deploy_is_read_where_it_may_matter(several: FleetFiles, aws: Sandbox) -> None:
    cost(aws, several)
    iot, client = aws.client("iot"), aws.client("greengrassv2")
    for number, (component, version) in enumerate(((NUCLEUS, "2.12.6"), ("aws.greengrass.LogManager", "2.3.7"))):
        iot.create_thing_group(thingGroupName=f"other-{number}")
        iot.add_thing_to_thing_group(thingGroupName=f"other-{number}", thingName="g0-core-1")
        client.create_deployment(
            targetArn=arn(f"other-{number}"), components={component: {"componentVersion": version}}
        )
    assert cost(aws, several) == WARM
    template(several, 2, **{LOGS: "2.3.7"})
    group(several, "g0", 2, cores=2, devices=1)
    changed = {**WARM, "iot:ListTagsForResource": 1}
    assert cost(aws, several) == {**changed, "greengrassv2:GetDeployment": 2}
    assert cost(aws, several) == changed  # nothing is there that would not go with it
    template(several, 2, **{LOGS: "2.4.0"})
    near = {"iot:ListThingGroupsForThing": 2, "iot:DescribeJob": 1}
    assert cost(aws, several) == {**changed, **near, "iot:DescribeThingGroup": N}
    assert cost(aws, several) == {**changed, **near}
    for number in range(N):
        group(several, f"g{number}", 2, cores=2, devices=1)
    of_group = {"iot:ListThingsInThingGroup": N + 1, "iot:DescribeJob": 1}
    assert cost(aws, several) == {**WARM, "iot:ListTagsForResource": N, **of_group}


def test_the_groups_of_a_core_that_joins_one_are_read(several: FleetFiles, aws: Sandbox) -> None:
    cost(aws, several)
    group(several, "g3", cores=[{"thingName": "g0-core-1"}, {"thingName": "new"}])
    found = cost(aws, several) - Counter(WARM)
    assert found["iot:ListThingGroupsForThing"] == 1
