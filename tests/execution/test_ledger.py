"""The ledger: what it remembers, for whom, and what becomes of a file that is no ledger."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.execution.journal import RunJournal
from reconciler.execution.local_state import LOCAL_STATE, local_state
from reconciler.execution.precedence import now_text
from reconciler.execution.sqlite_ledger import SqliteLedger
from reconciler.model.errors import ReconcileError
from reconciler.model.run import BroughtIn, Run, Task
from reconciler.runtimes.base import Begun


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(tmp_path / "ledger.db", "demo")) as opened:
        yield opened


def a_run(identifier: str, *, started_at: str = "2026-11-20T10:00:00.000Z", fleet: str = "demo") -> Run:
    return Run(identifier, fleet, "digest", "running", started_at)


def test_an_empty_one_knows_nothing(ledger: SqliteLedger) -> None:
    assert ledger.run() is None
    assert ledger.run("r1") is None
    assert ledger.runs(10) == []
    assert ledger.tasks("r1") == {}
    assert ledger.known_groups() == {}
    assert ledger.template_version_of("v1") is None


def test_a_run_begins_and_ends(ledger: SqliteLedger) -> None:
    run = a_run("r1")
    ledger.start_run(run)
    assert ledger.run("r1") == ledger.run() == run
    ledger.end_run("r1", "partial")
    ended = ledger.run("r1")
    assert ended is not None
    assert ended.state == "partial"
    assert ended.ended_at is not None


def test_a_run_is_settled_without_moving_its_end(ledger: SqliteLedger) -> None:
    ledger.start_run(a_run("r1"))
    ledger.end_run("r1", "running")
    ended = ledger.run("r1")
    ledger.settle_run("r1", "succeeded")
    assert ended is not None
    assert ledger.run("r1") == replace(ended, state="succeeded")


def test_a_run_that_was_killed_is_stopped_when_the_next_begins(ledger: SqliteLedger) -> None:
    ledger.start_run(a_run("r1"))
    ledger.start_run(a_run("r2", started_at="2026-11-21T10:00:00.000Z"))
    killed = ledger.run("r1")
    assert killed is not None
    assert (killed.state, killed.ended_at) == ("stopped", "2026-11-21T10:00:00.000Z")
    assert ledger.run() == a_run("r2", started_at="2026-11-21T10:00:00.000Z")


def test_runs_are_listed_newest_first_and_no_more_than_asked_for(ledger: SqliteLedger) -> None:
    for day in (2, 1, 3):
        ledger.start_run(a_run(f"r{day}", started_at=f"2026-11-0{day}T00:00:00.000Z"))
    assert [run.id for run in ledger.runs(10)] == ["r3", "r2", "r1"]
    assert [run.id for run in ledger.runs(2)] == ["r3", "r2"]


def test_each_fleet_has_its_own_runs_groups_and_steps(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(SqliteLedger(path, "one")) as one, closing(SqliteLedger(path, "two")) as two:
        one.start_run(a_run("r1", fleet="one"))
        one.remember_group("berlin", "id-1")
        one.begin("r1", "action")
        one.finish("action", "made")
        assert two.run() is None
        assert two.runs(10) == []
        assert two.known_groups() == {}
        assert two.begin("r2", "action") is None


def test_a_task_is_replaced_by_what_is_known_later(ledger: SqliteLedger) -> None:
    ledger.save_task(Task("r1", "berlin", "waiting", "2026-11-20T10:00:00.000Z", template_version=3))
    later = Task("r1", "berlin", "failed", "2026-11-20T10:00:09.000Z", "no", "v1", 3, "d1")
    ledger.save_task(later)
    ledger.save_task(Task("r2", "berlin", "waiting", "2026-11-20T11:00:00.000Z"))
    assert ledger.tasks("r1") == {"berlin": later}


def test_the_template_version_behind_a_group_version(ledger: SqliteLedger) -> None:
    ledger.save_task(Task("r1", "berlin", "succeeded", "2026-11-20T10:00:00.000Z", None, "v1", 3))
    ledger.save_task(Task("r2", "berlin", "succeeded", "2026-11-20T11:00:00.000Z", None, "v2", None))
    assert ledger.template_version_of("v1") == 3
    assert ledger.template_version_of("v2") is None


def test_everything_is_there_again_after_closing(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "ledger.db", "demo")) as first:
        first.start_run(a_run("r1"))
        first.remember_group("berlin", "id-1")
        first.remember_group("berlin", "id-2")
        first.begin("r1", "begun")
        first.begin("r1", "finished")
        first.finish("finished", "arn:made")
    with closing(SqliteLedger(tmp_path / "ledger.db", "demo")) as second:
        assert second.run("r1") == a_run("r1")
        assert second.known_groups().keys() == {"berlin"}
        journal = RunJournal(second, "r2")
        assert journal.begin("begun") == Begun(None)
        assert journal.begin("finished") == Begun("arn:made")
        assert journal.begin("new") is None
        journal.finish("new", "arn:new")
        assert journal.begin("new") == Begun("arn:new")


def test_threads_share_it(ledger: SqliteLedger) -> None:
    def work(number: int) -> None:
        ledger.save_task(Task("r1", f"group-{number}", "running", now_text()))
        ledger.remember_group(f"group-{number}", str(number))
        ledger.begin("r1", f"action-{number % 10}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))
    assert len(ledger.tasks("r1")) == len(ledger.known_groups()) == 200


def test_names_are_no_sql(ledger: SqliteLedger) -> None:
    name = "'); DROP TABLE runs; --"
    ledger.remember_group(name, name)
    ledger.start_run(a_run(name))
    assert ledger.known_groups().keys() == {name}
    assert ledger.run(name) is not None


@pytest.mark.parametrize("content", [b"no database" * 500, b"SQLite format 3\x00" + bytes(4096)])
def test_a_file_that_is_no_ledger(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    with pytest.raises(ReconcileError, match="using the ledger") as caught:
        SqliteLedger(path, "demo")
    assert str(path) in caught.value.message
    assert "delete it: nothing is lost but the history of runs" in caught.value.hint
    assert path.read_bytes() == content


def test_tables_of_another_shape(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE runs (id TEXT PRIMARY KEY)")
    with closing(SqliteLedger(path, "demo")) as ledger:
        with pytest.raises(ReconcileError, match="using the ledger"):
            ledger.start_run(a_run("r1"))
        with pytest.raises(ReconcileError, match="using the ledger"):
            ledger.runs(1)


def test_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    with pytest.raises(ReconcileError, match="opening the ledger") as caught:
        SqliteLedger(tmp_path / "nowhere" / "ledger.db", "demo")
    assert "writable" in caught.value.hint


def test_local_state_is_made_once_and_keeps_itself_out_of_git(tmp_path: Path) -> None:
    state = local_state(tmp_path)
    assert state == tmp_path / LOCAL_STATE
    (state / ".gitignore").write_text("mine\n")
    assert local_state(tmp_path) == state
    assert (state / ".gitignore").read_text() == "mine\n"


def test_local_state_where_a_file_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / LOCAL_STATE).write_text("")
    with pytest.raises(ReconcileError, match=r"making .*: File exists") as caught:
        local_state(tmp_path)
    assert "writable" in caught.value.hint


def test_runs_of_long_ago_are_forgotten_but_not_what_versions_were_made_for(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "ledger.db", "demo")) as ledger:
        ledger.start_run(a_run("old", started_at="2020-01-01T00:00:00.000Z"))
        ledger.save_task(Task("old", "berlin", "succeeded", "2020-01-01T00:00:00.000Z", None, "v1", 3))
        ledger.bring_in(BroughtIn("old", "berlin", "press", "provisioned", now_text(), "arn"))
        ledger.sharing.start_batch("old", "b1", ["berlin"])
        ledger.start_run(a_run("new", started_at=now_text()))
        ledger.save_task(Task("new", "munich", "succeeded", now_text(), None, "v2", 4))
        assert [run.id for run in ledger.runs(10)] == ["new"]
        assert (ledger.tasks("old"), ledger.brought_in("old", "berlin"), ledger.sharing.batches("old")) == ({}, {}, {})
        assert list(ledger.tasks("new")) == ["munich"]
        assert (ledger.template_version_of("v1"), ledger.template_version_of("v2")) == (3, 4)


def test_runs_of_another_fleet_are_not_forgotten_with_ours(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(SqliteLedger(path, "one")) as one, closing(SqliteLedger(path, "two")) as two:
        two.start_run(a_run("old", started_at="2020-01-01T00:00:00.000Z", fleet="two"))
        one.start_run(a_run("new", started_at=now_text(), fleet="one"))
        assert two.run("old") is not None


def test_a_file_that_an_earlier_version_wrote(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript("""
            CREATE TABLE runs (id TEXT PRIMARY KEY, fleet TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL,
              started_at TEXT NOT NULL, ended_at TEXT);
            CREATE TABLE tasks (run TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, since TEXT NOT NULL,
              error TEXT, group_version_id TEXT, template_version INTEGER, deployment_id TEXT,
              PRIMARY KEY (run, name));
            CREATE TABLE steps (fleet TEXT NOT NULL, action TEXT NOT NULL, run TEXT NOT NULL, begun_at TEXT NOT NULL,
              result TEXT, PRIMARY KEY (fleet, action));
            CREATE TABLE live_groups (fleet TEXT NOT NULL, name TEXT NOT NULL, group_id TEXT NOT NULL,
              PRIMARY KEY (fleet, name));
            INSERT INTO tasks VALUES ('r1', 'berlin', 'deploying', '2026-11-20T10:00:00.000Z', NULL, 'v1', 3, 'd1');
            INSERT INTO live_groups VALUES ('demo', 'berlin', 'g1');
        """)
    with closing(SqliteLedger(path, "demo")) as ledger:
        assert (ledger.template_version_of("v1"), ledger.group_of_id("g1")) == (3, "berlin")
        assert ledger.save_task(Task("r1", "berlin", "running", "2026-11-20T09:59:59.000Z")) is False
        assert ledger.save_task(Task("r1", "berlin", "succeeded", "2026-11-20T10:00:01.000Z")) is True


def test_a_change_that_breaks_off_leaves_nothing_half_done(ledger: SqliteLedger) -> None:
    def tasks() -> Iterator[Task]:
        yield Task("r1", "berlin", "waiting", "2026-11-20T10:00:00.000Z")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.save_tasks(tasks())
    assert ledger.tasks("r1") == {}
    ledger.save_task(Task("r1", "munich", "waiting", "2026-11-20T10:00:00.000Z"))
    assert list(ledger.tasks("r1")) == ["munich"]
