"""Reads groups of Greengrass V1 for what the files would have to say of them."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.model.errors import ConfigurationError
from reconciler.model.template import GREENGRASS_V1
from reconciler.planning.accepting.saying import Said, Saying, UnsayableError
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.v1.live import LiveFleet
from reconciler.runtimes.v1.observe import Observer
from reconciler.runtimes.v1.saying import say


def say_live(observer: Observer, said: Said, names: Collection[str]) -> Mapping[str, Saying | str]:
    """What the files would have to say of the groups ``names``, or why they cannot. Raises AwsError."""
    desired = said.written.state
    declared = [group for group in desired.groups if group.name in names and group.runtime == GREENGRASS_V1]
    live = observer.observe(desired, declared)
    found: dict[str, Saying | str] = {group.name: Saying(group.name) for group in declared}
    rows = {row["Name"]: row for row in live.others if row["Name"] in said.adopted and row["Name"] in names}
    for row in live.others:
        if row["Name"] in rows and row is not rows[row["Name"]]:
            del rows[row["Name"]]
            found[row["Name"]] = "several live groups bear the name"
    others = zip(rows, in_parallel(observer.group, rows.values()), strict=True)
    live = replace(live, groups={**live.groups, **dict(others)})
    for name in live.groups:
        found[name] = _say(said, live, name, frozenset(observer.aws.secrets.values))
    return found


def _say(said: Said, live: LiveFleet, name: str, secrets: frozenset[str]) -> Saying | str:
    fleet = live.groups[name].fleet
    if fleet not in {None, said.written.fleet.name}:
        return f"it belongs to the fleet {fleet}"
    try:
        return say(said, live, name, secrets)
    except UnsayableError as error:
        return error.message
    except ConfigurationError as error:
        return error.problems[0].message
