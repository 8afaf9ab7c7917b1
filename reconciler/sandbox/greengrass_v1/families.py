"""The seven families of definitions: how each is called in operations, members, ARNs and messages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.greengrass_v1 import entities

Problems = Callable[[Sequence[Mapping[str, Any]]], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of definition.

    ``kind`` stands in operation names, ``member`` holds the entities, ``folder`` is the ARN's. ``word`` and
    ``words`` are what AWS's messages say (a function is a "Lambda" there), ``reference`` begins the message
    about an ARN that names nothing. ``paged`` tells whether a large version is read in pages: where the
    service model has no NextToken on both sides, it cannot be.
    """

    kind: str
    word: str
    words: str
    reference: str
    problems: Problems
    paged: bool
    invalid: str = "is invalid or corrupted."

    @property
    def member(self) -> str:
        """``Cores``."""
        return f"{self.kind}s"

    @property
    def folder(self) -> str:
        """``cores``."""
        return self.member.lower()

    @property
    def id_param(self) -> str:
        """``CoreDefinitionId``."""
        return f"{self.kind}DefinitionId"

    @property
    def version_param(self) -> str:
        """``CoreDefinitionVersionId``."""
        return f"{self.kind}DefinitionVersionId"

    @property
    def arn_member(self) -> str:
        """``CoreDefinitionVersionArn``, in a group version."""
        return f"{self.kind}DefinitionVersionArn"


CORES = Family("Core", "Core", "cores", "Cores", entities.core_problems, paged=False)

FAMILIES = (
    CORES,
    Family("Function", "Lambda", "lambdas", "Lambda", entities.function_problems, paged=True),
    Family(
        "Resource",
        "Resource",
        "resources",
        "Resource",
        entities.resource_problems,
        paged=False,
        invalid="is invalid.",
    ),
    Family("Device", "Device", "devices", "Devices", entities.device_problems, paged=True),
    Family(
        "Subscription",
        "Subscription",
        "subscriptions",
        "Subscription",
        entities.subscription_problems,
        paged=True,
    ),
    Family("Logger", "Logger", "loggers", "Logger", entities.logger_problems, paged=False),
    Family("Connector", "Connector", "connectors", "Connector", entities.connector_problems, paged=True),
)
"""In the order in which AWS lists what is wrong with a group version."""
