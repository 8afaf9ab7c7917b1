"""The ledger in a DynamoDB table: for runs and workers on any number of machines, and for several fleets.

What is looked up by its id has a partition of its own, so that none is hot; nothing is looked up by anything else, so
there is no index, and every read is consistent. ``dynamodb_items`` lists the items.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from reconciler.execution.dynamodb_items import Keys, brought_in_of, deployment_of, task_of
from reconciler.execution.dynamodb_table import IS_NEW, IS_THERE, Key, Table
from reconciler.execution.leases import DynamoDbLeases
from reconciler.execution.ledger import KEPT, shortened
from reconciler.execution.precedence import (
    GROUP_RANKS,
    error_order,
    now_text,
    status_order,
    time_text,
)
from reconciler.execution.sharing import DynamoDbSharing
from reconciler.model.errors import ReconcileError
from reconciler.model.run import (
    BroughtIn,
    DeploymentRecord,
    Run,
    RunState,
    Task,
)
from reconciler.runtimes.base import Begun

if TYPE_CHECKING:
    from reconciler.aws.client import Aws

IS_NO_OLDER = "attribute_not_exists(#position) OR #position <= :position"


class DynamoDbLedger:
    """The ledger of one fleet in the table ``table``. Threads share it, and other processes; AwsError besides."""

    def __init__(self, aws: "Aws", table: str, fleet: str, *, kept: timedelta = KEPT) -> None:
        self._table = Table(aws, table)
        self._fleet, self._keys = fleet, Keys(fleet, kept)
        self.leases = DynamoDbLeases(self._table, self._keys.of("lease"))
        self.sharing = DynamoDbSharing(self._table, self._keys)
        # What never changes once it is known, so that it is neither asked for nor written twice.
        self._started: dict[str, str] = {}
        self._versions: set[str] = set()

    def close(self) -> None:
        """Nothing is open."""

    def start_run(self, run: Run, *, stop_others: bool = True) -> None:
        """Record a run that begins; see ``Ledger``. The table itself forgets runs of long ago."""
        pointer = {"started_at": run.started_at, "token": token_hex(8), "expires": self._keys.expires()}
        if not self._put_once(self._keys.of(f"run#{run.id}"), pointer):
            raise ReconcileError(f"starting the run {run.id}: the ledger has it already")
        if stop_others:
            self._stop_open_runs(run.started_at)
        self._table.update(
            self._keys.of("open", run.id), {"started_at": run.started_at, "expires": self._keys.expires()}
        )
        values = {"run": run.id, "digest": run.digest, "state": run.state, "started_at": run.started_at}
        self._table.update(
            self._run_key(run.id, run.started_at), {**values, "ended_at": run.ended_at, "expires": self._keys.expires()}
        )

    def end_run(self, run_id: str, state: RunState) -> None:
        """Record how a run ended, and when."""
        if (started := self._started_at(run_id)) is not None:
            self._table.update(
                self._run_key(run_id, started), {"state": state, "ended_at": now_text()}, condition=IS_THERE
            )
            self._table.delete(self._keys.of("open", run_id))

    def settle_run(self, run_id: str, state: RunState, *, was: RunState | None = None) -> bool:
        """Record what became of a run after its end; see ``Ledger``."""
        if (started := self._started_at(run_id)) is None:
            return False
        condition = f"{IS_THERE} AND (#state = :was OR #state = :state)" if was is not None else IS_THERE
        values = {"was": was} if was is not None else {}
        key = self._run_key(run_id, started)
        return self._table.update(key, {"state": state}, condition=condition, values=values) is not None

    def run(self, run_id: str | None = None) -> Run | None:
        """A run of the fleet by its id, the latest one without; None if there is none."""
        if run_id is None:
            return next(iter(self.runs(1)), None)
        started = self._started_at(run_id)
        item = self._table.get(self._run_key(run_id, started)) if started is not None else None
        return self._run(item) if item is not None else None

    def runs(self, most: int) -> list[Run]:
        """The fleet's newest runs, at most so many, newest first."""
        return [self._run(item) for item in self._table.query(self._keys.pk("runs"), newest_first=True, most=most)]

    def open_runs(self) -> list[Run]:
        """The fleet's runs that have not ended, newest first."""
        open_items = self._table.query(self._keys.pk("open"))
        items = self._table.get_many(self._run_key(item["sk"], item["started_at"]) for item in open_items)
        runs = [run for run in map(self._run, items) if run.ended_at is None]
        return sorted(runs, key=lambda run: (run.started_at, run.id), reverse=True)

    def save_task(self, task: Task) -> bool:
        """Record where a group stands in a run, unless something later is known."""
        self._save_version(task)
        return self._table.put(*self._task_item(task), IS_NO_OLDER)

    def save_tasks(self, tasks: Iterable[Task]) -> None:
        """``save_task`` for many, a hundred at once."""
        items = []
        for task in tasks:
            self._save_version(task)
            items.append(self._task_item(task))
        self._table.put_all(items, IS_NO_OLDER)

    def task(self, run_id: str, group: str) -> Task | None:
        """Where one group stands in a run; None if it has no part in it."""
        item = self._table.get(self._keys.of(f"tasks#{run_id}", group))
        return task_of(run_id, item) if item is not None else None

    def tasks(self, run_id: str) -> dict[str, Task]:
        """The groups of a run by name."""
        return {item["sk"]: task_of(run_id, item) for item in self._table.query(self._keys.pk(f"tasks#{run_id}"))}

    def template_version_of(self, group_version_id: str) -> int | None:
        """The template version that a group version was made for, None if no run of the fleet made it."""
        item = self._table.get(self._keys.of(f"version#{group_version_id}"))
        return item["template_version"] if item is not None else None

    def bring_in(self, brought: BroughtIn) -> None:
        """Record that a run has brought a core or device into a group."""
        values = {"state": brought.state, "since": brought.since, "certificate_arn": brought.certificate_arn}
        key = self._keys.of(f"devices#{brought.run}#{brought.group}", brought.thing)
        self._table.update(key, {**values, "expires": self._keys.expires()})

    def brought_in(self, run_id: str, group: str) -> dict[str, BroughtIn]:
        """The cores and devices that a run has brought into a group, by thing name."""
        items = self._table.query(self._keys.pk(f"devices#{run_id}#{group}"))
        return {item["sk"]: brought_in_of(run_id, group, item) for item in items}

    def known_groups(self) -> dict[str, str]:
        """The groups that the fleet has made or taken over: name to id."""
        return {
            item["sk"]: item["group_id"] for item in self._table.query(self._keys.pk("groups"), only=["sk", "group_id"])
        }

    def remember_group(self, name: str, group_id: str) -> None:
        """Record that a group is the fleet's, by name and by id."""
        before = self._table.get(self._keys.of("groups", name))
        if before is not None and before["group_id"] == group_id:
            return
        # First the id: who finds a group by name can rely on finding it by id.
        self._table.update(self._keys.of(f"group-id#{group_id}"), {"group": name})
        self._table.update(self._keys.of("groups", name), {"group_id": group_id})
        if before is not None:
            self._table.delete(self._keys.of(f"group-id#{before['group_id']}"), "#group = :group", {"group": name})

    def group_of_id(self, group_id: str) -> str | None:
        """The name of the group of that id, None if it is none of the fleet's."""
        item = self._table.get(self._keys.of(f"group-id#{group_id}"))
        return item["group"] if item is not None else None

    def forget_group(self, name: str) -> None:
        """Record that there is no group of that name any more."""
        if (item := self._table.get(self._keys.of("groups", name))) is not None:
            self._table.delete(self._keys.of("groups", name))
            self._table.delete(self._keys.of(f"group-id#{item['group_id']}"), "#group = :group", {"group": name})

    def note_removal(self, group_id: str, document: str) -> None:
        """Record what is to be deleted with a group, or after it."""
        self._table.update(self._keys.of("removals", group_id), {"document": document})

    def end_removal(self, group_id: str) -> None:
        """Record that all that was to be deleted with a group is."""
        self._table.delete(self._keys.of("removals", group_id))

    def removals(self) -> dict[str, str]:
        """What was to be deleted and may not be, by group id."""
        return {item["sk"]: item["document"] for item in self._table.query(self._keys.pk("removals"))}

    def remember_deployment(
        self, deployment_id: str, *, group: str, group_id: str, group_version_id: str | None, run_id: str
    ) -> DeploymentRecord:
        """Record whose deployment it is; what is known of it now."""
        key = self._deployment_key(deployment_id)
        item = self._table.update(
            key,
            {"group": group, "group_id": group_id, "group_version_id": group_version_id, "run": run_id},
            first={"expires": self._keys.expires()},
            condition="attribute_not_exists(#run) OR #run <= :run",
        )
        # A newer run has said so before. An item does not lose its run, so it is there.
        return deployment_of(item if item is not None else self._table.get(key) or {})

    def deployment(self, deployment_id: str) -> DeploymentRecord | None:
        """What is known of a deployment; None if nothing is."""
        item = self._table.get(self._deployment_key(deployment_id))
        return deployment_of(item) if item is not None else None

    def deployments(self, deployment_ids: Iterable[str]) -> dict[str, DeploymentRecord]:
        """``deployment`` for many, by id, without those of which nothing is known."""
        records = map(deployment_of, self._table.get_many(map(self._deployment_key, deployment_ids)))
        return {record.id: record for record in records}

    def record_status(
        self, deployment_id: str, group_id: str, status: str, time: str, error: str | None = None
    ) -> bool:
        """Record what a deployment reported at ``time``, unless something later is known; see ``Ledger``."""
        since, error = time_text(time), shortened(error)
        key, first = self._deployment_key(deployment_id), {"group_id": group_id, "expires": self._keys.expires()}
        values = {"status": status, "since": since, "position": status_order(status, since)}
        condition = "attribute_not_exists(#position) OR #position < :position"
        changed = self._table.update(key, values, first=first, condition=condition) is not None
        if error is not None:
            values = {"error": error, "error_position": error_order(status, since, error)}
            condition = "attribute_not_exists(#error_position) OR #error_position < :error_position"
            changed |= self._table.update(key, values, first=first, condition=condition) is not None
        return changed

    def begin(self, run_id: str, action_id: str) -> Begun | None:
        """Record that an action begins; what was recorded of it before, None if this is the first time."""
        key = self._keys.of(f"step#{action_id}")
        step = {"run": run_id, "begun_at": now_text(), "token": token_hex(8), "expires": self._keys.expires()}
        if self._put_once(key, step):
            return None
        return Begun((self._table.get(key) or {}).get("result"))

    def finish(self, action_id: str, result: str) -> None:
        """Record the result of an action that was begun."""
        self._table.update(self._keys.of(f"step#{action_id}"), {"result": result}, condition=IS_THERE)

    def _stop_open_runs(self, time: str) -> None:
        for item in list(self._table.query(self._keys.pk("open"))):
            key = self._run_key(item["sk"], item["started_at"])
            ended = {"state": "stopped", "ended_at": time}
            self._table.update(key, ended, condition=f"{IS_THERE} AND attribute_not_exists(#ended_at)")
            self._table.delete(self._keys.of("open", item["sk"]))

    def _put_once(self, key: Key, item: Mapping[str, Any]) -> bool:
        """Put an item with a ``token`` where none is; whether this call did, also if its first answer was lost."""
        if self._table.put(key, item, IS_NEW):
            return True
        found = self._table.get(key)
        return found is not None and found.get("token") == item["token"]

    def _save_version(self, task: Task) -> None:
        version = task.group_version_id
        if version is None or task.template_version is None or version in self._versions:
            return
        self._table.update(self._keys.of(f"version#{version}"), {}, first={"template_version": task.template_version})
        self._versions.add(version)

    def _task_item(self, task: Task) -> tuple[Key, dict[str, Any]]:
        since = time_text(task.since)
        return self._keys.of(f"tasks#{task.run}", task.group), {
            "state": task.state,
            "since": since,
            "position": f"{since}#{GROUP_RANKS[task.state]}",
            "error": shortened(task.error),
            "group_version_id": task.group_version_id,
            "template_version": task.template_version,
            "deployment_id": task.deployment_id,
            "expires": self._keys.expires(),
        }

    def _started_at(self, run_id: str) -> str | None:
        if run_id not in self._started:
            item = self._table.get(self._keys.of(f"run#{run_id}"))
            if item is None:
                return None
            self._started[run_id] = item["started_at"]
        return self._started[run_id]

    def _run(self, item: Mapping[str, Any]) -> Run:
        started, ended = item["started_at"], item.get("ended_at")
        return Run(item["run"], self._fleet, item["digest"], item["state"], started, ended)

    def _run_key(self, run_id: str, started_at: str) -> Key:
        return self._keys.of("runs", f"{started_at}#{run_id}")

    def _deployment_key(self, deployment_id: str) -> Key:
        return self._keys.of(f"deployment#{deployment_id}")
