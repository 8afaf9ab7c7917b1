"""What a plan remembers of the live group that it was made from, so that an apply can tell what moved since. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.model.plan import Action
from reconciler.provisioning.iot import Existing
from reconciler.runtimes.marks import own_tags
from reconciler.runtimes.v2.live import Associated, LiveGroup


def snapshot(live: LiveGroup, things: Mapping[str, Existing | None], actions: Iterable[Action] = ()) -> dict[str, Any]:
    """The marks, members and newest deployments of a group, the ``things`` that were looked up for it, and those of the
    client devices that ``actions`` are about which are associated now.

    Tags of others are none of a plan's business, nor is how far a deployment has got: neither makes a plan stale.
    """
    return {
        "groupId": live.arn,
        "groupArn": live.arn,
        "exists": live.exists,
        "tags": own_tags(live.tags),
        "members": sorted(live.members),
        "deployment": live.deployment.id if live.deployment is not None else None,
        "coreDeployments": {name: found.id for name, found in sorted(live.core_deployments.items())},
        "clientDevices": {
            action.subject: sorted(_associated(live, action.subject) & _about(action))
            for action in actions
            if action.kind == "associate-devices"
        },
        "things": {name: thing_snapshot(things[name]) for name in sorted(things)},
    }


def _associated(live: LiveGroup, core: str) -> frozenset[str]:
    return live.client_devices.get(core, Associated(frozenset())).devices


def _about(action: Action) -> frozenset[str]:
    return frozenset([*action.inputs["associate"], *action.inputs["disassociate"]])


def thing_snapshot(existing: Existing | None) -> dict[str, str | None] | None:
    """What is remembered of a thing that was looked up, None where there was none."""
    if existing is None:
        return None
    return {"thingType": existing.thing_type, "certificateArn": existing.certificate_arn}
