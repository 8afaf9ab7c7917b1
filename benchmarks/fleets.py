"""Fleets of any size: groups of a core and two devices, all at the same version of one template."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

Runtime = Literal["v1", "v2"]

BUCKET = "fleet-artifacts"
FLEET = f"""\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: big}}
spec:
  account: "123456789012"
  region: eu-central-1
  artifacts: {{bucket: {BUCKET}, prefix: big/}}
  bulkDeployments: {{bucket: {BUCKET}, prefix: bulk/, executionRoleArn: "arn:aws:iam::123456789012:role/bulk"}}
  nucleus: {{roleAlias: GreengrassCoreTokenExchangeRoleAlias}}
  guards: {{updated: 100%}}
  limits: {{LIMITS}}
"""
V1 = """\
apiVersion: reconciler/v1
kind: Template
metadata: {name: line}
spec:
  version: VERSION
  runtime: greengrass/v1
  definitions:
    functions:
      Functions:
        - Id: press
          FunctionArn: arn:aws:lambda:eu-central-1:123456789012:function:press:4
          FunctionConfiguration: {Timeout: VERSION, Environment: {Variables: {CORE: "${coreThingName}"}}}
  deviceSubscriptions:
    "*": [{Id: "${thingName}-out", Source: "${thingArn}", Subject: "dt/${thingName}", Target: cloud}]
"""
V2 = """\
apiVersion: reconciler/v1
kind: Template
metadata: {name: line}
spec:
  version: VERSION
  runtime: greengrass/v2
  deployment:
    components:
      aws.greengrass.Nucleus: {componentVersion: 2.12.6}
      aws.greengrass.Cli:
        componentVersion: 2.12.6
        configurationUpdate: {merge: {level: VERSION, group: "${groupName}"}}
"""
GROUP = """\
apiVersion: reconciler/v1
kind: Group
metadata: {{name: {name}}}
spec:
  template: {{name: line, version: {version}}}
  cores: [{{thingName: {name}-core}}]
  devices: [{{thingName: {name}-a}}, {{thingName: {name}-b}}]
"""


def write_fleet(directory: Path, runtime: Runtime, groups: int, limits: Iterable[str]) -> None:
    """Write a fleet of so many ``groups`` into ``directory``, a file each, with as good as no limits."""
    (directory / "groups").mkdir(parents=True)
    rates = ", ".join(f'"{name}": 1000000' for name in limits)
    (directory / "fleet.yaml").write_text(FLEET.replace("LIMITS", rates), encoding="utf-8")
    content = V1 if runtime == "v1" else V2
    versions = [content.replace("VERSION", str(version)) for version in (1, 2)]
    (directory / "template.yaml").write_text("---\n".join(versions), encoding="utf-8")
    for number in range(groups):
        set_version(directory, number, 1)


def set_version(directory: Path, number: int, version: int) -> None:
    """Write the file of one group, which is to be at ``version`` of the template."""
    name = f"g{number:05d}"
    (directory / "groups" / f"{name}.yaml").write_text(GROUP.format(name=name, version=version), encoding="utf-8")
