"""Greengrass V2 components that the fleet publishes itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.model.position import NOWHERE, Position


class ComponentRef(NamedTuple):
    """A component version: a name and a semantic version, such as ``1.2.4``."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a component needs: where it is, its S3 URI (without a bucket in the fleet: None), and its SHA-256."""

    file: Path
    uri: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Component:
    """One version of a private component.

    Exactly one of ``recipe`` (the parsed recipe, the URIs of its artifacts filled in) and ``lambda_function`` (the
    shape ``LambdaFunctionRecipeSource`` of CreateComponentVersion) is given.
    """

    name: str
    version: str
    recipe: Mapping[str, Any] | None = None
    lambda_function: Mapping[str, Any] | None = None
    artifacts: tuple[Artifact, ...] = ()
    position: Position = NOWHERE

    @property
    def ref(self) -> ComponentRef:
        """The name and version that deployments refer to it by."""
        return ComponentRef(self.name, self.version)
