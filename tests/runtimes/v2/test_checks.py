"""What cannot be carried out, or is worth knowing before, as far as no account is needed to tell."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.desired import DesiredState
from reconciler.model.fleet import Fleet
from reconciler.model.group import DeploymentSpec, Group, Thing
from reconciler.model.template import TemplateRef
from reconciler.runtimes.v2.checks import NUCLEUS, block, warn
from reconciler.runtimes.v2.choice import Wanted
from reconciler.runtimes.v2.documents import comparable
from reconciler.runtimes.v2.live import Core, LiveDeployment, LiveGroup
from reconciler.runtimes.v2.members import declared_cores

LITE = Core("HEALTHY", "", "aws_nucleus_lite")
CLASSIC = Core("HEALTHY", "", "aws_nucleus_classic")


def merging(**merge: Any) -> dict[str, Any]:
    return {"componentVersion": "1.0.0", "configurationUpdate": {"merge": merge}}


def group(nucleus: str = "2.12.6", own: bool = False, **spec: Any) -> Group:
    components = {NUCLEUS: {"componentVersion": nucleus}, "com.example.Logger": merging(**spec)}
    return Group(
        "a",
        TemplateRef("line", 1),
        "greengrass/v2",
        cores=(Thing("core", "core"),),
        document={"components": components},
        core_documents={"core": {"components": {"com.example.Logger": merging(**spec)}}} if own else {},
        deployment=DeploymentSpec(),
    )


def fleet_of(*groups: Group) -> DesiredState:
    return DesiredState(Path(), Fleet("demo", "123456789012", "eu-central-1"), groups=groups)


def blocked(found: Group, core: Core = CLASSIC) -> list[str]:
    desired = fleet_of(found)
    findings = block(desired, found, declared_cores(desired, [found]), {"core": core}, Wanted())
    return [finding.guard for finding in findings]


def warned(found: Group, before: LiveDeployment | None = None, *others: Group, **alone: Any) -> dict[str, str]:
    """What is warned of; ``alone`` is what the core alone had merged before."""
    desired = fleet_of(found, *others)
    own = {"core": LiveDeployment("2", "", "", "ACTIVE", "", comparable(group(**alone).document))} if alone else {}
    live = LiveGroup("a", "", True, members=frozenset({"core"}), deployment=before, core_deployments=own)
    return dict(warn(desired, found, declared_cores(desired, [found]), live, Wanted()))


@pytest.mark.parametrize(
    ("core", "own", "guards"), [(LITE, True, ["lite-core"]), (LITE, False, []), (CLASSIC, True, [])]
)
def test_a_core_of_nucleus_lite_takes_no_deployment_of_its_own(core: Core, own: bool, guards: list[str]) -> None:
    assert blocked(group(own=own), core) == guards


@pytest.mark.parametrize(
    ("length", "own", "nucleus", "blocks", "warns"),
    [
        (100, False, "2.12.6", False, False),
        (32 * 1024, False, "2.12.6", False, True),
        (32 * 1024, False, "2.2.0", True, False),
        (8 * 1024, False, "2.2.0", False, False),
        (8 * 1024, True, "2.2.0", True, False),
    ],
)
def test_large_documents_need_a_nucleus_and_a_right(
    length: int, own: bool, nucleus: str, blocks: bool, warns: bool
) -> None:
    found = group(nucleus, own, text="x" * length)
    assert ("document-size" in blocked(found), "document-size" in warned(found)) == (blocks, warns)


@pytest.mark.parametrize(
    ("reset", "left"),
    [([], True), (["/old"], False), ([""], False), (["/old/deep"], True), (["/other"], True)],
)
def test_what_a_merge_leaves_behind_is_told_unless_it_is_reset(reset: list[str], left: bool) -> None:
    before = LiveDeployment("1", "", "", "ACTIVE", "", comparable(group(old={"deep": 1}, kept=1).document))
    after = group(kept=2)
    after.document["components"]["com.example.Logger"]["configurationUpdate"]["reset"] = reset
    assert ("left-over" in warned(after, before)) is left


def test_a_value_that_stays_a_mapping_leaves_the_keys_behind_that_it_lost() -> None:
    before = LiveDeployment("1", "", "", "ACTIVE", "", comparable(group(a={"b/c": 1, "d": 2}).document))
    assert "keeps /a/b~1c on its devices" in warned(group(a={"d": 2}), before)["left-over"]


def test_what_a_core_alone_had_merged_stays_on_it_too() -> None:
    assert "keeps /mine on core, which" in warned(group(kept=1), mine=1, kept=2)["left-over"]
    assert "left-over" not in warned(group(kept=1), kept=2)


@pytest.mark.parametrize(("cores", "floats"), [(("core",), False), (("core", "other"), True)])
def test_what_another_group_of_every_core_pins_does_not_float(cores: tuple[str, ...], floats: bool) -> None:
    base = replace(group(), name="base")
    found = replace(group(), cores=tuple(Thing(name, "core") for name in cores))
    del found.document["components"][NUCLEUS]
    assert ("floating" in warned(found, None, base)) is floats
    assert "floating" in warned(found)


def test_equal_meaning_is_equal_data() -> None:
    told = {
        "components": {
            "x": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": '{"n": 1.0}', "reset": ["/b", "/a"]}}
        },
        "deploymentPolicies": {"failureHandlingPolicy": "ROLLBACK"},
        "iotJobConfiguration": {"timeoutConfig": {}},
    }
    said = {
        "components": {
            "x": {
                "componentVersion": "1.0.0",
                "configurationUpdate": {"merge": {"n": 1}, "reset": ["/a", "/b"]},
                "runWith": {},
            }
        }
    }
    assert comparable(told) == comparable(said)
