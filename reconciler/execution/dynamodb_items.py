"""The items of the ledger in a DynamoDB table, and what they say.

Its items, below the fleet's name and ``#``, with ``-`` as ``sk`` where none is named:

==========================  =========================  =======================================================
pk                          sk                         attributes
==========================  =========================  =======================================================
``runs``                    ``<started_at>#<run>``     run, digest, state, started_at, ended_at
``run#<run>``                                          started_at: which of ``runs`` it is; token
``open``                    ``<run>``                  started_at; there until the run ends
``tasks#<run>``             ``<group>``                state, since, position, error, group_version_id,
                                                       template_version, deployment_id
``devices#<run>#<group>``   ``<thing>``                state, since, certificate_arn
``batches#<run>``           ``<batch>``                members: whom the batch still waits for
``groups``                  ``<group>``                group_id
``group-id#<id>``                                      group
``removals``                ``<group id>``             document
``version#<id>``                                       template_version
``deployment#<id>``                                    group_id, group, group_version_id, run, status, since,
                                                       position, error, error_position
``step#<action>``                                      run, begun_at, token, result
``claim#<name>``                                       holder, until
``failure#<subject>``                                  attempts, error
``lease``                                              number, holder, process, run, link, since, until
==========================  =========================  =======================================================

``expires`` (seconds since 1970, the table's TTL attribute) is on all of them but groups, removals, versions and the
lease.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.execution.dynamodb_table import Key
from reconciler.execution.precedence import is_error_of
from reconciler.model.run import BroughtIn, DeploymentRecord, Failures, Task


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one fleet's items; those that pass are ``kept`` for so long."""

    fleet: str
    kept: timedelta

    def of(self, pk: str, sk: str = "-") -> Key:
        """The key of an item, as the list above names it."""
        return Key(self.pk(pk), sk)

    def pk(self, pk: str) -> str:
        """The partition of items that bear one ``pk``."""
        return f"{self.fleet}#{pk}"

    def expires(self) -> int:
        """When what is written now is forgotten."""
        return int((datetime.now(UTC) + self.kept).timestamp())


def task_of(run_id: str, item: Mapping[str, Any]) -> Task:
    """The group of a run that ``item`` tells of."""
    return Task(
        run=run_id,
        group=item["sk"],
        state=item["state"],
        since=item["since"],
        error=item.get("error"),
        group_version_id=item.get("group_version_id"),
        template_version=item.get("template_version"),
        deployment_id=item.get("deployment_id"),
    )


def brought_in_of(run_id: str, group: str, item: Mapping[str, Any]) -> BroughtIn:
    """The core or device of a group that ``item`` tells of."""
    return BroughtIn(run_id, group, item["sk"], item["state"], item["since"], item["certificate_arn"])


def deployment_of(item: Mapping[str, Any]) -> DeploymentRecord:
    """The deployment that ``item`` tells of; its error counts while its status is the one that the error came with."""
    status = item.get("status")
    return DeploymentRecord(
        id=item["pk"].partition("#deployment#")[2],
        group_id=item["group_id"],
        group=item.get("group"),
        group_version_id=item.get("group_version_id"),
        run=item.get("run"),
        status=status,
        since=item.get("since"),
        error=item.get("error") if is_error_of(status, item.get("error_position")) else None,
    )


def members_of(item: Mapping[str, Any]) -> frozenset[str]:
    """Whom a batch still waits for. An empty set is no attribute in DynamoDB."""
    members: frozenset[str] = item.get("members", frozenset())
    return members


def failures_of(item: Mapping[str, Any]) -> Failures:
    """How often something has failed, and the last error."""
    return Failures(len(item["attempts"]), item["error"])
