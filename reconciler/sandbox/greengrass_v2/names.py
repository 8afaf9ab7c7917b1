"""ARNs as Greengrass V2 writes them (API reference), and the names within them."""

import re
from dataclasses import dataclass

from reconciler.sandbox.moto_bridge import partition_of

_COMPONENT = re.compile(
    r"arn:[^:]+:greengrass:(?P<region>[^:]*):(?P<owner>aws|\d+):components:(?P<name>[^:]+)(:versions:(?P<version>[^:]+))?"
)


@dataclass(frozen=True, slots=True)
class ComponentName:
    """What an ARN of a component says: its owner (an account or ``aws``), its name and, maybe, a version."""

    region: str
    owner: str
    name: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Arns:
    """Makes and reads the ARNs of one account and region."""

    account: str
    region: str

    def of(self, kind: str, name: str) -> str:
        """The ARN of a resource of this account, such as ``of("deployments", ID)``."""
        return f"{self._prefix('greengrass')}:{kind}:{name}"

    def component(self, name: str, version: str | None = None, *, public: bool = False) -> str:
        """The ARN of a component or of one of its versions; a public one belongs to ``aws``."""
        owner = "aws" if public else self.account
        tail = "" if version is None else f":versions:{version}"
        return f"arn:{partition_of(self.region)}:greengrass:{self.region}:{owner}:components:{name}{tail}"

    def iot(self, kind: str, name: str) -> str:
        """The ARN of a thing, a thing group or a job of this account and region."""
        return f"{self._prefix('iot')}:{kind}/{name}"

    def name_in(self, arn: str, kind: str) -> str | None:
        """The name in a Greengrass ARN of this account, region and kind; None for any other ARN."""
        prefix = self.of(kind, "")
        return arn[len(prefix) :] if arn.startswith(prefix) and len(arn) > len(prefix) else None

    def iot_name_in(self, arn: str, kind: str) -> str | None:
        """The name in an AWS IoT ARN of this account, region and kind; None for any other ARN."""
        prefix = self.iot(kind, "")
        return arn[len(prefix) :] if arn.startswith(prefix) and len(arn) > len(prefix) else None

    def _prefix(self, service: str) -> str:
        return f"arn:{partition_of(self.region)}:{service}:{self.region}:{self.account}"


def component_in(arn: str) -> ComponentName | None:
    """What the ARN of a component, or of a version of one, says; None for any other ARN."""
    found = _COMPONENT.fullmatch(arn)
    return ComponentName(found["region"], found["owner"], found["name"], found["version"]) if found else None
