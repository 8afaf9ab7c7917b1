"""Carries out the actions of one group, all but its deployment. Nothing is sent twice without looking first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.errors import AnswerLostError, ReconcileError
from reconciler.model.plan import DEPLOYMENT_KINDS, FINISHING_KINDS, KNOWN_AFTER_APPLY, Action, GroupPlan, Plan
from reconciler.provisioning.provision import Provisioner
from reconciler.runtimes.base import Journal, Ready, Say
from reconciler.runtimes.bringing_in import bring_in_all
from reconciler.runtimes.marks import FLEET_TAG
from reconciler.runtimes.things import THING_KINDS
from reconciler.runtimes.v1.families import FAMILIES
from reconciler.runtimes.v1.observe import Observer
from reconciler.runtimes.v1.publish import RESENDS, Publisher


@dataclass(slots=True)
class _Progress:
    """What is known so far about the group in hand: ``planned_on`` is the version that the plan was made from, ``arns``
    are of published versions by action id.
    """

    group_id: str = ""
    group_arn: str = ""
    planned_on: str | None = None
    version_id: str | None = None
    certificates: dict[str, str] = field(default_factory=dict)
    arns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Carrier:
    """Carries groups out. Threads share it. Methods raise AwsError and ReconcileError."""

    observer: Observer
    provisioner: Provisioner | None
    publisher: Publisher

    def carry_out(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> Ready:
        """Do the actions of ``group`` in order, up to its deployment and what it deletes."""
        live = group.live
        progress = _Progress(live.get("groupId", ""), live.get("groupArn", ""), live.get("groupVersionId"))
        deployment = next(iter(group.of_kind(*DEPLOYMENT_KINDS)), None)
        things = group.of_kind(*THING_KINDS)
        for action in group.actions:
            if things and action is things[0]:
                place = progress.group_id
                found = bring_in_all(self.provisioner, group.name, place, things, journal, say)
                progress.certificates.update(found)
            elif action != deployment and action.kind not in (*THING_KINDS, *FINISHING_KINDS):
                self._do(plan, action, progress, journal)
                say(group.name, said(action))
        return Ready(group.name, progress.group_id, progress.group_arn, progress.version_id, deployment)

    def tag(self, group_arn: str, tags: Mapping[str, str], version_id: str | None) -> None:
        """Set the tags of a group; the value that only the apply knows is the new version's id."""
        known = {key: (version_id or "") if value == KNOWN_AFTER_APPLY else value for key, value in tags.items()}
        self.observer.set_tags(group_arn, known)

    def _do(self, plan: Plan, action: Action, progress: _Progress, journal: Journal) -> None:
        inputs = action.inputs
        if action.kind == "create-group":
            made = self._once(action, journal, lambda: self._create_group(action), lambda: self._made_group(action))
            progress.group_id, _, progress.group_arn = made.partition(" ")
        elif action.kind == "publish-definition":
            content = plan.contents[inputs["content"]]
            progress.arns[action.id] = self.publisher.publish(action, content, progress.certificates, journal)
        elif action.kind == "create-group-version":
            arns = _definition_arns(progress, inputs["definitions"])
            progress.version_id = self._once(
                action,
                journal,
                lambda: self._create_version(progress, arns),
                lambda: self._made_version(progress.group_id, arns),
            )
        elif action.kind == "rename-definition":
            family, aws = FAMILIES[inputs["family"]], self.observer.aws
            which = {family.id_parameter: inputs["definitionId"]}
            aws.call("greengrass", family.operation("Update"), Name=action.subject, **which)
            self.observer.definitions.forget_owner(inputs["definitionId"])
        elif action.kind == "rename-group":
            self.observer.aws.call("greengrass", "UpdateGroup", GroupId=progress.group_id, Name=action.subject)
            journal.forget(inputs["from"])
        elif action.kind == "tag-group":
            self.tag(progress.group_arn, inputs["tags"], progress.version_id)
        else:
            raise ReconcileError(f"the plan asks for {action.kind!r}, which Greengrass V1 does not know")

    def _once(self, action: Action, journal: Journal, make: Callable[[], str], find: Callable[[], str | None]) -> str:
        """The result of ``make``, made once in a run: also when it is taken up again, or an answer is lost."""
        begun = journal.begin(action.id, of_run=True)
        if begun is not None and begun.result is not None:
            return begun.result
        result = find() if begun is not None else None
        for resend in range(1, RESENDS + 2):
            if result is not None:
                break
            try:
                result = make()
            except AnswerLostError:
                result = find()
                if result is None:
                    # AWS may be at work on it still, and two groups of one name only a person can tell apart.
                    self.observer.aws.back_off(resend)
                    result = find()
                if result is None and resend > RESENDS:
                    raise
        if result is None:
            raise AssertionError("the last attempt returns or raises")
        journal.finish(action.id, result, of_run=True)
        return result

    def _create_group(self, action: Action) -> str:
        """Make a group; its id and ARN with a space between them."""
        tags = dict(action.inputs["tags"])
        made = self.observer.aws.call("greengrass", "CreateGroup", Name=action.subject, tags=tags)
        return f"{made['Id']} {made['Arn']}"

    def _made_group(self, action: Action) -> str | None:
        """The group that a lost answer was about: ours by name and mark."""
        for row in self.observer.list_groups().get(action.subject, []):
            tags = self.observer.aws.call("greengrass", "ListTagsForResource", ResourceArn=row["Arn"]).get("tags", {})
            if tags.get(FLEET_TAG) == action.inputs["tags"][FLEET_TAG]:
                return f"{row['Id']} {row['Arn']}"
        return None

    def _create_version(self, progress: _Progress, arns: Mapping[str, str]) -> str:
        """Make a version of a group, unless somebody has made one since it was planned."""
        group_id = progress.group_id
        newest = self._newest_version(group_id) if progress.planned_on else None
        if newest != progress.planned_on:
            raise ReconcileError(
                f"no group version was made: somebody has made {newest} since it was planned",
                hint="plan again, and look at it",
            )
        members = {FAMILIES[family].arn_member: arn for family, arn in arns.items()}
        made = self.observer.aws.call("greengrass", "CreateGroupVersion", GroupId=group_id, **members)
        return str(made["Version"])

    def _made_version(self, group_id: str, arns: Mapping[str, str]) -> str | None:
        """The version that a lost answer was about: the newest, if it holds just these definitions."""
        latest = self._newest_version(group_id)
        if latest and dict(self.observer.group_version(group_id, latest).arns) == arns:
            return latest
        return None

    def _newest_version(self, group_id: str) -> str | None:
        return self.observer.aws.call("greengrass", "GetGroup", GroupId=group_id).get("LatestVersion") or None


def _definition_arns(progress: _Progress, definitions: Mapping[str, Any]) -> dict[str, str]:
    """The ARNs by family of a group version, with what was published in this run."""
    return {
        family: reference if isinstance(reference, str) else progress.arns[reference["action"]]
        for family, reference in definitions.items()
    }


def said(action: Action) -> str:
    """What is said once an action is done."""
    return DONE[action.kind].format(subject=action.subject, **action.inputs)


DONE = {
    "create-group": "group created",
    "publish-definition": "{family} published",
    "create-group-version": "group version created",
    "rename-definition": "definition renamed to {subject}",
    "rename-group": "renamed from {from}",
    "tag-group": "tags set",
}
"""The words of ``said`` by kind of action."""
