"""Takes back what was made for things, in both runtimes: certificates, policies and things, then their keys."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from reconciler.model.errors import ReconcileError
from reconciler.model.plan import Action, GroupPlan
from reconciler.provisioning.artifacts import no_bucket
from reconciler.provisioning.deprovision import Deprovisioner
from reconciler.runtimes.base import Journal, Say

THINGS_AT_ONCE = 4


def take_back(
    deprovisioner: Deprovisioner | None,
    group: GroupPlan,
    journal: Journal,
    say: Say,
    *,
    forget: Callable[[str], None] = lambda _: None,
) -> None:
    """Carry out the deprovisioning that ``group`` plans, several things at once, and delete the keys that may go.

    ``forget`` is called with the name of each thing that is gone, before its keys are. Raises AwsError, and
    ReconcileError for a fleet that says nowhere to keep keys.
    """
    actions = group.of_kind("deprovision-thing")
    if not actions and not group.of_kind("delete-artifacts"):
        return
    if deprovisioner is None:
        raise no_bucket()

    def deprovision(action: Action) -> bool:
        key = f"{action.inputs['groupId']}/policies/{action.subject}"
        left = deprovisioner.deprovision(
            action.inputs["groupId"], action.subject, lambda names: _remembered(journal, key, names)
        )
        if not left.why:
            forget(action.subject)
        say(group.name, f"{action.subject} {f'stays: {left.why}' if left.why else 'deprovisioned'}")
        return left.keys

    with ThreadPoolExecutor(THINGS_AT_ONCE) as pool:
        keeping = list(pool.map(deprovision, actions))
    kept = {action.subject for action, keeps in zip(actions, keeping, strict=True) if keeps}
    for action in group.of_kind("delete-artifacts"):
        if things := [name for name in action.inputs["things"] if name not in kept]:
            deprovisioner.store.delete(action.inputs["groupId"], things)
            say(group.name, "keys deleted")


def not_deleted(what: str) -> ReconcileError:
    """The error for something that is not deleted, since it is not as it was: ``what`` has become of it."""
    return ReconcileError(f"not deleted: {what} since it was planned", hint="plan again, and look at it")


def _remembered(journal: Journal, key: str, names: frozenset[str]) -> frozenset[str]:
    """``names`` with those that an earlier run has noted; noted before they are detached, and cannot be found again."""
    begun = journal.begin(key)
    known = names | frozenset(((begun.result if begun is not None else None) or "").split())
    journal.finish(key, " ".join(sorted(known)))
    return known
