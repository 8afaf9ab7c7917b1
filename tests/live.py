"""What the sandbox's account holds, read with plain boto3 and no code of the product."""

from collections.abc import Callable
from typing import Any

FAMILIES = ("Core", "Device", "Function", "Subscription", "Connector", "Logger", "Resource")
Client = Callable[[str], Any]


def groups(client: Client) -> dict[str, dict[str, Any]]:
    """Every live group's row of ListGroups by name."""
    return {row["Name"]: row for row in client("greengrass").list_groups(MaxResults="250")["Groups"]}


def arns(client: Client, name: str) -> dict[str, str]:
    """The definition version ARNs of a group's newest version by family (``Core``, ``Device``, …)."""
    row = groups(client)[name]
    version = client("greengrass").get_group_version(GroupId=row["Id"], GroupVersionId=row["LatestVersion"])
    definition = version["Definition"]
    return {
        family: definition[f"{family}DefinitionVersionArn"]
        for family in FAMILIES
        if f"{family}DefinitionVersionArn" in definition
    }


def definition(client: Client, family: str, arn: str) -> dict[str, Any]:
    """The content of a definition version."""
    *_, identifier, _, version = arn.split("/")
    get = getattr(client("greengrass"), f"get_{family.lower()}_definition_version")
    answer = get(**{f"{family}DefinitionId": identifier, f"{family}DefinitionVersionId": version})
    return dict(answer["Definition"])


def contents(client: Client, name: str) -> dict[str, Any]:
    """The content of each family of a group, without what AWS makes up: certificates are only there or not."""
    found = {family: definition(client, family, arn) for family, arn in arns(client, name).items()}
    for family in ("Core", "Device"):
        for entity in found.get(family, {}).get(f"{family}s", []):
            entity["CertificateArn"] = ":cert/" in entity["CertificateArn"]
    return found


def tags(client: Client, name: str) -> dict[str, str]:
    """The tags of a group."""
    return dict(client("greengrass").list_tags_for_resource(ResourceArn=groups(client)[name]["Arn"])["tags"])


def deployments(client: Client, name: str) -> list[dict[str, Any]]:
    """The deployments of a group, newest first."""
    row = groups(client)[name]
    return list(client("greengrass").list_deployments(GroupId=row["Id"])["Deployments"])


def new_version(client: Client, name: str, **changed: str) -> str:
    """Make a version of a group by hand, ``changed`` (family to ARN) laid over its newest; the version's id."""
    members = {f"{family}DefinitionVersionArn": arn for family, arn in (arns(client, name) | changed).items()}
    made = client("greengrass").create_group_version(GroupId=groups(client)[name]["Id"], **members)
    return str(made["Version"])
