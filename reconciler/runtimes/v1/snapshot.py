"""What a plan remembers of the live group that it was made from, so that an apply can tell what moved since. Pure."""

from collections.abc import Mapping
from typing import Any

from reconciler.provisioning.iot import Existing
from reconciler.runtimes.marks import own_tags
from reconciler.runtimes.v1.live import LiveGroup


def snapshot(live: LiveGroup | None, things: Mapping[str, Existing | None]) -> dict[str, Any]:
    """The ids, marks and newest deployment of a group, and the ``things`` that were looked up for it.

    Tags of others are none of a plan's business, nor is how far a deployment has got: neither makes a plan stale.
    """
    looked_up = {name: _thing(things[name]) for name in sorted(things)}
    if live is None:
        return {"things": looked_up} if looked_up else {}
    last = live.deployment
    return {
        **({"name": live.live_name} if live.live_name else {}),
        "groupId": live.id,
        "groupArn": live.arn,
        "groupVersionId": live.version_id,
        "tags": own_tags(live.tags),
        "deployment": {"id": last.id, "type": last.type} if last is not None else None,
        "things": looked_up,
    }


def _thing(existing: Existing | None) -> dict[str, str | None] | None:
    if existing is None:
        return None
    return {"thingType": existing.thing_type, "certificateArn": existing.certificate_arn}
