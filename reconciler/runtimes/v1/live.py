"""The live state of Greengrass V1 groups, as far as a plan needs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.template import TemplateRef
from reconciler.provisioning.iot import Existing
from reconciler.runtimes.marks import FLEET_TAG
from reconciler.runtimes.v1.families import FAMILIES

DEPLOYMENT_TAG = "reconciler:deployment"
"""What the files asked for, and what was the newest deployment then: ``reset after …``, ``<pinned version> after …``.

``newest after …`` is what undoes these; without the tag the newest version was asked for.
"""
GROUP_VERSION_TAG = "reconciler:group-version"
"""The group version that we made last: a newer one was made by somebody else."""
FAMILIES_TAG = "reconciler:families"
"""The families that the files managed when the group was brought to them: one that they no longer name goes."""


RUNNING = frozenset({"Building", "InProgress"})
SUCCESS = "Success"
RESETS = frozenset({"ResetDeployment", "ForceResetDeployment"})


@dataclass(frozen=True, slots=True)
class GroupVersion:
    """One immutable version of a group: its definition version ARNs by family, and when it was made (ISO text)."""

    arns: Mapping[str, str]
    created_at: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "GroupVersion":
        """The version in an answer of GetGroupVersion."""
        definition = answer.get("Definition", {})
        arns = {name: definition.get(family.arn_member) for name, family in FAMILIES.items()}
        return cls({name: arn for name, arn in arns.items() if arn}, answer.get("CreationTimestamp", ""))


@dataclass(frozen=True, slots=True)
class LiveDefinition:
    """One definition version: its ARN, and its content in the API's shape."""

    arn: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LiveDeployment:
    """The newest deployment of a group. ``group_version_id`` is None for a reset; times are the API's ISO texts."""

    id: str
    type: str
    group_version_id: str | None
    created_at: str
    status: str
    updated_at: str
    error: str = ""

    @property
    def is_reset(self) -> bool:
        """Whether it took everything off the core rather than putting a version on it."""
        return self.type in RESETS


@dataclass(frozen=True, slots=True)
class LiveGroup:
    """A group with its newest version; ``definitions`` is by family, ``deployed_arns`` of the deployed version."""

    name: str
    id: str
    arn: str
    version_id: str | None
    version_created_at: str
    tags: Mapping[str, str]
    definitions: Mapping[str, LiveDefinition]
    deployment: LiveDeployment | None
    deployed_arns: Mapping[str, str] | None = None
    live_name: str = ""
    """What it is called in Greengrass, where ``moved`` gives it the name ``name``; else empty."""

    @property
    def fleet(self) -> str | None:
        """The fleet that the group is marked with."""
        return self.tags.get(FLEET_TAG)

    @property
    def managed(self) -> frozenset[str]:
        """The families that the files managed when the group was last brought to what they say."""
        return frozenset(self.tags.get(FAMILIES_TAG, "").split())

    def definition_arns(self) -> dict[str, str]:
        """Its definition version ARNs by family."""
        return {family: definition.arn for family, definition in self.definitions.items()}


@dataclass(frozen=True, slots=True)
class LiveFleet:
    """The declared groups that exist, by name, and the definitions of the groups that are templates' sources.

    ``others`` are the live groups that no file declares, and that none of ``groups`` is, as ListGroups tells of them;
    ``names`` those of all live groups, declared or not.
    """

    groups: Mapping[str, LiveGroup] = field(default_factory=dict)
    sources: Mapping[TemplateRef, Mapping[str, LiveDefinition]] = field(default_factory=dict)
    others: tuple[Mapping[str, Any], ...] = ()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Questions:
    """What else has to be asked before the plan can be made: names and ids, each once."""

    definitions: frozenset[tuple[str, str]] = frozenset()
    things: frozenset[str] = frozenset()
    pinned: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers. ``owners`` maps a definition's id to the name we gave it, None where it is not this fleet's."""

    owners: Mapping[str, str | None] = field(default_factory=dict)
    things: Mapping[str, Existing | None] = field(default_factory=dict)
    pinned: Mapping[tuple[str, str], Mapping[str, str] | None] = field(default_factory=dict)
    missing_types: frozenset[str] = frozenset()
