"""The tables of the ledger in SQLite, and the statements that write to them: each has its condition in itself."""

from reconciler.execution.leases import LEASES_TABLE
from reconciler.execution.precedence import GROUP_RANKS
from reconciler.execution.sharing import SHARING_TABLES

SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY, fleet TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL,
  started_at TEXT NOT NULL, ended_at TEXT);
CREATE TABLE IF NOT EXISTS tasks (
  run TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, since TEXT NOT NULL, error TEXT,
  group_version_id TEXT, template_version INTEGER, deployment_id TEXT, PRIMARY KEY (run, name));
CREATE INDEX IF NOT EXISTS tasks_by_version ON tasks (group_version_id);
CREATE TABLE IF NOT EXISTS old_versions (group_version_id TEXT PRIMARY KEY, template_version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS brought_in (
  run TEXT NOT NULL, name TEXT NOT NULL, thing TEXT NOT NULL, state TEXT NOT NULL, since TEXT NOT NULL,
  certificate_arn TEXT NOT NULL, PRIMARY KEY (run, name, thing));
CREATE TABLE IF NOT EXISTS deployments (
  fleet TEXT NOT NULL, id TEXT NOT NULL, group_id TEXT NOT NULL, name TEXT, group_version_id TEXT, run TEXT,
  status TEXT, since TEXT, position TEXT NOT NULL DEFAULT '', error TEXT, error_position TEXT NOT NULL DEFAULT '',
  heard_at TEXT NOT NULL, PRIMARY KEY (fleet, id));
CREATE TABLE IF NOT EXISTS steps (
  fleet TEXT NOT NULL, action TEXT NOT NULL, run TEXT NOT NULL, begun_at TEXT NOT NULL, result TEXT,
  PRIMARY KEY (fleet, action));
CREATE TABLE IF NOT EXISTS live_groups (
  fleet TEXT NOT NULL, name TEXT NOT NULL, group_id TEXT NOT NULL, PRIMARY KEY (fleet, name));
CREATE INDEX IF NOT EXISTS live_groups_by_id ON live_groups (fleet, group_id);
CREATE TABLE IF NOT EXISTS removals (
  fleet TEXT NOT NULL, group_id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (fleet, group_id));
"""
    + LEASES_TABLE
    + SHARING_TABLES
)

RUN_COLUMNS = "id, fleet, digest, state, started_at, ended_at"
TASK_COLUMNS = "run, name, state, since, error, group_version_id, template_version, deployment_id"
DEPLOYMENT_COLUMNS = "id, group_id, name, group_version_id, run, status, since, error, error_position"


def _rank_of(column: str) -> str:
    """An expression for the rank of the state in a column."""
    cases = " ".join(f"WHEN '{state}' THEN {rank}" for state, rank in GROUP_RANKS.items())
    return f"CASE {column} {cases} END"


SAVE_TASK = f"""
INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, name) DO UPDATE SET
  state = excluded.state, since = excluded.since, error = excluded.error,
  group_version_id = excluded.group_version_id, template_version = excluded.template_version,
  deployment_id = excluded.deployment_id
WHERE (excluded.since, {_rank_of("excluded.state")}) >= (tasks.since, {_rank_of("tasks.state")})
"""  # noqa: S608 (constants)

REMEMBER_DEPLOYMENT = """
INSERT INTO deployments (fleet, id, group_id, name, group_version_id, run, heard_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (fleet, id) DO UPDATE SET
  group_id = excluded.group_id, name = excluded.name, group_version_id = excluded.group_version_id, run = excluded.run
WHERE deployments.run IS NULL OR deployments.run <= excluded.run
"""

RECORD_STATUS = """
INSERT INTO deployments (fleet, id, group_id, status, since, position, heard_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (fleet, id) DO UPDATE SET
  status = excluded.status, since = excluded.since, position = excluded.position
WHERE deployments.position < excluded.position
"""

RECORD_ERROR = """
UPDATE deployments SET error = ?, error_position = ? WHERE fleet = ? AND id = ? AND error_position < ?
"""

PASSING = (("steps", "begun_at"), ("deployments", "heard_at"), ("failures", "failed_at"), ("claims", "until"))
"""Tables of what is forgotten in its time, and the columns that tell when it began."""

RUNS_OF_LONG_AGO = "SELECT id FROM runs WHERE fleet = ? AND started_at < ?"
