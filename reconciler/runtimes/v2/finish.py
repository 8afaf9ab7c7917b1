"""Carries out what a plan deletes, last of all: deployments, thing groups, what was made for things, and keys.

Whatever was read when the plan was made is looked at once more before it is deleted. What is gone already is as good as
deleted, so that a run which was cut off can be repeated.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from reconciler.aws.client import is_not_found
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.plan import Action, GroupPlan, Plan
from reconciler.provisioning.deprovision import Deprovisioner
from reconciler.runtimes.base import Journal, Say
from reconciler.runtimes.marks import FLEET_TAG
from reconciler.runtimes.taking_back import not_deleted, take_back
from reconciler.runtimes.v2.late import LateDeployer
from reconciler.runtimes.v2.lists import PAGE
from reconciler.runtimes.v2.live import ACTIVE
from reconciler.runtimes.v2.names import group_arn, is_group
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.removals import removal_of

IN_FLIGHT = 10
"""Deployments that are being deleted at once: AWS IoT refuses to delete more jobs (API reference, DeleteJob)."""
LOOKS = 20
"""How often is looked whether a deployment is gone before the next one is deleted all the same."""
LOOKS_AT_OTHERS = 120
"""How often is looked whether a core is off another group that is being deleted: a minute."""
PAUSE = 0.5


@dataclass(frozen=True)
class Finisher:
    """Deletes for one fleet. Threads share it. Methods raise AwsError and ReconcileError."""

    observer: Observer
    deprovisioner: Deprovisioner | None
    late: LateDeployer
    sleep: Callable[[float], None]
    slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(IN_FLIGHT))

    def note(self, group: GroupPlan, journal: Journal) -> None:
        """Note what will be deleted: once the group is, nothing in the account leads to the rest of it."""
        journal.to_remove(group.live["groupArn"], removal_of(group).text())

    def finish(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> None:
        """Send cores what is theirs alone, then delete what ``group`` gives up, in order."""
        for action in group.of_kind("deploy-cores"):
            self.late.deploy(plan, action)
            say(group.name, "its cores have what is theirs alone")
        for action in group.of_kind("delete-deployments"):
            self._delete_deployments(action)
            say(group.name, f"deployments to {action.subject} deleted")
        for action in group.of_kind("delete-group"):
            self._delete_group(action)
            say(group.name, "thing group deleted")
        for action in group.of_kind("deprovision-thing"):
            self._await_leaving(action)
        take_back(self.deprovisioner, group, journal, say, forget=self._forget_core)
        if group.operation == "delete":
            journal.forget(group.name)
        journal.removed(group.live["groupArn"])

    def _await_leaving(self, action: Action) -> None:
        """Wait until a core is in no other group any more that is being deleted: it could not be told to give up what
        they brought it without its certificate. Raises ReconcileError where that takes too long.
        """
        for name in action.inputs.get("after", ()):
            for _ in range(LOOKS_AT_OTHERS):
                if action.subject not in (self.observer.members(name) or ()):
                    break
                self.sleep(PAUSE)
            else:
                raise ReconcileError(
                    f"{action.subject} is not deprovisioned: the group {name}, which is to be deleted, still has it",
                    hint="see what became of that group, and apply again",
                )

    def _forget_core(self, thing: str) -> None:
        """Delete what Greengrass keeps of a core beside its thing; of a client device it keeps nothing."""
        try:
            self.observer.aws.call("greengrassv2", "DeleteCoreDevice", coreDeviceThingName=thing)
        except AwsError as error:
            if not is_not_found(error):
                raise

    def _delete_deployments(self, action: Action) -> None:
        """Cancel and delete every deployment to a target, if the newest takes everything off it.

        That one goes last: whoever is cut off finds it, and need not ask for it again.
        """
        aws, arn = self.observer.aws, action.inputs["targetArn"]
        newest = self.observer.deployments.newest(arn)
        if newest is not None and not newest.is_reset and (is_group(arn) or self._exists(action.subject)):
            raise not_deleted(f"somebody deployed to it ({newest.id})")
        rows = aws.listed(
            "greengrassv2", "ListDeployments", "deployments", page=PAGE, targetArn=arn, historyFilter="ALL"
        )
        for row in sorted(rows, key=lambda row: str(row.get("creationTimestamp", ""))):
            with self.slots:
                if row.get("deploymentStatus") in ACTIVE:
                    self._gone("CancelDeployment", row["deploymentId"])
                if not self._gone("DeleteDeployment", row["deploymentId"]):
                    self._await_deletion(row["deploymentId"])

    def _exists(self, thing: str) -> bool:
        """Whether there is such a thing: one that was deleted runs nothing any more."""
        try:
            self.observer.aws.call("iot", "DescribeThing", thingName=thing)
        except AwsError as error:
            if is_not_found(error):
                return False
            raise
        return True

    def _gone(self, operation: str, deployment_id: str) -> bool:
        """Ask for ``operation``; whether there is no such deployment any more."""
        try:
            self.observer.aws.call("greengrassv2", operation, deploymentId=deployment_id)
        except AwsError as error:
            if is_not_found(error):
                return True
            if operation != "CancelDeployment" or error.status not in {400, 409}:  # it has ended by itself
                raise
        return False

    def _await_deletion(self, deployment_id: str) -> None:
        for _ in range(LOOKS):
            if self._gone("GetDeployment", deployment_id):
                return
            self.sleep(PAUSE)

    def _delete_group(self, action: Action) -> None:
        """Delete a thing group if it is ours and nothing is deployed to it. Its members stay."""
        name = action.subject
        arn = group_arn(self.observer.fleet, name)
        if self.observer.members(name) is None:
            return
        if self.observer.tags.read(arn, None, None).get(FLEET_TAG) != self.observer.fleet.name:
            raise not_deleted(f"the thing group bears no mark of fleet {self.observer.fleet.name} any more")
        if self.observer.deployments.newest(arn) is not None:
            raise not_deleted("somebody deployed to it")
        self.observer.aws.call("iot", "DeleteThingGroup", thingGroupName=name)
