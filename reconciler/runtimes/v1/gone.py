"""Reads what tells what may be deleted: live groups that no file declares, and who else uses what they use."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.aws.client import is_not_found
from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError
from reconciler.model.fleet import Fleet
from reconciler.model.plan import GroupPlan
from reconciler.model.pruning import PRUNE_TAG
from reconciler.model.template import GREENGRASS_V2
from reconciler.provisioning.artifacts import ArtifactStore
from reconciler.runtimes.marks import FLEET_TAG
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.prunes import pruning_of
from reconciler.runtimes.v1.families import definition_ids
from reconciler.runtimes.v1.live import LiveFleet, LiveGroup
from reconciler.runtimes.v1.observe import Observer
from reconciler.runtimes.v1.removals import Removal
from reconciler.runtimes.v1.renames import both_live


@dataclass(frozen=True, slots=True)
class Gone:
    """What is gone from the files, and what has to be known of it.

    ``groups`` are to be deleted, ``kept`` are names of those that stay as nobody says ``prune``, ``several`` of those
    that stay as two of ours bear one name, ``moved_on`` the ids of those that stay as a group of V2 bears their name in
    the files, by name. ``used`` are the ids of definitions that others use, ``owners`` the names
    that we gave definitions when we made them (None: somebody else did), by id.
    """

    groups: tuple[LiveGroup, ...] = ()
    kept: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    moved_on: Mapping[str, str] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    owners: Mapping[str, str | None] = field(default_factory=dict)


def observe_gone(
    observer: Observer,
    desired: DesiredState,
    live: LiveFleet,
    plans: Iterable[GroupPlan],
    removals: Mapping[str, Removal],
) -> Gone:
    """Which live groups are this fleet's and in no file, and what may be deleted with them.

    ``plans`` are those of the declared groups, ``removals`` what earlier runs have begun, by group id. Raises AwsError,
    and ConfigurationError where ``moved`` renames a group to a name that is live as well.
    """
    fleet = desired.fleet
    if not desired.groups:
        return Gone()  # files without any group are a mistake, and never a wish
    marks = in_parallel(lambda row: observer.marks(row["Arn"], row.get("LatestVersion") or None), live.others)
    ours = [row for row, tags in zip(live.others, marks, strict=True) if tags.get(FLEET_TAG) == fleet.name]
    of_v2 = {group.name for group in desired.groups if group.runtime == GREENGRASS_V2}
    moved_on = {row["Name"]: row["Id"] for row in ours if row["Name"] in of_v2}
    ours = [row for row in ours if row["Name"] not in of_v2]
    both_live(fleet, live.groups, [row["Name"] for row in ours])
    counts = Counter(row["Name"] for row in ours)
    marked = {row["Id"]: tags for row, tags in zip(live.others, marks, strict=True)}
    single = [row for row in ours if counts[row["Name"]] == 1]
    wanted = [row for row in single if pruning_of(fleet, marked[row["Id"]].get(PRUNE_TAG, "")).prune]
    # Kept marks never lead to a deletion: whoever is to be deleted is asked once more.
    read = in_parallel(observer.group, wanted)
    groups = tuple(group for group in read if group.fleet == fleet.name and _pruned(fleet, group))
    deleted = {group.id for group in groups}
    live_ids = {row["Id"] for row in live.others} | {group.id for group in live.groups.values()}
    begun = [removal for group_id, removal in removals.items() if group_id not in live_ids]
    if not groups and not any(removal.definitions for removal in begun):
        used: frozenset[str] = frozenset()
    else:
        used = _used(observer, live, [row for row in live.others if row["Id"] not in deleted], plans)
    return Gone(
        groups,
        tuple(row["Name"] for row in single if row["Id"] not in deleted),
        tuple(sorted(name for name, count in counts.items() if count > 1)),
        moved_on,
        used,
        _owners(observer, fleet, groups),
    )


def observe_stored(store: ArtifactStore | None, group_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """The things of groups that the artifact bucket has something of, by group id: one list a group."""
    ids = sorted(set(group_ids))
    if store is None:
        return dict.fromkeys(ids, frozenset())
    return dict(zip(ids, in_parallel(store.things, ids), strict=True))


def _pruned(fleet: Fleet, group: LiveGroup) -> bool:
    return bool(pruning_of(fleet, group.tags.get(PRUNE_TAG, "")).prune)


def _owners(observer: Observer, fleet: Fleet, groups: Iterable[LiveGroup]) -> dict[str, str | None]:
    definitions = sorted(
        {
            (family, definition_ids(arn)[0])
            for group in groups
            for arns in (group.definition_arns(), group.deployed_arns or {})
            for family, arn in arns.items()
        }
    )
    owners = in_parallel(lambda item: observer.definitions.owner(item[0], item[1], fleet.name), definitions)
    return {identifier: owner for (_, identifier), owner in zip(definitions, owners, strict=True)}


def _used(
    observer: Observer, live: LiveFleet, others: Iterable[Mapping[str, Any]], plans: Iterable[GroupPlan]
) -> frozenset[str]:
    """The ids of the definitions that groups use which stay, whoever made them, or that the plan is about to use."""

    def arns_of(row: Mapping[str, Any]) -> Iterable[str]:
        try:
            return observer.group_version(row["Id"], row["LatestVersion"]).arns.values()
        except AwsError as error:
            if is_not_found(error):
                return ()  # somebody has deleted it just now
            raise

    found: set[str] = set()
    for arns in in_parallel(arns_of, [row for row in others if row.get("LatestVersion")]):
        found.update(definition_ids(arn)[0] for arn in arns)
    for group in live.groups.values():
        for arns_by_family in (group.definition_arns(), group.deployed_arns or {}):
            found.update(definition_ids(arn)[0] for arn in arns_by_family.values())
    for plan in plans:
        for action in plan.actions:
            if action.kind == "publish-definition" and "definitionId" in action.inputs:
                found.add(action.inputs["definitionId"])
            if action.kind == "create-group-version":
                references = action.inputs["definitions"].values()
                found.update(definition_ids(arn)[0] for arn in references if isinstance(arn, str))
    return frozenset(found)
