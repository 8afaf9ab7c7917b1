"""Publishes definition versions: each content once, also across threads, lost answers and crashes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.errors import AnswerLostError, AwsError
from reconciler.model.plan import KNOWN_AFTER_APPLY, Action
from reconciler.runtimes.base import Journal
from reconciler.runtimes.once import Once
from reconciler.runtimes.v1.families import FAMILIES, THING_FAMILIES, Family, same_content, thing_name
from reconciler.runtimes.v1.observe import Observer

RESENDS = 3
RECENT = 10
"""How many of a definition's newest versions are looked at for one that a lost answer may have made."""


@dataclass(frozen=True)
class Publisher:
    """Carries out ``publish-definition`` actions. Methods raise AwsError."""

    observer: Observer
    fleet_tags: Mapping[str, str]
    once: Once = field(default_factory=Once)

    def publish(
        self, action: Action, content: Mapping[str, Any], certificates: Mapping[str, str], journal: Journal
    ) -> str:
        """The ARN of the version with ``content``; ``certificates`` (thing → ARN) fill in what the plan left open."""
        filled = fill_certificates(action.inputs["family"], content, certificates)
        if not action.inputs["shared"]:
            return self._publish(action, filled, journal)
        return self.once.do(journal, action, lambda: self._publish(action, filled, journal))

    def _publish(self, action: Action, content: Mapping[str, Any], journal: Journal) -> str:
        earlier = journal.begin(action.id)
        arn = None
        if earlier is not None:
            arn = self._find(action, content, earlier.result)
        if arn is None:
            arn = self._create(action, content)
        journal.finish(action.id, arn)
        self.observer.definitions.note_publication(action.id, arn)
        return arn

    def _create(self, action: Action, content: Mapping[str, Any]) -> str:
        inputs, aws = action.inputs, self.observer.aws
        family = FAMILIES[inputs["family"]]
        shown, content = content, self.observer.aws.secrets.reveal(content)
        for resend in range(RESENDS + 1):
            try:
                if (definition_id := inputs.get("definitionId")) is not None:
                    operation = family.operation("Create", "DefinitionVersion")
                    made = aws.call("greengrass", operation, **{family.id_parameter: definition_id}, **content)
                    return str(made["Arn"])
                made = aws.call(
                    "greengrass",
                    family.operation("Create"),
                    Name=inputs["name"],
                    InitialVersion=dict(content),
                    tags=dict(self.fleet_tags),
                )
                return str(made["LatestVersionArn"])
            except AnswerLostError:
                if (arn := self._find(action, shown, None)) is not None:
                    return arn
                if resend == RESENDS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _find(self, action: Action, content: Mapping[str, Any], known_arn: str | None) -> str | None:
        """A version that holds ``content`` already: the one an earlier run made, or one whose answer was lost."""
        family = FAMILIES[action.inputs["family"]]
        candidates = [known_arn] if known_arn is not None else self._candidates(action, family)
        for arn in candidates:
            try:
                # Not from the cache: a definition that nobody uses may have been deleted.
                found = self.observer.definitions.read(family.name, arn)
            except AwsError as error:
                if error.status in {400, 404}:
                    continue
                raise
            if same_content(family.name, found, content):
                return arn
        return None

    def _candidates(self, action: Action, family: Family) -> Iterator[str]:
        aws, inputs = self.observer.aws, action.inputs
        if (definition_id := inputs.get("definitionId")) is not None:
            rows = aws.pages(
                "greengrass",
                family.operation("List", "DefinitionVersions"),
                "Versions",
                **{family.id_parameter: definition_id},
            )
            newest = sorted(rows, key=lambda row: str(row.get("CreationTimestamp", "")), reverse=True)
            yield from (row["Arn"] for row in newest[:RECENT])
            return
        for row in aws.pages("greengrass", family.operation("List", "Definitions"), "Definitions"):
            if row.get("Name") == inputs["name"] and row.get("LatestVersionArn"):
                yield row["LatestVersionArn"]


def fill_certificates(family: str, content: Mapping[str, Any], certificates: Mapping[str, str]) -> dict[str, Any]:
    """``content`` of cores or devices with the certificates that provisioning has made since the plan."""
    if family not in THING_FAMILIES:
        return dict(content)
    entities = FAMILIES[family].entities
    entries = [
        {**entry, "CertificateArn": certificates[thing_name(entry["ThingArn"])]}
        if entry["CertificateArn"] == KNOWN_AFTER_APPLY
        else dict(entry)
        for entry in content[entities]
    ]
    return {**content, entities: entries}
