"""The stock AWS CLI against the sandbox, told nothing but the environment."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long  # a process for every call; test_front has one of each service

AWS = Path(sys.executable).with_name("aws")


def cli(*arguments: str) -> Any:
    """Run ``aws greengrass …`` and answer with what it printed."""
    done = subprocess.run(
        [str(AWS), "greengrass", *arguments, "--output", "json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_groups_definitions_and_deployments(fleet: Any) -> None:
    core = {"Cores": [fleet.entity("line-core")]}
    definition = cli("create-core-definition", "--name", "cores", "--initial-version", json.dumps(core))
    version = json.dumps({"CoreDefinitionVersionArn": definition["LatestVersionArn"]})
    group = cli("create-group", "--name", "line", "--initial-version", version, "--tags", "site=berlin")
    assert cli("get-group", "--group-id", group["Id"])["tags"] == {"site": "berlin"}
    for number in range(2):
        fleet.gg.create_group(Name=f"other-{number}")
    listed = cli("list-groups", "--page-size", "2")
    assert {found["Name"] for found in listed["Groups"]} == {"line", "other-0", "other-1"}
    target = ("--group-id", group["Id"])
    new = ("--deployment-type", "NewDeployment", "--group-version-id", group["LatestVersion"])
    deployment = cli("create-deployment", *target, *new)["DeploymentId"]
    fleet.aws.advance(2)
    assert cli("get-deployment-status", *target, "--deployment-id", deployment)["DeploymentStatus"] == "Success"
    cli("reset-deployments", *target, "--force")
    cli("delete-group", *target)


def test_refusals_are_told_by_code_and_text(fleet: Any) -> None:
    done = subprocess.run(
        [str(AWS), "greengrass", "get-group", "--group-id", "nothing"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "(IdNotFoundException)" in done.stderr
    assert "That Group Definition does not exist." in done.stderr
