"""A small fleet on an empty sandbox that has the buckets it needs."""

from pathlib import Path

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, make_buckets


@pytest.fixture
def fleet(aws: Sandbox, tmp_path: Path) -> FleetFiles:
    make_buckets(aws.client)
    # The quotas of AWS would only make the tests slow; that they are kept is tested where they are implemented.
    return FleetFiles(tmp_path / "fleet").fleet(limits={"greengrass": 10000, "greengrass:CreateDeployment": 10000})
