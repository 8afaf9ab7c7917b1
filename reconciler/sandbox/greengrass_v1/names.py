"""Ids, ARNs and time stamps as Greengrass V1 writes them (V1 developer guide, deployments.md)."""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PARTITION = r"aws(?:-cn|-us-gov)?"
ROLE_ARN = re.compile(rf"arn:{PARTITION}:iam::\d{{12}}:role/[\w+=,.@/-]+")


def new_id() -> str:
    """A fresh UUID, the form of every id that Greengrass makes."""
    return str(uuid.uuid4())


def partition_of(region: str) -> str:
    """The partition that a region's ARNs name."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def iso(moment: datetime) -> str:
    """``2026-11-20T10:00:00.000Z``: V1 types its time stamps as strings."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def later(moment: datetime, than: datetime) -> datetime:
    """``moment``, or one millisecond after ``than`` where the clock has not moved since.

    An update must show in a time stamp of milliseconds even right after the creation.
    """
    return max(moment, than + timedelta(milliseconds=1))


@dataclass(frozen=True, slots=True)
class Arns:
    """Makes and reads the ARNs of one account and region."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The partition of the region."""
        return partition_of(self.region)

    def of(self, path: str) -> str:
        """The ARN of what lies at ``path``, such as ``groups/ID/versions/ID``."""
        return f"{self._prefix}{path}"

    def path_in(self, arn: str) -> str | None:
        """The path in one of our ARNs; None for the ARN of another account, region, partition or service."""
        return arn[len(self._prefix) :] if arn.startswith(self._prefix) else None

    @property
    def _prefix(self) -> str:
        # The slash after the account is AWS's own.
        return f"arn:{self.partition}:greengrass:{self.region}:{self.account}:/greengrass/"
