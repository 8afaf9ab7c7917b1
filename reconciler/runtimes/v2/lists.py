"""What the lists of Greengrass V2 say of a whole account: the newest deployments, and the cores."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.runtimes.v2.live import Core
from reconciler.runtimes.v2.names import Mark, group_key, is_group

PAGE = 100
"""The largest page of Greengrass V2 (API reference, ``maxResults``)."""
IOT_PAGE = 250
"""The largest page of AWS IoT's registry and jobs (API reference, ``RegistryMaxResults``, ``LaserMaxResults``)."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest deployment of each target by its ARN, as ListDeployments tells of it; and those of them that one fleet
    has made to single cores, by the key of their group.
    """

    by_target: Mapping[str, Row]
    to_cores: Mapping[str, Sequence[Row]]

    @classmethod
    def of(cls, rows: Iterable[Row], fleet: str) -> "Newest":
        """Those among ``rows``, as far as single cores go of ``fleet``."""
        by_target = {row["targetArn"]: row for row in rows}
        to_cores: dict[str, list[Row]] = defaultdict(list)
        for arn, row in by_target.items():
            mark = None if is_group(arn) else Mark.read(row.get("deploymentName", ""))
            if mark is not None and mark.fleet == fleet:
                to_cores[mark.group].append(row)
        return cls(by_target, to_cores)

    def of_group(self, name: str) -> Sequence[Row]:
        """The deployments to single cores that were made by way of the group ``name``."""
        return self.to_cores.get(group_key(name), ())


@dataclass(frozen=True, slots=True)
class Listed:
    """What the bulk lists of the account say: the newest deployments, and all cores."""

    newest: Newest
    cores: Mapping[str, Core]


def time_text(moment: datetime | None) -> str:
    """A time of AWS's as ISO 8601 in UTC, empty for none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else ""
