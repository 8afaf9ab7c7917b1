"""Adds to a plan what is to be deleted: observes what is gone from the files, and asks whether it may go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan
from reconciler.model.pruning import PRUNE_TAG
from reconciler.model.template import GREENGRASS_V2
from reconciler.provisioning.artifacts import ArtifactStore
from reconciler.runtimes.base import Planned
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.prunes import not_pruned, pruning_of
from reconciler.runtimes.v2.live import Associated, LiveFleet, LiveGroup
from reconciler.runtimes.v2.members import configured_cores, present
from reconciler.runtimes.v2.names import Mark, group_arn, is_id, target_name
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.removals import Removal, plan_deletion, with_departures


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
        for group in groups:
            plans[group.name] = self._departures(desired, group, live.groups[group.name], begun, declared, plans)
        if len(groups) != sum(group.runtime == GREENGRASS_V2 for group in desired.groups):
            return replace(planned, groups=tuple(plans.values()))
        gone, kept = self._gone(desired, live, begun)
        contents: dict[str, Mapping[str, Any]] = dict(planned.contents)
        for found in in_parallel(lambda group: self._with_devices(group, declared), gone):
            plan, more = plan_deletion(desired.fleet, found, declared, self._stored(found.name), begun.get(found.name))
            if plan.actions:
                plans[found.name] = plan
                contents.update(more)
        findings = not_pruned(desired.fleet, kept)
        return replace(planned, groups=tuple(plans.values()), guards=(*planned.guards, *findings), contents=contents)

    def _departures(
        self,
        desired: DesiredState,
        group: Group,
        live: LiveGroup,
        begun: Mapping[str, Removal],
        declared: Mapping[str, str],
        plans: Mapping[str, GroupPlan],
    ) -> GroupPlan:
        pruning = group.pruning.over(desired.fleet.pruning)
        plan = plans[group.name]
        earlier = begun[group.name].things if group.name in begun else ()
        names = (present(group, live) | set(earlier)) - declared.keys()
        if not pruning.deprovisions or not names:
            return plan
        return with_departures(plan, replace(group, pruning=pruning), names, declared, self._stored(group.name))

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

    def _with_devices(self, live: LiveGroup, declared: Mapping[str, str]) -> LiveGroup:
        """``live`` with the client devices of those of its cores that no file has any more."""
        cores = sorted(live.members - declared.keys())
        return replace(live, client_devices={core: Associated(self.observer.client_devices(core)) for core in cores})

    def _stored(self, name: str) -> frozenset[str]:
        return self.store.things(name) if self.store is not None else frozenset()


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
