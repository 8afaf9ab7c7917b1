"""What the ledger in DynamoDB has to bear beside what every ledger does: lost answers, busy tables, and none at all."""

import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.aws.client import Aws
from reconciler.aws.stats import Stats
from reconciler.execution.dynamodb_ledger import DynamoDbLedger
from reconciler.execution.dynamodb_table import ATTEMPTS, Key, Table
from reconciler.execution.precedence import now_text
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.run import BroughtIn, Failures, Run, Task
from reconciler.runtimes.base import Begun
from reconciler.sandbox.testing import Sandbox
from tests.execution.ledgers import REGION, TABLE, make_table

pytestmark = pytest.mark.sampled

NOON = "2026-11-20T12:00:00.000Z"


@pytest.fixture
def client(aws: Sandbox) -> Aws:
    return Aws(aws.region, sleep=lambda _: None)


@pytest.fixture
def ledger(aws: Sandbox, client: Aws) -> DynamoDbLedger:
    make_table(aws.client)
    return DynamoDbLedger(client, TABLE, "demo")


def lose_next(aws: Sandbox, operation: str, fault: str = "lost", times: int = 1) -> None:
    aws.put_faults([{"service": "dynamodb", "operation": operation, "fault": fault, "times": times}])


def items(aws: Sandbox) -> list[dict[str, Any]]:
    return list(aws.client("dynamodb").scan(TableName=TABLE)["Items"])


def use(ledger: DynamoDbLedger) -> None:
    """Write something of everything."""
    ledger.start_run(Run("r1", "demo", "digest", "running", now_text()))
    ledger.save_task(Task("r1", "berlin", "running", NOON, None, "v1", 3))
    ledger.save_tasks([Task("r1", "munich", "waiting", NOON)])
    ledger.bring_in(BroughtIn("r1", "berlin", "press", "provisioned", NOON, "arn"))
    ledger.remember_group("berlin", "g1")
    ledger.remember_deployment("d1", group="berlin", group_id="g1", group_version_id="v1", run_id="r1")
    ledger.record_status("d1", "g1", "Failure", NOON, "no space")
    ledger.record_status("d2", "g1", "Failure", NOON, "no space")
    ledger.begin("r1", "action")
    ledger.finish("action", "arn")
    ledger.sharing.claim("sweep", "me", 60)
    ledger.sharing.start_batch("r1", "b1", ["berlin", "munich"])
    ledger.sharing.leave_batch("r1", "b1", "berlin")
    ledger.sharing.note_failure("message", "1", "no")
    ledger.settle_run("r1", "partial")


def test_first_is_first_though_the_answer_is_lost(ledger: DynamoDbLedger, aws: Sandbox) -> None:
    lose_next(aws, "PutItem")
    assert ledger.begin("r1", "action") is None
    assert ledger.begin("r1", "action") == Begun(None)
    lose_next(aws, "PutItem")
    run = Run("r1", "demo", "digest", "running", now_text())
    ledger.start_run(run)
    assert ledger.run() == run
    lose_next(aws, "UpdateItem")
    assert ledger.sharing.claim("sweep", "me", 60).holder == "me"
    assert ledger.sharing.claim("sweep", "you", 60).holder == "me"


def test_nothing_counts_twice_though_the_answer_is_lost(ledger: DynamoDbLedger, aws: Sandbox) -> None:
    lose_next(aws, "UpdateItem")
    assert ledger.sharing.note_failure("message", "1", "no") == Failures(1, "no")
    ledger.sharing.start_batch("r1", "b1", ["berlin"])
    lose_next(aws, "UpdateItem")
    assert ledger.sharing.leave_batch("r1", "b1", "berlin") == frozenset()
    lose_next(aws, "TransactWriteItems")
    ledger.save_tasks([Task("r1", "berlin", "waiting", NOON)])
    assert list(ledger.tasks("r1")) == ["berlin"]


@pytest.mark.parametrize("fault", ["throttle", "error", "lost", "refused"])
def test_every_call_is_tried_again(fault: str, ledger: DynamoDbLedger, aws: Sandbox, client: Aws) -> None:
    aws.put_faults([{"service": "dynamodb", "operation": "*", "fault": fault, "rate": 0.3}])
    use(ledger)
    aws.put_faults([])
    run = ledger.run("r1")
    assert run is not None
    assert run.state == "partial"
    assert {name: task.state for name, task in ledger.tasks("r1").items()} == {"berlin": "running", "munich": "waiting"}
    assert ledger.brought_in("r1", "berlin")["press"].certificate_arn == "arn"
    assert (ledger.group_of_id("g1"), ledger.template_version_of("v1")) == ("berlin", 3)
    assert {record.error for record in ledger.deployments(["d1", "d2"]).values()} == {"no space"}
    assert ledger.begin("r2", "action") == Begun("arn")
    assert ledger.sharing.batches("r1") == {"b1": {"munich"}}
    assert ledger.sharing.failures("message") == Failures(1, "no")
    assert client.stats.document()["retries"] > 0


def test_all_but_groups_and_versions_expires(aws: Sandbox, client: Aws) -> None:
    make_table(aws.client)
    use(DynamoDbLedger(client, TABLE, "demo", kept=timedelta(days=2)))
    found = items(aws)
    lasting = {item["pk"]["S"] for item in found if "expires" not in item}
    assert lasting == {"demo#groups", "demo#group-id#g1", "demo#version#v1"}
    in_two_days = time.time() + 2 * 86400
    ages = [in_two_days - int(item["expires"]["N"]) for item in found if "expires" in item]
    assert len(ages) == 12
    assert all(0 <= age < 600 for age in ages)


def test_the_table_holds_what_its_description_says(ledger: DynamoDbLedger, aws: Sandbox) -> None:
    from reconciler.execution import dynamodb_items  # noqa: PLC0415 (its docstring is what is tested)

    use(ledger)
    text = dynamodb_items.__doc__ or ""
    for item in items(aws):
        kind = item["pk"]["S"].removeprefix("demo#").partition("#")[0]
        (row,) = [row for row in text.split("\n``")[1:] if row.startswith((f"{kind}``", f"{kind}#"))]
        unknown = [name for name in item if name not in {"pk", "sk", "expires"} and name not in row]
        assert unknown == [], f"{kind}: {row}"


def test_reads_are_consistent_and_writes_of_states_have_conditions(
    ledger: DynamoDbLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, Mapping[str, Any]]] = []
    sent = Aws.call

    def call(self: Aws, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        calls.append((operation, parameters))
        return sent(self, service, operation, **parameters)

    monkeypatch.setattr(Aws, "call", call)
    use(ledger)
    ledger.tasks("r1")
    ledger.deployments(["d1"])
    for operation, parameters in calls:
        if operation in {"GetItem", "Query"}:
            assert parameters["ConsistentRead"] is True
        elif operation == "BatchGetItem":
            assert parameters["RequestItems"][TABLE]["ConsistentRead"] is True
        elif operation == "TransactWriteItems":
            assert all("ConditionExpression" in action["Put"] for action in parameters["TransactItems"])
        elif operation == "PutItem" or "#status" in str(parameters) or "#rank" in str(parameters):
            assert "ConditionExpression" in parameters
        assert operation != "BatchWriteItem"


def test_a_table_that_is_not_there_and_the_command_that_makes_it(aws: Sandbox, client: Aws) -> None:
    ledger = DynamoDbLedger(client, "nowhere", "demo")
    with pytest.raises(ReconcileError, match="no DynamoDB table nowhere in eu-central-1") as caught:
        ledger.known_groups()
    command = caught.value.hint.partition(": ")[2]
    _, *arguments = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", "awscli", *arguments], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ledger.known_groups() == {}


@pytest.mark.parametrize("work", [lambda ledger: ledger.run(), lambda ledger: ledger.begin("r1", "a"), use])
def test_every_way_to_a_table_that_is_not_there(work: Any, aws: Sandbox, client: Aws) -> None:
    with pytest.raises(ReconcileError, match="there is no DynamoDB table nowhere"):
        work(DynamoDbLedger(client, "nowhere", "demo"))


def test_a_table_with_other_keys(aws: Sandbox, client: Aws) -> None:
    aws.client("dynamodb").create_table(
        TableName="other",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    with pytest.raises(ReconcileError, match="the DynamoDB table other has other keys") as caught:
        DynamoDbLedger(client, "other", "demo").begin("r1", "action")
    assert f"aws dynamodb create-table --region {REGION} --table-name NAME" in caught.value.hint


class Scripted:
    """Stands in for AWS, as the sandbox leaves nothing undone: answers as told, and remembers what it was asked."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.region, self.stats = REGION, Stats()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.pauses: list[int] = []
        self._answers = list(answers)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        assert service == "dynamodb"
        self.asked.append((operation, parameters))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def back_off(self, attempt: int) -> None:
        self.pauses.append(attempt)


def table_of(scripted: Scripted) -> Table:
    aws: Any = scripted
    return Table(aws, TABLE)


def answer(*found: str, undone: tuple[str, ...] = ()) -> dict[str, Any]:
    keys = [{"pk": {"S": name}, "sk": {"S": "-"}} for name in undone]
    return {
        "Responses": {TABLE: [{"pk": {"S": name}, "sk": {"S": "-"}, "n": {"N": "1"}} for name in found]},
        "UnprocessedKeys": {TABLE: {"Keys": keys}} if keys else {},
    }


def refusal(code: str) -> AwsError:
    return AwsError(f"dynamodb: {code}", operation="dynamodb:PutItem", code=code, status=400)


def test_what_was_left_undone_is_asked_for_again_after_a_pause() -> None:
    aws = Scripted(answer("a", undone=("b", "c")), answer(undone=("b", "c")), answer("c", undone=("b",)), answer("b"))
    found = list(table_of(aws).get_many(map(Key, "abca")))
    assert [item["pk"] for item in found] == ["a", "c", "b"]
    asked = [
        [key["pk"]["S"] for key in parameters["RequestItems"][TABLE]["Keys"]] for _operation, parameters in aws.asked
    ]
    assert asked == [["a", "b", "c"], ["b", "c"], ["b", "c"], ["b"]]
    assert aws.pauses == [1, 1, 1]
    assert aws.stats.document()["retries"] == 3


def test_a_table_that_leaves_everything_undone() -> None:
    aws = Scripted(*[answer(undone=("a",))] * ATTEMPTS)
    with pytest.raises(AwsError, match="left everything undone") as caught:
        list(table_of(aws).get_many([Key("a")]))
    assert "capacity" in caught.value.hint
    assert aws.pauses == list(range(1, ATTEMPTS))


def test_a_clash_with_a_transaction_is_tried_again_and_not_for_ever() -> None:
    aws = Scripted(refusal("TransactionConflictException"), {})
    assert table_of(aws).put(Key("a"), {"n": 1}, "attribute_not_exists(#pk)") is True
    assert aws.pauses == [1]
    with pytest.raises(AwsError, match="TransactionConflictException"):
        table_of(Scripted(*[refusal("TransactionConflictException")] * ATTEMPTS)).delete(Key("a"))


def test_a_transaction_that_is_cancelled_is_done_one_by_one() -> None:
    failed = refusal("ConditionalCheckFailedException")
    aws = Scripted(refusal("TransactionCanceledException"), {}, failed, {}, {})
    rows = [(Key(str(number)), {"n": number}) for number in range(103)]
    table = table_of(aws)
    with pytest.raises(IndexError):
        table.put_all(rows, "#n <= :n")
    operations = [operation for operation, _ in aws.asked]
    assert operations == ["TransactWriteItems", *["PutItem"] * 5]
    with pytest.raises(AwsError, match="AccessDenied"):
        table_of(Scripted(refusal("AccessDeniedException"))).put_all(rows, "#n <= :n")


def test_pages_are_read_to_the_end_and_no_further() -> None:
    first = {"Items": [{"sk": {"S": "a"}}], "LastEvaluatedKey": {"pk": {"S": "p"}, "sk": {"S": "a"}}}
    nothing = {"Items": [], "LastEvaluatedKey": {"pk": {"S": "p"}, "sk": {"S": "b"}}}
    last = {"Items": [{"sk": {"S": "c"}}]}
    aws = Scripted(first, nothing, last)
    assert [item["sk"] for item in table_of(aws).query("p")] == ["a", "c"]
    limited = Scripted(first, nothing, last)
    assert [item["sk"] for item in table_of(limited).query("p", most=2)] == ["a", "c"]
    assert [parameters["Limit"] for _, parameters in limited.asked] == [2, 1, 1]
    assert [item["sk"] for item in table_of(Scripted(first)).query("p", most=1)] == ["a"]


def test_a_ledger_that_is_shut_out(ledger: DynamoDbLedger, aws: Sandbox, tmp_path: Path) -> None:
    lose_next(aws, "*", "throttle", times=1000)
    with pytest.raises(AwsError, match="dynamodb:Query") as caught:
        ledger.known_groups()
    assert caught.value.operation == "dynamodb:Query"
