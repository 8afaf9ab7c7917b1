"""Groups and their versions."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.greengrass_v1.definitions import Definitions
from reconciler.sandbox.greengrass_v1.families import CORES, FAMILIES
from reconciler.sandbox.greengrass_v1.forms import thing_name
from reconciler.sandbox.greengrass_v1.names import Arns
from reconciler.sandbox.greengrass_v1.records import Group, Version
from reconciler.sandbox.greengrass_v1.refusals import (
    bad_request,
    invalid_container,
    invalid_content,
    invalid_input,
)
from reconciler.sandbox.greengrass_v1.registry import Containers, described
from reconciler.sandbox.greengrass_v1.tags import check_tags

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Groups:
    """The groups of one region; names are not unique, and nothing is inherited from version to version."""

    def __init__(self, arns: Arns, clock: Clock) -> None:
        self.used_by: defaultdict[str, set[str]] = defaultdict(set)
        """Which groups' latest versions refer to a definition, by the definition's id."""
        self._definitions = Definitions(arns, clock, self.used_by)
        self._groups = Containers(Group, arns, clock, path="groups", words="group", title="Group Definition")

    @property
    def definitions(self) -> Definitions:
        """The definitions that the groups' versions refer to."""
        return self._definitions

    def handlers(self) -> dict[str, Handler]:
        """The eight operations on groups and their versions."""
        return {
            "CreateGroup": self._create,
            "GetGroup": self._get,
            "UpdateGroup": self._update,
            "DeleteGroup": self._delete,
            "ListGroups": lambda params: self._groups.list_all(params, "Groups", with_tags=False),
            "CreateGroupVersion": self._create_version,
            "GetGroupVersion": self._get_version,
            "ListGroupVersions": lambda params: self._groups.list_versions(params["GroupId"], params),
        }

    def find(self, group_id: str) -> Group | None:
        """The group, or None."""
        return self._groups.find(group_id)

    def get(self, group_id: str) -> Group:
        """The group; raises IdNotFoundException."""
        return self._groups.get(group_id)

    def core_of(self, version: Version) -> str | None:
        """The thing name of a group version's core; None where it has no core.

        Raises error 400 where the version refers to a definition that was deleted since.
        """
        self._check(version.content)
        arn = version.content.get(CORES.arn_member)
        cores = self._definitions.find_version(CORES, arn) if arn else None
        if cores is None or not cores.content[CORES.member]:
            return None
        return thing_name(cores.content[CORES.member][0]["ThingArn"])

    def _create(self, params: dict[str, Any]) -> dict[str, Any]:
        if not params["Name"]:
            raise invalid_input("Invalid group name.")
        check_tags(params.get("tags", {}))
        content = None
        if "InitialVersion" in params:
            content = self._check(params["InitialVersion"])
        group = self._groups.create(params)
        if content is not None:
            self._add_version(group, content)
        return group.summary()

    def _get(self, params: dict[str, Any]) -> dict[str, Any]:
        group = self._groups.get(params["GroupId"], fully_named=True)
        return {**group.summary(), "tags": dict(group.tags)}

    def _update(self, params: dict[str, Any]) -> dict[str, Any]:
        if not params.get("Name"):
            raise invalid_container("Input does not contain any attributes to be updated")
        self._groups.rename(self._groups.get(params["GroupId"]), params["Name"])
        return {}

    def _delete(self, params: dict[str, Any]) -> dict[str, Any]:
        group = self._groups.get(params["GroupId"])
        if group.deployed is not None:
            raise bad_request(
                f"Group id: {group.id} is currently deployed and cannot be deleted."
                " Reset the group's deployments first."
            )
        self._refer(group, group.latest, None)
        for deployment in group.deployments.values():
            deployment.abandoned = True
        self._groups.remove(group)
        return {}

    def _create_version(self, params: dict[str, Any]) -> dict[str, Any]:
        group = self._groups.get(params["GroupId"])
        return self._add_version(group, self._check(params)).summary()

    def _get_version(self, params: dict[str, Any]) -> dict[str, Any]:
        version = self._groups.get_version(params["GroupId"], params["GroupVersionId"])
        return described(version, version.content)

    def _add_version(self, group: Group, content: Mapping[str, Any]) -> Version:
        before = group.latest
        version = self._groups.add_version(group, content)
        self._refer(group, before, version)
        return version

    def _refer(self, group: Group, before: Version | None, after: Version | None) -> None:
        """Note which definitions the group's latest version refers to."""
        for arn in before.content.values() if before else ():
            self.used_by[_definition_id(arn)].discard(group.id)
        for arn in after.content.values() if after else ():
            self.used_by[_definition_id(arn)].add(group.id)

    def _check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The ARNs that ``given`` holds; raises error 400 where one names nothing of its family."""
        content = {family.arn_member: given[family.arn_member] for family in FAMILIES if family.arn_member in given}
        problems = [
            f"{family.reference} definition reference does not exist"
            for family in FAMILIES
            if family.arn_member in content
            and self._definitions.find_version(family, content[family.arn_member]) is None
        ]
        if problems:
            raise invalid_content("The group is invalid or corrupted.", problems)
        return content


def _definition_id(version_arn: str) -> str:
    return version_arn.split("/")[-3]
