"""Looks again at the groups of a plan that was made before, as far as it takes to tell what moved since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.aws.client import is_not_found
from reconciler.model.errors import AwsError
from reconciler.model.plan import Action, GroupPlan, Plan
from reconciler.model.words import some_of
from reconciler.provisioning.artifacts import ArtifactStore
from reconciler.provisioning.iot import Existing
from reconciler.provisioning.provision import Provider, Provisioner
from reconciler.runtimes.base import Standing
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.things import THING_KINDS
from reconciler.runtimes.v1.families import FAMILIES
from reconciler.runtimes.v1.gone import observe_stored
from reconciler.runtimes.v1.live import LiveDefinition, LiveGroup
from reconciler.runtimes.v1.observe import Observer, suddenly_empty
from reconciler.runtimes.v1.recheck import Look, holds_version, judge

Row = Mapping[str, Any]


def _rows_of(group: GroupPlan, listed: Mapping[str, Sequence[Row]], by_id: Mapping[str, Row]) -> Sequence[Row]:
    """The live groups that a group of a plan may be: the very one, if its name is another one, or is to be its last."""
    known = by_id.get(group.live.get("groupId", ""))
    if known is not None and (group.operation == "delete" or known["Name"] != group.name):
        return [known]
    return listed.get(group.name, []) if group.operation != "delete" else []


@dataclass(frozen=True, slots=True)
class Again:
    """Looks at groups again. Nothing that can change comes from the cache. Methods raise AwsError."""

    observer: Observer
    provider: Provider
    provisioner: Provisioner | None
    store: ArtifactStore | None

    def standings(self, plan: Plan, groups: Sequence[GroupPlan]) -> list[Standing]:
        """Where ``groups`` of ``plan`` stand, in their order.

        Raises AwsError if AWS lists no group at all though the plan was made from some.
        """
        listed = self.observer.list_groups()
        if not listed and (there := [group.name for group in plan.groups if "groupId" in group.live]):
            raise suddenly_empty(self.observer.aws.region, some_of(there))
        by_id = {row["Id"]: row for rows in listed.values() for row in rows}
        return in_parallel(lambda group: self._standing(plan, group, _rows_of(group, listed, by_id)), groups)

    def _standing(self, plan: Plan, group: GroupPlan, rows: Sequence[Row]) -> Standing:
        if len(rows) > 1:
            ids = ", ".join(sorted(row["Id"] for row in rows))
            return Standing(group.name, "stale", (f"several live groups bear this name: {ids}",))
        live = self.observer.group(rows[0], name=group.name) if rows else None
        return judge(plan, group, self._look(plan, group, live))

    def _finished(self, group: GroupPlan) -> frozenset[str]:
        """The deletions of a group that an earlier apply of the plan has carried out: nothing is left of their subject.

        Keys are deleted last: a thing that none are stored of is deprovisioned.
        """
        deprovisioning = group.of_kind("deprovision-thing", "delete-artifacts")
        ids = sorted({action.inputs["groupId"] for action in deprovisioning})
        stored = observe_stored(self.store, ids)
        finished = {
            action.id
            for action in deprovisioning
            if stored[action.inputs["groupId"]].isdisjoint(action.inputs.get("things", [action.subject]))
        }
        definitions = group.of_kind("delete-definition")
        return frozenset(finished.union(action.id for action in definitions if not self._has_definition(action)))

    def _has_definition(self, action: Action) -> bool:
        family = FAMILIES[action.inputs["family"]]
        which = {family.id_parameter: action.inputs["definitionId"]}
        try:
            self.observer.aws.call("greengrass", family.operation("Get"), **which)
        except AwsError as error:
            if is_not_found(error):
                return False
            raise
        return True

    def _look(self, plan: Plan, group: GroupPlan, live: LiveGroup | None) -> Look:
        actions = group.of_kind(*THING_KINDS)
        if live is not None and holds_version(plan, group, live):
            actions = ()  # they were brought in for that version
        things = {action.subject: self.provider.look_up(action.subject) for action in actions}
        ours = (action.subject for action in actions if self._is_ours(action, live, things[action.subject]))
        return Look(
            live, things, frozenset(ours), self._before(group, live), self._finished(group), self.observer.aws.secrets
        )

    def _is_ours(self, action: Action, live: LiveGroup | None, now: Existing | None) -> bool:
        """Whether an earlier apply of the plan has brought a thing in that was not there before."""
        if live is None or now is None or action.kind != "provision-thing" or self.provisioner is None:
            return False
        return self.provisioner.has_provisioned(live.id, action.inputs)

    def _before(self, group: GroupPlan, live: LiveGroup | None) -> dict[str, LiveDefinition]:
        """The definitions of the version that the plan was made from, if the group has another one by now."""
        group_id, version_id = group.live.get("groupId"), group.live.get("groupVersionId")
        if live is None or group_id != live.id or version_id is None or version_id == live.version_id:
            return {}
        try:
            version = self.observer.group_version(group_id, version_id)
            return {family: self.observer.definitions.version(family, arn) for family, arn in version.arns.items()}
        except AwsError as error:
            if is_not_found(error):  # somebody deleted what it held
                return {}
            raise
