"""The events that EventBridge gets of core devices (deployment-health-notifications.md): results, never progress."""

from collections.abc import Iterator
from typing import Any

from reconciler.sandbox.greengrass_v2.carrying_out import Outcome
from reconciler.sandbox.greengrass_v2.devices import Core, Work

SOURCE = "aws.greengrass"
DEPLOYMENT = "Greengrass V2 Effective Deployment Status Change"
COMPONENT = "Greengrass V2 Installed Component Status Change"


def of(work: Work, core: Core, outcome: Outcome) -> Iterator[tuple[str, dict[str, Any]]]:
    """The type and the detail of each event that the end of a deployment on a core device gives rise to."""
    yield (
        DEPLOYMENT,
        {
            "deployment-id": work.deployment.id,
            "coreDeviceExecutionStatus": work.status,
            "statusDetails": {"errorStack": list(outcome.stack), "errorTypes": list(outcome.types)},
            "reason": outcome.reason,
        },
    )
    if outcome.changed:
        yield COMPONENT, {"components": [_component(core, name) for name in sorted(core.installed)]}


def _component(core: Core, name: str) -> dict[str, Any]:
    installed = core.installed[name]
    return {
        "componentName": installed.name,
        "componentVersion": installed.version,
        "root": installed.is_root,
        "lifecycleState": installed.state,
        "lifecycleStatusCodes": list(installed.codes),
        "lifecycleStateDetails": installed.details,
    }
