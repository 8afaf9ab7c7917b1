"""Definitions and their versions, one code for all seven families (63 operations)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.greengrass_v1.families import FAMILIES, Family
from reconciler.sandbox.greengrass_v1.names import Arns
from reconciler.sandbox.greengrass_v1.paging import make_token, read_token
from reconciler.sandbox.greengrass_v1.records import Container, Version
from reconciler.sandbox.greengrass_v1.refusals import (
    bad_request,
    invalid_container,
    invalid_content,
    invalid_input,
)
from reconciler.sandbox.greengrass_v1.registry import Containers, described
from reconciler.sandbox.greengrass_v1.tags import check_tags

ENTITIES_IN_A_PAGE = 1_000
"""Of a version that is read in pages. AWS publishes no number; a full device definition takes three calls."""

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class Definitions:
    """All definitions of one region.

    ``used_by`` maps a definition's id to the ids of the groups whose latest version refers to it; the groups
    keep it.
    """

    def __init__(self, arns: Arns, clock: Clock, used_by: Mapping[str, set[str]]) -> None:
        self._arns = arns
        self._used_by = used_by
        self._of = {
            family.folder: Containers(
                Container,
                arns,
                clock,
                path=f"definition/{family.folder}",
                words=family.words,
                title=f"{family.word} List Definition",
            )
            for family in FAMILIES
        }

    def handlers(self) -> dict[str, Handler]:
        """The nine operations of each family."""
        found: dict[str, Handler] = {}
        for family in FAMILIES:
            one = f"{family.kind}Definition"
            found |= {
                f"Create{one}": partial(self._create, family),
                f"Get{one}": partial(self._get, family),
                f"Update{one}": partial(self._update, family),
                f"Delete{one}": partial(self._delete, family),
                f"List{one}s": partial(self._list, family),
                f"Create{one}Version": partial(self._create_version, family),
                f"Get{one}Version": partial(self._get_version, family),
                f"List{one}Versions": partial(self._list_versions, family),
            }
        return found

    def find(self, folder: str, definition_id: str) -> Container | None:
        """The definition in an ARN's folder (``cores``), or None."""
        containers = self._of.get(folder)
        return containers.find(definition_id) if containers else None

    def find_version(self, family: Family, arn: str) -> Version | None:
        """The version with exactly this ARN, None where it is malformed, elsewhere, or of another family."""
        match (self._arns.path_in(arn) or "").split("/"):
            case ["definition", family.folder, definition_id, "versions", version_id]:
                definition = self._of[family.folder].find(definition_id)
                return definition.versions.get(version_id) if definition else None
        return None

    def _create(self, family: Family, params: dict[str, Any]) -> dict[str, Any]:
        check_tags(params.get("tags", {}))
        content = None
        if "InitialVersion" in params:
            content = _checked(family, params["InitialVersion"])
        definition = self._of[family.folder].create(params)
        if content is not None:
            self._of[family.folder].add_version(definition, content)
        return definition.summary()

    def _get(self, family: Family, params: dict[str, Any]) -> dict[str, Any]:
        definition = self._of[family.folder].get(params[family.id_param], fully_named=True)
        return {**definition.summary(), "tags": dict(definition.tags)}

    def _update(self, family: Family, params: dict[str, Any]) -> dict[str, Any]:
        name = params.get("Name")
        if not name and family.folder == "resources":
            raise invalid_input("Invalid resource name.")
        if not name:
            raise invalid_container("Input does not contain any attributes to be updated")
        containers = self._of[family.folder]
        containers.rename(containers.get(params[family.id_param]), name)
        return {}

    def _delete(self, family: Family, params: dict[str, Any]) -> dict[str, Any]:
        containers = self._of[family.folder]
        definition = containers.get(params[family.id_param])
        users = self._used_by.get(definition.id)
        if users:
            raise bad_request(
                f"The {family.words} definition {definition.id} is used by the latest version of"
                f" {len(users)} group(s), such as {min(users)}, and cannot be deleted."
            )
        containers.remove(definition)
        return {}

    def _list(self, family: Family, params: dict[str, Any]) -> dict[str, Any]:
        return self._of[family.folder].list_all(params, "Definitions", with_tags=True)

    def _create_version(self, family: Family, params: dict[str, Any]) -> dict[str, Any]:
        containers = self._of[family.folder]
        definition = containers.get(params[family.id_param])
        return containers.add_version(definition, _checked(family, params)).summary()

    def _get_version(self, family: Family, params: dict[str, Any]) -> dict[str, Any]:
        version = self._of[family.folder].get_version(params[family.id_param], params[family.version_param])
        if not family.paged:
            return described(version, version.content)
        scope, token = f"{version.id}/{family.member}", params.get("NextToken")
        start = 0 if token is None else read_token(token, scope)
        entities = version.content[family.member]
        end = start + ENTITIES_IN_A_PAGE
        found = described(version, {**version.content, family.member: entities[start:end]})
        return {**found, "NextToken": make_token(scope, end)} if end < len(entities) else found

    def _list_versions(self, family: Family, params: dict[str, Any]) -> dict[str, Any]:
        return self._of[family.folder].list_versions(params[family.id_param], params)


def _checked(family: Family, given: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a new version; a list that is left out is an empty one."""
    entities = given.get(family.member, [])
    problems = list(family.problems(entities))
    if problems:
        raise invalid_content(f"The {family.folder} definition {family.invalid}", problems)
    content = {family.member: entities}
    if "DefaultConfig" in given:
        content["DefaultConfig"] = given["DefaultConfig"]
    return content
