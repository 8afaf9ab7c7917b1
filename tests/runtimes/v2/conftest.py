"""A small fleet of Greengrass V2 on an empty sandbox that has the bucket it needs."""

from pathlib import Path

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, make_buckets

BUDGETS = (
    "greengrassv2",
    "greengrassv2:CreateComponentVersion",
    "iot:ListTagsForResource",
    "iot:TagResource",
    "iot:DescribeJob",
    "iot:ListThingsInThingGroup",
    "iot:RegisterThing",
)


@pytest.fixture
def fleet(aws: Sandbox, tmp_path: Path) -> FleetFiles:
    make_buckets(aws.client)
    # The quotas of AWS would only make the tests slow; that they are kept is tested where they are implemented.
    return FleetFiles(tmp_path / "fleet").fleet(limits=dict.fromkeys(BUDGETS, 10000), bulkDeployments=None)
