"""What a command on a fleet works with: its files, AWS, ledger, cache and runtimes; and the plan they give.

What imports botocore is imported when a session is opened: commands import this module also to print their help.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from reconciler.aws.cache import Cache
from reconciler.aws.stats import Stats
from reconciler.desired.artifacts import with_fleet
from reconciler.execution.dynamodb_ledger import DynamoDbLedger
from reconciler.execution.guarding import guarded
from reconciler.execution.ledger import Ledger
from reconciler.execution.local_state import local_state
from reconciler.execution.precedence import now_text
from reconciler.execution.sqlite_ledger import SqliteLedger
from reconciler.execution.status import combine_status
from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError, ReconcileError
from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan, GuardFinding, Plan
from reconciler.model.run import FleetStatus
from reconciler.model.secrets import read_secrets
from reconciler.model.template import GREENGRASS_V1, GREENGRASS_V2
from reconciler.planning.guards.facts import Facts
from reconciler.runtimes.base import Memory, Planned, Runtime
from reconciler.runtimes.patience import Patience

if TYPE_CHECKING:
    from reconciler.aws.client import Aws
    from reconciler.execution.queue.stack import Stack

UNREACHED = (
    "is the network up, and AWS_ENDPOINT_URL right, if it is set? (`reconcile sandbox status` shows a sandbox's)"
)


@dataclass(frozen=True, slots=True)
class Session:
    """A fleet opened for work. ``runtimes`` are by the name that templates give; ``stack`` is there in mode queue.

    ``patience`` is what all waiting of its runtimes ends with.
    """

    desired: DesiredState
    aws: "Aws"
    ledger: Ledger
    runtimes: Mapping[str, Runtime]
    stack: "Stack | None" = None
    patience: Patience = field(default_factory=Patience)


@contextmanager
def open_session(desired: DesiredState, stats: Stats | None = None, *, refresh: bool = False) -> Iterator[Session]:
    """Open a fleet's account, ledger and cache, and close what has to be closed. ``stats`` counts the calls.

    With ``refresh`` plans read anew what comes from the cache since AWS has no bulk read for it.

    Raises ReconcileError if the credentials are another account's, a secret has no value, or local state cannot be
    written; AwsError if AWS does not answer.
    """
    from reconciler.aws.client import Aws  # noqa: PLC0415 (imports botocore)
    from reconciler.runtimes.v1.runtime import GreengrassV1  # noqa: PLC0415 (imports botocore)
    from reconciler.runtimes.v2.runtime import GreengrassV2  # noqa: PLC0415 (imports botocore)

    fleet = desired.fleet
    aws = Aws(fleet.region, limits=fleet.limits)
    aws.secrets = read_secrets(fleet, desired.secrets(), os.environ)
    if stats is not None:
        aws.stats = stats
    check_account(aws, desired)
    stack = None
    if fleet.execution.mode == "queue":
        from reconciler.execution.queue.stack import read_stack  # noqa: PLC0415 (imports botocore)

        stack = read_stack(aws, fleet)
        desired = with_fleet(desired, stack.fleet)
    state = local_state(desired.directory)
    with closing(Cache(state / "cache.db")) as cache, closing(_ledger(desired, aws)) as ledger:
        patience = Patience()
        runtimes: dict[str, Runtime] = {
            GREENGRASS_V1: GreengrassV1(aws, cache, desired.fleet, patience),
            GREENGRASS_V2: GreengrassV2(
                aws, cache, desired.fleet, patience, directory=desired.directory, refresh=refresh
            ),
        }
        yield Session(desired, aws, ledger, runtimes, stack, patience)


@contextmanager
def open_ledger(desired: DesiredState, stats: Stats | None = None) -> Iterator[Ledger]:
    """Open a fleet's ledger alone, and AWS only if it is there. ``stats`` counts the calls.

    Raises as ``open_session``.
    """
    aws = None
    if desired.fleet.ledger.provider == "dynamodb" or desired.fleet.execution.mode == "queue":
        from reconciler.aws.client import Aws  # noqa: PLC0415 (imports botocore)

        aws = Aws(desired.fleet.region, limits=desired.fleet.limits)
        if stats is not None:
            aws.stats = stats
        check_account(aws, desired)
        if desired.fleet.execution.mode == "queue":
            from reconciler.execution.queue.stack import read_stack  # noqa: PLC0415 (imports botocore)

            desired = replace(desired, fleet=read_stack(aws, desired.fleet).fleet)
    with closing(_ledger(desired, aws)) as ledger:
        yield ledger


def _ledger(desired: DesiredState, aws: "Aws | None") -> Ledger:
    fleet = desired.fleet
    if aws is not None and fleet.ledger.table is not None:
        return DynamoDbLedger(aws, fleet.ledger.table, fleet.name)
    return SqliteLedger(local_state(desired.directory) / "ledger.db", fleet.name)


def check_account(aws: "Aws", desired: DesiredState) -> None:
    """Raise ReconcileError unless the credentials belong to the account that the fleet is declared for."""
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    from reconciler.aws.errors import UNREACHABLE  # noqa: PLC0415 (imports botocore)

    fleet = desired.fleet
    try:
        with aws.stats.phase("account"):
            account = aws.account()
    except AwsError as error:
        if error.status or error.hint:
            raise
        message = error.message.removesuffix(f": {UNREACHABLE}")  # the hint says it, and more
        raise AwsError(message, operation=error.operation, code=error.code, hint=UNREACHED) from error
    except (ResponseParserError, LookupError) as error:
        raise ReconcileError(
            f"asking whose credentials these are: what answers for AWS is not AWS ({type(error).__name__}: {error})",
            hint=UNREACHED,
        ) from error
    if account != fleet.account:
        raise ReconcileError(
            f"{fleet.position}: fleet {fleet.name} is in account {fleet.account}, the credentials belong to {account}",
            hint="use credentials of that account, or correct `account` in the Fleet",
        )


def make_plan(session: Session, groups: Sequence[Group], *, expect_some: bool = True) -> Plan:
    """The plan that brings ``groups`` to what the files say, with what guards say of it. Reads AWS and never writes."""
    plan, facts = compare_all(session, groups, expect_some=expect_some)
    return guarded(session.desired, plan, facts)


def compare_all(session: Session, groups: Sequence[Group], *, expect_some: bool) -> tuple[Plan, Facts]:
    """The plan of ``groups`` and what guards want to know besides.

    A runtime of which the files have no group any more is asked, too, for what it still has of the fleet.
    """
    desired = session.desired
    memory = memory_of(session)
    without = set(session.runtimes) - {group.runtime for group in desired.groups}

    def plan_members(runtime: Runtime, members: Sequence[Group]) -> Planned:
        if members:
            return runtime.plan(desired, members, memory, expect_some=expect_some)
        return runtime.plan_gone(desired, memory)

    also = without if len(groups) == len(desired.groups) else ()
    plan, facts = plan_with(session, groups, plan_members, also=also)
    return plan, replace(facts, knows_ours=facts.knows_ours or bool(memory.known_groups))


def memory_of(session: Session) -> Memory:
    """What the ledger of ``session`` remembers that plans make use of."""
    return Memory(session.ledger.known_groups(), session.ledger.removals())


def plan_with(
    session: Session,
    groups: Sequence[Group],
    plan_members: Callable[[Runtime, Sequence[Group]], Planned],
    *,
    also: Iterable[str] = (),
) -> tuple[Plan, Facts]:
    """One plan of what ``plan_members`` makes of each runtime and its groups, and what guards want to know besides.

    Runtimes in ``also`` are asked without any.
    """
    fleet = session.desired.fleet
    members_of: dict[str, Sequence[Group]] = dict.fromkeys(also, ())
    members_of |= _by_runtime(groups)
    plans: list[GroupPlan] = []
    guards: list[GuardFinding] = []
    contents: dict[str, Mapping[str, Any]] = {}
    facts = Facts()
    for name, members in sorted(members_of.items()):
        with session.aws.stats.phase("plan"):
            planned = plan_members(session.runtimes[name], members)
        # Where two runtimes have groups of one name that go, one goes with this plan, and the other with the next.
        taken = {plan.name for plan in planned.groups}
        plans = [plan for plan in plans if plan.name not in taken]
        plans.extend(planned.groups)
        guards.extend(planned.guards)
        contents |= planned.contents
        facts |= planned.facts
    plan = Plan(
        fleet=fleet.name,
        account=fleet.account,
        region=fleet.region,
        created_at=now_text(),
        groups=tuple(sorted(plans, key=lambda plan: plan.name)),
        guards=tuple(sorted(guards, key=lambda finding: (finding.severity, finding.guard, finding.message))),
        contents=contents,
    )
    return plan, facts


def read_status(session: Session, groups: Sequence[Group], run_id: str | None) -> FleetStatus:
    """Where ``groups`` stand, with the run of that id, or the latest one; the ledger learns what became of it.

    Raises ReconcileError for an unknown run.
    """
    run = session.ledger.run(run_id)
    if run is None and run_id is not None:
        raise ReconcileError(
            f"the ledger knows no run {run_id}", hint="`reconcile runs` lists them; leave --run out to see the latest"
        )
    rows = []
    for name, members in _by_runtime(groups).items():
        with session.aws.stats.phase("status"):
            rows.extend(session.runtimes[name].status(session.desired, members, session.ledger.template_version_of))
    tasks = session.ledger.tasks(run.id) if run is not None else {}
    status = combine_status(session.desired.fleet.name, run, tasks, rows)
    if run is not None and status.state is not None and status.state != run.state:
        session.ledger.settle_run(run.id, status.state, was=run.state)
    return status


def _by_runtime(groups: Sequence[Group]) -> dict[str, list[Group]]:
    by_runtime: dict[str, list[Group]] = {}
    for group in groups:
        by_runtime.setdefault(group.runtime, []).append(group)
    return dict(sorted(by_runtime.items()))
