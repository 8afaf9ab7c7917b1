"""A fleet opened for work: whose account, what it keeps beside the files, and that it is shut again."""

from pathlib import Path

import pytest

from reconciler.aws.stats import Stats
from reconciler.execution.session import make_plan, open_session, read_status
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.sandbox.testing import Sandbox
from tests.fleets import FleetFiles, make_buckets


@pytest.fixture
def files(aws: Sandbox, tmp_path: Path) -> FleetFiles:
    make_buckets(aws.client)
    return FleetFiles(tmp_path / "fleet").group("munich", devices=0).group("berlin", devices=0)


def test_it_asks_whose_credentials_these_are_and_nothing_else(files: FleetFiles, aws: Sandbox) -> None:
    aws.clear_calls()
    stats = Stats()
    with open_session(files.load(), stats) as session:
        assert session.aws.stats is stats
        assert set(session.runtimes) == {"greengrass/v1", "greengrass/v2"}
        assert sorted(path.name for path in (files.directory / ".reconcile").glob("*.db")) == ["cache.db", "ledger.db"]
    assert aws.counts() == stats.document()["calls"] == {"sts:GetCallerIdentity": 1}


def test_the_credentials_of_another_account(files: FleetFiles) -> None:
    desired = files.fleet(account="210987654321", bulkDeployments=None).template(definitions={}).load()
    with pytest.raises(ReconcileError, match="the credentials belong to 123456789012") as caught, open_session(desired):
        pass
    assert caught.value.message.startswith("fleet/fleet.yaml:")
    assert not (files.directory / ".reconcile").exists()


def test_what_answers_with_an_error_keeps_its_own_hint(files: FleetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    desired = files.load()
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AwsError) as caught, open_session(desired):
        pass
    assert "set AWS credentials" in caught.value.hint


def test_it_is_shut_when_the_work_goes_wrong(files: FleetFiles) -> None:
    def work() -> None:
        with open_session(files.load()) as session:
            ledgers.append(session.ledger)
            raise ZeroDivisionError

    ledgers: list[object] = []
    with pytest.raises(ZeroDivisionError):
        work()
    with pytest.raises(ReconcileError, match="closed"):
        ledgers[0].known_groups()  # type: ignore[attr-defined]  # a Ledger


def test_a_plan_is_sorted_and_of_the_groups_asked_for(files: FleetFiles, aws: Sandbox) -> None:
    desired = files.load()
    aws.clear_calls()
    with open_session(desired) as session:
        whole = make_plan(session, desired.groups)
        part = make_plan(session, [group for group in desired.groups if group.name == "munich"])
        none = make_plan(session, [])
    assert [group.name for group in whole.groups] == ["berlin", "munich"]
    assert [group.name for group in part.groups] == ["munich"]
    assert none.groups == ()
    assert (whole.fleet, whole.account, whole.region) == ("demo", "123456789012", "eu-central-1")
    assert aws.writes() == []


def test_groups_that_the_ledger_knows_are_missed(files: FleetFiles) -> None:
    desired = files.load()
    with open_session(desired) as session:
        session.ledger.remember_group("munich", "a-group-id")
        with pytest.raises(AwsError, match="though this fleet made munich") as caught:
            make_plan(session, desired.groups)
        assert "--allow-empty" in caught.value.hint
        assert make_plan(session, desired.groups, expect_some=False).summary.create == 2


def test_the_status_of_groups_that_are_not_there(files: FleetFiles) -> None:
    desired = files.load()
    with open_session(desired) as session:
        status = read_status(session, desired.groups, None)
        with pytest.raises(ReconcileError, match="the ledger knows no run r9"):
            read_status(session, desired.groups, "r9")
    assert [(group.name, group.state) for group in status.groups] == [("berlin", "absent"), ("munich", "absent")]
    assert (status.fleet, status.run, status.state) == ("demo", None, None)
