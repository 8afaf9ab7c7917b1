"""A SQLite file that threads of this process and other processes share, with errors that people understand."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.execution.local_state import LOCAL_STATE_HINT
from reconciler.model.errors import ReconcileError


class Database:
    """The file at ``path`` with the tables of ``schema``, which are made. Methods raise ReconcileError on damage."""

    def __init__(self, path: Path, schema: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._database = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        except sqlite3.DatabaseError as error:
            raise ReconcileError(f"opening the ledger {path}: {error}", hint=LOCAL_STATE_HINT) from error
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.executescript(schema)
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise self._damaged(error) from error

    def close(self) -> None:
        """Close the file; further use is an error."""
        with self._lock:
            self._database.close()

    def write(self, statement: str, values: tuple[Any, ...]) -> bool:
        """Carry out one statement; whether it changed anything."""
        with self.guarded():
            return self.change(statement, values)

    def read(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        """The rows that a statement finds."""
        with self.guarded():
            return self.rows(statement, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, seen by the others at once, and nobody else writes meanwhile."""
        with self.guarded():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Nobody else of this process uses the file meanwhile. What follows is for within such a block."""
        with self._lock:
            try:
                yield
            except sqlite3.DatabaseError as error:
                raise self._damaged(error) from error

    def change(self, statement: str, values: tuple[Any, ...]) -> bool:
        """Carry out one statement; whether it changed anything."""
        return self._database.execute(statement, values).rowcount > 0

    def change_many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Carry out one statement for each of ``rows``."""
        self._database.executemany(statement, rows)

    def rows(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        """The rows that a statement finds."""
        return self._database.execute(statement, values).fetchall()

    def _damaged(self, error: sqlite3.DatabaseError) -> ReconcileError:
        return ReconcileError(
            f"using the ledger {self._path}: {error}",
            hint="if the file is damaged, delete it: nothing is lost but the history of runs",
        )
