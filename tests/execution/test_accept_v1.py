"""Accepting what others did to groups of V1: a plan is empty then, and the diff of the files is what one would do."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.execution.accepting import accepted, added, applied, plan_line
from tests.fleets import LAMBDA, FleetFiles, make_buckets

SNS = "arn:aws:greengrass:eu-central-1::/connectors/SNS/versions/4"
ByHand = Callable[[Sandbox, str], None]


@pytest.fixture
def fleet(aws: Sandbox, tmp_path: Path) -> FleetFiles:
    make_buckets(aws.client)
    # The quotas of AWS would only make the tests slow.
    return FleetFiles(tmp_path / "fleet").fleet(limits={"greengrass": 10000, "greengrass:CreateDeployment": 10000})


def revised(family: str, change: Callable[[str, list[Any]], list[Any]], *, deploy: bool = True) -> ByHand:
    """Changes the entities of one family of a group, and deploys that as the console does."""

    def revise(aws: Sandbox, name: str) -> None:
        arn = live.arns(aws.client, name)[family]
        entities = change(name, live.definition(aws.client, family, arn)[f"{family}s"])
        make = getattr(aws.client("greengrass"), f"create_{family.lower()}_definition")
        made = make(Name="by hand", InitialVersion={f"{family}s": entities})
        deployed(aws, name, live.new_version(aws.client, name, **{family: made["LatestVersionArn"]}), deploy=deploy)

    return revise


def deployed(aws: Sandbox, name: str, version: str, *, deploy: bool = True) -> None:
    if deploy:
        aws.client("greengrass").create_deployment(
            GroupId=live.groups(aws.client)[name]["Id"], GroupVersionId=version, DeploymentType="NewDeployment"
        )


def timeout(seconds: int, *, deploy: bool = True) -> ByHand:
    def change(_: str, functions: list[Any]) -> list[Any]:
        functions[0]["FunctionConfiguration"]["Timeout"] = seconds
        return functions

    return revised("Function", change, deploy=deploy)


def variables(**values: str) -> ByHand:
    def change(_: str, functions: list[Any]) -> list[Any]:
        functions[0]["FunctionConfiguration"]["Environment"]["Variables"] |= values
        return functions

    return revised("Function", change)


def with_alarm(name: str, subscriptions: list[Any]) -> list[Any]:
    new = {"Id": "more", "Source": LAMBDA, "Subject": f"more/{name}/a", "Target": "cloud"}
    return [*subscriptions, new]


def without_alarms(_: str, subscriptions: list[Any]) -> list[Any]:
    return [entry for entry in subscriptions if entry["Id"] != "alarms"]


def without_output(name: str, subscriptions: list[Any]) -> list[Any]:
    return [entry for entry in subscriptions if entry["Id"] != f"{name}-device-1-out"]


def without_device(aws: Sandbox, name: str) -> None:
    revised("Subscription", without_output, deploy=False)(aws, name)
    revised("Device", lambda _, devices: devices[1:])(aws, name)


def with_device(aws: Sandbox, name: str) -> None:
    thing = aws.client("iot").create_thing(thingName="new-device")["thingArn"]
    certificate = aws.client("iot").create_keys_and_certificate(setAsActive=True)["certificateArn"]
    entry = {"Id": "x", "ThingArn": thing, "CertificateArn": certificate, "SyncShadow": False}
    out = {"Id": "new-device-out", "Source": thing, "Subject": "dt/new-device", "Target": "cloud"}
    revised("Subscription", lambda _, subscriptions: [*subscriptions, out], deploy=False)(aws, name)
    revised("Device", lambda _, devices: [*devices, entry])(aws, name)


def unshadowed(_: str, devices: list[Any]) -> list[Any]:
    return [{**devices[0], "SyncShadow": False}, *devices[1:]]


def reset(aws: Sandbox, name: str) -> None:
    aws.client("greengrass").reset_deployments(GroupId=live.groups(aws.client)[name]["Id"], Force=True)


def gone(aws: Sandbox, name: str) -> None:
    reset(aws, name)
    aws.client("greengrass").delete_group(GroupId=live.groups(aws.client)[name]["Id"])


def with_connector(aws: Sandbox, name: str) -> None:
    """Nothing that the files manage."""
    connector = {"Id": "sns", "ConnectorArn": SNS, "Parameters": {"DefaultSNSArn": "arn:aws:sns:eu-central-1:1:t"}}
    made = aws.client("greengrass").create_connector_definition(InitialVersion={"Connectors": [connector]})
    deployed(aws, name, live.new_version(aws.client, name, Connector=made["LatestVersionArn"]))


def of_another(_: str, subscriptions: list[Any]) -> list[Any]:
    stray = {"Id": "stray", "Source": LAMBDA, "Subject": "a", "Target": "arn:aws:iot:eu-central-1:123456789012:thing/x"}
    return [*subscriptions, stray]


CASES: dict[str, tuple[ByHand, str | None]] = {
    "timeout": (timeout(7), "version: 6"),
    "timeout-2": (timeout(7), "version: 6"),
    "as-version-2": (timeout(9), "version: 2"),
    "not-deployed": (timeout(8, deploy=False), "version: 4; deployment: {groupVersionId: OLD}"),
    "variables": (variables(SITE="hall 7", CORE="variables-core"), "version: 8"),
    "logger-gone": (revised("Logger", lambda *_: []), "version: 3"),
    "subscribed": (revised("Subscription", with_alarm), "version: 5"),
    "unsubscribed": (revised("Subscription", without_alarms), "version: 7"),
    "without-output": (revised("Subscription", without_output), "version: 9"),
    "device-gone": (without_device, ""),
    "device-joined": (with_device, "- thingName: new-device; syncShadow: false"),
    "no-shadow": (revised("Device", unshadowed), "syncShadow: false"),
    "reset": (reset, "deployment: {state: reset}"),
    "gone": (gone, None),
}
"""What is done to the group of that name by hand, and the lines that its file gets."""


def template(fleet: FleetFiles, version: int, timeout: int) -> None:
    function: Mapping[str, Any] = {
        "Id": "monitor",
        "FunctionArn": LAMBDA,
        "FunctionConfiguration": {
            "Timeout": timeout,
            "MemorySize": 16384,
            "Environment": {"Variables": {"CORE": "${coreThingName}", "SITE": "hall"}},
        },
    }
    alarms = {"Id": "alarms", "Source": LAMBDA, "Subject": "alarms/${groupName}", "Target": "cloud"}
    system = {"Id": "system", "Component": "GreengrassSystem", "Level": "INFO", "Type": "FileSystem", "Space": 1024}
    out = {"Id": "${thingName}-out", "Source": "${thingArn}", "Subject": "dt/${thingName}", "Target": "cloud"}
    fleet.template(
        version,
        definitions={
            "functions": {"Functions": [function]},
            "subscriptions": {"Subscriptions": [alarms]},
            "loggers": {"Loggers": [system]},
        },
        deviceSubscriptions={"*": [out]},
    )


def test_export_then_plan_is_empty(fleet: FleetFiles, aws: Sandbox) -> None:
    template(fleet, 1, 3)
    template(fleet, 2, 9)
    for name in ("as-it-was", "connector", "stray", *CASES):
        fleet.group(name)
    applied(fleet, aws)
    before = {name: fleet.path_of(name).read_text(encoding="utf-8") for name in CASES}
    old = live.groups(aws.client)["not-deployed"]["LatestVersion"]
    for name, (by_hand, _) in CASES.items():
        by_hand(aws, name)
    with_connector(aws, "connector")
    revised("Subscription", of_another)(aws, "stray")
    aws.advance(10)
    aws.clear_calls()
    result = accepted(fleet)
    assert aws.writes() == []
    assert [name for name, _ in result.left] == ["stray"]
    assert 'names the thing "x", which is not a core or device' in result.left[0].reason
    assert (result.groups, result.unsaid) == (tuple(sorted(CASES)), frozenset({"stray"}))
    expected = {name: words and words.replace("OLD", old) for name, (_, words) in CASES.items()}
    assert {name: added(text, result.files[f"groups/{name}.yaml"]) for name, text in before.items()} == expected
    assert result.files.keys() == {*(f"groups/{name}.yaml" for name in CASES), "templates.yaml"}
    assert plan_line(fleet, "--exclude", "stray") == f"No changes. {len(CASES) + 1} groups match the files."
    assert list(accepted(fleet).files) == []


def test_a_template_with_a_source_subscriptions_of_things_and_device_documents(
    fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILE_SECRET_DB", "pa55w0rd-of-the-press")
    greengrass = aws.client("greengrass")
    environment = {"Variables": {"DB": "pa55w0rd-of-the-press", "MODE": "a"}}
    function = {"Id": "monitor", "FunctionArn": LAMBDA, "FunctionConfiguration": {"Environment": environment}}
    made = greengrass.create_function_definition(InitialVersion={"Functions": [function]})
    golden = greengrass.create_group(Name="golden")["Id"]
    version = greengrass.create_group_version(GroupId=golden, FunctionDefinitionVersionArn=made["LatestVersionArn"])
    out = {"Id": "${thingName}-out", "Source": "${thingArn}", "Subject": "dt/${thingName}", "Target": "cloud"}
    fleet.template(
        definitions=None,
        source={"groupId": golden, "groupVersionId": version["Version"]},
        deviceSubscriptions={"*": [out]},
    )
    scale = "arn:aws:iot:eu-central-1:123456789012:thing/things-scale"
    own = {"Id": "own", "Source": "${thingArn}", "Subject": "x", "Target": scale}
    fleet.group("functions").group("secret")
    fleet.group("things", devices=[{"thingName": "things-press", "subscriptions": [own]}]).write()
    device = "kind: Device\nmetadata: {name: things-scale}\nspec: {group: things, role: device}\n"
    (fleet.directory / "devices.yaml").write_text(f"apiVersion: reconciler/v1\n{device}", encoding="utf-8")
    applied(fleet, aws)
    variables(MODE="b")(aws, "functions")
    variables(DB="another-pa55w0rd")(aws, "secret")
    gone = {"own", "things-scale-out"}
    revised("Subscription", lambda _, found: [one for one in found if one["Id"] not in gone], deploy=False)(
        aws, "things"
    )
    revised("Device", lambda _, found: [entry for entry in found if entry["ThingArn"].endswith("press")])(aws, "things")
    aws.advance(10)
    before = {name: fleet.path_of(name).read_text(encoding="utf-8") for name in ("functions", "things")}
    template = (fleet.directory / "templates.yaml").read_text(encoding="utf-8")
    result = accepted(fleet)
    assert result.groups == ("functions", "things")
    assert [(name, reason.partition(" at ")[0]) for name, reason in result.left] == [("secret", "a secret stands")]
    assert "another-pa55w0rd" not in str(result)
    assert {name: added(text, result.files[f"groups/{name}.yaml"]) for name, text in before.items()} == {
        "functions": "version: 2",
        "things": "",
    }
    lines = added(template, result.files["templates.yaml"])
    assert lines is not None
    assert 'Environment:; Variables: {DB: "${secret.DB}", MODE: b}' in lines
    assert "subscriptions" not in lines
    assert result.files["devices.yaml"] is None
    assert plan_line(fleet, "--exclude", "secret") == "No changes. 2 groups match the files."
