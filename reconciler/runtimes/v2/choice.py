"""Whether a group's targets get a new deployment, and why: the thing group first, then single cores. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.canonical import plain
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.plan import Action, Change
from reconciler.planning.differences import differences
from reconciler.runtimes.marks import REDEPLOY_OF_TAG, REDEPLOY_TAG
from reconciler.runtimes.v2.documents import NOTHING, Document, comparable, document_digest
from reconciler.runtimes.v2.live import LiveDeployment, LiveGroup
from reconciler.runtimes.v2.names import group_key, mark

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
    """The deployments that bring the group's cores to what the files say, if they are not on their way there.

    A core takes no version of a component but the one that all deployments to it ask for. So what a core alone has
    gives way before the thing group gets other versions, and comes back after that.
    """
    wanted, of_cores = documents.of(group)
    if wanted is None:
        return Choice()
    why = _why(group, live, wanted)
    sending = _Sending(fleet, group, live)
    inputs: dict[str, Any] = {"targetArn": live.arn}
    if why is not None:
        inputs |= sending.entry(wanted, live.arn, live.deployment)
        if why.redeploy is not None:
            inputs["value"] = why.redeploy
    elif live.deployment is not None:
        inputs["deploymentId"] = live.deployment.id
    changes = [] if why is None else [*why.changes]
    drift = why is not None and why.drift
    release: list[dict[str, Any]] = []
    cores: list[dict[str, Any]] = []
    late: list[dict[str, Any]] = []
    for thing in sorted(of_cores.keys() | live.core_deployments.keys()):
        before, after = live.core_deployments.get(thing), of_cores.get(thing)
        in_the_way = before is not None and why is not None and _differ(before.document, wanted)
        is_same = _is_there(before, after or NOTHING) and not _is_of_another(fleet, group, before)
        if before is not None and not before.is_reset and (after is None or in_the_way):
            release.append(sending.core(thing, NOTHING))
        if after is not None and (in_the_way or not is_same):
            waits = in_the_way or _is_under_way(live) or (why is not None and _differ(after, _document(live)))
            (late if waits else cores).append(sending.core(thing, after))
        if not is_same:
            changes.extend(_core_changes(thing, before, after or NOTHING))
            drift = drift or (before is not None and is_outside(live, before))
    notes = _notes(live, sending=why is not None)
    if why is None and not release and not cores and not late:
        return Choice(notes=notes)
    reasons = [why.reason] if why is not None and why.reason else []
    if count := len({entry["thingName"] for entry in (*release, *cores, *late)}):
        reasons.append(f"{count} core{'s differ' if count > 1 else ' differs'} in what it alone gets")
    kind = why.kind if why is not None else "deploy"
    action = Action(f"{group.name}/{kind}", kind, group.name, (), {**inputs, "release": release, "cores": cores})
    after_all = (Action(f"{group.name}/deploy-cores", "deploy-cores", group.name, (action.id,), {"cores": late}),)
    return Choice(
        action,
        tuple(sorted(changes)),
        tuple(reasons),
        notes,
        drift=drift,
        marks={REDEPLOY_OF_TAG: live.deployment.id} if kind == "redeploy" and live.deployment else {},
        contents=sending.contents,
        late=after_all if late else (),
    )


@dataclass(frozen=True, slots=True)
class _Sending:
    """Makes the inputs that name a deployment to be asked for, and gathers the documents that they name by digest."""

    fleet: Fleet
    group: Group
    live: LiveGroup
    contents: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def entry(self, document: Document, arn: str, before: LiveDeployment | None, home: str = "") -> dict[str, Any]:
        """A deployment of ``document`` to ``arn`` after ``before``; ``home`` is the group where it is to one core."""
        key = document_digest(document)
        self.contents[key] = plain(document)
        name = mark(self.fleet, self.group.template, key, home).text
        return {"targetArn": arn, "document": key, "name": name, "previous": before.id if before else ""}

    def core(self, thing: str, document: Document) -> dict[str, Any]:
        """A deployment to one core alone."""
        before = self.live.core_deployments.get(thing)
        return {"thingName": thing, **self.entry(document, self.fleet.thing_arn(thing), before, self.group.name)}


def _is_there(before: LiveDeployment | None, after: Document) -> bool:
    """Whether a core has what it alone shall have, or is about to get it."""
    if before is None:
        return not after["components"]
    return before.counts_now and before.document == after and not before.has_failed


def _is_of_another(fleet: Fleet, group: Group, before: LiveDeployment | None) -> bool:
    """Whether a core has it by way of another group of ours: sent once more, it goes with this one from then on."""
    found = before.mark if before is not None else None
    return found is not None and found.fleet == fleet.name and found.group not in {"", group_key(group.name)}


def _is_under_way(live: LiveGroup) -> bool:
    last = live.deployment
    return last is not None and last.counts is not None and bool(last.counts.open)


def _document(live: LiveGroup) -> Document:
    return live.deployment.document if live.deployment is not None and live.deployment.counts_now else NOTHING


def _differ(one: Document, other: Document) -> bool:
    """Whether two documents ask for different versions of a component."""
    versions = {name: entry["componentVersion"] for name, entry in one["components"].items()}
    return any(
        versions.get(name, entry["componentVersion"]) != entry["componentVersion"]
        for name, entry in other["components"].items()
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
    again = (Change("deployment", "change", last.id, "sent again"),)
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


def is_outside(live: LiveGroup, last: LiveDeployment) -> bool:
    """Whether somebody else made the newest deployment of a group that is ours, or of one of its cores.

    A deployment that is revised in AWS's console keeps its name, and says something else than the name does.
    """
    found = last.mark
    if found is None or found.fleet != live.fleet:
        return live.fleet is not None
    return found.digest != document_digest(last.document)


def changes_of_documents(before: Document, after: Document) -> tuple[Change, ...]:
    """What changes for the devices, component by component and policy by policy."""
    found = list(differences("components", before["components"], after["components"]))
    for section in SECTIONS:
        found.extend(differences(section, before[section], after[section]))
    return tuple(found)


def _core_changes(thing: str, before: LiveDeployment | None, after: Document) -> tuple[Change, ...]:
    had = _own(before.document if before is not None and before.counts_now else NOTHING)
    found = differences("cores", {thing: had}, {thing: _own(after)})
    return found or (Change(f"cores[{thing}].deployment", "change", before.id if before else None, "sent again"),)


def _own(document: Document) -> dict[str, Any]:
    """What is told of a deployment to one core: nothing where it holds no component."""
    return {"deployment": dict(document["components"])} if document["components"] else {}


def _notes(live: LiveGroup, *, sending: bool) -> tuple[str, ...]:
    last = live.deployment
    if last is None or sending or last.counts is None:
        return ()
    if last.counts.open:
        return (f"deployment {last.id} is on its way: {last.counts.text}",)
    if last.counts.bad:
        return (f"deployment {last.id}: {last.counts.text}; a new value of `redeploy` sends it to all once more",)
    return ()
