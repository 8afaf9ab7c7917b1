"""The two ledgers, each with a store of its own that several can be opened on."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from reconciler.aws.client import Aws
from reconciler.execution.dynamodb_ledger import DynamoDbLedger
from reconciler.execution.dynamodb_table import create_command
from reconciler.execution.ledger import KEPT, Ledger
from reconciler.execution.sqlite_ledger import SqliteLedger

TABLE = "fleet-ledger"
REGION = "eu-central-1"
PROVIDERS = ("sqlite", "dynamodb")

Open = Callable[..., Ledger]
"""Opens one more ledger on the store: ``open(fleet="demo", kept=…)``."""


def make_table(client: Callable[[str], Any], name: str = TABLE) -> None:
    """Make a ledger's table as the product says that it is made."""
    words = shlex.split(create_command(name, REGION))
    assert words[:3] == ["aws", "dynamodb", "create-table"]
    options = dict(zip(*[iter(_joined(words[3:]))] * 2, strict=True))
    client("dynamodb").create_table(
        TableName=options["--table-name"],
        BillingMode=options["--billing-mode"],
        AttributeDefinitions=_structures(options["--attribute-definitions"]),
        KeySchema=_structures(options["--key-schema"]),
    )


def _joined(words: list[str]) -> Iterator[str]:
    """Option, value, option, value …: the values of one option made one."""
    texts: list[str] = []
    for word in words:
        if word.startswith("--"):
            if texts:
                yield " ".join(texts)
            texts = []
            yield word
        else:
            texts.append(word)
    yield " ".join(texts)


def _structures(text: str) -> list[dict[str, str]]:
    return [dict(member.split("=") for member in word.split(",")) for word in text.split()]


@contextmanager
def store(provider: str, aws: Aws, directory: Path) -> Iterator[Open]:
    """A function that opens ledgers on one store; they are closed at the end. DynamoDB's table has to be there."""
    opened: list[Ledger] = []

    def open_one(*, fleet: str = "demo", kept: timedelta = KEPT) -> Ledger:
        made: Ledger
        if provider == "sqlite":
            made = SqliteLedger(directory / "ledger.db", fleet, kept=kept)
        else:
            made = DynamoDbLedger(aws, TABLE, fleet, kept=kept)
        opened.append(made)
        return made

    yield open_one
    for ledger in opened:
        ledger.close()
