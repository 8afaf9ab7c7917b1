"""The seven families of Greengrass V1 definitions: how the API names them, and when two contents are equal."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.model.canonical import digest


class Family(NamedTuple):
    """One family: ``name`` is the files', ``api`` stands in the API's operations, ``entities`` is its list's member."""

    name: str
    api: str
    entities: str

    @property
    def arn_member(self) -> str:
        """The member of a group version that holds this family's definition version ARN."""
        return f"{self.api}DefinitionVersionArn"

    def operation(self, verb: str, what: str = "Definition") -> str:
        """An operation of this family: ``operation("Create", "DefinitionVersion")``."""
        return f"{verb}{self.api}{what}"

    @property
    def id_parameter(self) -> str:
        """The parameter that takes a definition's id."""
        return f"{self.api}DefinitionId"

    @property
    def version_id_parameter(self) -> str:
        """The parameter that takes a definition version's id."""
        return f"{self.api}DefinitionVersionId"


CORES = Family("cores", "Core", "Cores")
DEVICES = Family("devices", "Device", "Devices")
FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        CORES,
        DEVICES,
        Family("functions", "Function", "Functions"),
        Family("subscriptions", "Subscription", "Subscriptions"),
        Family("connectors", "Connector", "Connectors"),
        Family("loggers", "Logger", "Loggers"),
        Family("resources", "Resource", "Resources"),
    )
}
THING_FAMILIES = frozenset({"cores", "devices"})

_VERSION = re.compile(r"/definition/[a-z]+/([^/]+)/versions/([^/]+)$")
_GROUP_VERSION = re.compile(r"/groups/[^/]+/versions/([^/]+)$")


def definition_ids(arn: str) -> tuple[str, str]:
    """The definition's and the version's id in a definition version's ARN. Raises ValueError if it is none."""
    if (match := _VERSION.search(arn)) is None:
        raise ValueError(f"not the ARN of a definition version: {arn}")
    return match[1], match[2]


def group_version_id(arn: str) -> str | None:
    """The group version's id in a group version's ARN, None in a plain group's ARN (as after a reset)."""
    match = _GROUP_VERSION.search(arn)
    return match[1] if match else None


def thing_name(arn: str) -> str:
    """The thing's name in its ARN."""
    return arn.rsplit(":thing/", 1)[-1]


def comparable(family: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """``content`` so that equal meaning is equal data: entities by ``Id``, cores and devices by thing name.

    The ids of cores and devices, and their certificates, are AWS's and say nothing about what was wanted. Empty and
    absent are the same. What stands beside the entities (``DefaultConfig``) keeps its name.
    """
    known = FAMILIES[family]
    entities = content.get(known.entities) or ()
    if family in THING_FAMILIES:
        return {thing_name(item["ThingArn"]): {"SyncShadow": bool(item.get("SyncShadow"))} for item in entities}
    compared = {item["Id"]: without_empty(item) for item in entities}
    rest = {name: value for name, value in content.items() if name != known.entities}
    return {**compared, **without_empty(rest)}


def content_digest(family: str, content: Mapping[str, Any]) -> str:
    """A digest by which equal contents of a family are found; cores and devices count with their certificates."""
    if family in THING_FAMILIES:
        return digest([family, sorted(content[FAMILIES[family].entities], key=lambda item: str(item["Id"]))])
    return digest([family, comparable(family, content)])


def same_content(family: str, found: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    """Whether two versions of a family hold the same, certificates included."""
    if comparable(family, found) != comparable(family, content):
        return False
    if family not in THING_FAMILIES:
        return True
    entities = FAMILIES[family].entities
    return _certificates(found[entities]) == _certificates(content[entities])


def _certificates(entries: list[Mapping[str, Any]]) -> dict[str, str]:
    return {entry["ThingArn"]: entry["CertificateArn"] for entry in entries}


def without_empty(value: Any) -> Any:
    """``value`` without what is empty or null, all the way down: to Greengrass that is as good as absent."""
    if isinstance(value, Mapping):
        kept = {name: without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not None and item not in ({}, [])}
    if isinstance(value, list | tuple):
        return [without_empty(item) for item in value]
    return value
