"""Thing groups of others that our cores are in, and what is deployed to them."""

from collections import Counter
from collections.abc import Sequence

import pytest

from reconciler.model.errors import AwsError
from reconciler.runtimes.v2.surroundings import Surroundings
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, run_cli
from tests.runtimes.v2.fleets import applied, arn, group, guards, plan, planned, template

READS = ("iot:ListThingGroupsForThing", "iot:DescribeThingGroup", "iot:DescribeJob", "greengrassv2:GetDeployment")


def foreign(aws: Sandbox, name: str, cores: Sequence[str] = (), parent: str = "", **components: str) -> None:
    """A thing group of somebody else with ``cores`` in it, and a deployment of ``components`` to it, if there are."""
    iot = aws.client("iot")
    iot.create_thing_group(thingGroupName=name, **({"parentGroupName": parent} if parent else {}))
    for core in cores:
        iot.add_thing_to_thing_group(thingGroupName=name, thingName=core)
    if components:
        versions = {f"aws.greengrass.{key}": {"componentVersion": version} for key, version in components.items()}
        client = aws.client("greengrassv2")
        client.create_deployment(targetArn=arn(name), deploymentName=f"central-{name}", components=versions)
    aws.advance(10)


def raised(fleet: FleetFiles, *names: str, nucleus: str = "2.13.0") -> FleetFiles:
    """``fleet`` with another nucleus for the groups ``names``."""
    template(fleet, 2, aws_greengrass_Nucleus=nucleus)
    for name in names:
        group(fleet, name, 2, cores=3)
    return fleet


def reads(aws: Sandbox, fleet: FleetFiles) -> dict[str, int]:
    """What a plan reads of what surrounds cores."""
    aws.clear_calls()
    plan(fleet)
    counts = Counter(aws.counts())
    return {name.partition(":")[2]: counts[name] for name in READS if counts[name]}


@pytest.fixture
def live(fleet: FleetFiles, aws: Sandbox) -> FleetFiles:
    """Two groups of three cores each, applied, and seen by a plan."""
    for name in ("a", "b"):
        group(template(fleet), name, cores=3)
    applied(aws, fleet)
    return fleet


def test_what_others_bring_in_another_version_is_refused_and_would_fail(live: FleetFiles, aws: Sandbox) -> None:
    foreign(aws, "plant", Nucleus="2.12.6")
    foreign(aws, "all-cores", ["a-core-1", "b-core-1"], parent="plant")
    foreign(aws, "other", ["a-core-2"], Nucleus="2.13.0")
    plan(live)
    assert reads(aws, live) == {}  # nothing is about to be brought to any core
    raised(live, "a")
    said = guards(plan(live))["clashing"]
    assert said.startswith("a asks for aws.greengrass.Nucleus 2.13.0 on 1 core (a-core-1), where ")
    assert "where plant (deployment central-plant) asks for 2.12.6; " in said
    assert "set `clashing: warning` in spec.guards" in said
    # What else it read never changes.
    assert reads(aws, live) == {"ListThingGroupsForThing": 3, "DescribeJob": 1}
    ran = run_cli("apply", live.directory, "--yes")
    assert (ran.code, "! clashing: a asks for" in ran.out) == (3, True)
    ran = run_cli("apply", live.directory, "--yes", "--guard", "clashing=warning")
    assert ran.code == 5
    assert "a-core-1: FAILED" in ran.out
    assert "thinggroup/a requires =2.13.0, thinggroup/plant requires =2.12.6" in ran.out


def test_all_that_others_bring_in_one_version_is_told_at_once(live: FleetFiles, aws: Sandbox) -> None:
    foreign(aws, "all-cores", ["a-core-1", "b-core-3"], Nucleus="2.12.6")
    foreign(aws, "logs", ["a-core-3"], LogManager="2.3.7")
    components = {"aws.greengrass.Nucleus": {"componentVersion": "2.12.6"}}
    target = arn("a-core-2").replace("thinggroup", "thing")
    aws.client("greengrassv2").create_deployment(targetArn=target, deploymentName="mine", components=components)
    said = guards(plan(raised(live, "a", "b")))["clashing"]
    assert said.startswith(
        "a, b ask for aws.greengrass.Nucleus 2.13.0 on 3 cores (a-core-1, a-core-2, b-core-3), where all-cores "
        "(deployment central-all-cores), what a-core-2 alone was sent (deployment mine) ask for 2.12.6; "
    )


def test_what_others_deployed_in_vain_is_in_nobodys_way(live: FleetFiles, aws: Sandbox) -> None:
    foreign(aws, "all-cores", ["a-core-1"], Nucleus="2.14.0")
    template(live, 2, aws_greengrass_LogManager="2.3.7")
    group(live, "a", 2, cores=3)
    assert "clashing" not in guards(plan(live))
    assert run_cli("apply", live.directory, "--yes").code == 0


def test_a_role_that_may_not_look_is_told_that_nothing_is_known(
    live: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AwsError("not allowed", operation="iot:ListThingGroupsForThing", code="AccessDeniedException", status=403)

    foreign(aws, "all-cores", ["a-core-1"], Nucleus="2.12.6")
    monkeypatch.setattr(Surroundings, "groups_of", refuse)
    group(raised(live, "a"), "c")
    document = plan(live)
    assert guards(document)["not-seen"].endswith("nor whether they are in too many: not allowed")
    assert {found["name"]: found["operation"] for found in document["groups"]} == {
        "a": "update",
        "b": "none",
        "c": "create",
    }


def test_a_core_in_ten_thing_groups_can_join_no_other(fleet: FleetFiles, aws: Sandbox) -> None:
    aws.client("iot").create_thing(thingName="a-core-1")
    for number in range(10):
        foreign(aws, f"other-{number}", ["a-core-1"])
    group(template(fleet))
    assert "a: a-core-1 would be in 11 thing groups, and AWS IoT takes 10" in guards(plan(fleet))["too-many-groups"]
    assert planned(fleet)["blocked"]
    aws.client("iot").delete_thing_group(thingGroupName="other-3")
    assert "too-many-groups" not in guards(plan(fleet))
    applied(aws, fleet)
