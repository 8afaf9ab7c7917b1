"""The stock AWS CLI against the registry, with nothing but the environment to tell it where."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.testing import Sandbox

pytestmark = pytest.mark.long  # a process for every call; test_front has one of each service

Run = Callable[..., Any]


@pytest.fixture
def cli(aws: Sandbox) -> Run:
    """Run ``aws iot …`` and answer with its JSON, or nothing."""

    def run(*arguments: str) -> Any:
        command = [str(Path(sys.executable).with_name("aws")), "iot", *arguments, "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def test_things_by_the_command_line(cli: Run) -> None:
    made = cli("create-thing", "--thing-name", "press", "--attribute-payload", '{"attributes": {"site": "berlin"}}')
    found = cli("describe-thing", "--thing-name", "press")
    assert (found["thingArn"], found["attributes"]) == (made["thingArn"], {"site": "berlin"})
    certificate = cli("create-keys-and-certificate", "--set-as-active")
    cli("attach-thing-principal", "--thing-name", "press", "--principal", certificate["certificateArn"])
    listed = cli("list-thing-principals", "--thing-name", "press")
    assert listed["principals"] == [certificate["certificateArn"]]


def test_provisioning_templates_by_the_command_line(cli: Run, tmp_path: Path) -> None:
    body = tmp_path / "press.json"
    properties = {"ThingName": {"Ref": "ThingName"}}
    resources = {"thing": {"Type": "AWS::IoT::Thing", "Properties": properties}}
    body.write_text(json.dumps({"Parameters": {"ThingName": {"Type": "String"}}, "Resources": resources}))
    role = "arn:aws:iam::123456789012:role/provisioning"
    file = f"file://{body}"
    new = ("--template-name", "press", "--template-body", file)
    assert cli("create-provisioning-template", *new, "--provisioning-role-arn", role)["defaultVersionId"] == 1
    assert cli("create-provisioning-template-version", *new, "--set-as-default")["versionId"] == 2
    found = cli("describe-provisioning-template", "--template-name", "press")
    assert (found["defaultVersionId"], found["templateBody"]) == (2, body.read_text())
    answer = cli("register-thing", "--template-body", file, "--parameters", "ThingName=press")
    assert answer["resourceArns"]["thing"].endswith(":thing/press")
