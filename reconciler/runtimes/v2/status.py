"""Where V2 groups stand: wanted, live and deployed version, and how many cores have what was sent last. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.model.group import Group
from reconciler.model.run import GroupStatus
from reconciler.model.words import some_of
from reconciler.runtimes.marks import template_version
from reconciler.runtimes.v2.live import Core, LiveGroup

SILENCE = timedelta(hours=48)
"""After which a core counts as silent: it reports once a day (component reference of the nucleus), and is HEALTHY to
AWS for ever when it does so no more."""


def group_statuses(
    groups: Sequence[Group],
    live: Mapping[str, LiveGroup],
    cores: Mapping[str, Core],
    errors: Mapping[str, str],
    now: datetime,
) -> list[GroupStatus]:
    """A status a group. ``cores`` are all core devices; ``errors`` what is wrong with the deployment of a group."""
    # What others have reported is no later than now, whatever the clock of this machine says.
    reported = [moment for core in cores.values() if (moment := _moment(core.since)) is not None]
    silent_before = max([now, *reported]) - SILENCE
    return [_status(group, live[group.name], cores, errors.get(group.name), silent_before) for group in groups]


def _status(
    group: Group, live: LiveGroup, cores: Mapping[str, Core], error: str | None, silent_before: datetime
) -> GroupStatus:
    if not live.exists:
        return GroupStatus(group.name, group.runtime, group.template.name, group.template.version, None, None, "absent")
    last = live.deployment
    state = _state(live)
    unhealthy = [f"{name} since {cores[name].since}" for name in live.members if _is_unhealthy(name, cores)]
    silent = [f"{name} since {cores[name].since}" for name in live.members if _is_silent(name, cores, silent_before)]
    words = [error] if error else []
    words += [f"unhealthy: {some_of(unhealthy)}"] if unhealthy else []
    words += [f"not heard of: {some_of(silent)}"] if silent else []
    counts = last.counts if last is not None else None
    return GroupStatus(
        name=group.name,
        runtime=group.runtime,
        template=group.template.name,
        target=group.template.version,
        live=template_version(live.tags),
        deployed=_deployed(live) if state == "succeeded" else None,
        state=state,
        deployment_status=counts.text if counts is not None else (f"{len(live.members)} succeeded" if last else None),
        since=last.created_at if last is not None else None,
        error="; ".join(words) or None,
        details={
            "groupId": live.arn,
            "deploymentId": last.id if last is not None else None,
            "deploymentName": last.name if last is not None else None,
            "counts": dict(counts._asdict()) if counts is not None else None,
            "members": sorted(live.members),
        },
    )


def _is_unhealthy(name: str, cores: Mapping[str, Core]) -> bool:
    return name in cores and cores[name].status == "UNHEALTHY"


def _is_silent(name: str, cores: Mapping[str, Core], before: datetime) -> bool:
    moment = _moment(cores[name].since) if name in cores else None
    return moment is not None and moment < before


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _deployed(live: LiveGroup) -> int | None:
    """The template version of the newest deployment, where its name tells."""
    mark = live.deployment.mark if live.deployment is not None else None
    text = mark.template.rpartition("@")[2] if mark is not None else ""
    return int(text) if text.isdecimal() else template_version(live.tags)


def _state(live: LiveGroup) -> str:
    last = live.deployment
    if last is None or not last.counts_now:
        return "not deployed"
    if last.counts is not None and last.counts.open:
        return "deploying"
    if last.counts is not None and last.counts.bad:
        return "failed"
    return "reset" if last.is_reset else "succeeded"
