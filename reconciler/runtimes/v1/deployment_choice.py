"""Whether a group has to be deployed, redeployed or reset, and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.group import Group
from reconciler.model.plan import KNOWN_AFTER_APPLY, SENT_AGAIN, Action, Change, GuardFinding
from reconciler.runtimes.marks import REDEPLOY_OF_TAG, REDEPLOY_TAG
from reconciler.runtimes.v1.live import DEPLOYMENT_TAG, GROUP_VERSION_TAG, RUNNING, Answers, LiveDeployment, LiveGroup

RESET, NEWEST = "reset", "newest"


@dataclass(frozen=True, slots=True)
class Choice:
    """What to ask Greengrass for (None: nothing), with what there is to say about it.

    ``marks`` are the tags that say what was asked for. They are set before: once it is asked for, it is carried out
    though we be gone, and whether it was asked for shows in the newest deployment.
    """

    action: Action | None = None
    changes: tuple[Change, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[GuardFinding, ...] = ()
    drift: bool = False
    marks: Mapping[str, str] = field(default_factory=dict)


def choose_deployment(group: Group, live: LiveGroup | None, answers: Answers, *, new_version: bool) -> Choice:
    """The deployment that brings the core to the group's version, if it is not there already.

    ``new_version`` says that the plan makes a new group version. A deployment that is on its way is left alone.
    """
    spec = group.deployment
    if spec.state == "none":
        return Choice()
    if spec.state == "reset":
        return _reset(group, live)
    if not group.cores:
        return Choice(notes=("it has no core, so nothing can be deployed",))
    if spec.group_version_id is not None:
        return _pinned(group, live, answers)
    if new_version:
        target = KNOWN_AFTER_APPLY
        return _deploy(group, live, target, "")
    if live is None or live.version_id is None:
        raise ValueError(f"{group.name} has no version and gets none")
    same = live.deployed_arns is not None and live.deployed_arns == live.definition_arns()
    return _towards(group, live, live.version_id, same=same)


def _reset(group: Group, live: LiveGroup | None) -> Choice:
    if live is None or live.deployment is None:
        return Choice()
    last = live.deployment
    if last.is_reset and last.status != "Failure" and not _to_be_forced(group, last):
        return Choice()
    inputs = {"force": group.deployment.force, "previous": last.id}
    return Choice(
        Action(f"{group.name}/reset-deployments", "reset-deployments", group.name, (), inputs),
        (Change("deployment", "change", last.group_version_id or last.type, "reset"),),
        ("the files ask for a reset",),
        drift=_asked_for(live, last) == RESET and not last.is_reset,
        marks=_mark(RESET, last),
    )


def _to_be_forced(group: Group, reset: LiveDeployment) -> bool:
    """Whether a reset that waits for its core shall wait no longer."""
    return group.deployment.force and reset.type == "ResetDeployment" and reset.status in RUNNING


def _pinned(group: Group, live: LiveGroup | None, answers: Answers) -> Choice:
    pinned = group.deployment.group_version_id or ""
    arns = answers.pinned.get((live.id, pinned)) if live is not None else None
    if live is None or arns is None:
        finding = GuardFinding(
            "pinned-version",
            "error",
            f"{group.name}: the group has no version {pinned}, to which its deployment is pinned; list what there is "
            "with `aws greengrass list-group-versions --group-id …`, or leave groupVersionId out to deploy the newest",
            actual=pinned,
            source=group.deployment.position.line_only,
        )
        return Choice(reasons=("its deployment is pinned to a version that it does not have",), findings=(finding,))
    same = live.deployment is not None and live.deployment.group_version_id == pinned
    return _towards(group, live, pinned, same=same)


def _towards(group: Group, live: LiveGroup, target: str, *, same: bool) -> Choice:
    """Bring the core from its newest deployment to version ``target``; ``same`` says it was sent the like already."""
    last = live.deployment
    if last is None:
        return _deploy(group, live, target, "it was never deployed")
    if last.is_reset:
        return _deploy(group, live, target, "its last deployment was a reset", drift=_outside(live, last))
    if not same:
        why = f"version {last.group_version_id} is deployed, not {target}"
        return _deploy(group, live, target, why, drift=_outside(live, last))
    if last.status == "Failure":
        why = f"its last deployment failed{': ' + last.error if last.error else ''}"
        return _deploy(group, live, target, why)
    redeploy = group.deployment.redeploy
    unasked = live.tags.get(REDEPLOY_TAG) != redeploy or live.tags.get(REDEPLOY_OF_TAG) == last.id
    if redeploy is not None and unasked:
        inputs = {"deploymentId": last.id, "value": redeploy}
        return Choice(
            Action(f"{group.name}/redeploy", "redeploy", group.name, (), inputs),
            (Change("deployment", "change", last.id, "redeployment"),),
            (f"redeployment {redeploy} is asked for",),
            marks={REDEPLOY_OF_TAG: last.id},
        )
    if last.status in RUNNING:
        return Choice(notes=(f"deployment {last.id} is on its way ({last.status} since {last.updated_at})",))
    return Choice()


def _deploy(group: Group, live: LiveGroup | None, target: str, why: str, *, drift: bool = False) -> Choice:
    last = live.deployment if live is not None else None
    pinned = group.deployment.group_version_id
    inputs: Mapping[str, Any] = {
        "groupVersionId": target,
        "pinned": pinned is not None,
        "previous": last.id if last is not None else "",
    }
    was_marked = live is not None and not live.tags.get(DEPLOYMENT_TAG, NEWEST).startswith(NEWEST)
    before = (last.group_version_id or last.type) if last is not None else None
    return Choice(
        Action(f"{group.name}/deploy", "deploy", group.name, (), inputs),
        (Change("deployment", "change" if before else "add", before, SENT_AGAIN if before == target else target),),
        (why,) if why else (),
        drift=drift,
        marks=_mark(pinned or NEWEST, last) if pinned is not None or was_marked else {},
    )


def _outside(live: LiveGroup, last: LiveDeployment) -> bool:
    """Whether somebody else asked for the newest deployment: it is not what we asked for last."""
    asked_for = _asked_for(live, last)
    if asked_for is None:
        return False
    if asked_for == RESET:
        return not last.is_reset
    if asked_for != NEWEST:
        return last.group_version_id != asked_for
    if live.tags.get(GROUP_VERSION_TAG) != live.version_id or last.created_at <= live.version_created_at:
        return False  # of an earlier version, it may well be ours
    return last.is_reset or live.deployed_arns != live.definition_arns()


def _mark(asked_for: str, last: LiveDeployment | None) -> dict[str, str]:
    """The tag that says what was asked for, and after which deployment."""
    return {DEPLOYMENT_TAG: f"{asked_for} after {last.id if last is not None else 'none'}"}


def _asked_for(live: LiveGroup, last: LiveDeployment) -> str | None:
    """What the files asked for last, None if nothing has come of it yet."""
    asked_for, _, after = live.tags.get(DEPLOYMENT_TAG, NEWEST).partition(" after ")
    return None if after == last.id else asked_for
