"""The desired state: everything that a fleet directory says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.model.component import Component, ComponentRef
from reconciler.model.fleet import Fleet
from reconciler.model.group import Group
from reconciler.model.secrets import secrets_in, secrets_named
from reconciler.model.template import Template, TemplateRef


@dataclass(frozen=True, slots=True)
class ProvisioningTemplate:
    """An AWS IoT provisioning template: its body (JSON text), and the parameters it declares (name → has a default)."""

    name: str
    body: str
    parameters: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class DesiredState:
    """A fleet's files, checked, resolved and with tokens expanded; groups are sorted by name."""

    directory: Path
    fleet: Fleet
    templates: Mapping[TemplateRef, Template] = field(default_factory=dict)
    components: Mapping[ComponentRef, Component] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    provisioning_templates: Mapping[str, ProvisioningTemplate] = field(default_factory=dict)

    def secrets(self) -> frozenset[str]:
        """The names of the secrets that templates and the groups' own configuration name."""
        found: set[str] = set()
        for template in self.templates.values():
            found.update(secrets_named([template.definitions, template.deployment]))
            found.update(secrets_in(template.definitions.get("connectors")))  # nothing else is expanded there
        for group in self.groups:
            found.update(secrets_in([group.document, group.core_documents]))
        return frozenset(found)
