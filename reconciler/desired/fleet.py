"""The Fleet document → the fleet."""

from typing import Any

from reconciler.desired.arns import check_role
from reconciler.desired.cdf import build_provisioning
from reconciler.desired.documents import Checked
from reconciler.desired.guards import build_guards
from reconciler.desired.located import LocatedDict, plain
from reconciler.desired.policies import build_policies
from reconciler.desired.problems import Problems
from reconciler.desired.pruning import build_moves, build_pruning
from reconciler.model.fleet import Artifacts, BulkDeployments, Execution, Fleet, LedgerPlace, Nucleus
from reconciler.model.position import Position

STAND_IN = Fleet(name="", account="000000000000", region="us-east-1")
"""Takes the place of a fleet whose account or region is not known, so that groups can be looked through even then."""


def build_fleet(documents: list[Checked], start: Position, everything_read: bool, problems: Problems) -> Fleet | None:
    """The fleet that ``documents`` (of kind Fleet) describe; None where account or region is not known.

    ``start`` is the directory's place, for a fleet that is missing; it is not said to be missing where
    ``everything_read`` is false, as it may stand in what could not be read.
    """
    if not documents:
        if everything_read:
            hint = "add a file with kind: Fleet, or name the directory that has one"
            problems.add(start, "no-fleet", "there is no Fleet document in this directory", hint)
        return None
    first, *others = documents
    for other in others:
        message = f"a second Fleet document; the first is at {first.position}"
        problems.add(other.position, "two-fleets", message, "keep one; another fleet has a directory of its own")
    if first.value is None:
        return None
    spec = first.spec
    bulk = spec.get("bulkDeployments")
    artifacts = spec.get("artifacts")
    nucleus = spec.get("nucleus")
    fleet = Fleet(
        name=first.metadata["name"],
        account=spec["account"],
        region=spec["region"],
        provisioning=build_provisioning(spec, problems),
        artifacts=_artifacts(artifacts) if artifacts is not None else None,
        bulk_deployments=_bulk_deployments(bulk) if bulk is not None else None,
        nucleus=Nucleus(nucleus["roleAlias"], nucleus.get("version"), nucleus.position()) if nucleus else None,
        ledger=_ledger(spec, problems),
        execution=_execution(spec, problems),
        limits={name: float(rate) for name, rate in spec.get("limits", {}).items()},
        pruning=build_pruning(spec, problems),
        moved=build_moves(spec),
        guards=build_guards(spec, problems),
        policies=build_policies(spec, problems),
        position=first.position,
    )
    if fleet.bulk_deployments and isinstance(bulk, LocatedDict):
        check_role(fleet.bulk_deployments.execution_role_arn, bulk.position("executionRoleArn"), fleet, problems)
    return fleet


def _ledger(spec: LocatedDict, problems: Problems) -> LedgerPlace:
    section = spec.get("ledger")
    if not isinstance(section, LocatedDict):
        return LedgerPlace()
    provider, table = section.get("provider", "sqlite"), section.get("table")
    if provider == "dynamodb" and "table" not in section.places:
        hint = "add table: NAME of a DynamoDB table in the fleet's account and region"
        problems.add(spec.key_position("ledger"), "missing-key", "spec.ledger lacks the key table", hint)
    elif provider == "sqlite" and table is not None:
        message = "spec.ledger.table has no meaning with provider: sqlite"
        hint = "take it away, or write provider: dynamodb"
        problems.add(section.key_position("table"), "unknown-key", message, hint)
    return LedgerPlace(provider, table, section.position())


def _execution(spec: LocatedDict, problems: Problems) -> Execution:
    section = spec.get("execution")
    if not isinstance(section, LocatedDict):
        return Execution()
    mode, stack = section.get("mode", "local"), section.get("stack")
    if mode == "queue" and "stack" not in section.places:
        hint = "add stack: NAME of the stack made from infra/template.yaml"
        problems.add(spec.key_position("execution"), "missing-key", "spec.execution lacks the key stack", hint)
    for key in ("stack", "queues"):
        if mode == "local" and key in section.places:
            message = f"spec.execution.{key} has no meaning with mode: local"
            problems.add(section.key_position(key), "unknown-key", message, "take it away, or write mode: queue")
    ledger = spec.get("ledger")
    if mode == "queue" and isinstance(ledger, LocatedDict) and ledger.get("provider") == "sqlite":
        message = "spec.ledger is a file on this machine, which the workers of mode: queue cannot share"
        problems.add(spec.key_position("ledger"), "ledger-not-shared", message, "leave it out: the stack has a table")
    queues = {name: (queue["url"], queue["deadLetterUrl"]) for name, queue in section.get("queues", {}).items()}
    return Execution(mode, stack, queues, section.position())


def _artifacts(section: Any) -> Artifacts:
    values = plain(section)
    return Artifacts(bucket=values["bucket"], prefix=values.get("prefix", ""), position=section.position())


def _bulk_deployments(section: Any) -> BulkDeployments:
    values = plain(section)
    return BulkDeployments(
        bucket=values["bucket"],
        execution_role_arn=values["executionRoleArn"],
        prefix=values.get("prefix", ""),
        position=section.position(),
    )
