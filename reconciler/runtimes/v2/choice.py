"""Whether a group's targets get a new deployment, and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import SENT_AGAIN, Action, Change
from reconciler.model.words import some_of
from reconciler.planning.differences import differences
from reconciler.runtimes.marks import REDEPLOY_OF_TAG, REDEPLOY_TAG
from reconciler.runtimes.v2.documents import NOTHING, Document, comparable
from reconciler.runtimes.v2.live import LiveGroup, is_outside
from reconciler.runtimes.v2.to_cores import Sending, orphaned, to_cores

SECTIONS = ("deploymentPolicies", "iotJobConfiguration")


@dataclass(frozen=True, slots=True)
class Choice:
    """What to ask Greengrass for (None: nothing), with what there is to say about it.

    ``contents`` are the documents that the action names by digest; ``marks`` are tags that are set before, and say
    what was asked for; ``late`` is what comes once the cores have what the action asks for.
    """

    action: Action | None = None
    changes: tuple[Change, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    drift: bool = False
    marks: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    late: tuple[Action, ...] = ()


class Wanted:
    """The documents that groups shall have. What several groups share, as those of one template do, is made once."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Mapping[str, Any], Document]] = {}

    def of(self, group: Group) -> tuple[Document | None, dict[str, Document]]:
        """What the group's thing group (None: nothing is to be said of it), and single cores of it, shall have."""
        if group.deployment.state == "none":
            return None, {}
        if group.deployment.state == "reset":
            return NOTHING, {}
        return self._comparable(group.document), {
            name: self._comparable(document) for name, document in group.core_documents.items()
        }

    def _comparable(self, document: Mapping[str, Any]) -> Document:
        known = self._made.get(id(document))
        if known is None:
            known = self._made[id(document)] = document, comparable(document)  # kept, so that no id comes twice
        return known[1]


def choose(fleet: Fleet, group: Group, live: LiveGroup, documents: Wanted) -> Choice:
    """The deployments that bring the group's cores to what the files say, if they are not on their way there."""
    wanted, of_cores = documents.of(group)
    if wanted is None:
        return Choice()
    why = _why(group, live, wanted) or _why_anew(group, live, of_cores)
    sending = Sending(fleet, live, group.template)
    inputs: dict[str, Any] = {"targetArn": live.arn}
    if why is not None:
        inputs |= sending.to_group(wanted)
        if why.redeploy is not None:
            inputs["value"] = why.redeploy
    elif live.deployment is not None:
        inputs["deploymentId"] = live.deployment.id
    alone = to_cores(sending, wanted if why is not None else None, of_cores)
    notes = _notes(live, sending=why is not None)
    if why is None and not (alone.release or alone.cores or alone.late or _comes_to_others(group, live)):
        return Choice(notes=notes)
    kind = why.kind if why is not None else "deploy"
    inputs |= {"release": list(alone.release), "cores": list(alone.cores)}
    action = Action(f"{group.name}/{kind}", kind, group.name, (), inputs)
    return Choice(
        action,
        tuple(sorted((*(why.changes if why is not None else ()), *alone.changes))),
        tuple(filter(None, (why.reason if why is not None else "", *(alone.reasons if live.exists else ())))),
        notes,
        drift=alone.drift or (why is not None and why.drift),
        marks={REDEPLOY_OF_TAG: live.deployment.id} if kind == "redeploy" and live.deployment else {},
        contents=sending.contents,
        late=alone.after(action),
    )


@dataclass(frozen=True, slots=True)
class _Why:
    kind: str
    reason: str
    changes: tuple[Change, ...] = ()
    redeploy: str | None = None
    drift: bool = False


def _why(group: Group, live: LiveGroup, wanted: Document) -> _Why | None:
    """Why the thing group gets a new deployment, None if it does not."""
    last, spec = live.deployment, group.deployment
    if spec.state == "reset":
        if last is None or (last.is_reset and last.counts_now):
            return None
        return _Why("reset-deployments", "the files ask for a reset", changes_of_documents(last.document, wanted))
    if last is None:
        return _Why("deploy", "" if not live.exists else "it was never deployed", changes_of_documents(NOTHING, wanted))
    again = (Change("deployment", "change", last.id, SENT_AGAIN),)
    if last.document != wanted:
        reason = "its last deployment was a reset" if last.is_reset else ""
        return _Why("deploy", reason, changes_of_documents(last.document, wanted), drift=is_outside(live, last))
    if not last.counts_now:
        return _Why("deploy", f"its last deployment is {last.status}", again)
    if last.counts is not None and last.has_failed:
        return _Why("deploy", f"its last deployment failed: {last.counts.text}", again)
    unasked = live.tags.get(REDEPLOY_TAG) != spec.redeploy or live.tags.get(REDEPLOY_OF_TAG) == last.id
    if spec.redeploy is not None and unasked:
        return _Why("redeploy", f"redeployment {spec.redeploy} is asked for", again, spec.redeploy)
    return None


def _comes_to_others(group: Group, live: LiveGroup) -> bool:
    """Whether cores join a group that has a deployment: that is sent to them, and they are waited for."""
    last = live.deployment
    joining = {core.thing_name for core in group.cores} - live.members
    return bool(joining) and last is not None and last.counts_now and not last.is_reset


def _why_anew(group: Group, live: LiveGroup, of_cores: Mapping[str, Document]) -> _Why | None:
    """Why the thing group gets again what it has: for cores that no longer have anything alone, else None."""
    last = live.deployment
    cores = orphaned(live, {core.thing_name for core in group.cores} - of_cores.keys())
    if last is None or not cores:
        return None
    reason = f"{some_of(cores)} no longer {'has' if len(cores) == 1 else 'have'} a configuration of its own"
    return _Why("deploy", reason, (Change("deployment", "change", last.id, SENT_AGAIN),))


def changes_of_documents(before: Document, after: Document) -> tuple[Change, ...]:
    """What changes for the devices, component by component and policy by policy."""
    found = list(differences("components", before["components"], after["components"]))
    for section in SECTIONS:
        found.extend(differences(section, before[section], after[section]))
    return tuple(found)


def _notes(live: LiveGroup, *, sending: bool) -> tuple[str, ...]:
    last = live.deployment
    if last is None or sending or last.counts is None:
        return ()
    if last.counts.open:
        return (f"deployment {last.id} is on its way: {last.counts.text}",)
    if last.counts.bad:
        return (f"deployment {last.id}: {last.counts.text}; a new value of `redeploy` sends it to all once more",)
    return ()
