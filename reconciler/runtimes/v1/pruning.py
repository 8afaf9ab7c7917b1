"""Adds to a plan what is to be deleted: observes what is gone from the files, and asks whether it may go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan, GuardFinding
from reconciler.model.pruning import PRUNE_TAG
from reconciler.model.template import GREENGRASS_V1
from reconciler.model.words import some_of
from reconciler.provisioning.artifacts import ArtifactStore
from reconciler.runtimes.base import Planned
from reconciler.runtimes.prunes import not_pruned, pruning_of, says_so
from reconciler.runtimes.v1.gone import Gone, observe_gone, observe_stored
from reconciler.runtimes.v1.live import LiveFleet
from reconciler.runtimes.v1.observe import Observer
from reconciler.runtimes.v1.removals import (
    Removal,
    Whereabouts,
    departed,
    go_on,
    plan_deletion,
    with_departures,
)


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

        ``removals`` is what the ledger remembers of deletions that were begun, by group id. Raises AwsError, and
        ConfigurationError for a ``moved`` that the live groups forbid.
        """
        # The ids of V1's groups are no ARNs; the others are another runtime's.
        begun = {key: Removal.read(text) for key, text in removals.items() if not key.startswith("arn:")}
        declared = {thing.thing_name: group.name for group in desired.groups for thing in group.things}
        leaving = _leaving(desired.fleet, groups, live, begun, declared)
        whole = len(groups) == sum(group.runtime == GREENGRASS_V1 for group in desired.groups)
        gone = observe_gone(self.observer, desired, live, planned.groups, begun) if whole else Gone()
        ids = [live.groups[name].id for name in leaving]
        ids += [group.id for group in gone.groups if pruning_of(desired.fleet, _mark(group.tags)).deprovisions]
        known = Whereabouts(declared, gone.used, gone.owners, observe_stored(self.store, ids))
        by_name = {group.name: group for group in groups}
        plans = {plan.name: plan for plan in planned.groups}
        for name, things in leaving.items():
            pruning = by_name[name].pruning.over(desired.fleet.pruning)
            group = replace(by_name[name], pruning=pruning)
            plans[name] = with_departures(plans[name], group, live.groups[name], things, known)
        for live_group in gone.groups:
            plans[live_group.name] = plan_deletion(desired.fleet, live_group, known)
        if whole:
            _go_on(plans, desired.fleet, live, begun, known)
        findings = _findings(desired.fleet, gone)
        return replace(planned, groups=tuple(plans.values()), guards=(*planned.guards, *findings))


def not_seen(fleet: Fleet, known: Sequence[str], error: AwsError) -> tuple[GuardFinding, ...]:
    """The warning of groups that this fleet made, which no file declares, and which AWS did not let us look for."""
    if not known:
        return ()
    message = (
        f"this fleet made {some_of(known)} in Greengrass V1, and no file has a group of it any more; whether anything "
        f"is left of it could not be seen: {error.message}"
    )
    return (GuardFinding("not-seen", "warning", message, actual=len(known), source=fleet.position.line_only),)


def _mark(tags: Mapping[str, str]) -> str:
    return tags.get(PRUNE_TAG, "")


def _leaving(
    fleet: Fleet,
    groups: Sequence[Group],
    live: LiveFleet,
    begun: Mapping[str, Removal],
    declared: Mapping[str, str],
) -> dict[str, list[str]]:
    """The things that are to be deprovisioned since they are gone from their groups, by group."""
    leaving = {}
    for group in groups:
        live_group = live.groups.get(group.name)
        if live_group is None or not group.pruning.over(fleet.pruning).deprovisions:
            continue
        if names := departed(live_group, begun.get(live_group.id), declared):
            leaving[group.name] = names
    return leaving


def _go_on(
    plans: dict[str, GroupPlan], fleet: Fleet, live: LiveFleet, begun: Mapping[str, Removal], known: Whereabouts
) -> None:
    """Add what is left of deletions whose groups are gone already."""
    live_ids = {row["Id"] for row in live.others} | {group.id for group in live.groups.values()}
    for group_id, removal in sorted(begun.items()):
        rest = go_on(fleet, group_id, removal, known) if group_id not in live_ids else None
        if rest is None:
            continue
        plan = plans.get(removal.name)
        if plan is None:
            plans[removal.name] = rest
        elif not plan.blocked:  # another group bears the name now
            more = tuple(action for action in rest.actions if action.kind != "delete-group")
            if more:
                plans[removal.name] = replace(
                    plan,
                    operation="update" if plan.operation in {"none", "deploy"} else plan.operation,
                    reasons=(*plan.reasons, f"of an earlier group of this name, {rest.reasons[0]}"),
                    actions=(*plan.actions, *more),
                )


def _findings(fleet: Fleet, gone: Gone) -> list[GuardFinding]:
    found = not_pruned(fleet, gone.kept)
    if gone.several:
        found.append(
            GuardFinding(
                "same-name",
                "warning",
                f"{', '.join(gone.several)}: several live groups of this fleet bear this name, and no file declares "
                "it; none of them is deleted, since only a person can tell them apart",
                actual=len(gone.several),
                source=says_so(fleet).line_only,
            )
        )
    if gone.moved_on:
        named = some_of(f"{name} ({group_id})" for name, group_id in gone.moved_on.items())
        message = (
            f"{named}: this fleet's group of Greengrass V1 is live, and in the files a group of V2 bears its name. A "
            "plan knows groups by their names, so that it stays for now; delete it by hand (`aws greengrass "
            "reset-deployments`, then `delete-group`)"
        )
        found.append(GuardFinding("same-name", "warning", message, actual=len(gone.moved_on)))
    return found
