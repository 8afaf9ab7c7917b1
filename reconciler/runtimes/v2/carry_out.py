"""Carries out the actions of one group, all but its deployments. All of it may be done twice and is done once."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from reconciler.aws.client import is_not_found
from reconciler.model.errors import AnswerLostError, AwsError, ReconcileError
from reconciler.model.plan import DEPLOYMENT_KINDS, FINISHING_KINDS, Action, GroupPlan, Plan
from reconciler.model.words import some_of
from reconciler.provisioning.provision import Provisioner
from reconciler.runtimes.base import Journal, Ready, Say
from reconciler.runtimes.bringing_in import bring_in_all
from reconciler.runtimes.marks import FLEET_TAG
from reconciler.runtimes.things import THING_KINDS
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.publish import Publisher

MEMBERS_AT_ONCE = 4
ENTRIES = 100
"""Client devices in one call (API reference, BatchAssociateClientDeviceWithCoreDevice)."""
RESENDS = 3
PATIENCE, PAUSE = 600.0, 1.0
"""Seconds that a group waits for a core which another group of the run provisions, and between looks."""
DEVICES_NAMED = 5
_GONE = frozenset({"ResourceNotFound", "ResourceNotFoundException", "NotFound", "404"})


@dataclass(frozen=True)
class Carrier:
    """Carries groups out. Threads share it. Methods raise AwsError and ReconcileError."""

    observer: Observer
    provisioner: Provisioner | None
    publisher: Publisher
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    def carry_out(self, plan: Plan, group: GroupPlan, journal: Journal, say: Say) -> Ready:
        """Do the actions of ``group`` in order, up to its deployments and what it deletes."""
        things = group.of_kind(*THING_KINDS)
        for action in group.actions:
            if things and action is things[0]:
                bring_in_all(self.provisioner, group.name, group.name, things, journal, say)
            elif action.kind not in (*THING_KINDS, *DEPLOYMENT_KINDS, *FINISHING_KINDS):
                self._do(plan, group, action, journal)
                say(group.name, _said(action))
        deployment = next(iter(group.of_kind(*DEPLOYMENT_KINDS)), None)
        arn = group.live["groupArn"]
        return Ready(group.name, arn, arn, None, with_documents(plan, deployment) if deployment else None)

    def _do(self, plan: Plan, group: GroupPlan, action: Action, journal: Journal) -> None:
        match action.kind:
            case "create-group":
                self._create_group(group, action)
            case "update-members":
                self._update_members(group.name, action)
            case "associate-devices":
                self._associate(action)
            case "publish-component":
                self.publisher.publish(action, plan.contents, journal)
            case "tag-group":
                self.observer.tags.write(group.live["groupArn"], action.inputs["tags"])
            case kind:
                raise ReconcileError(f"the plan asks for {kind!r}, which Greengrass V2 does not know")

    def _create_group(self, group: GroupPlan, action: Action) -> None:
        """Make the thing group; one that is there by now has to be ours, of an earlier attempt."""
        aws, tags = self.observer.aws, action.inputs["tags"]
        rows = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        for resend in range(1, RESENDS + 2):
            if self.observer.members(group.name) is not None:
                found = self.observer.tags.read(group.live["groupArn"], None, None)
                if found.get(FLEET_TAG) != tags[FLEET_TAG]:
                    raise ReconcileError(
                        f"somebody else has made the thing group {group.name} since it was planned", hint="plan again"
                    )
                return
            try:
                aws.call("iot", "CreateThingGroup", thingGroupName=group.name, tags=rows)
            except AnswerLostError:
                if resend > RESENDS:
                    raise
                aws.back_off(resend)
            else:
                return

    def _update_members(self, name: str, action: Action) -> None:
        elsewhere = frozenset(action.inputs.get("elsewhere", ()))
        with ThreadPoolExecutor(MEMBERS_AT_ONCE) as pool:
            joins = [pool.submit(self._join, name, thing, wait=thing in elsewhere) for thing in action.inputs["join"]]
            leaves = [pool.submit(self._leave, name, thing) for thing in action.inputs["leave"]]
        for done in (*joins, *leaves):
            done.result()

    def _join(self, name: str, thing: str, *, wait: bool) -> None:
        """Take a thing into a thing group; ``wait`` for it where another group of the run is about to provision it."""
        until = self.clock() + PATIENCE
        while True:
            try:
                self.observer.aws.call("iot", "AddThingToThingGroup", thingGroupName=name, thingName=thing)
            except AwsError as error:
                if not wait or not is_not_found(error) or self.clock() >= until:
                    raise
                self.sleep(PAUSE)
            else:
                return

    def _leave(self, name: str, thing: str) -> None:
        """Take a thing out of a thing group, if there are both."""
        try:
            self.observer.aws.call("iot", "RemoveThingFromThingGroup", thingGroupName=name, thingName=thing)
        except AwsError as error:
            if not is_not_found(error):
                raise

    def _associate(self, action: Action) -> None:
        """Associate client devices with a core, and take others from it; then say which entries were refused."""
        core, inputs = action.subject, action.inputs
        self.observer.client_devices.forget(core)
        failed = self._batches("BatchDisassociateClientDeviceFromCoreDevice", core, inputs["disassociate"])
        failed = [entry for entry in failed if entry.get("code") not in _GONE]
        failed += self._batches("BatchAssociateClientDeviceWithCoreDevice", core, inputs["associate"])
        if failed:
            told = (f"{entry.get('thingName')} ({entry.get('code')}: {entry.get('message')})" for entry in failed)
            raise ReconcileError(
                f"{core}: {len(failed)} client device{'s were' if len(failed) > 1 else ' was'} not taken: "
                f"{some_of(told, DEVICES_NAMED)}",
                hint="mend what AWS says of them, and apply again",
            )

    def _batches(self, operation: str, core: str, devices: Iterable[str]) -> list[Mapping[str, Any]]:
        names, failed = list(devices), []
        for start in range(0, len(names), ENTRIES):
            entries = [{"thingName": name} for name in names[start : start + ENTRIES]]
            answer = self.observer.aws.call("greengrassv2", operation, coreDeviceThingName=core, entries=entries)
            failed += answer.get("errorEntries", [])
        return failed


def with_documents(plan: Plan, action: Action) -> Action:
    """A deployment action that has its documents and not only their digests: whoever asks for it has no plan."""
    inputs = dict(action.inputs)
    if "document" in inputs:
        inputs["document"] = plan.contents[inputs["document"]]
    for part in ("release", "cores"):
        inputs[part] = [{**core, "document": plan.contents[core["document"]]} for core in inputs.get(part, ())]
    return replace(action, inputs=inputs)


def _said(action: Action) -> str:
    """What is said once an action is done."""
    return _DONE[action.kind].format(subject=action.subject, **action.inputs)


_DONE = {
    "create-group": "thing group created",
    "update-members": "members updated",
    "associate-devices": "client devices of {subject} updated",
    "publish-component": "component {name} {version} published",
    "tag-group": "tags set",
}
