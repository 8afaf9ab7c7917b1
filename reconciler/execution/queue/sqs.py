"""One SQS queue with its dead-letter queue."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.aws.client import Aws
from reconciler.model.errors import AwsError

BATCH = 10
"""Entries of a SendMessageBatch, and messages of a ReceiveMessage, at most."""
BATCH_BYTES = 250_000


@dataclass(frozen=True, slots=True)
class Message:
    """A message in hand: ``attempt`` counts its deliveries, this one included."""

    id: str
    receipt: str
    body: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue by URL. Methods raise AwsError."""

    aws: Aws
    url: str
    dead_letter_url: str

    def send(self, bodies: Sequence[str]) -> None:
        """Send messages, in as few calls as their number and sizes allow."""
        batch: list[str] = []
        size = 0
        for body in bodies:
            length = len(body.encode())
            if batch and (len(batch) == BATCH or size + length > BATCH_BYTES):
                self._send(batch)
                batch, size = [], 0
            batch.append(body)
            size += length
        if batch:
            self._send(batch)

    def receive(self, most: int, *, wait: int, visibility: int) -> list[Message]:
        """Up to ``most`` (10) messages, waiting up to ``wait`` seconds; nobody else sees them for ``visibility``."""
        answer = self.aws.call(
            "sqs",
            "ReceiveMessage",
            QueueUrl=self.url,
            MaxNumberOfMessages=min(most, BATCH),
            WaitTimeSeconds=wait,
            VisibilityTimeout=visibility,
            AttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Message(
                row["MessageId"],
                row["ReceiptHandle"],
                row["Body"],
                int(row.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for row in answer.get("Messages", [])
        ]

    def is_empty(self) -> bool:
        """Whether there is no message, those included that are in somebody's hands or come later.

        SQS says so up to a minute late.
        """
        counts = (
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        )
        answer = self.aws.call("sqs", "GetQueueAttributes", QueueUrl=self.url, AttributeNames=list(counts))
        return not any(int(answer["Attributes"][name]) for name in counts)

    def delete(self, message: Message) -> None:
        """Take a message off the queue: it is done."""
        self.aws.call("sqs", "DeleteMessage", QueueUrl=self.url, ReceiptHandle=message.receipt)

    def hide(self, message: Message, seconds: int) -> None:
        """Keep a message from others for so many seconds more; 0 gives it back. One that is gone is no error."""
        try:
            self.aws.call(
                "sqs",
                "ChangeMessageVisibility",
                QueueUrl=self.url,
                ReceiptHandle=message.receipt,
                VisibilityTimeout=seconds,
            )
        except AwsError as error:
            if error.status != 400:
                raise

    def bury(self, message: Message, reason: str) -> None:
        """Put a copy of a message into the dead-letter queue, with the reason as an attribute."""
        attribute = {"DataType": "String", "StringValue": reason[:1000] or "no reason"}
        self.aws.call(
            "sqs",
            "SendMessage",
            QueueUrl=self.dead_letter_url,
            MessageBody=message.body,
            MessageAttributes={"reason": attribute},
        )

    def _send(self, bodies: Sequence[str]) -> None:
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        answer = self.aws.call("sqs", "SendMessageBatch", QueueUrl=self.url, Entries=entries)
        if failed := answer.get("Failed"):
            raise AwsError(
                f"sending {len(failed)} of {len(entries)} messages: {json.dumps(failed[0], sort_keys=True)}",
                operation="sqs:SendMessageBatch",
                code=str(failed[0].get("Code", "")),
                hint="run the command again: what was sent is known and does no harm twice",
            )
