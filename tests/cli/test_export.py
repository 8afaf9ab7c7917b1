"""``reconcile export``: a diff that Git applies, files that say what is live, and what no file can say."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox
from tests import live
from tests.cli.test_drift import foreign, pending
from tests.fleets import LAMBDA, FleetFiles, run_cli

PASSWORD, OTHER = "pa55-w0rd-of-the-press", "an0ther-pa55w0rd"


def apply(fleet: FleetFiles, aws: Sandbox) -> None:
    ran = run_cli("apply", fleet.directory, "--yes")
    assert ran.code == 0, ran.out + ran.err
    aws.advance(10)


def by_hand(aws: Sandbox, **variables: str) -> None:
    """Give the function of ``munich`` another timeout, and more variables, and deploy that."""
    (function,) = live.contents(aws.client, "munich")["Function"]["Functions"]
    function["FunctionConfiguration"]["Timeout"] = 7
    if variables:
        function["FunctionConfiguration"]["Environment"]["Variables"] |= variables
    made = aws.client("greengrass").create_function_definition(InitialVersion={"Functions": [function]})
    version = live.new_version(aws.client, "munich", Function=made["LatestVersionArn"])
    identifier = live.groups(aws.client)["munich"]["Id"]
    aws.client("greengrass").create_deployment(
        GroupId=identifier, GroupVersionId=version, DeploymentType="NewDeployment"
    )
    aws.advance(10)


def texts(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(directory.rglob("*.yaml"))}


def patch(fleet: FleetFiles, diff: str, *options: str) -> None:
    subprocess.run(["git", "apply", *options], input=diff, text=True, check=True, cwd=fleet.directory)


def test_the_diff_is_one_that_git_applies_and_write_does_the_same(fleet: FleetFiles, aws: Sandbox) -> None:
    apply(fleet, aws)
    by_hand(aws)
    aws.clear_calls()
    before = texts(fleet.directory)
    shown = run_cli("export", fleet.directory)
    assert (shown.code, shown.err) == (0, "Export: 1 group as it is live, 2 files to change.\n")
    assert texts(fleet.directory) == before
    patch(fleet, shown.out)
    patched = texts(fleet.directory)
    patch(fleet, shown.out, "-R")
    written = run_cli("export", fleet.directory, "--write")
    assert (written.code, written.out) == (0, shown.out)
    assert written.err == "Export: 1 group as it is live, 2 files changed.\n"
    assert texts(fleet.directory) == patched != before
    assert run_cli("plan", fleet.directory).last_line == "No changes. 2 groups match the files."
    assert run_cli("drift", fleet.directory).code == 0
    nothing = run_cli("export", fleet.directory)
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "Nothing to export.\n")
    assert aws.writes() == []


def test_what_files_ask_for_and_what_others_made_is_left(fleet: FleetFiles, aws: Sandbox) -> None:
    apply(fleet, aws)
    foreign(fleet, aws)
    pending(fleet, aws)
    ran = run_cli("export", fleet.directory, "--write")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == [
        "! munich: the files ask for something that no apply has carried out",
        "! paris: a live group that this fleet did not make bears the name; --adopt paris takes it over",
        "Nothing to export; 2 left.",
    ]


def with_secret(fleet: FleetFiles) -> None:
    configuration = {"Timeout": 3, "Environment": {"Variables": {"DB": "db://press:${secret.DB}@x", "MODE": "quick"}}}
    function = {"Id": "monitor", "FunctionArn": LAMBDA, "FunctionConfiguration": configuration}
    fleet.template(definitions={"functions": {"Functions": [function]}}).write()


def test_a_secret_stays_a_token(fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_SECRET_DB", PASSWORD)
    with_secret(fleet)
    apply(fleet, aws)
    by_hand(aws, MODE="slow", COPY=f"{PASSWORD}/copy", HOME="${HOME} and ${secret.PATH}")
    ran = run_cli("export", fleet.directory, "--write")
    assert ran.code == 0, ran.err
    assert PASSWORD not in ran.out + ran.err
    added = [line[1:].strip() for line in ran.out.splitlines() if line.startswith("+ ")]
    assert "DB: db://press:${secret.DB}@x" in added
    assert "COPY: ${secret.DB}/copy" in added
    assert "HOME: $${HOME} and $${secret.PATH}" in added
    assert run_cli("plan", fleet.directory).last_line == "No changes. 2 groups match the files."


@pytest.mark.parametrize("variables", [{"DB": OTHER}, {"DB": f"db://press:{OTHER}@x"}])
def test_what_stands_in_place_of_a_secret_is_not_written(
    variables: dict[str, str], fleet: FleetFiles, aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILE_SECRET_DB", PASSWORD)
    with_secret(fleet)
    apply(fleet, aws)
    by_hand(aws, **variables)
    before = texts(fleet.directory)
    ran = run_cli("export", fleet.directory, "--write")
    assert (ran.code, ran.out, texts(fleet.directory)) == (1, "", before)
    assert "munich: a secret stands at functions.Functions.monitor.FunctionConfiguration.Environment" in ran.err
    assert OTHER not in ran.err


def made_by_hand(aws: Sandbox, name: str, *, timeout: int = 3) -> None:
    """A group as one makes it with the SDK: a core, two devices, a function and subscriptions."""
    greengrass, iot = aws.client("greengrass"), aws.client("iot")

    def thing(name: str) -> dict[str, Any]:
        arn = iot.create_thing(thingName=name)["thingArn"]
        certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
        return {"Id": name[-3:], "ThingArn": arn, "CertificateArn": certificate, "SyncShadow": True}

    core, devices = thing(f"{name}-core"), [thing(f"{name}-press"), thing(f"{name}-scale")]
    variables = {"Environment": {"Variables": {"CORE": f"{name}-core", "N": "007"}}}
    function = {"Id": "monitor", "FunctionArn": LAMBDA, "FunctionConfiguration": {"Timeout": timeout, **variables}}
    subscriptions = [{"Id": "up", "Source": LAMBDA, "Subject": f"up/{name}", "Target": "cloud"}]
    subscriptions += [
        {"Id": device["Id"], "Source": device["ThingArn"], "Subject": f"dt/{name}-{at}", "Target": LAMBDA}
        for at, device in zip(("press", "scale"), devices, strict=True)
    ]
    families = {
        "Core": {"Cores": [core]},
        "Device": {"Devices": devices},
        "Function": {"Functions": [function]},
        "Subscription": {"Subscriptions": subscriptions},
    }
    arns = {
        f"{family}DefinitionVersionArn": getattr(greengrass, f"create_{family.lower()}_definition")(
            InitialVersion=content
        )["LatestVersionArn"]
        for family, content in families.items()
    }
    identifier = greengrass.create_group(Name=name)["Id"]
    version = greengrass.create_group_version(GroupId=identifier, **arns)["Version"]
    greengrass.create_deployment(GroupId=identifier, GroupVersionId=version, DeploymentType="NewDeployment")


def test_a_fleet_that_was_made_by_hand_comes_into_files(fleet: FleetFiles, aws: Sandbox) -> None:
    for name in ("hall-1", "hall-2", "hall-3"):
        made_by_hand(aws, name, timeout=9 if name == "hall-3" else 3)
    greengrass = aws.client("greengrassv2")
    for name in ("site-1", "site-2"):
        group = aws.client("iot").create_thing_group(thingGroupName=name)["thingGroupArn"]
        aws.client("iot").create_thing(thingName=f"{name}-core")
        aws.client("iot").add_thing_to_thing_group(thingGroupName=name, thingName=f"{name}-core")
        update = {"merge": '{"log": "' + name + '/log", "script": "a\\nb\\n"}'}
        components = {"aws.greengrass.Cli": {"componentVersion": "2.12.6", "configurationUpdate": update}}
        greengrass.create_deployment(targetArn=group, components=components)
    aws.client("greengrass").create_group(Name="other", tags={"reconciler:fleet": "another"})
    aws.advance(10)
    for path in (fleet.directory / "groups").iterdir():
        path.unlink()
    (fleet.directory / "templates.yaml").unlink()
    assert run_cli("export", fleet.directory, "--adopt", "hull-*").code == 64
    ran = run_cli("export", fleet.directory, "--adopt", "hall-*", "--adopt", "*t*", "--write")
    assert (ran.code, ran.err.splitlines()) == (
        0,
        ["! other: it belongs to the fleet another", "Export: 5 groups as they are live, 8 files changed; 1 left."],
    )
    written = texts(fleet.directory)
    assert "template: {name: hall-1, version: 1}" in written["hall-2.yaml"]
    assert "template: {name: site-1, version: 1}" in written["site-2.yaml"]
    assert 'Variables: {CORE: "${coreThingName}", N: "007"}' in (fleet.directory / "templates/hall-3.yaml").read_text()
    planned = run_cli("plan", fleet.directory, "--format", "json")
    assert '"deploy": 0' in planned.out
    aws.clear_calls()
    apply(fleet, aws)
    assert {write.partition(":")[2] for write in aws.writes()} == {"TagResource"}
    for name, text in written.items():
        path = next(fleet.directory.rglob(name))
        path.write_text(text.replace("  adopt: true\n", ""), encoding="utf-8")
    assert run_cli("plan", fleet.directory).last_line == "No changes. 5 groups match the files."


def test_a_group_of_a_declared_name_is_taken_over_as_it_is(fleet: FleetFiles, aws: Sandbox) -> None:
    made_by_hand(aws, "munich", timeout=5)
    aws.advance(10)
    ran = run_cli("export", fleet.directory, "--adopt", "munich", "--write", "--select", "munich")
    assert (ran.code, ran.err) == (0, "Export: 1 group as it is live, 2 files changed.\n")
    assert "adopt: true" in texts(fleet.directory)["munich.yaml"]
    planned = run_cli("plan", fleet.directory, "--select", "munich")
    assert "0 deployments" in planned.last_line
    assert "functions" not in planned.out.replace("reconciler:families", "").replace("devices functions", "")
