"""Where V1 groups stand: wanted, live and deployed version, and what the core last reported. Pure."""

from collections.abc import Callable, Mapping, Sequence

from reconciler.model.group import Group
from reconciler.model.run import GroupStatus
from reconciler.runtimes.marks import template_version
from reconciler.runtimes.v1.live import RUNNING, LiveFleet, LiveGroup


def group_statuses(
    groups: Sequence[Group],
    live: LiveFleet,
    reported: Mapping[str, str | None],
    version_of: Callable[[str], int | None],
) -> list[GroupStatus]:
    """A status a group. ``reported`` has, by group, the version that its core last reported success for;
    ``version_of`` tells the template version behind a group version, None where nobody knows.
    """
    return [_status(group, live.groups.get(group.name), reported.get(group.name), version_of) for group in groups]


def _status(
    group: Group, live: LiveGroup | None, reported: str | None, version_of: Callable[[str], int | None]
) -> GroupStatus:
    if live is None:
        return GroupStatus(group.name, group.runtime, group.template.name, group.template.version, None, None, "absent")
    last = live.deployment
    return GroupStatus(
        name=group.name,
        runtime=group.runtime,
        template=group.template.name,
        target=group.template.version,
        live=template_version(live.tags) if live.version_id is not None else None,
        deployed=_deployed(live, reported, version_of) if reported is not None else None,
        state=_state(live),
        deployment_status=last.status if last is not None else None,
        since=(last.updated_at or last.created_at) if last is not None else None,
        error=last.error or None if last is not None else None,
        details={
            "groupId": live.id,
            "groupVersionId": live.version_id,
            "deploymentId": last.id if last is not None else None,
            "deploymentType": last.type if last is not None else None,
            "deployedGroupVersionId": reported,
        },
    )


def _deployed(live: LiveGroup, reported: str, version_of: Callable[[str], int | None]) -> int | None:
    last = live.deployment
    same = last is not None and last.group_version_id == reported and live.deployed_arns == live.definition_arns()
    return template_version(live.tags) if reported == live.version_id or same else version_of(reported)


def _state(live: LiveGroup) -> str:
    last = live.deployment
    if last is None:
        return "not deployed"
    if last.status in RUNNING:
        return "deploying"
    if last.status == "Failure":
        return "failed"
    return "reset" if last.is_reset else "succeeded"
