"""Deployments that are ordered and not declared: for each group what to ask for, or why not. Never writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.reasons import whose_it_is
from reconciler.runtimes.v1.families import group_version_id
from reconciler.runtimes.v1.live import RESETS, RUNNING, LiveGroup
from reconciler.runtimes.v1.observe import Observer
from reconciler.runtimes.v1.plan import check_means, failing_groups
from reconciler.runtimes.v1.snapshot import snapshot
from reconciler.runtimes.v1.wanted import live_entries


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked up for a group: the definitions of the version that is ordered, the deployment to repeat."""

    version: Mapping[str, str] | None = None
    deployment: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What becomes of an order for one group: an action with the change it makes, or a refusal, or only a note."""

    action: Action | None = None
    change: Change | None = None
    reason: str = ""
    note: str = ""
    refused: tuple[str, str] | None = None
    """Rule and message."""


def plan_orders(
    observer: Observer, desired: DesiredState, groups: Sequence[Group], order: DeploymentOrder, known: frozenset[str]
) -> Planned:
    """The plan that carries ``order`` out on ``groups``. Raises AwsError, and ConfigurationError for want of means."""
    live = observer.observe(desired, groups, known, expect_some=True).groups
    looked = in_parallel(lambda group: look_up(observer, live.get(group.name), order), groups)
    pairs = [
        order_group(desired.fleet, group, live.get(group.name), order, found)
        for group, found in zip(groups, looked, strict=True)
    ]
    plans = tuple(plan for plan, _ in pairs)
    check_means(desired, plans)
    findings = [finding for _, finding in pairs if finding is not None]
    facts = Facts(failing_groups(live))
    return Planned(plans, (*findings, *departures(groups, plans, live, order)), {}, facts)


def look_up(observer: Observer, live: LiveGroup | None, order: DeploymentOrder) -> Looked:
    """Ask AWS for the version and the deployment that the order names, if it names any."""
    if live is None:
        return Looked()
    version = deployment = None
    if order.group_version_id is not None:
        try:
            version = observer.group_version(live.id, order.group_version_id).arns
        except AwsError as error:
            if not is_not_found(error) and error.status != 400:
                raise
    if order.deployment_id is not None:
        rows = observer.aws.pages("greengrass", "ListDeployments", "Deployments", GroupId=live.id)
        deployment = next((row for row in rows if row["DeploymentId"] == order.deployment_id), None)
    return Looked(version, deployment)


def order_group(
    fleet: Fleet, group: Group, live: LiveGroup | None, order: DeploymentOrder, looked: Looked
) -> tuple[GroupPlan, GuardFinding | None]:
    """The plan of one group, and the finding that refuses it, if one does. Pure."""
    chosen = _choose(fleet, live, order, looked)
    finding = None
    if chosen.refused is not None:
        rule, message = chosen.refused
        finding = GuardFinding(rule, "error", f"{group.name}: {message}", source=group.position.line_only)
    observed = snapshot(live, {})
    plan = GroupPlan(
        name=group.name,
        runtime=group.runtime,
        operation="deploy" if chosen.action is not None else "none",
        target=_template(group, live),
        fingerprint=digest(observed),
        reasons=tuple(filter(None, (chosen.reason,))),
        changes=(chosen.change,) if chosen.change is not None else (),
        actions=(chosen.action,) if chosen.action is not None else (),
        things=tuple(sorted({*live_entries(live, "cores"), *live_entries(live, "devices")})),
        live=observed,
        notes=tuple(filter(None, (chosen.note,))),
        blocked=finding is not None,
    )
    return plan, finding


def departures(
    groups: Iterable[Group], plans: Iterable[GroupPlan], live: Mapping[str, LiveGroup], order: DeploymentOrder
) -> list[GuardFinding]:
    """A warning for each way in which the order departs from the files, which the next apply restores. Pure."""
    by_effect: dict[str, list[str]] = {}
    for group, plan in zip(groups, plans, strict=True):
        if not plan.actions or plan.blocked or group.deployment.state == "none":
            continue
        (action,) = plan.actions
        wanted = group.deployment.group_version_id or live[group.name].version_id
        if order.is_reset and group.deployment.state == "deployed":
            effect = "the files say `state: deployed`: the next apply deploys again, unless they say `state: reset`"
        elif not order.is_reset and group.deployment.state == "reset":
            effect = "the files say `state: reset`: the next apply resets again, unless they say `state: deployed`"
        elif not order.is_reset and action.inputs["groupVersionId"] not in {wanted, ""}:
            effect = "the files mean another version: the next apply deploys that, unless `groupVersionId` pins this"
        else:
            continue
        by_effect.setdefault(effect, []).append(group.name)
    return [GuardFinding("departs-from-files", "warning", f"{some_of(who)}: {how}") for how, who in by_effect.items()]


def _choose(fleet: Fleet, live: LiveGroup | None, order: DeploymentOrder, looked: Looked) -> Chosen:
    if live is None:
        return _refuse("not-live", "no group of this name is live; `reconcile apply` makes it")
    if live.fleet != fleet.name:
        whose = whose_it_is(live.fleet, fleet.name)
        return _refuse(
            "foreign-group",
            f"the live group {live.id} {whose}, and only a fleet's own groups are deployed; `adopt: true` and "
            "`reconcile apply` take it over",
        )
    if order.is_reset:
        return _reset(live, order)
    return _redeploy(live, order, looked) if order.type == "Redeployment" else _deploy(live, order, looked)


def _deploy(live: LiveGroup, order: DeploymentOrder, looked: Looked) -> Chosen:
    target = order.group_version_id or live.version_id
    if target is None:
        return _refuse("no-version", "the group has no version yet; `reconcile apply` makes one")
    arns = looked.version if order.group_version_id is not None else live.definition_arns()
    if arns is None:
        return _refuse(
            "unknown-version",
            f"the group has no version {target}; `aws greengrass list-group-versions --group-id {live.id}` lists them",
        )
    if "cores" not in arns:
        return _refuse("no-core", f"its version {target} has no core, so nothing can be deployed")
    last = live.deployment
    inputs = {
        "groupVersionId": target,
        "pinned": order.group_version_id is not None,
        "previous": last.id if last is not None else "",
    }
    before = (last.group_version_id or last.type) if last is not None else None
    return Chosen(
        Action(f"{live.name}/deploy", "deploy", live.name, (), inputs),
        Change("deployment", "change" if before else "add", before, SENT_AGAIN if before == target else target),
        "a new deployment is ordered",
        _under_way(live),
    )


def _redeploy(live: LiveGroup, order: DeploymentOrder, looked: Looked) -> Chosen:
    last = live.deployment
    instead = "order a NewDeployment, or name one with --deployment-id"
    if last is None:
        return _refuse("never-deployed", "it was never deployed, so there is nothing to repeat; order a NewDeployment")
    if order.deployment_id is None:
        which, kind, version = last.id, last.type, last.group_version_id
    elif looked.deployment is None:
        listed = f"`aws greengrass list-deployments --group-id {live.id}` lists them"
        return _refuse("unknown-deployment", f"the group has no deployment {order.deployment_id}; {listed}")
    else:
        row = looked.deployment
        which, kind = order.deployment_id, row.get("DeploymentType", "")
        version = group_version_id(row.get("GroupArn", ""))
    if kind in RESETS:
        return _refuse("nothing-to-repeat", f"deployment {which} is a reset, which cannot be repeated; {instead}")
    inputs = {
        "deploymentId": which,
        "groupVersionId": version or "",
        "pinned": version != live.version_id,
        "previous": last.id,
    }
    return Chosen(
        Action(f"{live.name}/redeploy", "redeploy", live.name, (), inputs),
        Change("deployment", "change", last.group_version_id or last.type, version or which),
        "a redeployment is ordered",
        _under_way(live),
    )


def _reset(live: LiveGroup, order: DeploymentOrder) -> Chosen:
    last, force = live.deployment, order.type == "ForceResetDeployment"
    if last is None:
        return Chosen(note="it was never deployed, so there is nothing to reset")
    if last.is_reset and (last.status == "Success" or (last.status in RUNNING and not force)):
        done = "is reset already" if last.status == "Success" else f"is being reset ({last.status})"
        return Chosen(note=f"it {done}: deployment {last.id}")
    return Chosen(
        Action(
            f"{live.name}/reset-deployments", "reset-deployments", live.name, (), {"force": force, "previous": last.id}
        ),
        Change("deployment", "change", last.group_version_id or last.type, "reset"),
        f"a {'forced ' if force else ''}reset is ordered",
        "" if force else _under_way(live),
    )


def _refuse(rule: str, message: str) -> Chosen:
    return Chosen(reason=message, refused=(rule, message))


def _under_way(live: LiveGroup) -> str:
    last = live.deployment
    if last is None or last.status not in RUNNING:
        return ""
    return f"deployment {last.id} is on its way ({last.status} since {last.updated_at}), and is waited for first"


def _template(group: Group, live: LiveGroup | None) -> TemplateRef:
    """The template version that the group is at, as far as its tags tell: that of the files may be ahead."""
    version = template_version(live.tags) if live is not None else None
    if live is None or version is None:
        return group.template
    return TemplateRef(live.tags.get(TEMPLATE_TAG, group.template.name), version)
