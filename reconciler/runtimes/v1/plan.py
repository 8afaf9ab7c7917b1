"""Plans the Greengrass V1 groups of a fleet: observe, ask what is open, compare."""

from collections.abc import Iterable, Mapping

from reconciler.aws.client import is_not_found
from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError, ConfigurationError, Problem
from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan
from reconciler.planning.guards.facts import Facts
from reconciler.provisioning.provision import Provider, missing_artifacts_bucket
from reconciler.runtimes.base import Planned
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.things import missing_types, provisioning_by
from reconciler.runtimes.v1.compare import Comparison, compare_group
from reconciler.runtimes.v1.live import RUNNING, Answers, LiveFleet, LiveGroup, Questions
from reconciler.runtimes.v1.observe import Observer
from reconciler.runtimes.v1.publications import Publications
from reconciler.runtimes.v1.questions import open_questions
from reconciler.runtimes.v1.renames import renamed_definitions
from reconciler.runtimes.v1.tags import template_digests


def plan_groups(
    observer: Observer,
    provider: Provider,
    desired: DesiredState,
    groups: Iterable[Group],
    live: LiveFleet,
    known_groups: frozenset[str],
) -> Planned:
    """The plans of ``groups``, which ``live`` was observed for.

    Raises AwsError, and ConfigurationError for what the fleet lacks to carry the plan out.
    """
    groups = list(groups)
    answers = ask(observer, provider, desired, groups, open_questions(desired, groups, live))
    answers, renamed = renamed_definitions(desired.fleet, live, answers)
    publications = Publications(live, answers, observer.definitions.publication)
    comparison = Comparison(
        desired,
        live,
        answers,
        publications,
        provisioning_by(observer.aws, desired),
        known_groups,
        renamed,
        template_digests(desired),
        observer.aws.secrets,
    )
    compared = [compare_group(comparison, group) for group in groups]
    plans = tuple(plan for plan, _ in compared)
    check_means(desired, plans)
    findings = tuple(finding for _, found in compared for finding in found)
    return Planned(plans, findings, publications.contents, _facts(desired, live))


def _facts(desired: DesiredState, live: LiveFleet) -> Facts:
    """What guards want to know of what was observed.

    A declared group that was not looked at may well be ours; who adopts one has looked at this account, and so has who
    names a group in it as the source of a template.
    """
    declared = {group.name: group.adopt for group in desired.groups}
    foreign = {
        name for name, group in live.groups.items() if group.fleet != desired.fleet.name and not declared.get(name)
    }
    knows_ours = bool((live.names & declared.keys()) - foreign)
    sources = {template.source.group_id for template in desired.templates.values() if template.source is not None}
    others = {row["Name"] for row in live.others if row["Id"] not in sources}
    return Facts(failing_groups(live.groups), frozenset(others), knows_ours, waiting_groups(live.groups))


def failing_groups(live: Mapping[str, LiveGroup]) -> dict[str, str]:
    """The groups whose newest deployment has failed, with what their cores say."""
    return {
        name: group.deployment.error
        for name, group in live.items()
        if group.deployment is not None and group.deployment.status == "Failure"
    }


def waiting_groups(live: Mapping[str, LiveGroup]) -> dict[str, str]:
    """The groups whose newest deployment is under way, with its status and since when."""
    return {
        name: f"{group.deployment.status} since {group.deployment.updated_at or group.deployment.created_at}"
        for name, group in live.items()
        if group.deployment is not None and group.deployment.status in RUNNING
    }


def ask(
    observer: Observer, provider: Provider, desired: DesiredState, groups: list[Group], questions: Questions
) -> Answers:
    """The answers to the open questions, each asked once."""
    definitions, things = sorted(questions.definitions), sorted(questions.things)
    owners = in_parallel(lambda item: observer.definitions.owner(item[0], item[1], desired.fleet.name), definitions)
    existing = dict(zip(things, in_parallel(provider.look_up, things), strict=True))
    return Answers(
        owners={item[1]: owner for item, owner in zip(definitions, owners, strict=True)},
        things=existing,
        pinned={pin: _pinned(observer, *pin) for pin in sorted(questions.pinned)},
        missing_types=missing_types(observer.aws, groups, existing),
    )


def check_means(desired: DesiredState, plans: Iterable[GroupPlan]) -> None:
    """Raise ConfigurationError if the plan needs a bucket or role that the fleet does not name."""
    fleet, open_plans = desired.fleet, [plan for plan in plans if not plan.blocked]
    problems: list[Problem] = []
    if fleet.artifacts is None and any(plan.of_kind("provision-thing", "associate-thing") for plan in open_plans):
        problems.extend(missing_artifacts_bucket(fleet).problems)
    if fleet.bulk_deployments is None and sum(len(plan.of_kind("deploy")) for plan in open_plans) > 1:
        problems.append(
            Problem(
                fleet.position,
                "bulk-deployments-needed",
                "this plan deploys several groups together, and the fleet names nothing to do that with",
                "add `bulkDeployments: {bucket: …, executionRoleArn: …}` to the Fleet's spec",
            )
        )
    if problems:
        raise ConfigurationError(problems)


def _pinned(observer: Observer, group_id: str, version_id: str) -> Mapping[str, str] | None:
    try:
        return observer.group_version(group_id, version_id).arns
    except AwsError as error:
        if is_not_found(error) or error.status == 400:
            return None
        raise
