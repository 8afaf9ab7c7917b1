"""The lease of a fleet, in both ledgers: one run has it at a time, and each that takes it gets a greater number."""

from dataclasses import astuple, replace
from typing import Any

from reconciler.execution.dynamodb_table import Key, Table
from reconciler.execution.precedence import now_text
from reconciler.execution.sqlite_database import Database
from reconciler.model.run import Lease

LEASES_TABLE = """
CREATE TABLE IF NOT EXISTS leases (
  fleet TEXT PRIMARY KEY, number INTEGER NOT NULL, run TEXT NOT NULL, holder TEXT NOT NULL, process TEXT NOT NULL,
  link TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL);
"""
CURRENT = "SELECT number, run, holder, process, link, since, until FROM leases WHERE fleet = ?"

TAKE = """
INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fleet) DO UPDATE SET
  number = leases.number + 1, run = excluded.run, holder = excluded.holder, process = excluded.process,
  link = excluded.link, since = excluded.since, until = excluded.until
WHERE leases.until < excluded.since
"""


class SqliteLeases:
    """The lease of one fleet in a SQLite file."""

    def __init__(self, database: Database, fleet: str) -> None:
        self._database, self._fleet = database, fleet

    def current(self) -> Lease | None:
        """The lease that was taken last; see ``Leases``."""
        rows = self._database.read(CURRENT, (self._fleet,))
        return Lease(*rows[0]) if rows else None

    def take(self, wanted: Lease, seconds: float) -> Lease:
        """Take the lease unless another run has it; see ``Leases``."""
        wanted = replace(wanted, number=1, since=now_text(), until=now_text(seconds))
        with self._database.transaction():
            self._database.change(TAKE, (self._fleet, *astuple(wanted)))
            rows = self._database.rows(CURRENT, (self._fleet,))
            return Lease(*rows[0])

    def renew(self, run: str, seconds: float) -> bool:
        """Keep the lease; see ``Leases``."""
        return self._database.write(
            "UPDATE leases SET until = ? WHERE fleet = ? AND run = ? AND until != ''",
            (now_text(seconds), self._fleet, run),
        )

    def end(self, run: str) -> bool:
        """Give the lease back; see ``Leases``."""
        return self._database.write(
            "UPDATE leases SET until = '' WHERE fleet = ? AND run = ? AND until != ''", (self._fleet, run)
        )


class DynamoDbLeases:
    """The lease of one fleet in an item of a DynamoDB table."""

    def __init__(self, table: Table, key: Key) -> None:
        self._table, self._key = table, key

    def current(self) -> Lease | None:
        """The lease that was taken last; see ``Leases``."""
        item = self._table.get(self._key)
        return _lease(item) if item is not None else None

    def take(self, wanted: Lease, seconds: float) -> Lease:
        """Take the lease unless another run has it; see ``Leases``."""
        item = {
            "run": wanted.run,
            "holder": wanted.holder,
            "process": wanted.process,
            "link": wanted.link,
            "since": now_text(),
            "until": now_text(seconds),
        }
        condition = "attribute_not_exists(#until) OR #until < :since"
        taken = self._table.update(self._key, item, condition=condition, add={"number": 1})
        found = taken or self._table.get(self._key)
        if found is None:
            raise AssertionError("what refuses a condition on an attribute is there")
        return _lease(found)  # also where the answer to our own write was lost, and it was sent again

    def renew(self, run: str, seconds: float) -> bool:
        """Keep the lease; see ``Leases``."""
        return self._set_until(run, now_text(seconds))

    def end(self, run: str) -> bool:
        """Give the lease back; see ``Leases``."""
        return self._set_until(run, None)

    def _set_until(self, run: str, until: str | None) -> bool:
        condition = "#run = :run AND attribute_exists(#until)"
        return self._table.update(self._key, {"until": until}, condition=condition, values={"run": run}) is not None


def _lease(item: dict[str, Any]) -> Lease:
    texts = {name: str(item.get(name, "")) for name in ("run", "holder", "process", "link", "since", "until")}
    return Lease(number=int(item["number"]), **texts)
