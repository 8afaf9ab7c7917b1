"""How those who carry runs out share the work, in both ledgers: claims, batches and what waits for them, failures."""

from collections.abc import Iterable

from reconciler.execution.dynamodb_items import Keys, failures_of, members_of
from reconciler.execution.dynamodb_table import IS_NEW, IS_THERE, Table
from reconciler.execution.ledger import checked_members, shortened
from reconciler.execution.precedence import now_text
from reconciler.execution.sqlite_database import Database
from reconciler.model.run import Claim, Failures

SHARING_TABLES = """
CREATE TABLE IF NOT EXISTS claims (
  fleet TEXT NOT NULL, name TEXT NOT NULL, holder TEXT NOT NULL, until TEXT NOT NULL, PRIMARY KEY (fleet, name));
CREATE TABLE IF NOT EXISTS batches (run TEXT NOT NULL, batch TEXT NOT NULL, PRIMARY KEY (run, batch));
CREATE TABLE IF NOT EXISTS members (
  run TEXT NOT NULL, batch TEXT NOT NULL, member TEXT NOT NULL, PRIMARY KEY (run, batch, member));
CREATE TABLE IF NOT EXISTS failures (
  fleet TEXT NOT NULL, subject TEXT NOT NULL, attempt TEXT NOT NULL, error TEXT NOT NULL, failed_at TEXT NOT NULL,
  PRIMARY KEY (fleet, subject, attempt));
"""

CLAIM = """
INSERT INTO claims VALUES (?, ?, ?, ?) ON CONFLICT (fleet, name) DO UPDATE SET
  holder = excluded.holder, until = excluded.until
WHERE claims.holder = excluded.holder OR claims.until < ?
"""


class SqliteSharing:
    """The sharing of one fleet's work in a SQLite file."""

    def __init__(self, database: Database, fleet: str) -> None:
        self._database, self._fleet = database, fleet

    def claim(self, name: str, holder: str, seconds: float) -> Claim:
        """Claim something for so many seconds, unless somebody else holds it; who holds it now."""
        with self._database.transaction():
            self._database.change(CLAIM, (self._fleet, name, holder, now_text(seconds), now_text()))
            rows = self._database.rows(
                "SELECT name, holder, until FROM claims WHERE fleet = ? AND name = ?", (self._fleet, name)
            )
            return Claim(*rows[0])

    def release(self, name: str, holder: str) -> bool:
        """Give a claim back; false if ``holder`` did not hold it."""
        return self._database.write(
            "DELETE FROM claims WHERE fleet = ? AND name = ? AND holder = ?", (self._fleet, name, holder)
        )

    def start_batch(self, run_id: str, batch: str, members: Iterable[str]) -> None:
        """Record what a batch waits for; one that is recorded already is left as it is."""
        rows = [(run_id, batch, member) for member in checked_members(members)]
        with self._database.transaction():
            if self._database.change("INSERT OR IGNORE INTO batches VALUES (?, ?)", (run_id, batch)):
                self._database.change_many("INSERT INTO members VALUES (?, ?, ?)", rows)

    def leave_batch(self, run_id: str, batch: str, member: str) -> frozenset[str] | None:
        """Record that a batch waits for ``member`` no longer; whom it still waits for; None for no such batch."""
        with self._database.transaction():
            self._database.change(
                "DELETE FROM members WHERE run = ? AND batch = ? AND member = ?", (run_id, batch, member)
            )
            return self._batches(run_id, batch).get(batch)

    def batches(self, run_id: str) -> dict[str, frozenset[str]]:
        """The batches of a run, and whom each still waits for."""
        with self._database.guarded():
            return self._batches(run_id)

    def note_failure(self, subject: str, attempt: str, error: str) -> Failures:
        """Count that an attempt at something failed, each attempt once; all its failures."""
        self._database.write(
            "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
            (self._fleet, subject, attempt, shortened(error), now_text()),
        )
        return self.failures(subject) or Failures(0, error)

    def failures(self, subject: str) -> Failures | None:
        """How often something failed; None if it never did."""
        rows = self._database.read(
            "SELECT error FROM failures WHERE fleet = ? AND subject = ? ORDER BY failed_at DESC, rowid DESC",
            (self._fleet, subject),
        )
        return Failures(len(rows), rows[0][0]) if rows else None

    def _batches(self, run_id: str, batch: str | None = None) -> dict[str, frozenset[str]]:
        rows = self._database.rows(
            "SELECT batches.batch, member FROM batches LEFT JOIN members USING (run, batch)"
            " WHERE batches.run = ?1 AND (?2 IS NULL OR batches.batch = ?2)",
            (run_id, batch),
        )
        found: dict[str, set[str]] = {}
        for name, member in rows:
            found.setdefault(name, set()).update([] if member is None else [member])
        return {name: frozenset(members) for name, members in found.items()}


class DynamoDbSharing:
    """The sharing of one fleet's work in a DynamoDB table."""

    def __init__(self, table: Table, keys: Keys) -> None:
        self._table, self._keys = table, keys

    def claim(self, name: str, holder: str, seconds: float) -> Claim:
        """Claim something for so many seconds, unless somebody else holds it; who holds it now."""
        key = self._keys.of(f"claim#{name}")
        values = {"holder": holder, "until": now_text(seconds), "expires": self._keys.expires()}
        condition = "attribute_not_exists(#until) OR #holder = :holder OR #until < :now"
        while True:
            item = self._table.update(key, values, condition=condition, values={"now": now_text()})
            item = item or self._table.get(key)
            # Gone between the two: it was given back, and may be claimed again.
            if item is not None:
                return Claim(name, item["holder"], item["until"])

    def release(self, name: str, holder: str) -> bool:
        """Give a claim back; false if ``holder`` did not hold it."""
        return self._table.delete(self._keys.of(f"claim#{name}"), "#holder = :holder", {"holder": holder})

    def start_batch(self, run_id: str, batch: str, members: Iterable[str]) -> None:
        """Record what a batch waits for; one that is recorded already is left as it is."""
        item = {"members": checked_members(members), "expires": self._keys.expires()}
        self._table.put(self._keys.of(f"batches#{run_id}", batch), item, IS_NEW)

    def leave_batch(self, run_id: str, batch: str, member: str) -> frozenset[str] | None:
        """Record that a batch waits for ``member`` no longer; whom it still waits for; None for no such batch."""
        key = self._keys.of(f"batches#{run_id}", batch)
        item = self._table.update(key, {}, delete={"members": frozenset({member})}, condition=IS_THERE)
        return members_of(item) if item is not None else None

    def batches(self, run_id: str) -> dict[str, frozenset[str]]:
        """The batches of a run, and whom each still waits for."""
        return {item["sk"]: members_of(item) for item in self._table.query(self._keys.pk(f"batches#{run_id}"))}

    def note_failure(self, subject: str, attempt: str, error: str) -> Failures:
        """Count that an attempt at something failed, each attempt once; all its failures."""
        values = {"error": shortened(error), "expires": self._keys.expires()}
        item = self._table.update(self._keys.of(f"failure#{subject}"), values, add={"attempts": frozenset({attempt})})
        return failures_of(item or {})

    def failures(self, subject: str) -> Failures | None:
        """How often something failed; None if it never did."""
        item = self._table.get(self._keys.of(f"failure#{subject}"))
        return failures_of(item) if item is not None else None
