"""Holds a live fleet against its files, and says of what kind each difference is. Reads AWS and never writes."""

from collections.abc import Sequence

from reconciler.execution.session import Session, compare_all
from reconciler.model.drift import Drift
from reconciler.model.group import Group
from reconciler.planning.drift import drift_of


def find_drift(session: Session, groups: Sequence[Group], *, expect_some: bool = True) -> Drift:
    """Where ``groups`` are not what the files say. With ``expect_some`` an account without any group is an error."""
    return drift_of(*compare_all(session, groups, expect_some=expect_some))
