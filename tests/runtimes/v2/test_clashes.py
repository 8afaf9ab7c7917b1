"""What does not go with what others bring to cores, as far as no account is needed to tell."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.model.component import Component, ComponentRef
from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group, Thing
from reconciler.model.plan import Action, GroupPlan
from reconciler.model.template import TemplateRef
from reconciler.runtimes.v2.checks import crowded
from reconciler.runtimes.v2.clashes import Bringing, Theirs, between, brings, called, clashes
from reconciler.runtimes.v2.constraints import Ask, asks_of
from reconciler.runtimes.v2.documents import comparable
from reconciler.runtimes.v2.live import LiveFleet, LiveGroup
from reconciler.runtimes.v2.members import declared_cores

NUCLEUS, LOGGER = "aws.greengrass.Nucleus", "com.example.Logger"
FLEET = Fleet("demo", "123456789012", "eu-central-1")
ARN = "arn:aws:iot:eu-central-1:123456789012"


def asks(*found: tuple[str, ...]) -> frozenset[Ask]:
    return frozenset(Ask(*ask) for ask in found)


def logger(requirement: str, kind: str = "HARD") -> dict[ComponentRef, Component]:
    needs = {NUCLEUS: {"VersionRequirement": requirement, "DependencyType": kind}}
    return {ComponentRef(LOGGER, "1.0.0"): Component(LOGGER, "1.0.0", recipe={"ComponentDependencies": needs})}


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        (asks((NUCLEUS, "2.13.0")), asks((NUCLEUS, "2.13.0")), ()),
        (asks((NUCLEUS, "2.13.0")), asks((LOGGER, "1.0.0")), ()),
        (asks((NUCLEUS, "2.13.0")), asks((NUCLEUS, "2.12.6")), ((NUCLEUS, "2.13.0", "2.12.6"),)),
        (
            asks((LOGGER, "1.0.0"), (NUCLEUS, ">=2.13.0", "com.example.Logger 1.0.0")),
            asks((NUCLEUS, "2.12.6")),
            ((NUCLEUS, ">=2.13.0 for com.example.Logger 1.0.0", "2.12.6"),),
        ),
        (asks((NUCLEUS, ">=2.12.0", "x@1")), asks((NUCLEUS, "2.12.6")), ()),
        # Which versions there are nobody knows; what one side cannot have by itself is told elsewhere.
        (asks((NUCLEUS, ">=2.12.0", "x@1")), asks((NUCLEUS, "<2.12.0", "y@1")), ()),
        (asks((NUCLEUS, "2.12.6"), (NUCLEUS, ">=3.0.0", "x@1")), asks((LOGGER, "1.0.0")), ()),
    ],
)
def test_versions_clash_if_none_suits_both(ours: Any, theirs: Any, found: Any) -> None:
    assert between(ours, theirs) == found


@pytest.mark.parametrize(("kind", "needed"), [("HARD", {Ask(NUCLEUS, ">=2.13.0", f"{LOGGER} 1.0.0")}), ("SOFT", set())])
def test_a_deployment_asks_for_what_its_components_need(kind: str, needed: set[Ask]) -> None:
    document = {"components": {LOGGER: {"componentVersion": "1.0.0"}}}
    assert asks_of(document, logger(">=2.13.0", kind)) == {Ask(LOGGER, "1.0.0"), *needed}


def test_one_clash_is_told_of_all_groups_cores_and_deployments_that_have_it() -> None:
    ours, theirs = asks((NUCLEUS, "2.13.0")), asks((NUCLEUS, "2.12.6"))
    bringing = [Bringing(name, frozenset({f"{name}-core", "shared", "apart"}), ours) for name in ("a", "b")]
    elsewhere = {
        "a-core": [Theirs("all-cores (deployment central)", theirs)],
        "shared": [Theirs("all-cores (deployment central)", theirs), Theirs("logs (fleet other)", theirs)],
        "nobodys": [Theirs("more", theirs)],
    }
    (clash,) = clashes(bringing, elsewhere)
    assert clash.cores == 2
    assert clash.message.startswith(
        "a, b ask for aws.greengrass.Nucleus 2.13.0 on 2 cores (a-core, shared), where all-cores (deployment central), "
        "logs (fleet other) ask for 2.12.6; "
    )


@pytest.mark.parametrize(
    ("target", "name", "says"),
    [
        ("thinggroup/all", "", "all (deployment 7)"),
        ("thinggroup/all", "central", "all (deployment central)"),
        ("thinggroup/b", "reconciler/other/line@1/abc", "b (fleet other)"),
        ("thinggroup/old", "reconciler/demo/line@1/abc", "old (of this fleet, in no file)"),
        ("thing/core", "mine", "what core alone was sent (deployment mine)"),
    ],
)
def test_whose_a_deployment_is_stands_with_its_target(target: str, name: str, says: str) -> None:
    assert called({"targetArn": f"{ARN}:{target}", "deploymentName": name, "deploymentId": "7"}, FLEET) == says


@pytest.mark.parametrize(
    ("kind", "inputs", "cores"),
    [
        ("deploy", {"document": "d"}, {"one", "two"}),
        ("deploy", {"cores": [{"thingName": "two"}]}, {"two"}),
        ("update-members", {"join": ["one"], "leave": ["gone"]}, {"one"}),
        ("tag-group", {}, None),
        ("reset-deployments", {"document": "d"}, None),
    ],
)
def test_what_is_brought_to_which_cores(kind: str, inputs: dict[str, Any], cores: set[str] | None) -> None:
    group = Group("a", TemplateRef("line", 1), "greengrass/v2", cores=(Thing("one", "core"), Thing("two", "core")))
    document = comparable({"components": {NUCLEUS: {"componentVersion": "2.13.0"}}})
    plan = GroupPlan("a", "greengrass/v2", "update", group.template, "", actions=(Action("x", kind, "a", (), inputs),))
    found = brings(group, plan, document, {})
    assert (found and set(found.cores)) == cores


def test_a_core_that_leaves_a_group_as_it_joins_another_counts_in_both() -> None:
    core = Thing("core", "core")
    groups = [
        Group("new", TemplateRef("line", 1), "greengrass/v2", cores=(core,)),
        Group("old", TemplateRef("line", 1), "greengrass/v2"),
    ]
    desired = DesiredState(Path(), FLEET, groups=tuple(groups))
    live = LiveFleet(
        {"new": LiveGroup("new", "", True), "old": LiveGroup("old", "", True, members=frozenset({"core"}))}
    )
    cores = declared_cores(desired, groups)

    def told(*others: str) -> list[str]:
        within = {"core": frozenset({"old", *others})}
        return [finding.message for finding in crowded(groups[0], live, cores, within)]

    eight, nine, ten = (tuple(f"other-{number}" for number in range(many)) for many in (8, 9, 10))
    assert told(*eight) == []
    assert "new: core would be in 11 thing groups, and AWS IoT takes 10" in told(*nine)[0]
    assert told(*nine)[0].endswith("apply what it leaves first, by itself (`--select old`)")
    assert told(*ten)[0].endswith("take it out of others")
