"""One look at everything that a fleet needs in its account."""

from collections.abc import Iterator

from reconciler.aws.client import Aws
from reconciler.execution.doctor.buckets import check_artifacts, check_bulk
from reconciler.execution.doctor.findings import good, looked_at, wrong
from reconciler.execution.doctor.queues import check_stack
from reconciler.execution.lock import is_held, lock_words
from reconciler.execution.queue.stack import read_stack
from reconciler.execution.session import check_account, open_ledger
from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError
from reconciler.model.finding import Finding
from reconciler.model.fleet import Fleet
from reconciler.model.template import GREENGRASS_V1

MOST_SKEW = 60.0
"""Seconds. AWS refuses signatures that are 5 minutes off (IAM guide, "Signature Version 4"); leases bear a minute."""


def examine(aws: Aws, desired: DesiredState) -> Iterator[Finding]:
    """What is found, check by check. Without credentials of the fleet's account nothing else is looked at."""
    fleet = desired.fleet
    found = list(looked_at("credentials", lambda: _credentials(aws, desired)))
    yield from found
    if any(finding.state == "wrong" for finding in found):
        return
    yield from looked_at("clock", lambda: _clock(aws))
    if any(group.runtime == GREENGRASS_V1 for group in desired.groups):
        yield from looked_at("Greengrass V1", lambda: _greengrass(aws))
    stack = None
    if fleet.execution.mode == "queue":
        try:
            stack = read_stack(aws, fleet)
        except AwsError as error:
            yield wrong(f"stack {fleet.execution.stack}", error.message, error.hint)
            return
        yield good(f"stack {fleet.execution.stack}", "it has all outputs")
        yield from looked_at("queues", lambda: check_stack(aws, stack))
    yield from _places(aws, stack.fleet if stack is not None else fleet)
    yield from looked_at("ledger", lambda: _ledger(aws, desired))


def _credentials(aws: Aws, desired: DesiredState) -> Iterator[Finding]:
    check_account(aws, desired)
    yield good("credentials", f"they are of account {desired.fleet.account}")


def _clock(aws: Aws) -> Iterator[Finding]:
    skew = aws.clock_skew()
    if abs(skew) > MOST_SKEW:
        way = "behind" if skew > 0 else "ahead of"
        yield wrong("clock", f"this machine is {abs(skew):.0f} seconds {way} AWS", "have it set by NTP")
    else:
        yield good("clock", f"within {MOST_SKEW:.0f} seconds of AWS's")


def _greengrass(aws: Aws) -> Iterator[Finding]:
    aws.call("greengrass", "ListGroups", MaxResults="1")
    yield good("Greengrass V1", f"it answers in {aws.region}")
    try:
        role = aws.call("greengrass", "GetServiceRoleForAccount").get("RoleArn", "")
    except AwsError as error:
        if error.status != 404:
            raise
        hint = "aws greengrass associate-service-role-to-account --role-arn …"
        yield wrong("Greengrass V1", "the account has no Greengrass service role: cores get nothing", hint)
    else:
        yield good("Greengrass V1", f"its service role is {role}")


def _places(aws: Aws, fleet: Fleet) -> Iterator[Finding]:
    artifacts, bulk = fleet.artifacts, fleet.bulk_deployments
    if artifacts is None:
        hint = "add `artifacts: {bucket: …, prefix: …}` to the Fleet's spec before things are provisioned"
        yield Finding("artifact bucket", "unknown", "the fleet names none", hint)
    else:
        yield from looked_at(f"artifact bucket {artifacts.bucket}", lambda: check_artifacts(aws, artifacts.bucket))
    if bulk is not None:
        role = bulk.execution_role_arn
        yield from looked_at(f"bulk bucket {bulk.bucket}", lambda: check_bulk(aws, bulk.bucket, role, fleet.account))


def _ledger(aws: Aws, desired: DesiredState) -> Iterator[Finding]:
    with open_ledger(desired, aws.stats) as ledger:
        lease, runs = ledger.leases.current(), ledger.runs(1)
    newest = f"the newest run is {runs[0].id} ({runs[0].state})" if runs else "it has no run yet"
    yield good("ledger", f"it answers; {newest}")
    if lease is not None and is_held(lease):
        yield Finding("lock", "unknown", lock_words(lease))
    elif lease is None or not lease.until:
        yield good("lock", "it is free")
    else:
        yield Finding("lock", "unknown", f"run {lease.run} of {lease.holder} did not give it back; it ran out")
