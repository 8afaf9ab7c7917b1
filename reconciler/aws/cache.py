"""Answers that never change, kept beside the fleet: immutable versions, finished deployments, who made a definition.

Losing the file costs calls, never correctness. What can change is kept only under a key that changes with it.
"""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 30.0
"""Seconds to wait for another process to let go of the file."""
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Cache:
    """A map of (kind, key) to JSON in SQLite; threads and processes share it.

    A file that is damaged is begun anew. Where none can be kept (a directory that is read-only, a full disk, one that
    another process keeps locked) the answers are kept for this process alone.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._readings: dict[tuple[str, str], threading.Lock] = {}
        self._in_memory: dict[tuple[str, str], Any] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = _open_or_begin_anew(path)
        except (OSError, sqlite3.DatabaseError):
            self._database = _open(":memory:")

    def get(self, kind: str, key: str) -> Any:
        """What was put under ``kind`` and ``key``, or None, also where the file does not let itself be read."""
        if (kept := self._in_memory.get((kind, key))) is not None:
            return kept
        with self._lock, contextlib.suppress(sqlite3.DatabaseError, ValueError):
            row = self._database.execute("SELECT value FROM cache WHERE kind = ? AND key = ?", (kind, key)).fetchone()
            return json.loads(row[0]) if row else None
        return None

    def put(self, kind: str, key: str, value: Any) -> None:
        """Keep ``value`` (JSON) under ``kind`` and ``key``. A full or locked disk only makes the next plan slower."""
        row = (kind, key, json.dumps(value))
        with self._lock, contextlib.suppress(sqlite3.DatabaseError):
            self._database.execute("INSERT OR REPLACE INTO cache (kind, key, value) VALUES (?, ?, ?)", row)

    def get_or_read(self, kind: str, key: str, read: Callable[[], Any], *, on_disk: bool = True) -> Any:
        """What was put under ``kind`` and ``key``, else what ``read`` returns, which is kept: ``on_disk``, or in memory
        alone.

        Threads that ask for the same at the same time wait for one of them to read.
        """
        if (kept := self.get(kind, key)) is not None:
            return kept
        with self._lock:
            reading = self._readings.setdefault((kind, key), threading.Lock())
        with reading:
            if (kept := self.get(kind, key)) is None:
                kept = read()
                if on_disk:
                    self.put(kind, key, kept)
                else:
                    self._in_memory[kind, key] = kept
        return kept

    def close(self) -> None:
        """Close the file; nothing is found or kept from then on."""
        with self._lock:
            self._database.close()


def _open_or_begin_anew(path: Path) -> sqlite3.Connection:
    try:
        return _open(path)
    except sqlite3.DatabaseError as error:
        # Only for damage: a file that is locked is another process's, and in use.
        if error.sqlite_errorcode not in DAMAGED:
            raise
    for leftover in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        leftover.unlink(missing_ok=True)
    return _open(path)


def _open(path: Path | str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS cache (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
