"""Plans the Greengrass V2 groups of a fleet: observe, ask what is open, compare."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from reconciler.model.desired import DesiredState
from reconciler.model.errors import AwsError
from reconciler.model.group import Group
from reconciler.model.plan import GroupPlan, GuardFinding
from reconciler.model.words import counted, some_of
from reconciler.planning.guards.facts import Clash, Facts
from reconciler.provisioning.provision import Provider, missing_artifacts_bucket
from reconciler.runtimes.base import Planned
from reconciler.runtimes.parallel import in_parallel
from reconciler.runtimes.things import missing_types, provisioning_by
from reconciler.runtimes.v2.checks import warn
from reconciler.runtimes.v2.clashes import brings
from reconciler.runtimes.v2.compare import Compared, Comparison, compare_group
from reconciler.runtimes.v2.live import Answers, LiveFleet, LiveGroup
from reconciler.runtimes.v2.members import declared_cores, present
from reconciler.runtimes.v2.names import target_name
from reconciler.runtimes.v2.observe import Observer
from reconciler.runtimes.v2.publications import Publications
from reconciler.runtimes.v2.surroundings import Surroundings
from reconciler.runtimes.v2.tags import template_digests

T = TypeVar("T")

DENIED = frozenset({"AccessDeniedException", "UnauthorizedException"})
"""What AWS says where a role may not look."""


def plan_groups(
    observer: Observer,
    provider: Provider,
    desired: DesiredState,
    groups: Sequence[Group],
    live: LiveFleet,
    known_groups: frozenset[str],
) -> Planned:
    """The plans of ``groups``, which ``live`` was observed for.

    Raises AwsError, and ConfigurationError for what the fleet lacks to carry the plan out.
    """
    publications = Publications(desired, observer.components.published(desired.components.values()))
    surroundings = Surroundings(observer, desired.components)
    answers, unseen = _ask(observer, surroundings, provider, groups, live)
    comparison = Comparison(
        desired,
        live,
        answers,
        publications,
        provisioning_by(observer.aws, desired, is_v2=True),
        declared_cores(desired, groups),
        known_groups,
        template_digests(desired),
        observer.aws.secrets,
    )
    compared = [compare_group(comparison, group) for group in groups]
    plans = tuple(item.plan for item in compared)
    check_means(desired, plans)
    findings = [finding for item in compared for finding in item.findings]
    refused = {str(finding.actual) for finding in findings if finding.guard == "component-recipe"}
    findings += publications.warnings(refused)
    findings += _warnings(comparison, groups, compared)
    findings += _age_of_client_devices(live)
    findings += _made_outside(live)
    findings += _without_role(desired, plans)
    clashes, unseen_too = _clashes(surroundings, comparison, groups, plans)
    findings += unseen or unseen_too
    contents = dict(publications.contents)
    for item in compared:
        contents.update(item.contents)
    return Planned(plans, tuple(findings), contents, replace(facts(desired, live), clashes=clashes))


def _ask(
    observer: Observer, surroundings: Surroundings, provider: Provider, groups: Sequence[Group], live: LiveFleet
) -> tuple[Answers, list[GuardFinding]]:
    """What is to be known of the things that groups do not have yet, and a warning of what could not be seen."""
    names = sorted(
        {
            thing.thing_name
            for group in groups
            for thing in group.things
            if thing.thing_name not in present(group, live.groups[group.name])
        }
    )
    things = dict(zip(names, in_parallel(provider.look_up, names), strict=True))
    cores = {core.thing_name for group in groups for core in group.cores}
    joining = [name for name in names if name in cores and things[name] is not None]
    nothing: dict[str, frozenset[str]] = {}
    within, unseen = _if_allowed(lambda: surroundings.groups_of(joining), nothing)
    return Answers(things, missing_types(observer.aws, groups, things), within), unseen


def _clashes(
    surroundings: Surroundings, comparison: Comparison, groups: Sequence[Group], plans: Sequence[GroupPlan]
) -> tuple[tuple[Clash, ...], list[GuardFinding]]:
    """What cores are about to get that does not go with what others bring them, and a warning of what was not seen."""
    answers, live = comparison.answers, comparison.live
    fresh = frozenset(name for name, found in answers.things.items() if found is None)
    bringing = []
    for group, plan in zip(groups, plans, strict=True):
        found = brings(group, plan, comparison.wanted.of(group)[0], comparison.desired.components)
        if found is not None and not found.cores <= fresh:
            bringing.append(found._replace(cores=found.cores - fresh))
    return _if_allowed(lambda: surroundings.clashes(bringing, live, answers.groups), ())


def _if_allowed(read: Callable[[], T], otherwise: T) -> tuple[T, list[GuardFinding]]:
    """What ``read`` returns; where the role may not look, ``otherwise`` and a warning: a plan can do without it."""
    try:
        return read(), []
    except AwsError as error:
        if error.code not in DENIED:
            raise
        message = (
            "which thing groups of others cores are in could not be seen, so that nothing is known of what these bring "
            f"to them, nor whether they are in too many: {error.message}"
        )
        return otherwise, [GuardFinding("not-seen", "warning", message)]


def check_means(desired: DesiredState, plans: Iterable[GroupPlan]) -> None:
    """Raise ConfigurationError if the plan needs a bucket that the fleet does not name."""
    kinds = ("provision-thing", "associate-thing")
    needs = any(
        action.kind in kinds or action.inputs.get("artifacts")
        for plan in plans
        if not plan.blocked
        for action in plan.of_kind(*kinds, "publish-component")
    )
    if desired.fleet.artifacts is None and needs:
        raise missing_artifacts_bucket(desired.fleet)


def _warnings(comparison: Comparison, groups: Sequence[Group], compared: Sequence[Compared]) -> list[GuardFinding]:
    """One warning for each thing worth knowing of what is about to be sent, with the groups that it is about."""
    by_words: dict[tuple[str, str], list[Group]] = defaultdict(list)
    for group, item in zip(groups, compared, strict=True):
        if item.plan.of_kind("deploy", "redeploy") and not item.plan.blocked:
            live = comparison.live.groups[group.name]
            for guard, words in warn(comparison.desired, group, comparison.cores, live, comparison.wanted):
                by_words[guard, words].append(group)
    return [
        GuardFinding(
            guard,
            "warning",
            f"{some_of(group.name for group in about)}: {words}",
            actual=len(about),
            source=comparison.desired.templates[about[0].template].position.line_only,
        )
        for (guard, words), about in sorted(by_words.items(), key=lambda item: item[0])
    ]


def _without_role(desired: DesiredState, plans: Iterable[GroupPlan]) -> list[GuardFinding]:
    """A warning where new cores get a configuration that lacks the role they take on for everything but MQTT."""
    names = [
        action.subject
        for plan in plans
        for action in plan.of_kind("provision-thing")
        if "nucleus" in action.inputs and not plan.blocked
    ]
    if desired.fleet.nucleus is not None or not names:
        return []
    message = (
        f"{some_of(names)}: the config.yaml for new cores names no role alias, without which they get no artifacts; "
        "add `nucleus: {roleAlias: …}` to the Fleet's spec"
    )
    return [GuardFinding("role-alias", "warning", message, source=desired.fleet.position.line_only)]


def _made_outside(live: LiveFleet) -> list[GuardFinding]:
    """A warning where cores run, beside what the files say, what somebody else has deployed to them alone."""
    if not live.strangers:
        return []
    told = []
    for thing, found in live.strangers.items():
        components = (f"{name} {entry['componentVersion']}" for name, entry in found.document["components"].items())
        told.append(f"{thing} ({some_of(components)}; deployment {found.id}{f', {found.name}' if found.name else ''})")
    number = len(told)
    count = f"{number:,} core{'s have' if number > 1 else ' has'}"
    message = (
        f"{count} what somebody else has deployed to {'each' if number > 1 else 'it'} alone, beside what the files "
        f"say: {some_of(told)}; a deployment without components takes it off"
    )
    return [GuardFinding("made-outside", "warning", message, actual=number)]


def _age_of_client_devices(live: LiveFleet) -> list[GuardFinding]:
    """How old what is known of client devices is, where it was not read for this plan."""
    times = {
        core: associated.read_at
        for group in live.groups.values()
        for core, associated in group.client_devices.items()
        if associated.read_at and associated.devices
    }
    if not times:
        return []
    count = counted(len(times), "core")
    oldest = min(times.values())
    message = f"client devices of {count} are as they were last seen, on {oldest} or later; --refresh reads them anew"
    return [GuardFinding("client-devices", "warning", message, actual=oldest)]


def facts(desired: DesiredState, live: LiveFleet) -> Facts:
    """What guards want to know of what was observed; see there."""
    fleet = desired.fleet.name
    ours = {name for name, group in live.groups.items() if group.exists and group.fleet == fleet}
    declared_ours = {group.name for group in desired.groups if group.adopt} | ours
    others = {target_name(row["targetArn"]) for row in live.others}
    return Facts(failing_groups(live.groups), frozenset(others), bool(declared_ours), waiting_groups(live.groups))


def waiting_groups(live: Mapping[str, LiveGroup]) -> dict[str, str]:
    """The groups of whose cores some are yet to report, with how many."""
    return {
        name: group.deployment.counts.text
        for name, group in live.items()
        if group.deployment is not None and group.deployment.counts is not None and group.deployment.counts.open
    }


def failing_groups(live: Mapping[str, LiveGroup]) -> dict[str, str]:
    """The groups of whose cores some do not have what was sent last, with how many."""
    return {
        name: group.deployment.counts.text
        for name, group in live.items()
        if group.deployment is not None and group.deployment.counts is not None and group.deployment.counts.bad
    }
