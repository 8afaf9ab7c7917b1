"""One DynamoDB table of items that bear texts, numbers and sets of texts, spoken to through the one way to AWS.

Keys are ``pk`` and ``sk``, both texts. Every read is consistent and goes through all pages; every write of one item may
have a condition, and says whether it held.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import AwsError, ReconcileError

if TYPE_CHECKING:
    from reconciler.aws.client import Aws

Item = Mapping[str, Any]
"""An item's attributes: texts, whole numbers, and sets of texts; None is an attribute that is not there."""

IS_NEW = "attribute_not_exists(#pk)"
IS_THERE = "attribute_exists(#pk)"
"""Conditions on an item's being there."""

MOST_GETS = 100
"""Keys in one BatchGetItem (DynamoDB API reference)."""
MOST_ACTIONS = 100
"""Actions in one TransactWriteItems (the same)."""
ATTEMPTS = 8
"""At what DynamoDB left undone, or clashed with another's transaction; with the pauses half a minute on average."""


@dataclass(frozen=True, slots=True)
class Key:
    """The primary key of an item."""

    pk: str
    sk: str = "-"


class Table:
    """The table ``name``. Raises ReconcileError where it is missing or has other keys, AwsError for the rest."""

    def __init__(self, aws: "Aws", name: str) -> None:
        self.name = name
        self._aws = aws

    def get(self, key: Key) -> dict[str, Any] | None:
        """An item's attributes, keys included; None if it is not there."""
        answer = self._call("GetItem", {"Key": _encoded(_key(key)), "ConsistentRead": True})
        return _decoded(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Key]) -> Iterator[dict[str, Any]]:
        """The items of ``keys`` that are there, in any order. What DynamoDB leaves undone is asked for again."""
        open_keys = [_encoded(_key(key)) for key in dict.fromkeys(keys)]
        attempt = 0
        while open_keys:
            asked, later = open_keys[:MOST_GETS], open_keys[MOST_GETS:]
            request = {self.name: {"Keys": asked, "ConsistentRead": True}}
            answer = self._call("BatchGetItem", {"RequestItems": request}, named=False)
            for item in answer.get("Responses", {}).get(self.name, []):
                yield _decoded(item)
            undone = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            # An answer ends at 16 MB: only one that brought nothing at all is a failed attempt.
            attempt = attempt + 1 if len(undone) == len(asked) else 0
            if attempt >= ATTEMPTS:
                raise self._too_busy("BatchGetItem")
            if undone:
                self._aws.stats.retried()
                self._aws.back_off(max(1, attempt))
            open_keys = [*undone, *later]

    def query(
        self, pk: str, *, newest_first: bool = False, most: int | None = None, only: Sequence[str] = ()
    ) -> Iterator[dict[str, Any]]:
        """The items of a partition by their sort keys, page by page; at most so many, ``only`` those attributes."""
        condition, wanted = "#pk = :pk", ", ".join(f"#{name}" for name in only)
        parameters: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,
            **({"ProjectionExpression": wanted} if only else {}),
            **_named(f"{condition} {wanted}", {"pk": pk}),
        }
        left = most
        while left is None or left > 0:
            if left is not None:
                parameters["Limit"] = left
            answer = self._call("Query", parameters)
            items = answer.get("Items", [])
            yield from map(_decoded, items)
            if not answer.get("LastEvaluatedKey"):
                return
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            left = None if left is None else left - len(items)

    def put(self, key: Key, item: Item, condition: str, values: Item | None = None) -> bool:
        """Put an item in place of what is there, if ``condition`` holds; whether it did.

        In a condition ``#name`` is an attribute, and ``:name`` a value: one of ``values``, or the item's own.
        """
        return self._held(lambda: self._call("PutItem", self._put(key, item, condition, values)))

    def put_all(self, items: Sequence[tuple[Key, Item]], condition: str) -> None:
        """``put`` for many, one by one where the conditions of a hundred do not all hold."""
        for start in range(0, len(items), MOST_ACTIONS):
            chunk = items[start : start + MOST_ACTIONS]
            actions = [{"Put": {"TableName": self.name, **self._put(*item, condition, None)}} for item in chunk]
            try:
                self._call("TransactWriteItems", {"TransactItems": actions}, named=False)
            except AwsError as error:
                # A condition, somebody else's transaction, or too much at once: each for itself gets what is right.
                if error.code not in {"TransactionCanceledException", "TransactionInProgressException"}:
                    raise
                for item in chunk:
                    self.put(*item, condition)

    def update(
        self,
        key: Key,
        item: Item,
        *,
        first: Item | None = None,
        condition: str = "",
        values: Item | None = None,
        add: Item | None = None,
        delete: Item | None = None,
    ) -> dict[str, Any] | None:
        """Set attributes (remove those that are None) if ``condition`` holds: the item as it is then, None if not.

        ``first`` are set only where they are not there yet; ``add`` and ``delete`` change sets.
        """
        first, add, delete = first or {}, add or {}, delete or {}
        sets = [f"#{name} = :{name}" for name, value in item.items() if value is not None]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in first]
        removed = [f"#{name}" for name, value in item.items() if value is None]
        clauses = {
            "SET": sets,
            "REMOVE": removed,
            "ADD": [f"#{name} :{name}" for name in add],
            "DELETE": [f"#{name} :{name}" for name in delete],
        }
        expression = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)
        parameters: dict[str, Any] = {
            "Key": _encoded(_key(key)),
            "UpdateExpression": expression,
            "ReturnValues": "ALL_NEW",
            **({"ConditionExpression": condition} if condition else {}),
            **_named(f"{expression} {condition}", {**item, **first, **add, **delete, **(values or {})}),
        }
        answers: list[dict[str, Any]] = []
        held = self._held(lambda: answers.append(self._call("UpdateItem", parameters)))
        return _decoded(answers[-1].get("Attributes", {})) if held else None

    def delete(self, key: Key, condition: str = "", values: Item | None = None) -> bool:
        """Delete an item, if ``condition`` holds; whether it did."""
        conditions = {"ConditionExpression": condition, **_named(condition, values or {})} if condition else {}
        return self._held(lambda: self._call("DeleteItem", {"Key": _encoded(_key(key)), **conditions}))

    def _put(self, key: Key, item: Item, condition: str, values: Item | None) -> dict[str, Any]:
        return {
            "Item": _encoded({**_key(key), **item}),
            "ConditionExpression": condition,
            **_named(condition, {**item, **(values or {})}),
        }

    def _held(self, write: Callable[[], object]) -> bool:
        """Whether the condition of a write held; a clash with somebody else's transaction is tried again."""
        attempt = 1
        while True:
            try:
                write()
            except AwsError as error:
                if error.code == "ConditionalCheckFailedException":
                    return False
                if error.code != "TransactionConflictException" or attempt >= ATTEMPTS:
                    raise
            else:
                return True
            self._aws.stats.retried()
            self._aws.back_off(attempt)
            attempt += 1

    def _call(self, operation: str, parameters: Mapping[str, Any], *, named: bool = True) -> dict[str, Any]:
        table = {"TableName": self.name} if named else {}
        try:
            return self._aws.call("dynamodb", operation, **table, **parameters)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                raise ReconcileError(
                    f"using the ledger: there is no DynamoDB table {self.name} in {self._aws.region}",
                    hint=f"make it, and try again: {create_command(self.name, self._aws.region)}",
                ) from error
            if error.code == "ValidationException" and "key" in error.message.lower():
                raise ReconcileError(
                    f"using the ledger: the DynamoDB table {self.name} has other keys ({error.message})",
                    hint=f"name another table in the Fleet, and make it: {create_command('NAME', self._aws.region)}",
                ) from error
            raise

    def _too_busy(self, operation: str) -> AwsError:
        return AwsError(
            f"dynamodb:{operation}: the table {self.name} left everything undone {ATTEMPTS} times",
            operation=f"dynamodb:{operation}",
            code="UnprocessedKeys",
            hint="give the table more capacity, or bill it by request (on demand)",
        )


def create_command(table: str, region: str) -> str:
    """The command line that makes a ledger's table."""
    return (
        f"aws dynamodb create-table --region {region} --table-name {table} --billing-mode PAY_PER_REQUEST"
        " --attribute-definitions AttributeName=pk,AttributeType=S AttributeName=sk,AttributeType=S"
        " --key-schema AttributeName=pk,KeyType=HASH AttributeName=sk,KeyType=RANGE"
    )


def _key(key: Key) -> dict[str, str]:
    return {"pk": key.pk, "sk": key.sk}


def _named(expressions: str, values: Item) -> dict[str, Any]:
    """What ``#name`` and ``:name`` in expressions stand for; DynamoDB refuses any that is not used."""
    names = {f"#{name}": name for name in re.findall(r"#(\w+)", expressions)}
    used = {name: values[name] for name in re.findall(r":(\w+)", expressions)}
    found: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
    return found | (
        {"ExpressionAttributeValues": {f":{name}": _value(it) for name, it in used.items()}} if used else {}
    )


def _encoded(item: Item) -> dict[str, Any]:
    return {name: _value(value) for name, value in item.items() if value is not None}


def _value(value: str | int | frozenset[str]) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    return {"N": str(value)} if isinstance(value, int) else {"SS": sorted(value)}


def _decoded(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        found[name] = int(value) if kind == "N" else frozenset(value) if kind == "SS" else value
    return found
