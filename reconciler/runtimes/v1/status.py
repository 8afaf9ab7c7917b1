"""Where V1 groups stand: wanted, live and deployed version, and what the core last reported. Pure."""

from collections.abc import Callable, Sequence

from reconciler.model.group import Group
from reconciler.model.run import GroupStatus
from reconciler.runtimes.v1.live import RUNNING, LiveFleet, LiveGroup
from reconciler.runtimes.v1.tags import template_version


def group_statuses(
    groups: Sequence[Group], live: LiveFleet, version_of: Callable[[str], int | None]
) -> list[GroupStatus]:
    """A status a group. ``version_of`` tells the template version behind a group version, None where nobody knows."""
    return [_status(group, live.groups.get(group.name), version_of) for group in groups]


def _status(group: Group, live: LiveGroup | None, version_of: Callable[[str], int | None]) -> GroupStatus:
    if live is None:
        return GroupStatus(group.name, group.runtime, group.template.name, group.template.version, None, None, "absent")
    last = live.deployment
    deployed = None
    if last is not None and last.group_version_id is not None:
        is_newest = last.group_version_id == live.version_id or live.deployed_arns == live.definition_arns()
        deployed = template_version(live.tags) if is_newest else version_of(last.group_version_id)
    return GroupStatus(
        name=group.name,
        runtime=group.runtime,
        template=group.template.name,
        target=group.template.version,
        live=template_version(live.tags) if live.version_id is not None else None,
        deployed=deployed,
        state=_state(live),
        deployment_status=last.status if last is not None else None,
        since=(last.updated_at or last.created_at) if last is not None else None,
        error=last.error or None if last is not None else None,
        details={
            "groupId": live.id,
            "groupVersionId": live.version_id,
            "deploymentId": last.id if last is not None else None,
            "deploymentType": last.type if last is not None else None,
            "deployedGroupVersionId": last.group_version_id if last is not None else None,
        },
    )


def _state(live: LiveGroup) -> str:
    last = live.deployment
    if last is None:
        return "not deployed"
    if last.status in RUNNING:
        return "deploying"
    if last.status == "Failure":
        return "failed"
    return "reset" if last.is_reset else "succeeded"
