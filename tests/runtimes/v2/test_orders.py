"""Deployments of V2 that are ordered by word of mouth."""

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, Ran, run_cli
from tests.runtimes.v2.fleets import CLI, applied, arn, group, installed, newest, template, unchanged

pytestmark = pytest.mark.sampled


@pytest.fixture
def live(fleet: FleetFiles, aws: Sandbox) -> FleetFiles:
    applied(aws, group(template(fleet, aws_greengrass_Cli="2.12.6")))
    return fleet


def order(fleet: FleetFiles, kind: str, *options: str) -> Ran:
    return run_cli("deploy", fleet.directory, "a", "--type", kind, "--yes", *options)


def test_a_redeployment_sends_the_same_once_more_each_time(live: FleetFiles, aws: Sandbox) -> None:
    for _ in range(2):
        ran = order(live, "Redeployment")
        assert ran.code == 0, ran.out + ran.err
    assert aws.writes().count("greengrassv2:CreateDeployment") == 3
    assert unchanged(live) == "No changes. 1 group matches the files."


def test_a_reset_takes_all_components_off_and_the_next_apply_brings_them_back(live: FleetFiles, aws: Sandbox) -> None:
    ran = order(live, "ResetDeployment")
    assert ran.code == 0, ran.out + ran.err
    assert "deployment: an empty one, which takes all components off its core" in ran.out
    assert "the files say `state: deployed`" in ran.out
    assert CLI not in installed(aws, "a-core-1")
    assert order(live, "ResetDeployment").code == 0
    assert aws.writes().count("greengrassv2:CreateDeployment") == 2
    applied(aws, live)
    assert CLI in installed(aws, "a-core-1")


def test_an_earlier_deployment_can_be_ordered_again(live: FleetFiles, aws: Sandbox) -> None:
    first = newest(aws, arn("a"))["deploymentId"]
    applied(aws, group(template(live, 2, aws_greengrass_Cli="2.12.5"), version=2))
    ran = order(live, "Redeployment", "--deployment-id", first)
    assert ran.code == 0, ran.out + ran.err
    assert installed(aws, "a-core-1")[CLI] == "2.12.6"


def test_what_there_is_not_cannot_be_ordered(live: FleetFiles, aws: Sandbox) -> None:
    ran = order(live, "Redeployment", "--deployment-id", "4f38f1a7-0000-4000-8000-000000000000")
    assert ran.code == 3
    assert "the group has no deployment 4f38f1a7" in ran.out + ran.err
