"""Adds to a plan what is to be deleted: observes what is gone from the files, and asks whether it may go."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan, GuardFinding
from reconciler.model.pruning import PRUNE_TAG
from reconciler.model.template import GREENGRASS_V1, GREENGRASS_V2
from reconciler.model.words import some_of
from reconciler.provisioning.artifacts import ArtifactStore
from reconciler.runtimes.base import Planned
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.prunes import not_pruned, pruning_of
from reconciler.runtimes.v2.live import Associated, LiveFleet, LiveGroup
from reconciler.runtimes.v2.members import configured_cores, present
from reconciler.runtimes.v2.names import Mark, group_arn, is_id, target_name
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.removals import Going, Removal, plan_deletion, released, with_departures


@dataclass(frozen=True, slots=True)
class Pruner:
    """Plans deletions for one fleet; ``store`` is None where the fleet names no artifact bucket."""

    observer: Observer
    store: ArtifactStore | None

    def add(
        self,
        planned: Planned,
        desired: DesiredState,
        groups: Sequence[Group],
        live: LiveFleet,
        removals: Mapping[str, str],
    ) -> Planned:
        """``planned`` for ``groups`` with what is to be deleted. A plan of some groups alone deletes no group.

        ``removals`` is what the ledger remembers of deletions that were begun, by group ARN. Raises AwsError.
        """
        begun = {target_name(key): Removal.read(text) for key, text in removals.items() if is_id(key)}
        declared = {thing.thing_name: group.name for group in desired.groups for thing in group.things}
        plans = {plan.name: plan for plan in planned.groups}
        whole = len(groups) == sum(group.runtime == GREENGRASS_V2 for group in desired.groups)
        gone, kept = self._gone(desired, live, begun) if whole else ([], [])
        last = _last_of(gone, planned.groups)
        handed: dict[str, dict[str, str]] = defaultdict(dict)
        for group in groups:
            names = self._departing(desired, group, live.groups[group.name], begun, declared)
            later = {name for name in names if last.get(name, (group.name,))[0] != group.name}
            if later and not plans[group.name].blocked:
                for name in later & self._stored(group.name):
                    handed[last[name][0]][name] = group.name
            plans[group.name] = self._departures(desired, group, names - later, declared, plans[group.name])
        for name, removal in begun.items():
            handed[name] |= self._left_of(removal.homes)
        for group in groups:
            if own := handed[group.name]:
                plans[group.name] = self._departures(desired, group, frozenset(), declared, plans[group.name], own)
        contents: dict[str, Mapping[str, Any]] = dict(planned.contents)
        for found in in_parallel(lambda group: self._with_devices(group, declared), gone):
            stored, noted = self._stored(found.name), begun.get(found.name)
            going = Going(found, noted, declared, stored, handed[found.name], last)
            plan, more = plan_deletion(desired.fleet, going)
            if plan.actions:
                plans[found.name] = plan
                contents.update(more)
        findings = [*not_pruned(desired.fleet, kept), *(_moved_back(desired, live) if whole else ())]
        return replace(planned, groups=tuple(plans.values()), guards=(*planned.guards, *findings), contents=contents)

    def _departing(
        self,
        desired: DesiredState,
        group: Group,
        live: LiveGroup,
        begun: Mapping[str, Removal],
        declared: Mapping[str, str],
    ) -> frozenset[str]:
        """The things that are to be deprovisioned since they are gone from a group that stays, and from the files."""
        if not group.pruning.over(desired.fleet.pruning).deprovisions:
            return frozenset()
        earlier = begun[group.name].things if group.name in begun else ()
        return (present(group, live) | set(earlier)) - declared.keys()

    def _departures(
        self,
        desired: DesiredState,
        group: Group,
        names: frozenset[str],
        declared: Mapping[str, str],
        plan: GroupPlan,
        handed: Mapping[str, str] | None = None,
    ) -> GroupPlan:
        if not names and not handed:
            return plan
        group = replace(group, pruning=group.pruning.over(desired.fleet.pruning))
        own = names & self._stored(group.name) if names else names
        return with_departures(plan, group, own, declared, handed or {})

    def _gone(
        self, desired: DesiredState, live: LiveFleet, begun: Mapping[str, Removal]
    ) -> tuple[list[LiveGroup], list[str]]:
        """The groups of ours that no file declares: those that go, and the names of those that stay."""
        if not desired.groups:
            return [], []  # files without any group are a mistake, and never a wish
        fleet = desired.fleet
        marked = {target_name(row["targetArn"]) for row in live.others if _is_ours(row, fleet)}
        names = sorted((marked | {name for name, removal in begun.items() if removal.whole}) - _declared(desired))
        if not names:
            return [], []
        listed = self.observer.list_all()
        elsewhere = configured_cores(desired)
        found = in_parallel(lambda name: self.observer.group(name, listed, elsewhere=elsewhere), names)
        ours = [group for group in found if not group.exists or group.fleet == fleet.name]
        going = [group for group in ours if _prunes(fleet, group, begun.get(group.name))]
        return going, [group.name for group in ours if group not in going and group.exists]

    def _left_of(self, homes: Mapping[str, str]) -> dict[str, str]:
        """Those of ``homes`` that the artifact bucket still has something of."""
        return {thing: home for thing, home in homes.items() if thing in self._stored(home)}

    def _with_devices(self, live: LiveGroup, declared: Mapping[str, str]) -> LiveGroup:
        """``live`` with the client devices of those of its cores that no file has any more."""
        cores = sorted(live.members - declared.keys())
        return replace(live, client_devices={core: Associated(self.observer.client_devices.of(core)) for core in cores})

    def _stored(self, name: str) -> frozenset[str]:
        return self.store.things(name) if self.store is not None else frozenset()


def _last_of(gone: Sequence[LiveGroup], plans: Iterable[GroupPlan]) -> dict[str, tuple[str, ...]]:
    """By core, the groups that send it something with which it gives up what they brought, and so needs its certificate
    until then: those of ``gone`` that it is in, else the one of ``plans`` that takes from it what it has alone.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for group in sorted(gone, key=lambda group: group.name):
        for thing in group.members:
            found[thing].append(group.name)
    for plan in plans:
        for thing in released(plan):
            found.setdefault(thing, [plan.name])
    return {thing: tuple(names) for thing, names in found.items()}


def _moved_back(desired: DesiredState, live: LiveFleet) -> Iterator[GuardFinding]:
    """What is to be said of groups of ours that are live while a group of V1 bears their name in the files."""
    of_v1 = {group.name for group in desired.groups if group.runtime == GREENGRASS_V1}
    found = {target_name(row["targetArn"]) for row in live.others if _is_ours(row, desired.fleet)} & of_v1
    if found:
        message = (
            f"{some_of(found)}: this fleet's thing group of Greengrass V2 is live, and in the files a group of V1 "
            "bears its name. A plan knows groups by their names, so that it stays for now, with all that it brought to "
            "its cores; delete it by hand (`aws greengrassv2 create-deployment` without components, "
            "`cancel-deployment`, `delete-deployment`, `aws iot delete-thing-group`)"
        )
        yield GuardFinding("same-name", "warning", message, actual=len(found))


def _declared(desired: DesiredState) -> set[str]:
    return {group.name for group in desired.groups}


def _is_ours(row: Mapping[str, Any], fleet: Fleet) -> bool:
    mark = Mark.read(row.get("deploymentName", ""))
    return mark is not None and mark.fleet == fleet.name and row["targetArn"] == _arn(row, fleet)


def _arn(row: Mapping[str, Any], fleet: Fleet) -> str:
    return group_arn(fleet, target_name(row["targetArn"]))


def _prunes(fleet: Fleet, group: LiveGroup, begun: Removal | None) -> bool:
    word = group.tags.get(PRUNE_TAG, "") if group.exists or begun is None else begun.mark
    return bool(pruning_of(fleet, word).prune)
