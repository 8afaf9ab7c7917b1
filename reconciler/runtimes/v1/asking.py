"""What asking for deployments of Greengrass V1 alone and in bulk have in common: what is asked for, and who waits."""

import math
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from reconciler.aws.errors import may_pass
from reconciler.model.errors import ReconcileError
from reconciler.model.plan import KNOWN_AFTER_APPLY
from reconciler.runtimes.base import Ready, Say, Started
from reconciler.runtimes.parallel import WORKERS
from reconciler.runtimes.v1.live import RUNNING, LiveDeployment
from reconciler.runtimes.v1.observe import Observer

BUSY = "ConcurrentDeployment"


class StillBusyError(ReconcileError):
    """Greengrass is busy with a deployment that was asked for before, for longer than one waits here."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How deployments are asked for: until when is waited, who is told, and whether an earlier attempt asked before.

    What is ``queued`` comes back by itself: it waits for no deployment of others, and what is wrong with AWS itself is
    raised, for all to be tried again.
    """

    deadline: float
    say: Say
    again: bool = False
    queued: bool = False

    @property
    def busy_until(self) -> float:
        """Until when a busy Greengrass is waited for, on the clock of the deadline."""
        return -math.inf if self.queued else self.deadline

    def not_started(self, group: Ready, error: ReconcileError) -> Started:
        """What becomes of a group whose asking failed. Raises the error itself where all are to be tried again."""
        if self.queued and may_pass(error):
            raise error
        # Who comes back need not be told to try again.
        with_hint = error.hint and not (self.queued and isinstance(error, StillBusyError))
        words = f"{error.message}; {error.hint}" if with_hint else error.message
        return Started(group.name, None, words, busy=isinstance(error, StillBusyError))


def busy_with(last: LiveDeployment | None) -> StillBusyError:
    """The error for a group that is busy with its newest deployment."""
    which = f"deployment {last.id} ({last.status} since {last.updated_at})" if last is not None else "a deployment"
    return StillBusyError(
        f"the group is still busy with {which}, which was asked for before",
        hint="wait until its core has reported, or reset it (`state: reset` with `force: true`)",
    )


def not_yet_deployed(
    observer: Observer, groups: Sequence[Ready], asking: Asking
) -> Generator[Started, None, list[Ready]]:
    """Tell of the groups whose deployment has been made meanwhile, by an earlier attempt or run; return the others.

    And of what is queued tell of those that are busy with another: asked for again and again, they would hold up the
    rest. Each is told as soon as it is known: whoever is killed in the middle has recorded a part.
    """

    def look(group: Ready) -> Started | None:
        try:
            last = observer.newest_deployment(group.group_id)
        except ReconcileError as error:
            return asking.not_started(group, error)
        if last is None:
            return None
        if last.id != previous(group) and _is_asked_for(group, last):
            return Started(group.name, last.id)
        if asking.queued and last.status in RUNNING and not _is_forced(group):
            return asking.not_started(group, busy_with(last))
        return None

    left = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for group, started in zip(groups, pool.map(look, groups), strict=True):
            if started is None:
                left.append(group)
            else:
                yield started
    return left


def previous(group: Ready) -> str:
    """The newest deployment of the group when the plan was made, empty if there was none."""
    if group.deployment is None:
        return ""
    inputs = group.deployment.inputs
    return str(inputs.get("previous", inputs.get("deploymentId", "")))


def _is_forced(group: Ready) -> bool:
    """Whether the group's action is a reset that no running deployment keeps from it."""
    return group.deployment is not None and bool(group.deployment.inputs.get("force"))


def _is_asked_for(group: Ready, deployment: LiveDeployment) -> bool:
    """Whether a deployment is what the group's action asks for."""
    if group.deployment is None or group.deployment.kind == "reset-deployments":
        return deployment.is_reset
    if group.deployment.kind == "redeploy":
        return deployment.type == "Redeployment"
    return deployment.group_version_id == version_to_deploy(group)


def version_to_deploy(group: Ready) -> str:
    """The group version that a ``deploy`` action means: the one it names, else the one just made."""
    if group.deployment is None:
        raise ValueError(f"{group.name} asks for no deployment")
    named = group.deployment.inputs["groupVersionId"]
    return str(group.version_id if named == KNOWN_AFTER_APPLY else named)
