"""Reads definitions of Greengrass V1: versions, which never change, who made them, and what came of publications."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from reconciler.aws.cache import Cache
from reconciler.aws.client import Aws
from reconciler.model.errors import AwsError
from reconciler.runtimes.marks import FLEET_TAG
from reconciler.runtimes.v1.families import FAMILIES, definition_ids
from reconciler.runtimes.v1.live import LiveDefinition

MAY_HOLD_SECRETS = frozenset({"functions", "connectors"})


@dataclass(frozen=True, slots=True)
class Definitions:
    """Reads definitions through ``aws``, keeping what is immutable in ``cache``. Methods raise AwsError."""

    aws: Aws
    cache: Cache

    def version(self, family: str, arn: str) -> LiveDefinition:
        """A definition version with its content, all pages of it, its secrets hidden; cached for ever."""
        read = partial(self.read, family, arn)
        # Where there are secrets, what may hold one's earlier value is not to be on disk.
        on_disk = family not in MAY_HOLD_SECRETS or not self.aws.secrets.values
        return LiveDefinition(arn, self.cache.get_or_read("definition-version", arn, read, on_disk=on_disk))

    def read(self, family: str, arn: str) -> dict[str, Any]:
        """The content of a definition version as AWS has it now, all pages of it, its secrets hidden."""
        api = FAMILIES[family]
        definition_id, version_id = definition_ids(arn)
        content: dict[str, Any] = {}
        token: dict[str, str] = {}
        while True:
            answer = self.aws.call(
                "greengrass",
                api.operation("Get", "DefinitionVersion"),
                **{api.id_parameter: definition_id, api.version_id_parameter: version_id},
                **token,
            )
            page = answer.get("Definition", {})
            entities = [*content.get(api.entities, []), *page.get(api.entities, [])]
            content = content | page | {api.entities: entities}
            if not answer.get("NextToken"):
                return dict(self.aws.secrets.hide(content))
            token = {"NextToken": answer["NextToken"]}

    def owner(self, family: str, definition_id: str, fleet: str) -> str | None:
        """The name that ``fleet`` gave a definition when it made it, None if somebody else made it; cached."""
        known = self.cache.get("definition-owner", definition_id)
        if known is None:
            api = FAMILIES[family]
            answer = self.aws.call("greengrass", api.operation("Get"), **{api.id_parameter: definition_id})
            known = [answer.get("tags", {}).get(FLEET_TAG), answer.get("Name", "")]
            self.cache.put("definition-owner", definition_id, known)
        return str(known[1]) if known[0] == fleet else None

    def forget_owner(self, definition_id: str) -> None:
        """A definition gets another name: ask for its owner and name the next time."""
        self.cache.put("definition-owner", definition_id, None)

    def note_publication(self, publication: str, arn: str) -> None:
        """Remember which definition version came of a publication (the id of its action)."""
        self.cache.put("publication", f"{self.aws.region}/{publication}", arn)

    def publication(self, family: str, publication: str) -> LiveDefinition | None:
        """The definition version that came of a publication, if this machine made it and AWS still has it."""
        if (arn := self.cache.get("publication", f"{self.aws.region}/{publication}")) is None:
            return None
        try:
            return LiveDefinition(arn, self.read(family, arn))
        except AwsError as error:
            if error.status in {400, 404}:
                return None
            raise
