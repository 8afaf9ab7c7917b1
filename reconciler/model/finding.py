"""What ``reconcile doctor`` found of one thing that a fleet needs."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: ``good``, ``wrong``, or ``unknown`` where AWS did not let us look."""

    subject: str
    state: Literal["good", "wrong", "unknown"]
    message: str
    hint: str = ""
