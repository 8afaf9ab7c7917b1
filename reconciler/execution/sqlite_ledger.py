"""The ledger in SQLite, a file beside the fleet: for one machine, and quick.

Processes and threads may share the file: every condition stands in the statement that writes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from reconciler.execution.leases import SqliteLeases
from reconciler.execution.ledger import KEPT, shortened
from reconciler.execution.precedence import (
    error_order,
    is_error_of,
    now_text,
    status_order,
    time_text,
)
from reconciler.execution.sharing import SqliteSharing
from reconciler.execution.sqlite_database import Database
from reconciler.execution.sqlite_statements import (
    DEPLOYMENT_COLUMNS,
    PASSING,
    RECORD_ERROR,
    RECORD_STATUS,
    REMEMBER_DEPLOYMENT,
    RUN_COLUMNS,
    RUNS_OF_LONG_AGO,
    SAVE_TASK,
    SCHEMA,
    TASK_COLUMNS,
)
from reconciler.model.errors import ReconcileError
from reconciler.model.run import (
    BroughtIn,
    DeploymentRecord,
    Run,
    RunState,
    Task,
)
from reconciler.runtimes.base import Begun


class SqliteLedger:
    """The ledger of one fleet in a file. Threads share it; every method commits. ReconcileError on a damaged file."""

    def __init__(self, path: Path, fleet: str, *, kept: timedelta = KEPT) -> None:
        self._fleet, self._kept = fleet, kept
        self._file = Database(path, SCHEMA)
        self.leases = SqliteLeases(self._file, fleet)
        self.sharing = SqliteSharing(self._file, fleet)

    def close(self) -> None:
        """Close the file; further use is an error."""
        self._file.close()

    def start_run(self, run: Run, *, stop_others: bool = True) -> None:
        """Record a run that begins; see ``Ledger``."""
        with self._file.transaction():
            if not self._file.change("INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?)", astuple(run)):
                raise ReconcileError(f"starting the run {run.id}: the ledger has it already")
            if stop_others:
                self._file.change(
                    "UPDATE runs SET state = 'stopped', ended_at = ? WHERE fleet = ? AND ended_at IS NULL AND id != ?",
                    (run.started_at, run.fleet, run.id),
                )
            self._forget_before(time_text(run.started_at, -self._kept))

    def end_run(self, run_id: str, state: RunState) -> None:
        """Record how a run ended, and when."""
        self._file.write(
            "UPDATE runs SET state = ?, ended_at = ? WHERE fleet = ? AND id = ?",
            (state, now_text(), self._fleet, run_id),
        )

    def settle_run(self, run_id: str, state: RunState, *, was: RunState | None = None) -> bool:
        """Record what became of a run after its end; see ``Ledger``."""
        return self._file.write(
            "UPDATE runs SET state = ?1 WHERE fleet = ?2 AND id = ?3 AND (?4 IS NULL OR state = ?4)",
            (state, self._fleet, run_id, was),
        )

    def run(self, run_id: str | None = None) -> Run | None:
        """A run of the fleet by its id, the latest one without; None if there is none."""
        if run_id is None:
            return next(iter(self.runs(1)), None)
        rows = self._file.read(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE fleet = ? AND id = ?",  # noqa: S608 (a constant)
            (self._fleet, run_id),
        )
        return Run(*rows[0]) if rows else None

    def runs(self, most: int) -> list[Run]:
        """The fleet's newest runs, at most so many, newest first."""
        rows = self._file.read(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE fleet = ? ORDER BY started_at DESC, id DESC LIMIT ?",  # noqa: S608
            (self._fleet, most),
        )
        return [Run(*row) for row in rows]

    def open_runs(self) -> list[Run]:
        """The fleet's runs that have not ended, newest first."""
        rows = self._file.read(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE fleet = ? AND ended_at IS NULL ORDER BY started_at DESC, id DESC",  # noqa: S608
            (self._fleet,),
        )
        return [Run(*row) for row in rows]

    def save_task(self, task: Task) -> bool:
        """Record where a group stands in a run, unless something later is known."""
        return self._file.write(SAVE_TASK, _task_values(task))

    def save_tasks(self, tasks: Iterable[Task]) -> None:
        """``save_task`` for many, all at once."""
        with self._file.transaction():
            self._file.change_many(SAVE_TASK, map(_task_values, tasks))

    def task(self, run_id: str, group: str) -> Task | None:
        """Where one group stands in a run; None if it has no part in it."""
        rows = self._file.read(
            f"SELECT {TASK_COLUMNS} FROM tasks WHERE run = ? AND name = ?",  # noqa: S608 (a constant)
            (run_id, group),
        )
        return Task(*rows[0]) if rows else None

    def tasks(self, run_id: str) -> dict[str, Task]:
        """The groups of a run by name."""
        rows = self._file.read(f"SELECT {TASK_COLUMNS} FROM tasks WHERE run = ?", (run_id,))  # noqa: S608 (a constant)
        return {row[1]: Task(*row) for row in rows}

    def template_version_of(self, group_version_id: str) -> int | None:
        """The template version that a group version was made for, None if no run here made it."""
        rows = self._file.read(
            "SELECT template_version FROM tasks WHERE group_version_id = ?1 AND template_version IS NOT NULL"
            " UNION ALL SELECT template_version FROM old_versions WHERE group_version_id = ?1 LIMIT 1",
            (group_version_id,),
        )
        return rows[0][0] if rows else None

    def bring_in(self, brought: BroughtIn) -> None:
        """Record that a run has brought a core or device into a group."""
        self._file.write("INSERT OR REPLACE INTO brought_in VALUES (?, ?, ?, ?, ?, ?)", astuple(brought))

    def brought_in(self, run_id: str, group: str) -> dict[str, BroughtIn]:
        """The cores and devices that a run has brought into a group, by thing name."""
        rows = self._file.read("SELECT * FROM brought_in WHERE run = ? AND name = ?", (run_id, group))
        return {row[2]: BroughtIn(*row) for row in rows}

    def known_groups(self) -> dict[str, str]:
        """The groups that the fleet has made or taken over: name to id."""
        return dict(self._file.read("SELECT name, group_id FROM live_groups WHERE fleet = ?", (self._fleet,)))

    def remember_group(self, name: str, group_id: str) -> None:
        """Record that a group is the fleet's."""
        self._file.write("INSERT OR REPLACE INTO live_groups VALUES (?, ?, ?)", (self._fleet, name, group_id))

    def group_of_id(self, group_id: str) -> str | None:
        """The name of the group of that id, None if it is none of the fleet's."""
        rows = self._file.read("SELECT name FROM live_groups WHERE fleet = ? AND group_id = ?", (self._fleet, group_id))
        return rows[0][0] if rows else None

    def forget_group(self, name: str) -> None:
        """Record that there is no group of that name any more."""
        self._file.write("DELETE FROM live_groups WHERE fleet = ? AND name = ?", (self._fleet, name))

    def note_removal(self, group_id: str, document: str) -> None:
        """Record what is to be deleted with a group, or after it."""
        self._file.write("INSERT OR REPLACE INTO removals VALUES (?, ?, ?)", (self._fleet, group_id, document))

    def end_removal(self, group_id: str) -> None:
        """Record that all that was to be deleted with a group is."""
        self._file.write("DELETE FROM removals WHERE fleet = ? AND group_id = ?", (self._fleet, group_id))

    def removals(self) -> dict[str, str]:
        """What was to be deleted and may not be, by group id."""
        return dict(self._file.read("SELECT group_id, document FROM removals WHERE fleet = ?", (self._fleet,)))

    def remember_deployment(
        self, deployment_id: str, *, group: str, group_id: str, group_version_id: str | None, run_id: str
    ) -> DeploymentRecord:
        """Record whose deployment it is; what is known of it now."""
        values = (self._fleet, deployment_id, group_id, group, group_version_id, run_id, now_text())
        with self._file.transaction():
            self._file.change(REMEMBER_DEPLOYMENT, values)
            return self._deployments([deployment_id])[deployment_id]

    def deployment(self, deployment_id: str) -> DeploymentRecord | None:
        """What is known of a deployment; None if nothing is."""
        return self.deployments([deployment_id]).get(deployment_id)

    def deployments(self, deployment_ids: Iterable[str]) -> dict[str, DeploymentRecord]:
        """``deployment`` for many, by id, without those of which nothing is known."""
        with self._file.guarded():
            return self._deployments(list(deployment_ids))

    def record_status(
        self, deployment_id: str, group_id: str, status: str, time: str, error: str | None = None
    ) -> bool:
        """Record what a deployment reported at ``time``, unless something later is known; see ``Ledger``."""
        since, error = time_text(time), shortened(error)
        order = status_order(status, since)
        with self._file.transaction():
            changed = self._file.change(
                RECORD_STATUS, (self._fleet, deployment_id, group_id, status, since, order, now_text())
            )
            if error is not None:
                order = error_order(status, since, error)
                changed |= self._file.change(RECORD_ERROR, (error, order, self._fleet, deployment_id, order))
        return changed

    def begin(self, run_id: str, action_id: str) -> Begun | None:
        """Record that an action begins; what was recorded of it before, None if this is the first time."""
        new = (self._fleet, action_id, run_id, now_text())
        if self._file.write("INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?, NULL)", new):
            return None
        rows = self._file.read("SELECT result FROM steps WHERE fleet = ? AND action = ?", (self._fleet, action_id))
        return Begun(rows[0][0])

    def finish(self, action_id: str, result: str) -> None:
        """Record the result of an action that was begun."""
        self._file.write("UPDATE steps SET result = ? WHERE fleet = ? AND action = ?", (result, self._fleet, action_id))

    def _forget_before(self, time: str) -> None:
        """Forget runs that began before ``time`` and what belongs to them; not what a group version was made for."""
        runs = [row[0] for row in self._file.rows(RUNS_OF_LONG_AGO, (self._fleet, time))]
        for run in runs:
            self._file.change(
                "INSERT OR IGNORE INTO old_versions SELECT group_version_id, template_version FROM tasks"
                " WHERE run = ? AND group_version_id IS NOT NULL AND template_version IS NOT NULL",
                (run,),
            )
            for table in ("tasks", "brought_in", "batches", "members"):
                self._file.change(f"DELETE FROM {table} WHERE run = ?", (run,))  # noqa: S608 (a constant)
            self._file.change("DELETE FROM runs WHERE id = ?", (run,))
        for table, column in PASSING:
            self._file.change(f"DELETE FROM {table} WHERE fleet = ? AND {column} < ?", (self._fleet, time))  # noqa: S608

    def _deployments(self, identifiers: Sequence[str]) -> dict[str, DeploymentRecord]:
        statement = f"SELECT {DEPLOYMENT_COLUMNS} FROM deployments WHERE fleet = ? AND id = ?"  # noqa: S608 (a constant)
        found = {}
        for identifier in identifiers:
            for *values, error, order in self._file.rows(statement, (self._fleet, identifier)):
                record = DeploymentRecord(*values)
                found[identifier] = replace(record, error=error if is_error_of(record.status, order) else None)
        return found


def _task_values(task: Task) -> tuple[Any, ...]:
    return astuple(replace(task, since=time_text(task.since), error=shortened(task.error)))
