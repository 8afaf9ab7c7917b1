"""Drift: where a live fleet is not what its files say, and what kind of difference that is."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from reconciler.model.plan import Change

DriftKind = Literal["deleted", "changed", "foreign", "not-converged", "pending"]
"""``deleted`` and ``changed``: somebody else did that outside the files. ``foreign``: a live group bears the name and
is not this fleet's. ``not-converged``: it is as the files say, but its devices have not reported success. ``pending``:
the files ask for something that no apply has carried out."""
DRIFT_KINDS: tuple[DriftKind, ...] = get_args(DriftKind)


@dataclass(frozen=True, slots=True)
class Moved:
    """One group that is not what the files say, and why."""

    name: str
    runtime: str
    kind: DriftKind
    reasons: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """A fleet held against its files at ``checked_at`` (ISO 8601, UTC): the groups that differ, and how many do not."""

    fleet: str
    account: str
    region: str
    checked_at: str
    groups: tuple[Moved, ...] = ()
    clean: int = 0

    @property
    def counts(self) -> Mapping[DriftKind, int]:
        """How many groups of each kind, in the order of ``DRIFT_KINDS``."""
        found = Counter(group.kind for group in self.groups)
        return {kind: found[kind] for kind in DRIFT_KINDS}
