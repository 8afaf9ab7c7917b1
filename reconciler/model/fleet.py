"""The fleet: one directory of files for one account and region."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.model.guards import Guards, Policy
from reconciler.model.position import NOWHERE, Position
from reconciler.model.pruning import SAYS_NOTHING, Move, Pruning


@dataclass(frozen=True, slots=True)
class CdfAuth:
    """How CDF Provisioning learns who calls: not at all, by signature, by a secret, or since its function is invoked.

    ``variable`` names the environment variable that holds the token (``bearer``) or key (``apiKey``), which itself is
    never here; ``function`` is the name or ARN of the Lambda function (``lambda``).
    """

    type: Literal["none", "iam", "bearer", "apiKey", "lambda"] = "none"
    variable: str = ""
    function: str = ""
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Provisioning:
    """Who makes things and certificates: AWS IoT itself, or a CDF Provisioning service, by ``auth`` and at ``url``."""

    provider: Literal["iot", "cdf"] = "iot"
    url: str | None = None
    auth: CdfAuth = CdfAuth()
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Where keys, certificates and core configurations are kept: ``s3://bucket/prefix…``."""

    bucket: str
    prefix: str = ""
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class BulkDeployments:
    """What a V1 bulk deployment needs: a bucket for its input and a role that Greengrass takes on to read it."""

    bucket: str
    execution_role_arn: str
    prefix: str = ""
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """Where runs are journalled: a file beside the fleet, or a DynamoDB ``table`` in its account and region."""

    provider: Literal["sqlite", "dynamodb"] = "sqlite"
    table: str | None = None
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Execution:
    """Where the work is done: inside the command, or through the queues of a CloudFormation ``stack``.

    ``queues`` are in place of the stack's: name to URL and dead-letter URL.
    """

    mode: Literal["local", "queue"] = "local"
    stack: str | None = None
    queues: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Nucleus:
    """What the ready configuration of a new Greengrass V2 core names: its role alias, and the nucleus's version."""

    role_alias: str
    version: str | None = None
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Fleet:
    """The ``Fleet`` document. ``limits`` are calls a second by budget name, on top of the defaults."""

    name: str
    account: str
    region: str
    provisioning: Provisioning = Provisioning()
    artifacts: Artifacts | None = None
    bulk_deployments: BulkDeployments | None = None
    nucleus: Nucleus | None = None
    ledger: LedgerPlace = LedgerPlace()
    execution: Execution = Execution()
    limits: Mapping[str, float] = field(default_factory=dict)
    pruning: Pruning = SAYS_NOTHING
    moved: tuple[Move, ...] = ()
    guards: Guards = field(default_factory=Guards)
    policies: tuple[Policy, ...] = ()
    position: Position = NOWHERE

    @property
    def partition(self) -> str:
        """The ARN partition that the region lies in (AWS General Reference, "Amazon Resource Names")."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def thing_arn(self, thing_name: str) -> str:
        """The ARN of an AWS IoT thing of this fleet's account; it needs no look-up."""
        return f"arn:{self.partition}:iot:{self.region}:{self.account}:thing/{thing_name}"
