"""The cache of immutable answers: what it keeps, and that its loss is never more than a loss."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws import cache as module
from reconciler.aws.cache import Cache

VALUES: list[Any] = [{"a": [1, None, True, "ä"]}, [], "text", 0, False, 1.5, None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "cache.db"


@pytest.fixture
def cache(path: Path) -> Iterator[Cache]:
    opened = Cache(path)
    yield opened
    opened.close()


@pytest.mark.parametrize("value", VALUES)
def test_what_is_put_is_got_also_by_the_next_process(path: Path, value: Any) -> None:
    first = Cache(path)
    first.put("definition", "arn:x", value)
    assert first.get("definition", "arn:x") == value
    first.close()
    second = Cache(path)
    assert second.get("definition", "arn:x") == value
    second.close()


def test_kinds_and_keys_are_apart_and_the_latest_counts(cache: Cache) -> None:
    cache.put("a", "1", "first")
    cache.put("a", "1", "second")
    cache.put("b", "1", "other kind")
    assert (cache.get("a", "1"), cache.get("b", "1"), cache.get("a", "2")) == ("second", "other kind", None)


def test_threads_share_it(cache: Cache) -> None:
    seen: list[bool] = []

    def work(number: int) -> None:
        for turn in range(50):
            cache.put("kind", f"{number}/{turn}", [number, turn])
            seen.append(cache.get("kind", f"{number}/{turn}") == [number, turn])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 400


WRITER = """
import sys
from pathlib import Path
from reconciler.aws.cache import Cache
cache = Cache(Path(sys.argv[1]))
for turn in range(100):
    cache.put(sys.argv[2], str(turn), turn)
assert [cache.get(sys.argv[2], str(turn)) for turn in range(100)] == list(range(100))
cache.close()
"""


def test_two_processes_share_one_file(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("one", "two")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    cache = Cache(path)
    assert [cache.get(name, "99") for name in ("one", "two")] == [99, 99]
    cache.close()


@pytest.mark.parametrize("content", [b"no database at all " * 200, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_damaged_file_is_begun_anew(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    path.with_name("cache.db-wal").write_bytes(b"left over")
    cache = Cache(path)
    assert cache.get("a", "1") is None
    cache.put("a", "1", "kept")
    cache.close()
    again = Cache(path)
    assert again.get("a", "1") == "kept"
    again.close()


def test_damage_that_shows_later_is_a_miss(path: Path) -> None:
    cache = Cache(path)
    for number in range(2000):
        cache.put("a", str(number), "x" * 100)
    cache.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)  # the first page holds the schema alone
    path.write_bytes(content)
    cache = Cache(path)
    assert cache.get("a", "1999") is None
    cache.put("a", "1999", "anew")
    cache.close()


@pytest.mark.parametrize("statement", ["UPDATE cache SET value = '{\"cut'", "ALTER TABLE cache RENAME value TO other"])
def test_a_value_that_cannot_be_read_is_a_miss(path: Path, statement: str) -> None:
    cache = Cache(path)
    cache.put("a", "1", "x")
    with sqlite3.connect(path) as other:
        other.execute(statement)
    other.close()
    assert cache.get("a", "1") is None
    cache.put("a", "1", "y")
    cache.close()


def test_where_no_directory_can_be_made_it_serves_this_process(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the directory would be")
    cache = Cache(tmp_path / "state" / "cache.db")
    cache.put("a", "1", "kept")
    assert cache.get("a", "1") == "kept"
    cache.close()
    assert (tmp_path / "state").read_text() == "a file where the directory would be"


def test_where_the_file_cannot_be_opened_it_serves_this_process(path: Path) -> None:
    path.mkdir(parents=True)
    cache = Cache(path)
    cache.put("a", "1", "kept")
    assert cache.get("a", "1") == "kept"
    cache.close()
    assert path.is_dir()


def test_a_directory_that_is_read_only_is_no_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As seen by a user other than root, whom permissions do not bind."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path.parent))

    monkeypatch.setattr(Path, "mkdir", refuse)
    cache = Cache(path)
    cache.put("a", "1", "kept")
    assert cache.get("a", "1") == "kept"
    cache.close()
    assert not path.exists()


def test_a_file_that_another_process_locks_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    path.parent.mkdir()
    owner = sqlite3.connect(path, isolation_level=None)
    owner.execute("CREATE TABLE theirs (x)")
    owner.execute("BEGIN EXCLUSIVE")
    cache = Cache(path)
    cache.put("a", "1", "kept")
    assert cache.get("a", "1") == "kept"
    cache.close()
    owner.execute("INSERT INTO theirs VALUES (1)")
    owner.execute("COMMIT")
    assert owner.execute("SELECT x FROM theirs").fetchall() == [(1,)]
    owner.close()


def test_nothing_is_found_once_it_is_closed(path: Path) -> None:
    cache = Cache(path)
    cache.put("a", "1", "kept")
    cache.close()
    cache.put("a", "2", "too late")
    assert cache.get("a", "1") is None
