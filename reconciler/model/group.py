"""Groups with their cores and devices, as the files declare them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.model.position import NOWHERE, Position
from reconciler.model.pruning import SAYS_NOTHING, Pruning
from reconciler.model.template import TemplateRef


@dataclass(frozen=True, slots=True)
class Thing:
    """A core or a device.

    ``provisioning_template`` is the name as declared (None: the built-in one). ``csr`` is a certificate signing
    request in PEM, where the device keeps its own key. ``parameters`` have their tokens expanded.

    Greengrass V2 only: ``configuration`` is what a core has of its own, component name → value to merge; ``cores`` are
    the thing names of the cores that a device is associated with, None for all cores of its group.
    """

    thing_name: str
    role: Literal["core", "device"]
    thing_type: str | None = None
    provisioning_template: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    cdf_provisioning_parameters: Mapping[str, Any] | None = None
    sync_shadow: bool = True
    subscriptions: tuple[Mapping[str, Any], ...] = ()
    csr: str | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)
    cores: tuple[str, ...] | None = None
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class DeploymentSpec:
    """What shall be deployed: the group's version (or the pinned one), nothing more, or a reset."""

    state: Literal["deployed", "reset", "none"] = "deployed"
    redeploy: str | None = None
    force: bool = False
    group_version_id: str | None = None
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Group:
    """A group. ``definitions`` is what its target version means for this group and its things.

    It maps a managed family to content in the API's shape, tokens expanded, entities sorted by ``Id``: ``functions``,
    ``connectors``, ``loggers``, ``resources`` from the template and ``subscriptions`` from the template, its device
    subscriptions and the things' own. ``shared`` names the families whose content depends on the template alone, so
    that groups share it. With a template that has a ``source`` only the subscriptions of devices are here; the rest
    has to be read first.

    For Greengrass V2 ``definitions`` is empty and ``document`` is what the target version means for the thing group:
    ``components``, ``deploymentPolicies`` and ``iotJobConfiguration`` in CreateDeployment's shape, tokens expanded, the
    group's own configuration merged in, ``configurationUpdate.merge`` a mapping. ``core_documents`` has the like for
    each core with a configuration of its own, by thing name: a deployment to that thing alone, of nothing but the
    components that it is about.
    """

    name: str
    template: TemplateRef
    runtime: str
    labels: Mapping[str, str] = field(default_factory=dict)
    cores: tuple[Thing, ...] = ()
    devices: tuple[Thing, ...] = ()
    deployment: DeploymentSpec = DeploymentSpec()
    adopt: bool = False
    pruning: Pruning = SAYS_NOTHING
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    document: Mapping[str, Any] = field(default_factory=dict)
    core_documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    position: Position = NOWHERE

    @property
    def things(self) -> tuple[Thing, ...]:
        """Its cores, then its devices."""
        return self.cores + self.devices
