"""What EventBridge tells of core devices."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.events import into_a_queue

DEPLOYMENT = "Greengrass V2 Effective Deployment Status Change"
COMPONENT = "Greengrass V2 Installed Component Status Change"
CLI = "aws.greengrass.Cli"


@pytest.fixture
def events(fleet: Any) -> Callable[[], list[dict[str, Any]]]:
    """Take the events that a rule brought into a queue, in the order of their delivery."""
    return into_a_queue(fleet.aws.client, {"source": ["aws.greengrass"]})


def test_a_success_tells_of_the_deployment_and_the_components(fleet: Any, events: Any) -> None:
    made = fleet.deploy(fleet.group("line", "core"), f"{CLI}@2.9.0")
    status, components = events()
    assert status["detail-type"] == DEPLOYMENT
    assert status["resources"] == ["arn:aws:greengrass:eu-central-1:123456789012:coreDevices:core"]
    assert status["detail"] == {
        "deployment-id": made["deploymentId"],
        "coreDeviceExecutionStatus": "SUCCEEDED",
        "statusDetails": {"errorStack": [], "errorTypes": []},
        "reason": "SUCCESSFUL",
    }
    assert (components["detail-type"], components["resources"]) == (COMPONENT, status["resources"])
    assert [(item["componentName"], item["root"]) for item in components["detail"]["components"]] == [
        (CLI, True),
        ("aws.greengrass.Nucleus", False),
    ]


def test_a_thing_s_own_deployment_completes(fleet: Any, events: Any) -> None:
    fleet.deploy(fleet.thing("core"))
    assert events()[0]["detail"]["coreDeviceExecutionStatus"] == "COMPLETED"


def test_a_failure_tells_why(fleet: Any, events: Any) -> None:
    fleet.tell(core={"outcome": "fail", "error": "disk full"})
    line = fleet.group("line", "core")
    fleet.deploy(line, f"{CLI}@2.9.0")
    (rolled_back,) = events()
    assert rolled_back["detail"]["coreDeviceExecutionStatus"] == "FAILED"
    assert rolled_back["detail"]["statusDetails"]["errorTypes"] == ["COMPONENT_ERROR", "USER_COMPONENT_ERROR"]
    assert rolled_back["detail"]["reason"] == "FAILED_ROLLBACK_COMPLETE: disk full"
    fleet.deploy(line, f"{CLI}@2.9.0", deploymentPolicies={"failureHandlingPolicy": "DO_NOTHING"})
    _, broken = events()
    assert broken["detail"]["components"][0] == {
        "componentName": CLI,
        "componentVersion": "2.9.0",
        "root": True,
        "lifecycleState": "BROKEN",
        "lifecycleStatusCodes": ["STARTUP_ERROR"],
        "lifecycleStateDetails": "disk full",
    }


def test_nothing_is_told_of_what_is_queued_or_in_progress(fleet: Any, events: Any) -> None:
    fleet.tell(stuck={"outcome": "stuck"}, away={"outcome": "offline"})
    fleet.deploy(fleet.group("line", "stuck", "away"))
    assert events() == []
