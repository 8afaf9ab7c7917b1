"""Greengrass V1 as a runtime: its parts put together for one fleet."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws
from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.order import DeploymentOrder
from reconciler.model.plan import GroupPlan, Plan
from reconciler.model.run import GroupStatus
from reconciler.model.template import GREENGRASS_V1
from reconciler.planning.accepting.saying import Said, Saying
from reconciler.provisioning.means import means_of
from reconciler.runtimes.base import Journal, Memory, Outcome, Planned, Ready, Reported, Say, Standing, Started
from reconciler.runtimes.leftovers import may_be_left, note_left
from reconciler.runtimes.marks import owner_tags
from reconciler.runtimes.patience import Patience
from reconciler.runtimes.v1.carry_out import Carrier
from reconciler.runtimes.v1.deploy import Deployer
from reconciler.runtimes.v1.finish import Finisher
from reconciler.runtimes.v1.look_again import Again
from reconciler.runtimes.v1.moves import moved_cores
from reconciler.runtimes.v1.observe import Observer
from reconciler.runtimes.v1.orders import plan_orders
from reconciler.runtimes.v1.outcomes import Waiter
from reconciler.runtimes.v1.plan import plan_groups
from reconciler.runtimes.v1.pruning import Pruner, not_seen
from reconciler.runtimes.v1.publish import Publisher
from reconciler.runtimes.v1.say_live import say_live
from reconciler.runtimes.v1.status import group_statuses


class GreengrassV1:
    """The runtime ``greengrass/v1`` for one fleet (see ``reconciler.runtimes.base.Runtime``)."""

    def __init__(self, aws: Aws, cache: Cache, fleet: Fleet, patience: Patience | None = None) -> None:
        patience = patience or Patience()
        self._observer = Observer(aws, cache)
        means = self._means = means_of(aws, fleet)
        self._again = Again(self._observer, means.provider, means.provisioner, means.store)
        self._carrier = Carrier(self._observer, means.provisioner, Publisher(self._observer, owner_tags(fleet)))
        self._deployer = Deployer(self._observer, fleet.bulk_deployments, fleet.name, patience.sleep, patience.now)
        self._waiter = Waiter(self._observer, patience.sleep, patience.now)
        self._pruner = Pruner(self._observer, means.store)
        self._finisher = Finisher(self._observer, means.deprovisioner, fleet.name)

    def plan(self, desired: DesiredState, groups: Sequence[Group], memory: Memory, *, expect_some: bool) -> Planned:
        """Observe ``groups``, and what is gone from the files, and say what would be done. Never writes."""
        known = memory.names(of_v2=False)
        note_left(self._observer.cache, desired.fleet, GREENGRASS_V1, some=True)
        live = self._observer.observe(desired, groups, known, expect_some=expect_some)
        planned = plan_groups(self._observer, self._means.provider, desired, groups, live, known)
        planned = self._pruner.add(planned, desired, groups, live, memory.removals)
        return replace(planned, guards=(*planned.guards, *moved_cores(planned.groups, groups)))

    def plan_gone(self, desired: DesiredState, memory: Memory) -> Planned:
        """Say what would be done about groups, of which the files have none. Never writes.

        Where V1 does not answer, and AWS has ended it, a fleet that has none of it is planned all the same.
        """
        cache, fleet = self._observer.cache, desired.fleet
        known = sorted(memory.names(of_v2=False))
        begun = [group_id for group_id in memory.removals if not group_id.startswith("arn:")]
        if not may_be_left(cache, fleet, GREENGRASS_V1, (*known, *begun)):
            return Planned((), (), {})
        try:
            live = self._observer.observe(desired, ())
        except AwsError as error:
            return Planned((), not_seen(fleet, known, error), {})
        planned = self._pruner.add(Planned((), (), {}), desired, (), live, memory.removals)
        note_left(cache, fleet, GREENGRASS_V1, some=bool(planned.groups or planned.guards))
        return planned

    def plan_order(
        self, desired: DesiredState, groups: Sequence[Group], order: DeploymentOrder, memory: Memory
    ) -> Planned:
        """Say what carrying ``order`` out on ``groups`` would ask for. Never writes."""
        return plan_orders(self._observer, desired, groups, order, memory.names(of_v2=False))

    def recheck(self, plan: Plan, groups: Sequence[GroupPlan]) -> list[Standing]:
        """Look again at ``groups`` of a plan that was made before. Never writes."""
        return self._again.standings(plan, groups)

    def status(
        self, desired: DesiredState, groups: Sequence[Group], version_of: Callable[[str], int | None]
    ) -> list[GroupStatus]:
        """Where ``groups`` stand now; ``version_of`` tells the template version behind a group version, where known."""
        live = self._observer.observe(desired, groups)
        return group_statuses(groups, live, self._observer.reported_versions(live), version_of)

    def say_live(self, said: Said, names: Collection[str]) -> Mapping[str, Saying | str]:
        """What the files would have to say of live groups, or why they cannot. Never writes."""
        return say_live(self._observer, said, names)

    def undeclared(self, desired: DesiredState) -> frozenset[str]:
        """The names of the live groups that no file declares. Never writes."""
        return frozenset(self._observer.list_groups()) - {group.name for group in desired.groups}

    def prepare(self, plan: Plan) -> None:
        """Nothing: a plan has all of it."""

    def carry_out(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> Ready:
        """Do everything for one group but its deployment."""
        if group.finishing:
            self._finisher.note(group, journal)
        return self._carrier.carry_out(plan, group, journal, say)

    def finish(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> None:
        """Delete what ``group`` gives up, once its deployment, if it has one, has succeeded."""
        del plan  # each deletion says by itself what it is about
        self._finisher.finish(group, journal, say)

    def deploy(
        self, ready: Sequence[Ready], deadline: float, say: Say, *, again: bool = False, queued: bool = False
    ) -> Iterable[Started]:
        """Ask for the deployments of all groups that are ready, new ones together."""
        return self._deployer.deploy(ready, deadline, say, again=again, queued=queued)

    def outcomes(self, started: Mapping[str, tuple[str, str]], deadline: float, say: Say) -> Iterable[Outcome]:
        """What the devices report, as it comes, until ``deadline``."""
        return self._waiter.outcomes(started, deadline, say)

    def status_of(self, group_id: str, deployment_id: str) -> Reported:
        """A deployment's status, and the error that the core reported."""
        status = self._observer.deployment_status(group_id, deployment_id)
        return Reported(status["DeploymentStatus"], status.get("UpdatedAt", ""), status.get("ErrorMessage", ""))
