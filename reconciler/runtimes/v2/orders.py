"""Deployments that are ordered and not declared: for each group what to ask for, or why not. Never writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.aws.client import is_not_found
from reconciler.model.canonical import digest
from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.order import DeploymentOrder
from reconciler.model.plan import SENT_AGAIN, Action, Change, GroupPlan, GuardFinding
from reconciler.model.template import TemplateRef
from reconciler.model.words import some_of
from reconciler.planning.guards.facts import Facts
from reconciler.runtimes.base import Planned
from reconciler.runtimes.marks import TEMPLATE_TAG, template_version
from reconciler.runtimes.reasons import whose_it_is
from reconciler.runtimes.v2.choice import changes_of_documents
from reconciler.runtimes.v2.documents import NOTHING, Document, comparable
from reconciler.runtimes.v2.live import LiveGroup
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.plan import failing_groups
from reconciler.runtimes.v2.snapshot import snapshot
from reconciler.runtimes.v2.to_cores import Sending, differ, to_cores


@dataclass(frozen=True, slots=True)
class Chosen:
    """What becomes of an order for one group: a document to send, with what single cores get beside it, or a refusal
    (rule and message), or only a note.
    """

    document: Document | None = None
    of_cores: Mapping[str, Document] = field(default_factory=dict)
    reason: str = ""
    note: str = ""
    refused: tuple[str, str] | None = None


def plan_orders(
    observer: Observer, desired: DesiredState, groups: Sequence[Group], order: DeploymentOrder, known: frozenset[str]
) -> Planned:
    """The plan that carries ``order`` out on ``groups``. Raises AwsError."""
    live = observer.observe(desired, groups, known, expect_some=True).groups
    repeated = _repeated(observer, order)
    contents: dict[str, Mapping[str, Any]] = {}
    plans, findings = [], []
    for group in groups:
        chosen = _choose(desired.fleet, group, live[group.name], order, repeated)
        plans.append(_plan(desired.fleet, group, live[group.name], order, chosen, contents))
        if chosen.refused is not None:
            rule, message = chosen.refused
            findings.append(GuardFinding(rule, "error", f"{group.name}: {message}", source=group.position.line_only))
    findings += _departures(groups, plans, order)
    return Planned(tuple(plans), tuple(findings), contents, Facts(failing_groups(live)))


def _repeated(observer: Observer, order: DeploymentOrder) -> Mapping[str, Any] | None:
    """The deployment that the order names, if it names one that there is."""
    if order.deployment_id is None:
        return None
    try:
        return observer.deployments.document(order.deployment_id)
    except AwsError as error:
        if is_not_found(error) or error.status == 400:
            return None
        raise


def _choose(
    fleet: Fleet, group: Group, live: LiveGroup, order: DeploymentOrder, repeated: Mapping[str, Any] | None
) -> Chosen:
    last = live.deployment
    if not live.exists:
        return _refuse("not-live", "no thing group of this name is live; `reconcile apply` makes it")
    if live.fleet != fleet.name:
        whose = whose_it_is(live.fleet, fleet.name)
        return _refuse(
            "foreign-group",
            f"the thing group {live.arn} {whose}, and only a fleet's own groups are deployed; `adopt: true` and "
            "`reconcile apply` take it over",
        )
    if order.group_version_id is not None:
        return _refuse("no-version", "a group of Greengrass V2 has no versions; leave --group-version-id out")
    if order.is_reset:
        if last is None:
            return Chosen(note="it was never deployed, so there is nothing to reset")
        if last.is_reset and last.counts_now:
            return Chosen(note=f"it is reset already: deployment {last.id}")
        return Chosen(NOTHING, reason="a reset is ordered")
    if order.type == "Redeployment":
        return _redeploy(live, order, repeated)
    of_cores = {thing: comparable(document) for thing, document in group.core_documents.items()}
    return Chosen(comparable(group.document), of_cores, "a new deployment is ordered")


def _redeploy(live: LiveGroup, order: DeploymentOrder, repeated: Mapping[str, Any] | None) -> Chosen:
    last = live.deployment
    if last is None:
        return _refuse("never-deployed", "it was never deployed, so there is nothing to repeat; order a NewDeployment")
    if order.deployment_id is None:
        document = last.document
    elif repeated is None or repeated.get("targetArn") != live.arn:
        listed = f"`aws greengrassv2 list-deployments --target-arn {live.arn} --history-filter ALL` lists them"
        return _refuse("unknown-deployment", f"the group has no deployment {order.deployment_id}; {listed}")
    else:
        document = comparable(repeated)
    if not document["components"]:
        which = order.deployment_id or last.id
        return _refuse("nothing-to-repeat", f"deployment {which} is a reset, which cannot be repeated")
    of_cores = {
        thing: found.document
        for thing, found in live.core_deployments.items()
        if found.counts_now and not found.is_reset and not differ(found.document, document)
    }
    return Chosen(document, of_cores, "a redeployment is ordered")


def _refuse(rule: str, message: str) -> Chosen:
    return Chosen(reason=message, refused=(rule, message))


def _plan(
    fleet: Fleet,
    group: Group,
    live: LiveGroup,
    order: DeploymentOrder,
    chosen: Chosen,
    contents: dict[str, Mapping[str, Any]],
) -> GroupPlan:
    """The plan of one group; the document that it sends goes into ``contents``."""
    observed, last = snapshot(live, {}), live.deployment
    actions: tuple[Action, ...] = ()
    changes: tuple[Change, ...] = ()
    target = _template(group, live, order)
    if chosen.document is not None:
        sending = Sending(fleet, live, target, contents)
        alone = to_cores(sending, chosen.document, chosen.of_cores)
        inputs = sending.to_group(chosen.document) | {"release": list(alone.release), "cores": list(alone.cores)}
        kind = "reset-deployments" if order.is_reset else "redeploy" if order.type == "Redeployment" else "deploy"
        action = Action(f"{group.name}/{kind}", kind, group.name, (), inputs)
        actions = (action, *alone.after(action))
        changes = changes_of_documents(last.document if last is not None else NOTHING, chosen.document)
        changes = tuple(sorted((*changes, *alone.changes)))
        again = Change("deployment", "change", last.id if last is not None else None, SENT_AGAIN)
        changes = changes or (again,)
    return GroupPlan(
        name=group.name,
        runtime=group.runtime,
        operation="deploy" if actions else "none",
        target=target,
        fingerprint=digest(observed),
        reasons=tuple(filter(None, (chosen.reason,))),
        changes=changes,
        actions=actions,
        things=tuple(sorted(live.members)),
        live=observed,
        notes=tuple(filter(None, (chosen.note,))),
        blocked=chosen.refused is not None,
    )


def _departures(groups: Sequence[Group], plans: Sequence[GroupPlan], order: DeploymentOrder) -> list[GuardFinding]:
    """A warning where the order departs from the files, which the next apply restores."""
    departing: list[str] = []
    wanted = "deployed" if order.is_reset else "reset"
    for group, plan in zip(groups, plans, strict=True):
        if plan.actions and group.deployment.state == wanted:
            departing.append(group.name)
    if not departing:
        return []
    other = "reset" if order.is_reset else "deployed"
    message = (
        f"{some_of(departing)}: the files say `state: {wanted}`: the next apply restores that, unless they say `state: "
        f"{other}`"
    )
    return [GuardFinding("departs-from-files", "warning", message)]


def _template(group: Group, live: LiveGroup, order: DeploymentOrder) -> TemplateRef:
    """The template version that is deployed: the files' for a new deployment, else the one that the group is at."""
    version = template_version(live.tags)
    if version is None or order.type == "NewDeployment":
        return group.template
    return TemplateRef(live.tags.get(TEMPLATE_TAG, group.template.name), version)
