"""What single cores get beside their group: when it gives way, when it comes, and when it is sent once more. Pure.

A core takes no version of a component but the one that all deployments to it ask for, and applies what deployments
configure in the order in which it gets them. So what a core alone has gives way before its group gets other versions,
and comes again after whatever the group was sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.canonical import plain
from reconciler.model.fleet import Fleet
from reconciler.model.plan import SENT_AGAIN, Action, Change
from reconciler.model.template import TemplateRef
from reconciler.model.words import some_of
from reconciler.planning.differences import differences
from reconciler.runtimes.v2.documents import NOTHING, Document, document_digest
from reconciler.runtimes.v2.live import LiveDeployment, LiveGroup, is_outside
from reconciler.runtimes.v2.names import group_key, mark


@dataclass(frozen=True, slots=True)
class Sending:
    """Makes the inputs that name a deployment to be asked for, and gathers the documents that they name by digest."""

    fleet: Fleet
    live: LiveGroup
    target: TemplateRef
    contents: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def to_group(self, document: Document) -> dict[str, Any]:
        """A deployment of ``document`` to the thing group."""
        return self._entry(document, self.live.arn, self.live.deployment)

    def to_core(self, thing: str, document: Document) -> dict[str, Any]:
        """A deployment to one core alone."""
        before = self.live.core_deployments.get(thing)
        entry = self._entry(document, self.fleet.thing_arn(thing), before, self.live.name)
        return {"thingName": thing, **entry}

    def _entry(self, document: Document, arn: str, before: LiveDeployment | None, home: str = "") -> dict[str, Any]:
        key = document_digest(document)
        self.contents[key] = plain(document)
        name = mark(self.fleet, self.target, key, home).text
        return {"targetArn": arn, "document": key, "name": name, "previous": before.id if before else ""}


@dataclass(frozen=True, slots=True)
class ToCores:
    """What is sent to single cores, as inputs of actions: ``release`` before the group gets its deployment, ``cores``
    right after it, ``late`` once all cores of the group have it. There is ``drift`` where what one has is somebody
    else's.
    """

    release: tuple[dict[str, Any], ...] = ()
    cores: tuple[dict[str, Any], ...] = ()
    late: tuple[dict[str, Any], ...] = ()
    changes: tuple[Change, ...] = ()
    reasons: tuple[str, ...] = ()
    drift: bool = False

    def after(self, action: Action) -> tuple[Action, ...]:
        """What comes once ``action``, which asks for the group's deployment, has succeeded."""
        if not self.late:
            return ()
        name = action.subject
        return (Action(f"{name}/deploy-cores", "deploy-cores", name, (action.id,), {"cores": list(self.late)}),)


def to_cores(sending: Sending, sent: Document | None, of_cores: Mapping[str, Document]) -> ToCores:
    """What single cores get so that each has what ``of_cores`` says; ``sent`` is what their group gets now, if it does.

    Cores that ``of_cores`` does not name lose what they had alone.
    """
    live = sending.live
    release: list[dict[str, Any]] = []
    cores: list[dict[str, Any]] = []
    late: list[dict[str, Any]] = []
    changes: list[Change] = []
    differing: set[str] = set()
    covered: set[str] = set()
    drift = False
    for thing in sorted(of_cores.keys() | live.core_deployments.keys()):
        before, after = live.core_deployments.get(thing), of_cores.get(thing)
        in_the_way = before is not None and sent is not None and differ(before.document, sent)
        is_same = _is_there(before, after or NOTHING) and not _is_of_another(sending.fleet, live.name, before)
        is_covered = after is not None and is_same and _is_covered(live, thing, sent, after)
        if before is not None and not before.is_reset and (after is None or in_the_way):
            release.append(sending.to_core(thing, NOTHING))
        if after is not None and (in_the_way or is_covered or not is_same):
            waits = in_the_way or _is_under_way(live) or (sent is not None and differ(after, _document(live)))
            (late if waits else cores).append(sending.to_core(thing, after))
        if not is_same or (is_covered and sent is None):
            changes.extend(_changes(thing, before, after or NOTHING))
            (covered if is_same else differing).add(thing)
        drift = drift or (not is_same and before is not None and is_outside(live, before))
    reasons = []
    if differing:
        reasons.append(f"{len(differing)} core{'s differ' if len(differing) > 1 else ' differs'} in what it alone gets")
    if covered:
        each = "each has" if len(covered) > 1 else "it has"
        reasons.append(f"what the group was sent came to {some_of(covered)} after what {each} alone")
    return ToCores(tuple(release), tuple(cores), tuple(late), tuple(changes), tuple(reasons), drift)


def orphaned(live: LiveGroup, cores: Iterable[str]) -> list[str]:
    """Those of a group's ``cores`` that lose, or have just lost, what they alone had: they have its values until the
    group's are sent to them again.
    """
    last = live.deployment
    if last is None or last.is_reset:
        return []
    return [
        thing
        for thing in sorted(cores)
        if thing in live.members
        and (before := live.core_deployments.get(thing)) is not None
        and (before.created_at > last.created_at if before.is_reset else _configures(last.document, before.document))
    ]


def differ(one: Document, other: Document) -> bool:
    """Whether two documents ask for different versions of a component."""
    versions = {name: entry["componentVersion"] for name, entry in one["components"].items()}
    return any(
        versions.get(name, entry["componentVersion"]) != entry["componentVersion"]
        for name, entry in other["components"].items()
    )


def _is_there(before: LiveDeployment | None, after: Document) -> bool:
    """Whether a core has what it alone shall have, or is about to get it."""
    if before is None:
        return not after["components"]
    return before.counts_now and before.document == after and not before.has_failed


def _is_of_another(fleet: Fleet, group: str, before: LiveDeployment | None) -> bool:
    """Whether a core has it by way of another group of ours: sent once more, it goes with this one from then on."""
    found = before.mark if before is not None else None
    return found is not None and found.fleet == fleet.name and found.group not in {"", group_key(group)}


def _is_covered(live: LiveGroup, thing: str, sent: Document | None, after: Document) -> bool:
    """Whether what a core has alone lies under what its group gets now, or got since: also by joining it again."""
    if sent is not None:
        return _configures(sent, after)
    before, last = live.core_deployments[thing], live.deployment
    if last is None or not last.counts_now:
        return False
    return (thing not in live.members or before.created_at < last.created_at) and _configures(last.document, after)


def _configures(document: Document, alone: Document) -> bool:
    """Whether ``document`` configures a component that ``alone`` is about."""
    return any("configurationUpdate" in document["components"].get(name, {}) for name in alone["components"])


def _is_under_way(live: LiveGroup) -> bool:
    last = live.deployment
    return last is not None and last.counts is not None and bool(last.counts.open)


def _document(live: LiveGroup) -> Document:
    return live.deployment.document if live.deployment is not None and live.deployment.counts_now else NOTHING


def _changes(thing: str, before: LiveDeployment | None, after: Document) -> tuple[Change, ...]:
    had = _own(before.document if before is not None and before.counts_now else NOTHING)
    found = differences("cores", {thing: had}, {thing: _own(after)})
    return found or (Change(f"cores[{thing}].deployment", "change", before.id if before else None, SENT_AGAIN),)


def _own(document: Document) -> dict[str, Any]:
    """What is told of a deployment to one core: nothing where it holds no component."""
    return {"deployment": dict(document["components"])} if document["components"] else {}
