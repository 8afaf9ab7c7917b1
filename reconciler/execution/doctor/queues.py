"""Looks at the queues of a stack, the rule that feeds them, and the ledger's table."""

from collections.abc import Iterator

from reconciler.aws.client import Aws
from reconciler.execution.doctor.findings import good, looked_at, wrong
from reconciler.execution.queue.stack import Stack
from reconciler.model.finding import Finding

STATUS_EVENT = "Greengrass Deployment Status Change"


def check_stack(aws: Aws, stack: Stack) -> Iterator[Finding]:
    """Every queue with its dead letters, the rule of the status events, the table's time to live."""
    for name, (url, dead_url) in stack.queues.items():
        yield from looked_at(f"queue {name}", lambda n=name, u=url, d=dead_url: _queue(aws, n, u, d))  # type: ignore[misc]  # mypy knows no defaults of a lambda
    status_arn = aws.call(
        "sqs", "GetQueueAttributes", QueueUrl=stack.queues["DeploymentStatus"][0], AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    yield from looked_at("status events", lambda: _rule(aws, status_arn))
    if (table := stack.fleet.ledger.table) is not None:
        yield from looked_at(f"table {table}", lambda: _table(aws, table))


def _queue(aws: Aws, name: str, url: str, dead_url: str) -> Iterator[Finding]:
    waiting, dead = (
        int(
            aws.call("sqs", "GetQueueAttributes", QueueUrl=each, AttributeNames=["ApproximateNumberOfMessages"])[
                "Attributes"
            ]["ApproximateNumberOfMessages"]
        )
        for each in (url, dead_url)
    )
    yield good(f"queue {name}", f"it is there, with {waiting} waiting")
    if dead:
        hint = "look at their attribute `reason`, mend the cause: docs/infrastructure.md, Replay"
        yield wrong(f"queue {name}", f"{dead} in its dead-letter queue", hint)


def _rule(aws: Aws, queue_arn: str) -> Iterator[Finding]:
    names = aws.call("events", "ListRuleNamesByTarget", TargetArn=queue_arn).get("RuleNames", [])
    for name in names:
        rule = aws.call("events", "DescribeRule", Name=name)
        if STATUS_EVENT not in rule.get("EventPattern", ""):
            continue
        if rule.get("State") == "ENABLED":
            yield good("status events", f"rule {name} takes them to the queue")
        else:
            yield wrong("status events", f"rule {name} is disabled", f"aws events enable-rule --name {name}")
        return
    yield wrong("status events", "no rule takes them to DeploymentStatus", "deploy infra/template.yaml again")


def _table(aws: Aws, table: str) -> Iterator[Finding]:
    status = aws.call("dynamodb", "DescribeTable", TableName=table)["Table"]["TableStatus"]
    if status != "ACTIVE":
        yield wrong(f"table {table}", f"it is {status}", "wait until it is ACTIVE")
        return
    answer = aws.call("dynamodb", "DescribeTimeToLive", TableName=table).get("TimeToLiveDescription", {})
    if answer.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}:
        yield good(f"table {table}", "it is there, and old runs go by themselves")
    else:
        yield wrong(f"table {table}", "old runs stay for ever", "switch its time to live on: docs/ledger.md")
