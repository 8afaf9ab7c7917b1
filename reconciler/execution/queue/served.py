"""Which fleet a stack serves, kept in the stack's table: functions have no fleet directory.

It is written by every apply before its run begins, so whoever has a message of ours finds it. Secrets are not in it:
a Fleet names the environment variable that holds one.
"""

import json
from collections.abc import Mapping
from typing import Any

from reconciler.aws.client import Aws
from reconciler.execution.dynamodb_table import Key, Table
from reconciler.execution.queue.stack import Stack
from reconciler.model.errors import ReconcileError
from reconciler.model.fleet import Artifacts, BulkDeployments, CdfAuth, Fleet, LedgerPlace, Provisioning

FORMAT_VERSION = 1


def serve(aws: Aws, stack: Stack) -> None:
    """Keep the fleet of ``stack`` as it is declared now. Raises ReconcileError if the stack serves another fleet."""
    table, key = Table(aws, stack.table), _key(stack.name)
    item = {"fleet": stack.fleet.name, "document": json.dumps(fleet_document(stack.fleet), sort_keys=True)}
    if not table.put(key, item, "attribute_not_exists(#pk) OR #fleet = :fleet"):
        other = (table.get(key) or {}).get("fleet", "another")
        raise ReconcileError(
            f"{stack.fleet.execution.position}: stack {stack.name} serves fleet {other}, and can serve one alone",
            hint=f"deploy infra/template.yaml under another name for fleet {stack.fleet.name}; if {other} is no more,"
            f" delete the item {key.pk} of the table {stack.table}",
        )


def served(aws: Aws, table: str, stack: str) -> Fleet | None:
    """The fleet that ``stack`` serves, by the record in its table; None if nothing was ever applied through it.

    Raises ReconcileError for a record of another version, or a damaged one.
    """
    item = Table(aws, table).get(_key(stack))
    return read_fleet(json.loads(item["document"])) if item is not None else None


def fleet_document(fleet: Fleet) -> dict[str, Any]:
    """What workers need of a Fleet."""
    auth, artifacts, bulk = fleet.provisioning.auth, fleet.artifacts, fleet.bulk_deployments
    return {
        "formatVersion": FORMAT_VERSION,
        "name": fleet.name,
        "account": fleet.account,
        "region": fleet.region,
        "provisioning": {
            "provider": fleet.provisioning.provider,
            "url": fleet.provisioning.url,
            "auth": {"type": auth.type, "variable": auth.variable, "function": auth.function},
        },
        "artifacts": {"bucket": artifacts.bucket, "prefix": artifacts.prefix} if artifacts else None,
        "bulkDeployments": (
            {"bucket": bulk.bucket, "executionRoleArn": bulk.execution_role_arn, "prefix": bulk.prefix}
            if bulk
            else None
        ),
        "ledger": {"provider": fleet.ledger.provider, "table": fleet.ledger.table},
        "limits": dict(fleet.limits),
    }


def read_fleet(document: Any) -> Fleet:
    """The way back of ``fleet_document``. Raises ReconcileError."""
    version = document.get("formatVersion") if isinstance(document, Mapping) else None
    if version != FORMAT_VERSION:
        raise ReconcileError(
            f"the record of the fleet has format version {version}, and this version reads {FORMAT_VERSION}",
            hint="bring the functions and the command that applies to the same version",
        )
    try:
        return _fleet(document)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"the record of the fleet is damaged ({type(error).__name__}: {error})"
        raise ReconcileError(message, hint="apply again: that writes it anew") from error


def _fleet(document: Mapping[str, Any]) -> Fleet:
    provisioning, auth = document["provisioning"], document["provisioning"]["auth"]
    artifacts, bulk, ledger = document["artifacts"], document["bulkDeployments"], document["ledger"]
    return Fleet(
        name=document["name"],
        account=document["account"],
        region=document["region"],
        provisioning=Provisioning(
            provisioning["provider"], provisioning["url"], CdfAuth(auth["type"], auth["variable"], auth["function"])
        ),
        artifacts=Artifacts(artifacts["bucket"], artifacts["prefix"]) if artifacts else None,
        bulk_deployments=(BulkDeployments(bulk["bucket"], bulk["executionRoleArn"], bulk["prefix"]) if bulk else None),
        ledger=LedgerPlace(ledger["provider"], ledger["table"]),
        limits={name: float(rate) for name, rate in document["limits"].items()},
    )


def _key(stack: str) -> Key:
    # Everything else in the table is below a fleet's name, which cannot begin like this.
    return Key(f"#stack#{stack}")
