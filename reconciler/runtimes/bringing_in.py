"""Brings the things of a group in, several at once, and remembers each in the run's journal."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from reconciler.model.plan import Action
from reconciler.provisioning.artifacts import no_bucket
from reconciler.provisioning.provision import Provisioner
from reconciler.runtimes.base import Journal, Say

THINGS_AT_ONCE = 4
"""Things of one group that are brought in at once; RegisterThing's budget sets the pace of all groups together."""
_DONE: Mapping[str, str] = {"provision-thing": "provisioned", "associate-thing": "associated"}


def bring_in_all(
    provisioner: Provisioner | None,
    group: str,
    place: str,
    actions: Sequence[Action],
    journal: Journal,
    say: Say,
) -> dict[str, str]:
    """Bring things into ``group``, each once in a run; their certificates' ARNs by thing name.

    ``place`` is what the group is called in the artifact keys. When one fails, the others are finished first. Raises
    AwsError, and ReconcileError for a fleet that says nowhere to keep keys.
    """
    known = journal.brought_in(group)

    def bring_in(action: Action) -> str:
        if (certificate_arn := known.get(action.subject)) is not None:
            return certificate_arn
        if provisioner is None:
            raise no_bucket()
        provisioned = action.kind == "provision-thing"
        certificate_arn = (provisioner.provision if provisioned else provisioner.associate)(place, action.inputs)
        journal.bring_in(group, action.subject, provisioned=provisioned, certificate_arn=certificate_arn)
        say(group, f"{action.subject} {_DONE[action.kind]}")
        return certificate_arn

    with ThreadPoolExecutor(THINGS_AT_ONCE) as pool:
        futures = {action.subject: pool.submit(bring_in, action) for action in actions}
    return {name: future.result() for name, future in futures.items()}
