"""Templates: named, versioned content for groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reconciler.model.position import NOWHERE, Position

GREENGRASS_V1 = "greengrass/v1"
GREENGRASS_V2 = "greengrass/v2"


class TemplateRef(NamedTuple):
    """A target version: the template version that a group names."""

    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Source:
    """An existing Greengrass V1 group, and one of its versions, taken as the template."""

    group_id: str
    group_version_id: str
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a template.

    For Greengrass V1:
    ``definitions`` maps a family (``functions``, ``subscriptions``, ``connectors``, ``loggers``, ``resources``) to the
    content of its definition version in the API's own shape, tokens unexpanded; a family that is absent is not managed.
    ``device_subscriptions`` maps ``*`` or a thing type to the subscriptions added for each such core and device.
    Exactly one of ``definitions`` and ``source`` is given; ``definitions`` is empty with a source.

    For Greengrass V2 ``deployment`` has ``components``, ``deploymentPolicies`` and ``iotJobConfiguration`` as
    CreateDeployment takes them, but that ``configurationUpdate.merge`` is a mapping and not JSON; tokens unexpanded.
    """

    name: str
    version: int
    runtime: str
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: Source | None = None
    device_subscriptions: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    deployment: Mapping[str, Any] = field(default_factory=dict)
    position: Position = NOWHERE

    @property
    def ref(self) -> TemplateRef:
        """The name and version that groups refer to it by."""
        return TemplateRef(self.name, self.version)
