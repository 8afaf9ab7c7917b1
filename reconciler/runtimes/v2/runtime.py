"""Greengrass V2 as a runtime: its parts put together for one fleet."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws
from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.order import DeploymentOrder
from reconciler.model.plan import GroupPlan, Plan
from reconciler.model.run import GroupStatus
from reconciler.model.template import GREENGRASS_V2
from reconciler.planning.accepting.saying import Said, Saying
from reconciler.provisioning.means import means_of
from reconciler.runtimes.base import Journal, Memory, Outcome, Planned, Ready, Reported, Say, Standing, Started
from reconciler.runtimes.leftovers import may_be_left, note_left
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.patience import Patience
from reconciler.runtimes.v2.carry_out import Carrier
from reconciler.runtimes.v2.deploy import Deployer
from reconciler.runtimes.v2.finish import Finisher
from reconciler.runtimes.v2.late import LateDeployer
from reconciler.runtimes.v2.live import LiveGroup
from reconciler.runtimes.v2.look_again import Again
from reconciler.runtimes.v2.names import is_id
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.orders import plan_orders
from reconciler.runtimes.v2.outcomes import Reports, Waiter, summary
from reconciler.runtimes.v2.plan import plan_groups
from reconciler.runtimes.v2.pruning import Pruner
from reconciler.runtimes.v2.publish import Publisher
from reconciler.runtimes.v2.say_live import say_live, undeclared
from reconciler.runtimes.v2.status import group_statuses


class GreengrassV2:
    """The runtime ``greengrass/v2`` for one fleet (see ``reconciler.runtimes.base.Runtime``).

    ``directory`` is where the fleet's files are, None where they are not at hand. With ``refresh`` plans read what else
    comes from the cache, as AWS has no bulk read for it.
    """

    def __init__(
        self,
        aws: Aws,
        cache: Cache,
        fleet: Fleet,
        patience: Patience | None = None,
        *,
        directory: Path | None = None,
        refresh: bool = False,
    ) -> None:
        patience = patience or Patience()
        self._observer = Observer(aws, cache, fleet, refresh)
        means = self._means = means_of(aws, fleet)
        self._again = Again(self._observer, means.provider, means.provisioner, means.store)
        self._publisher = Publisher(self._observer, directory, patience.sleep, patience.now)
        self._carrier = Carrier(self._observer, means.provisioner, self._publisher, patience.sleep, patience.now)
        self._reports = Reports(self._observer)
        self._deployer = Deployer(self._observer, self._reports, patience.sleep, patience.now)
        self._waiter = Waiter(self._reports, patience.sleep, patience.now)
        self._pruner = Pruner(self._observer, means.store)
        self._finisher = Finisher(
            self._observer,
            means.deprovisioner,
            LateDeployer(self._deployer, self._reports, patience.sleep, patience.now),
            patience.sleep,
        )

    def plan(self, desired: DesiredState, groups: Sequence[Group], memory: Memory, *, expect_some: bool) -> Planned:
        """Observe ``groups``, and what is gone from the files, and say what would be done. Never writes."""
        known = memory.names(of_v2=True)
        note_left(self._observer.cache, desired.fleet, GREENGRASS_V2, some=True)
        live = self._observer.observe(desired, groups, known, expect_some=expect_some)
        planned = plan_groups(self._observer, self._means.provider, desired, groups, live, known)
        return self._pruner.add(planned, desired, groups, live, memory.removals)

    def plan_gone(self, desired: DesiredState, memory: Memory) -> Planned:
        """Say what would be done about groups, of which the files have none. Never writes."""
        observer, known = self._observer, (identifier for identifier in memory.ids if is_id(identifier))
        if not may_be_left(observer.cache, desired.fleet, GREENGRASS_V2, known):
            return Planned((), (), {})
        planned = self._pruner.add(Planned((), (), {}), desired, (), observer.observe_gone(desired), memory.removals)
        note_left(observer.cache, desired.fleet, GREENGRASS_V2, some=bool(planned.groups or planned.guards))
        return planned

    def plan_order(
        self, desired: DesiredState, groups: Sequence[Group], order: DeploymentOrder, memory: Memory
    ) -> Planned:
        """Say what carrying ``order`` out on ``groups`` would ask for. Never writes."""
        return plan_orders(self._observer, desired, groups, order, memory.names(of_v2=True))

    def recheck(self, plan: Plan, groups: Sequence[GroupPlan]) -> list[Standing]:
        """Look again at ``groups`` of a plan that was made before. Never writes."""
        del plan  # the name of a deployment tells what it was to hold
        return self._again.standings(groups)

    def status(
        self, desired: DesiredState, groups: Sequence[Group], version_of: Callable[[str], int | None]
    ) -> list[GroupStatus]:
        """Where ``groups`` stand now."""
        del version_of  # groups of V2 have no versions
        live = self._observer.observe(desired, groups)

        def error(group: LiveGroup) -> str:
            last = group.deployment
            if last is None or last.counts is None or not last.counts.bad:
                return ""
            return summary(self._reports, group.arn, last.id).error

        errors = dict(zip(live.groups, in_parallel(error, live.groups.values()), strict=True))
        return group_statuses(groups, live.groups, live.cores, errors, datetime.now(UTC))

    def say_live(self, said: Said, names: Collection[str]) -> Mapping[str, Saying | str]:
        """What the files would have to say of live groups, or why they cannot. Never writes."""
        return say_live(self._observer, said, names)

    def undeclared(self, desired: DesiredState) -> frozenset[str]:
        """The names of the thing groups with a deployment that no file declares. Never writes."""
        return undeclared(self._observer, {group.name for group in desired.groups})

    def prepare(self, plan: Plan) -> None:
        """Put the artifacts of components that ``plan`` publishes into S3."""
        actions = {action.id: action for group in plan.changed for action in group.of_kind("publish-component")}
        for action in actions.values():
            self._publisher.upload(action)

    def carry_out(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> Ready:
        """Do everything for one group but its deployments."""
        if group.finishing:
            self._finisher.note(group, journal)
        return self._carrier.carry_out(plan, group, journal, say)

    def finish(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> None:
        """Send cores what is theirs alone, and delete what ``group`` gives up, once its deployments have succeeded."""
        self._finisher.finish(plan, group, journal, say)

    def deploy(
        self, ready: Sequence[Ready], deadline: float, say: Say, *, again: bool = False, queued: bool = False
    ) -> Iterable[Started]:
        """Ask for the deployments of all groups that are ready."""
        del deadline, say  # Greengrass V2 is never busy: a new deployment takes the place of the one before
        return self._deployer.deploy(ready, again=again, queued=queued)

    def outcomes(self, started: Mapping[str, tuple[str, str]], deadline: float, say: Say) -> Iterable[Outcome]:
        """What the devices report, as it comes, until ``deadline``."""
        return self._waiter.outcomes(started, deadline, say)

    def status_of(self, group_id: str, deployment_id: str, asked: str) -> Reported:
        """What cores report of a group's deployments, the last of which was asked for at ``asked`` (ISO text)."""
        return summary(self._reports, group_id, deployment_id, asked)
