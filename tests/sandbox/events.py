"""What EventBridge tells, as a rule brings it into a queue."""

import json
from collections.abc import Callable, Mapping
from typing import Any

Take = Callable[[], list[dict[str, Any]]]


def into_a_queue(client: Callable[[str], Any], pattern: Mapping[str, Any]) -> Take:
    """Let a rule bring the events of ``pattern`` into a queue; what takes them from it, in the order of delivery."""
    sqs, bridge = client("sqs"), client("events")
    url = sqs.create_queue(QueueName="DeploymentStatus")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bridge.put_rule(Name="status", EventPattern=json.dumps(pattern))
    bridge.put_targets(Rule="status", Targets=[{"Id": "queue", "Arn": arn}])

    def take() -> list[dict[str, Any]]:
        taken: list[dict[str, Any]] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                taken.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    return take
