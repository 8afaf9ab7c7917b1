"""Looks again at the groups of a plan that was made before, as far as it takes to tell what moved since."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.model.plan import DEPLOYMENT_KINDS, GroupPlan
from reconciler.provisioning.artifacts import ArtifactStore
from reconciler.provisioning.provision import Provider, Provisioner
from reconciler.runtimes.base import Standing
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.things import THING_KINDS
from reconciler.runtimes.v2.lists import Listed
from reconciler.runtimes.v2.live import Associated, LiveGroup
from reconciler.runtimes.v2.members import has_thing
from reconciler.runtimes.v2.names import component_arn
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.recheck import Look, judge


@dataclass(frozen=True, slots=True)
class Again:
    """Looks at groups again. Nothing that can change comes from the cache. Methods raise AwsError."""

    observer: Observer
    provider: Provider
    provisioner: Provisioner | None
    store: ArtifactStore | None

    def standings(self, groups: Sequence[GroupPlan]) -> list[Standing]:
        """Where ``groups`` of a plan stand, in their order."""
        listed = self.observer.list_all()
        of_groups = {group.name: _cores(group) for group in groups}
        of_all = frozenset().union(*of_groups.values())

        def stands(group: GroupPlan) -> Standing:
            return judge(group, self._look(group, listed, of_all - of_groups[group.name]))

        return in_parallel(stands, groups)

    def _look(self, group: GroupPlan, listed: Listed, elsewhere: frozenset[str]) -> Look:
        before = group.live.get("coreDeployments", {})
        live = self.observer.group(group.name, listed, cores=before, elsewhere=elsewhere)
        cores = [action.subject for action in group.of_kind("associate-devices")]
        live = replace(live, client_devices={core: Associated(self.observer.client_devices.of(core)) for core in cores})
        to_bring = [action for action in group.of_kind(*THING_KINDS) if not has_thing(live, action.subject)]
        things = {action.subject: self.provider.look_up(action.subject) for action in to_bring}
        ours = [
            action.subject
            for action in to_bring
            if action.kind == "provision-thing"
            and things[action.subject] is not None
            and self.provisioner is not None
            and self.provisioner.has_provisioned(group.name, action.inputs)
        ]
        return Look(live, things, frozenset(ours), self._published(group), self._finished(group, live))

    def _published(self, group: GroupPlan) -> frozenset[str]:
        """The ids of the publications of a plan that are deployable by now."""
        found = set()
        for action in group.of_kind("publish-component"):
            arn = component_arn(self.observer.fleet, action.inputs["name"], action.inputs["version"])
            if self.observer.components.state(arn)[0] == "DEPLOYABLE":
                found.add(action.id)
        return frozenset(found)

    def _finished(self, group: GroupPlan, live: LiveGroup) -> frozenset[str]:
        """The deletions of a plan that an earlier apply of it has carried out."""
        found, newest = set(), self.observer.deployments.newest
        for action in group.finishing:
            if action.kind == "delete-group" and not live.exists:
                found.add(action.id)
            if action.kind == "delete-deployments" and newest(action.inputs["targetArn"]) is None:
                found.add(action.id)
        deprovisioning = group.of_kind("deprovision-thing", "delete-artifacts")
        if deprovisioning and self.store is not None:
            # Keys are deleted last: a thing that none are stored of is deprovisioned.
            homes = {action.inputs["groupId"] for action in deprovisioning}
            stored = {home: self.store.things(home) for home in sorted(homes)}
            found |= {
                action.id
                for action in deprovisioning
                if stored[action.inputs["groupId"]].isdisjoint(action.inputs.get("things", [action.subject]))
            }
        return frozenset(found)


def _cores(group: GroupPlan) -> frozenset[str]:
    """The cores that a plan of a group says something of that they have, or get, alone."""
    actions = group.of_kind(*DEPLOYMENT_KINDS, "deploy-cores")
    getting = {core["thingName"] for action in actions for core in action.inputs.get("cores", ())}
    return frozenset(getting | set(group.live.get("coreDeployments", {})))
