"""Carries out what a plan deletes, last of all: groups, their definitions, what was made for things, and keys.

Whatever was read when the plan was made is looked at once more before it is deleted. What is gone already is as good as
deleted, so that a run which was cut off can be repeated.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.aws.client import is_not_found
from reconciler.model.errors import AwsError
from reconciler.model.plan import Action, GroupPlan
from reconciler.provisioning.deprovision import Deprovisioner
from reconciler.runtimes.base import Journal, Say
from reconciler.runtimes.marks import FLEET_TAG
from reconciler.runtimes.taking_back import not_deleted, take_back
from reconciler.runtimes.v1.families import FAMILIES
from reconciler.runtimes.v1.observe import Observer
from reconciler.runtimes.v1.removals import removal_of


@dataclass(frozen=True)
class Finisher:
    """Deletes for one fleet. Threads share it. Methods raise AwsError and ReconcileError."""

    observer: Observer
    deprovisioner: Deprovisioner | None
    fleet: str

    def note(self, group: GroupPlan, journal: Journal) -> None:
        """Note what will be deleted: once the group is, nothing in the account leads to the rest of it."""
        for group_id in _group_ids(group):
            journal.to_remove(group_id, removal_of(group, group_id).text())

    def finish(self, group: GroupPlan, journal: Journal, say: Say) -> None:
        """Delete what ``group`` gives up, in order."""
        for action in group.of_kind("delete-group"):
            self._delete_group(action)
            say(group.name, "group deleted")
        for action in group.of_kind("delete-definition"):
            say(group.name, self._delete_definition(action))
        take_back(self.deprovisioner, group, journal, say)
        if group.operation == "delete":
            journal.forget(group.name)
        for group_id in _group_ids(group):
            journal.removed(group_id)

    def _delete_group(self, action: Action) -> None:
        """Delete a group if it is as it was planned: ours, at the same version, and reset."""
        aws, group_id = self.observer.aws, action.inputs["groupId"]
        try:
            found = aws.call("greengrass", "GetGroup", GroupId=group_id)
        except AwsError as error:
            if is_not_found(error):
                return
            raise
        tags = aws.call("greengrass", "ListTagsForResource", ResourceArn=found["Arn"]).get("tags", {})
        if tags.get(FLEET_TAG) != self.fleet:
            raise not_deleted(f"the group bears no mark of fleet {self.fleet} any more")
        if found.get("LatestVersion", "") != action.inputs["groupVersionId"]:
            raise not_deleted("the group got a new version")
        last = self.observer.newest_deployment(group_id)
        if last is not None and not (last.is_reset and last.status == "Success"):
            raise not_deleted(f"the group was deployed again (deployment {last.id})")
        try:
            aws.call("greengrass", "DeleteGroup", GroupId=group_id)
        except AwsError as error:
            if not is_not_found(error):
                raise

    def _delete_definition(self, action: Action) -> str:
        """Delete a definition of ours that no group uses; what became of it."""
        aws, family = self.observer.aws, FAMILIES[action.inputs["family"]]
        which = {family.id_parameter: action.inputs["definitionId"]}
        try:
            found = aws.call("greengrass", family.operation("Get"), **which)
            if found.get("tags", {}).get(FLEET_TAG) != self.fleet:
                return f"definition {action.subject} stays: it bears no mark of fleet {self.fleet} any more"
            aws.call("greengrass", family.operation("Delete"), **which)
        except AwsError as error:
            # 400: a group uses it. Of two groups that are deleted and share it, the second one takes it along.
            if error.status == 400:
                return f"definition {action.subject} stays: {error.message}"
            if not is_not_found(error):
                raise
        return f"definition {action.subject} deleted"


def _group_ids(group: GroupPlan) -> Iterable[str]:
    return sorted({action.inputs["groupId"] for action in group.finishing})
