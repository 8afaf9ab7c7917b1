"""Reads groups of Greengrass V2 for what the files would have to say of them."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.model.template import GREENGRASS_V2
from reconciler.planning.accepting.saying import Said, Saying, UnsayableError
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.v2.listing import homes_of, list_live
from reconciler.runtimes.v2.live import Associated, LiveGroup
from reconciler.runtimes.v2.names import is_group, target_name
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.saying import say


def say_live(observer: Observer, said: Said, names: Collection[str]) -> dict[str, Saying | str]:
    """What the files would have to say of the groups ``names``, or why they cannot. Raises AwsError."""
    desired = said.written.state
    declared = [group for group in desired.groups if group.name in names and group.runtime == GREENGRASS_V2]
    found = dict(observer.observe(desired, declared).groups)
    if others := sorted(said.adopted.intersection(names) - {group.name for group in desired.groups}):
        listed = observer.list_all()
        found |= zip(others, in_parallel(lambda name: observer.group(name, listed), others), strict=True)
    secrets, homes = frozenset(observer.aws.secrets.values), homes_of(said)
    return {name: _say(said, _with_all_devices(observer, live), homes, secrets) for name, live in sorted(found.items())}


def undeclared(observer: Observer, declared: Collection[str]) -> frozenset[str]:
    """The thing groups that have a deployment, but for those that are ``declared``. Raises AwsError."""
    targets = observer.all_newest().by_target
    return frozenset(target_name(arn) for arn in targets if is_group(arn)) - set(declared)


def _say(said: Said, live: LiveGroup, homes: Mapping[str, str], secrets: frozenset[str]) -> Saying | str:
    if not live.exists:
        return Saying(live.name) if live.name not in said.adopted else "it has a deployment, and no thing group"
    fleet = said.written.fleet.name
    if live.fleet not in {None, fleet}:
        return f"it belongs to the fleet {live.fleet}"
    try:
        return say(said, list_live(said, live, homes), live, secrets)
    except UnsayableError as error:
        return error.message


def _with_all_devices(observer: Observer, live: LiveGroup) -> LiveGroup:
    """``live`` with the client devices also of members that no file has."""
    unread = sorted(live.members - live.client_devices.keys())
    read = zip(unread, in_parallel(observer.client_devices.of, unread), strict=True)
    return replace(
        live, client_devices={**live.client_devices, **{core: Associated(devices) for core, devices in read}}
    )
