"""Accepting what others did to groups of V2: a plan is empty then, and the diff of the files is what one would do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests.execution.accepting import accepted, added, applied, plan_line
from tests.fleets import FleetFiles, make_buckets, run_cli
from tests.runtimes.v2.conftest import BUDGETS
from tests.runtimes.v2.fleets import PINNED, arn, group, newest, template

LOGGER = "com.example.Logger"


@pytest.fixture
def fleet(aws: Sandbox, tmp_path: Path) -> FleetFiles:
    make_buckets(aws.client)
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": LOGGER,
        "Manifests": [{"Lifecycle": {"Run": "true"}}],
    }
    for version in ("1.0.0", "1.1.0"):
        aws.client("greengrassv2").create_component_version(
            inlineRecipe=json.dumps({**recipe, "ComponentVersion": version}).encode()
        )
    return FleetFiles(tmp_path / "fleet").fleet(limits=dict.fromkeys(BUDGETS, 10000), bulkDeployments=None)


def logging(version: str = "1.0.0", **merge: Any) -> dict[str, Any]:
    return {"componentVersion": version, "configurationUpdate": {"merge": merge}}


ByHand = Callable[[Sandbox, str], None]


def live(**changes: Any) -> ByHand:
    """Revises a group's deployment: what the logger has to ``merge``, its ``version``, ``components``, or policies."""

    def revise(aws: Sandbox, name: str) -> None:
        found = newest(aws, arn(name))
        components = found["components"]
        if "merge" in changes:
            components[LOGGER]["configurationUpdate"] = {"merge": json.dumps(changes["merge"] | {"site": name})}
        if "version" in changes:
            components[LOGGER]["componentVersion"] = changes["version"]
        components |= changes.get("components", {})
        aws.client("greengrassv2").create_deployment(
            targetArn=arn(name),
            deploymentName=found["deploymentName"],
            components={name: spec for name, spec in components.items() if spec},
            **({"deploymentPolicies": changes["policies"]} if "policies" in changes else {}),
        )

    return revise


def without_site(aws: Sandbox, name: str) -> None:
    logger = {"componentVersion": "1.0.0", "configurationUpdate": {"merge": json.dumps({"level": "info"})}}
    aws.client("greengrassv2").create_deployment(targetArn=arn(name), components={**PINNED, LOGGER: logger})


def reset(aws: Sandbox, name: str) -> None:
    aws.client("greengrassv2").create_deployment(targetArn=arn(name), components={})


def joined(aws: Sandbox, name: str) -> None:
    aws.client("iot").create_thing(thingName="new-core")
    aws.client("iot").add_thing_to_thing_group(thingGroupName=name, thingName="new-core")


def departed(aws: Sandbox, name: str) -> None:
    aws.client("iot").remove_thing_from_thing_group(thingGroupName=name, thingName=f"{name}-core-2")


def device_joined(aws: Sandbox, name: str) -> None:
    aws.client("iot").create_thing(thingName="new-device")
    aws.client("greengrassv2").batch_associate_client_device_with_core_device(
        coreDeviceThingName=f"{name}-core-1", entries=[{"thingName": "new-device"}]
    )


def device_departed(*cores: int) -> ByHand:
    """Takes the device of a group from some of its cores."""

    def disassociate(aws: Sandbox, name: str) -> None:
        for core in cores:
            aws.client("greengrassv2").batch_disassociate_client_device_from_core_device(
                coreDeviceThingName=f"{name}-core-{core}", entries=[{"thingName": f"{name}-device-1"}]
            )

    return disassociate


def of_core(aws: Sandbox, name: str) -> None:
    target = f"arn:aws:iot:eu-central-1:123456789012:thing/{name}-core-2"
    found = newest(aws, target)
    logger = found["components"][LOGGER]
    logger["configurationUpdate"] = {
        "merge": json.dumps({"level": "info", "site": name, "own": 2, "at": f"{name}-core-2"})
    }
    aws.client("greengrassv2").create_deployment(
        targetArn=target, deploymentName=found["deploymentName"], components={LOGGER: logger}
    )


def gone(aws: Sandbox, name: str) -> None:
    aws.client("iot").delete_thing_group(thingGroupName=name)


CASES: dict[str, tuple[ByHand, str | None]] = {
    "value-changed": (live(merge={"level": "debug"}), "configuration:; com.example.Logger: {level: debug}"),
    "value-added": (
        live(merge={"level": "info", "deep": {"x": [1]}}),
        "configuration:; com.example.Logger:; deep:; x: [1]",
    ),
    "value-gone": (without_site, "version: 6"),
    "version-changed": (live(version="1.1.0"), "version: 7"),
    "as-version-2": (live(version="1.1.0", merge={"level": "info", "keep": 7}), "version: 2"),
    "component-gone": (live(components={LOGGER: None}), "version: 4"),
    "component-added": (live(components={"aws.greengrass.Cli": {"componentVersion": "2.12.6"}}), "version: 3"),
    "component-added-2": (live(components={"aws.greengrass.Cli": {"componentVersion": "2.12.6"}}), "version: 3"),
    "policies": (live(policies={"failureHandlingPolicy": "DO_NOTHING"}), "version: 5"),
    "reset": (reset, "deployment: {state: reset}"),
    "core-joined": (joined, "- thingName: new-core; cores: [core-joined-core-1, core-joined-core-2]"),
    "core-gone": (departed, ""),
    "device-joined": (device_joined, "- thingName: new-device; cores: [device-joined-core-1]"),
    "device-gone": (device_departed(1, 2), ""),
    "device-moved": (device_departed(1), "cores: [device-moved-core-2]"),
    "own-changed": (of_core, "own: 2; at: ${thingName}"),
    "gone": (gone, None),
}
"""What is done to the group of that name by hand, and the lines that its file gets."""


def test_export_then_plan_is_empty(fleet: FleetFiles, aws: Sandbox) -> None:
    template(fleet, com_example_Logger=logging(level="info", site="${groupName}"))
    template(fleet, 2, com_example_Logger=logging("1.1.0", level="info", keep=7, site="${groupName}"))
    for name in ("as-it-was", *CASES):
        own = {"configuration": {LOGGER: {"own": 1}}} if name == "own-changed" else {}
        group(fleet, name, cores=[{"thingName": f"{name}-core-1"}, {"thingName": f"{name}-core-2", **own}], devices=1)
    applied(fleet, aws)
    aws.advance(10)
    before = {name: fleet.path_of(name).read_text(encoding="utf-8") for name in CASES}
    for name, (by_hand, _) in CASES.items():
        by_hand(aws, name)
    aws.advance(10)
    aws.clear_calls()
    result = accepted(fleet)
    assert aws.writes() == []
    assert (result.left, result.groups) == ((), tuple(sorted(CASES)))
    expected = {f"groups/{name}.yaml": words for name, (_, words) in CASES.items()}
    found = {f"groups/{name}.yaml": added(text, result.files[f"groups/{name}.yaml"]) for name, text in before.items()}
    assert found == expected
    assert result.files.keys() == {*expected, "templates.yaml"}
    assert plan_line(fleet) == f"No changes. {len(CASES)} groups match the files."
    assert list(accepted(fleet).files) == []


def test_what_a_core_has_alone_stays_in_the_files_and_is_sent_after_what_its_group_was_sent(
    fleet: FleetFiles, aws: Sandbox
) -> None:
    template(fleet, com_example_Logger=logging(level="info", site="${groupName}"))
    own = {"thingName": "a-core-1", "configuration": {LOGGER: {"own": 1}}}
    applied(group(fleet, "a", cores=[own]), aws)
    live(merge={"level": "debug"})(aws, "a")
    aws.advance(10)
    before = fleet.path_of("a").read_text(encoding="utf-8")
    result = accepted(fleet)
    assert result.groups == ("a",)
    assert [(name, reason.partition(":")[0]) for name, reason in result.left] == [
        ("a", "the next apply sends it something")
    ]
    assert added(before, result.files["groups/a.yaml"]) == "configuration:; com.example.Logger: {level: debug}"
    (found,) = json.loads(run_cli("plan", fleet.directory, "--format", "json").out)["groups"]
    assert {change["path"].partition(".")[0] for change in found["changes"]} == {"cores[a-core-1]"}


def test_files_that_are_ahead_of_who_belongs_to_a_group_are_left(fleet: FleetFiles, aws: Sandbox) -> None:
    template(fleet, com_example_Logger=logging(level="info"))
    applied(group(fleet, "a", cores=2, devices=1), aws)
    group(fleet, "a", cores=[{"thingName": "a-core-1"}, {"thingName": "new"}], devices=1).write()
    result = accepted(fleet)
    assert dict(result.files) == {}
    assert result.left == (("a", "the files say otherwise of new, a-core-2, and no apply has carried it out"),)
    assert result.unsaid == frozenset()


TEMPLATE = """\
# What runs on all gateways.
apiVersion: reconciler/v1
kind: Template
metadata: {name: line}
spec:
  version: 1
  runtime: greengrass/v2
  deployment:
    components:
      aws.greengrass.Nucleus: {componentVersion: 2.12.6}   # pinned
      com.example.Logger:
        componentVersion: 1.0.0
        configurationUpdate:
          merge: '{"level": "info", "token": "${secret.TOKEN}", "at": "${groupName}"}'   # as JSON
"""


def test_json_text_secrets_and_what_is_left_of_them(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILE_SECRET_TOKEN", "t0ken-0f-the-l0gger")
    for name in ("open", "secret"):
        group(fleet, name)
    group(template(fleet), "x").without_group("x").write()
    (fleet.directory / "templates.yaml").write_text(TEMPLATE, encoding="utf-8")
    assert run_cli("apply", fleet.directory, "--yes", "--no-wait").code == 0
    aws.advance(10)
    for name, merge in (
        ("open", {"token": "t0ken-0f-the-l0gger", "at": "open-core-1 ${iot:Thing} ${x}"}),
        ("secret", {"level": "info", "token": "an0ther-t0ken", "at": "secret"}),
    ):
        logger = {"componentVersion": "1.0.0", "configurationUpdate": {"merge": json.dumps(merge)}}
        aws.client("greengrassv2").create_deployment(targetArn=arn(name), components={**PINNED, LOGGER: logger})
    aws.advance(10)
    result = accepted(fleet)
    assert result.groups == ("open",)
    assert [(name, reason.partition(",")[0]) for name, reason in result.left] == [
        ("secret", f"a secret stands at {LOGGER}.token")
    ]
    assert "an0ther-t0ken" not in str(result)
    text = result.files["templates.yaml"]
    assert text is not None
    assert text.startswith(TEMPLATE)
    (*same, last) = TEMPLATE.replace("version: 1\n", "version: 2\n").splitlines()[1:]
    assert text.removeprefix(f"{TEMPLATE}---\n").splitlines() == [
        *same,
        last.partition("'")[0] + '{token: "${secret.TOKEN}", at: "${coreThingName} ${iot:Thing} $${x}"}   # as JSON',
    ]
    assert "1 group matches" in run_cli("plan", fleet.directory, "--exclude", "secret").last_line


def test_a_thing_group_that_has_nothing_is_to_be_declared_by_hand(fleet: FleetFiles, aws: Sandbox) -> None:
    fleet.write()
    for name in ("empty", "emptied"):
        aws.client("iot").create_thing_group(thingGroupName=name)
    aws.client("greengrassv2").create_deployment(targetArn=arn("emptied"), components={})
    ran = run_cli("export", fleet.directory, "--adopt", "emptied")
    assert (ran.code, ran.out) == (1, "")
    assert "! emptied: nothing is deployed to it, so that nothing tells which template it is to have; write" in ran.err
    ran = run_cli("export", fleet.directory, "--adopt", "empty")
    assert ran.code == 64
    assert "a thing group that nothing was ever deployed to is none: write a Group of its name yourself" in ran.err
